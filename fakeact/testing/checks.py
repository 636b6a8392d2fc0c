"""What every module has to hold: our own rules, for anybody's module.

    from fakeact.testing import parametrize_with_checks

    @parametrize_with_checks(fakeact_modules())
    def test_the_rules(check, module):
        check(module)

Each rule is a function that plays the module and raises :class:`BrokenRule` with one line, should it not hold.
"""

import ipaddress
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import wraps
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakeact.module import Module
from fakeact.options import options_of
from fakeact.stages.glyphs import encodable
from fakeact.testing.plays import LONGEST, BrokenRule, Restless, play, played_whole, require, watched, whole

if TYPE_CHECKING:
    import pytest

    from fakeact.io import IO

PATIENCE = 2.0
"""Seconds of show time within which something has to be seen."""
LONGEST_PAUSE = 45.0
"""Seconds of show time without a new picture after which a viewer thinks that it died."""
SIZES = tuple((columns, rows) for columns in (20, 40, 80, 200) for rows in (5, 24, 60))


Check = Callable[..., None]


def plays_to_its_end(module: Module, **options: Any) -> None:
    """It comes to an end by itself, without an error."""
    played = played_whole(module, options)
    require(played.error is None, f"fails: {type(played.error).__name__}: {played.error}")
    require(
        played.ended == "finished",
        f"has not ended after {LONGEST / 3600:.0f} hours of show time: an endless show takes an option for its length",
    )
    forgotten = [line for line in whole(module, tuple(sorted(options.items())))[1] if "never awaited" in line]
    require(not forgotten, f"forgets an await: {forgotten[:1]}")


def does_not_block(module: Module, **options: Any) -> None:
    """It waits with io.csleep only, so that the picture, Ctrl-C and the other tasks go on."""
    blocked = whole(module, tuple(sorted(options.items())))[2]
    require(not blocked, f"blocks the show with time.sleep({max(blocked, default=0):g}): await io.csleep(ms) instead")


def ends_when_told(module: Module, **options: Any) -> None:
    """At any moment it ends within one sleep."""
    length = played_whole(module, options).seconds
    for share in (0.0, 0.1, 0.35, 0.62, 0.9):
        moment = max(0.01, share * length)
        played = play(module, options, seconds=moment, seed=1)
        require(played.error is None, f"told to end after {moment:.1f} s it fails: {played.error!r}")
        require(
            played.seconds <= moment + 0.05, f"told to end after {moment:.1f} s it goes on to {played.seconds:.1f} s"
        )


def is_the_same_under_one_seed(module: Module, **options: Any) -> None:
    """The same seed gives the same bytes."""
    again = play(module, options, seconds=LONGEST, seed=1)
    require(again.raw == played_whole(module, options).raw, "two plays with one seed differ: chance must come from rng")


def differs_with_the_seed(module: Module, **options: Any) -> None:
    """Another seed gives another show, if it rolls any dice."""
    rolled: list[bool] = []

    @wraps(module.run)
    async def noting(io: "IO", rng: random.Random, **chosen: Any) -> None:
        before = rng.getstate()
        try:
            await module.run(io, rng, **chosen)
        finally:
            rolled.append(rng.getstate() != before)

    other = play(replace(module, run=noting), options, seconds=LONGEST, seed=2)
    require(
        not any(rolled) or other.raw != played_whole(module, options).raw, "two plays with different seeds are the same"
    )


def fits_every_size(module: Module, **options: Any) -> None:
    """At any size it plays without an error, and rewrites no line that has wrapped."""
    for columns, rows in SIZES:
        usual = (columns, rows) == (80, 24)
        played = (
            played_whole(module, options)
            if usual
            else play(module, options, seconds=90, seed=1, columns=columns, rows=rows)
        )
        require(played.error is None, f"fails at {columns}x{rows}: {played.error!r}")
        climbed = played.screen.climbed_wrapped
        require(not climbed, f"rewrites lines that wrap at {columns} columns: use live()")


def is_readable_without_colour(module: Module, **options: Any) -> None:
    """Without colour the same text is there."""
    plain = play(module, options, seconds=LONGEST, seed=1, color=False)
    require(plain.lines == played_whole(module, options).lines, "the text differs without colour")


def is_readable_without_utf8(module: Module, **options: Any) -> None:
    """In ASCII, what it prints is not a row of question marks."""
    text = "\n".join(played_whole(module, options).lines)
    lost = encodable(text, "ascii").count("?") - text.count("?")
    require(lost <= 0.01 * len(text) + 3, f"{lost} characters have no ASCII form")


def leaves_a_fresh_line(module: Module, **options: Any) -> None:
    """It ends with colours off, the cursor shown and at the start of a line."""
    for played in (played_whole(module, options), play(module, options, seconds=7.3, seed=1)):
        screen = played.screen
        require(not screen.style_open, "leaves a colour on")
        require(screen.cursor_shown and screen.cursor[0] == 0, "does not leave the cursor on a fresh line")


def begins_at_once(module: Module, **options: Any) -> None:
    """Something is seen within two seconds."""
    frames = played_whole(module, options).frames
    require(frames, "prints nothing at all")
    require(frames[0].at <= PATIENCE, f"prints nothing for {frames[0].at:.1f} s")


def never_seems_dead(module: Module, **options: Any) -> None:
    """No pause is so long that a viewer thinks it died."""
    moments = [0.0, *(frame.at for frame in played_whole(module, options).frames)]
    longest = max((later - earlier for earlier, later in pairwise(moments)), default=0.0)
    require(longest <= LONGEST_PAUSE, f"nothing moves for {longest:.0f} s")


def has_possible_defaults(module: Module, **_options: Any) -> None:
    """The defaults of its options are among what is possible."""
    for option in options_of(module).values():
        possible = option.possible
        require(
            option.default is None or possible is None or option.default in possible,
            f"option {option.name} is {option.default!r} by default: possible is {option.describe()}",
        )


def imports_light(module: Module, **_options: Any) -> None:
    """Its package loads neither numpy nor scipy: these come with io.load, behind the first lines."""
    home = getattr(module.run, "__module__", None) or "fakeact"
    code = (
        f"import sys; sys.path[:0] = {[*sys.path, *_beside(home)]!r}; import {home}; "
        "print(sorted({'numpy', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    require(done.returncode == 0, f"can't be imported: {done.stderr.strip().splitlines()[-1:]}")
    require(done.stdout.strip() == "[]", f"importing it loads {done.stdout.strip()}")


def _beside(home: str) -> list[str]:
    """The folder of a file that is played without being on Python's path."""
    file = getattr(sys.modules.get(home), "__file__", None)
    return [str(Path(file).resolve().parent)] if file and "." not in home else []


def is_inert(module: Module, **options: Any) -> None:
    """It opens no socket, starts no process, writes no file but a named one, and asks for no environment variable."""
    seen, _ = watched(module, tuple(sorted(options.items())))
    require(not seen, f"is not inert: {', '.join(sorted(set(seen))[:3])}")


def leaves_shared_dice_alone(module: Module, **options: Any) -> None:
    """It does not touch the process-wide random state, Python's or numpy's."""
    played_whole(module, options)  # what it loads is there from here on; numpy sets its own state as it comes
    _, rolled = watched(module, tuple(sorted(options.items())))
    require(not rolled, "uses the process-wide random state: use the rng it is given")


_CREDENTIALS = {
    "an AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,})",
    "a Slack token": r"\bxox[abprs]-[\w-]{10,}",
    "an API key": r"\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{24,}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a JSON web token": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}",
}


def shows_no_credential(module: Module, **options: Any) -> None:
    """Nothing it prints looks like a real secret."""
    text = "\n".join(played_whole(module, options, columns=400).lines)
    for what, pattern in _CREDENTIALS.items():
        if found := re.search(pattern, text):
            raise BrokenRule(f"prints what looks like {what}: {found[0][:12]}...")


def names_no_real_address(module: Module, **options: Any) -> None:
    """Addresses are private, or from the ranges that are reserved for documentation."""
    text = "\n".join(played_whole(module, options, columns=400).lines)
    real = [address for address in _addresses(text) if _is_real(address)]
    require(not real, f"names a real address: {real[:1]}")


def _addresses(text: str) -> Iterator[str]:
    """Dotted quads and IPv6 addresses; a quad inside a longer version number is none."""
    yield from re.findall(r"(?<![\w.+-])(?<![A-Za-z]/)\d{1,3}(?:\.\d{1,3}){3}(?![\w.+-]|\.\d)", text)
    yield from re.findall(r"(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}(?![\w:])", text)


_DOCUMENTATION = [
    ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]


def _is_real(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    reserved = any(address.version == net.version and address in net for net in _DOCUMENTATION)
    return not reserved and address.is_global


CHECKS: tuple[Check, ...] = (
    plays_to_its_end,
    does_not_block,
    ends_when_told,
    is_the_same_under_one_seed,
    differs_with_the_seed,
    fits_every_size,
    is_readable_without_colour,
    is_readable_without_utf8,
    leaves_a_fresh_line,
    begins_at_once,
    never_seems_dead,
    has_possible_defaults,
    imports_light,
    is_inert,
    leaves_shared_dice_alone,
    shows_no_credential,
    names_no_real_address,
)
"""All rules, in the order in which a report shows them."""


def check_module(module: Module, **options: Any) -> None:
    """Hold a module to every rule, with these options; raises BrokenRule for the first that it breaks."""
    for check in CHECKS:
        check(module, **options)


def broken_rules(module: Module, **options: Any) -> Iterator[tuple[str, str]]:
    """Every rule with what is wrong about it, or nothing, as ``(claim, complaint)``, as soon as it is known.

    A module that never sleeps can't be asked about more than that: its complaint is the last.
    """
    for check in CHECKS:
        claim = (check.__doc__ or "").partition("\n")[0]
        try:
            check(module, **options)
        except Restless as broken:
            yield claim, f"{broken} (no other rule can be looked at until it does)"
            return
        except BrokenRule as broken:
            yield claim, str(broken)
        else:
            yield claim, ""


def parametrize_with_checks(modules: Sequence[Module]) -> "pytest.MarkDecorator":
    """A pytest decorator for a test with the arguments ``check`` and ``module``: each rule for each module."""
    import pytest

    pairs = [(check, module) for module in modules for check in CHECKS]
    names = [f"{module.name}-{check.__name__}" for check, module in pairs]
    return pytest.mark.parametrize(("check", "module"), pairs, ids=names)
