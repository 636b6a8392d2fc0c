"""Pretend to boot a Linux machine."""

import random
from typing import Annotated, Literal

from fakeact import IO, Module, hookimpl


async def boot(
    io: IO,
    rng: random.Random,
    *,
    machine: Literal["any", "laptop", "server", "vm"] = "any",
    trouble: Literal["any", "none", "unit", "disk", "network", "fsck"] = "any",
    quiet: bool = False,
    reboots: Annotated[int, range(101)] = 1,
) -> None:
    """Boot a Debian machine on its console, look at how it went, and boot it again."""
    from fakeact_bootlog.playing import play

    await play(io, rng, kind=machine, trouble=trouble, quiet=quiet, reboots=reboots)


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("bootlog", "screen /dev/ttyUSB0 115200", boot)]
