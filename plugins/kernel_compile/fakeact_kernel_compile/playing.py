"""A build as it scrolls by: the one that owns the time."""

import random

from fakeact import IO, Exit
from fakeact_kernel_compile.interrupted import interrupted
from fakeact_kernel_compile.jobserver import Jobserver
from fakeact_kernel_compile.shell import times

_FRAME = 0.05
"""Seconds within which lines appear together."""


async def play(io: IO, rng: random.Random, building: Jobserver, srctree: str) -> None:
    """Build to the end, or until Ctrl-C ends it, with what make and bash say then."""
    began = io.now()
    try:
        await _build(io, building)
    except Exit:
        if io.signal:
            for line in interrupted(building, srctree, io.signal, rng):
                await io.print(line)
            passed = (io.now() - began).total_seconds()
            await io.print("\n" + times(passed, building.worked(passed), rng))
        raise
    await io.print(times(building.now, building.busy, rng))
    await io.csleep(3000)


async def _build(io: IO, building: Jobserver) -> None:
    shown = 0.0
    for line in building.play():
        if line.at - shown >= _FRAME:
            await io.csleep((line.at - shown) * 1000)
            shown = line.at
        await io.print(line.text)
    await io.csleep((building.now - shown) * 1000)
