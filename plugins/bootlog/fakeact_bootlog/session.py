"""Somebody logs in and looks at how it went."""

import random
from datetime import datetime

from fakeact import IO
from fakeact.style import bold, green, red
from fakeact_bootlog.catalogue import machines
from fakeact_bootlog.sim.boot import Boot

_LICENCE = """
The programs included with the Debian GNU/Linux system are free software;
the exact distribution terms for each program are described in the
individual files in /usr/share/doc/*/copyright.

Debian GNU/Linux comes with ABSOLUTELY NO WARRANTY, to the extent
permitted by applicable law."""
_LEGEND = """
Legend: LOAD   → Reflects whether the unit definition was properly loaded.
        ACTIVE → The high-level unit activation state, i.e. generalization of SUB.
        SUB    → The low-level unit activation state, values depend on unit type.
"""


def milliseconds(seconds: float) -> str:
    """Seconds as systemd-analyze writes them.

    >>> milliseconds(9.0581), milliseconds(94.5), milliseconds(0.25)
    ('9.058s', '1min 34.500s', '250ms')
    """
    whole = round(seconds * 1000)
    if whole < 1000:
        return f"{whole}ms"
    minutes, rest = divmod(whole, 60_000)
    return f"{minutes}min {rest / 1000:.3f}s" if minutes else f"{rest / 1000:.3f}s"


def analysis(parts: dict[str, float], reached: float) -> list[str]:
    """What systemd-analyze says of the parts of a boot, in seconds, and of when graphical.target was reached."""
    whole = {name: round(seconds, 3) for name, seconds in parts.items()}
    sums = " + ".join(f"{milliseconds(seconds)} ({name})" for name, seconds in whole.items())
    return [
        f"Startup finished in {sums} = {milliseconds(sum(whole.values()))} ",
        f"graphical.target reached after {milliseconds(reached)} in userspace.",
    ]


def failures(boot: Boot) -> list[str]:
    """What systemctl --failed says."""
    units = boot.failed
    if not units:
        return ["  UNIT LOAD ACTIVE SUB DESCRIPTION", "", "0 loaded units listed."]
    name = max(len(unit.name) for unit in units)
    rows = [
        f"{red('●')} {bold(red(f'{unit.name:<{name}}'))} loaded {bold(red('failed failed'))} {unit.description}"
        for unit in units
    ]
    return [
        f"  {'UNIT':<{name}} LOAD   ACTIVE SUB    DESCRIPTION",
        *rows,
        *_LEGEND.split("\n"),
        f"{len(units)} loaded units listed.",
    ]


class Session:
    """A user at the machine's console."""

    def __init__(self, io: IO, rng: random.Random, boot: Boot, terminal: str) -> None:
        self._io, self._rng, self._boot, self._terminal = io, rng, boot, terminal
        self._prompt = f"{bold(green(f'{boot.machine.user}@{boot.machine.host}'))}:{bold('~')}$ "

    async def greet(self) -> None:
        """The prompt of the console."""
        issue = machines()["distribution"]["issue"]
        await self._io.print()
        await self._io.print(f"{issue} {self._boot.machine.host} {self._terminal}")
        await self._io.print()
        await self._io.print(f"{self._boot.machine.host} login: ", end="")

    async def login(self, last: datetime) -> datetime:
        """Type a name and, unseen, a password; gives the moment."""
        await self._pause(1.6, 3.4)
        await self._type(self._boot.machine.user)
        await self._io.print("Password: ", end="")
        await self._pause(1.8, 2.8)
        await self._io.print()
        await self._pause(0.3, 0.6)
        host, software = self._boot.machine.host, self._boot.machine.software
        await self._io.print(f"Linux {host} {software.release} #1 SMP PREEMPT_DYNAMIC Debian {software.version} x86_64")
        await self._io.print(_LICENCE)
        await self._io.print(f"Last login: {last:%a %b %e %H:%M:%S %Z %Y} on {self._terminal}")
        await self._io.print(self._prompt, end="")
        return self._io.now().astimezone(last.tzinfo)

    async def run(self, command: str, *lines: str, thinks: float = 2.0) -> None:
        """Type a command and show what it prints."""
        await self._pause(thinks * 0.7, thinks * 1.5)
        await self._type(command)
        await self._pause(0.04, 0.2)
        for line in lines:
            await self._io.print(line)
        if lines:
            await self._io.print(self._prompt, end="")

    async def _type(self, text: str) -> None:
        for character in text:
            await self._io.print(character, end="")
            await self._pause(0.05, 0.19)
        await self._io.print()

    async def _pause(self, least: float, most: float) -> None:
        await self._io.csleep(self._rng.uniform(least, most) * 1000)
