"""A shell prompt at which somebody types the command that a module pretends to be."""

from random import Random

from fakeact.ansi import width
from fakeact.io import IO
from fakeact.style import blue, bold, green

NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
"""Keys that a finger hits instead, on a QWERTY keyboard."""
TYPO = 0.02
"""Share of letters that are mistyped and taken back."""


async def type_command(io: IO, rng: Random, command: str) -> None:
    """Show a prompt, type the command as a person does, and press Enter."""
    line = _prompt(rng)
    await io.print(line, end="")
    await io.csleep(rng.uniform(500, 1600))
    for key in command:
        # Only what stands on one row can be taken back by erasing it.
        if rng.random() < TYPO and key.lower() in NEIGHBOURS and width(line) + 1 < io.width:
            await _mistype(io, rng, line, rng.choice(NEIGHBOURS[key.lower()]))
        line += key
        await io.print(key, end="")
        await io.csleep(_pause(rng, key))
    await io.csleep(rng.uniform(250, 900))
    await io.newline()


def _prompt(rng: Random) -> str:
    user = rng.choice(("dev", "ops", "build", "admin", "me"))
    host = rng.choice(("workstation", "login01", "devbox", "bastion", "lab-04"))
    place = rng.choice(("~", "~/src", "~/projects/core", "/srv/app", "~/work"))
    return f"{bold(green(f'{user}@{host}'))}:{bold(blue(place))}$ "


async def _mistype(io: IO, rng: Random, line: str, wrong: str) -> None:
    """Hit a neighbouring key, notice, take it back."""
    await io.print(wrong, end="")
    await io.csleep(rng.uniform(180, 420))
    await io.erase_line()
    await io.print(line, end="")
    await io.csleep(rng.uniform(90, 180))


def _pause(rng: Random, key: str) -> float:
    """Milliseconds after a key: a log-normal rhythm, slower where a word ends."""
    return min(900.0, rng.lognormvariate(4.55, 0.42) * (1.6 if key in " -/=" else 1.0))
