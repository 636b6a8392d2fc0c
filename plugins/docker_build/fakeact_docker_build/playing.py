"""The show: a planned build, looked at through one of BuildKit's two displays."""

import random

from fakeact import IO, Exit
from fakeact_docker_build.closing import closing
from fakeact_docker_build.picture import look
from fakeact_docker_build.plain import GREETING, Plain
from fakeact_docker_build.tty import Display
from fakeact_docker_build.vertex import Build

BUSY, IDLE = 0.1, 0.15
"""Seconds between two pictures: BuildKit's limit, and its ticker while nothing is reported."""
CANCELING = 0.01
"""Seconds that the builder takes to give up."""


async def play(io: IO, rng: random.Random, build: Build, *, plain: bool) -> None:
    """Build once, to the last word; Ctrl-C cancels the build, and its last word is then about that."""
    began = io.now()
    view = Plain(build) if plain else Display()
    try:
        await (_read(io, build, view) if isinstance(view, Plain) else _watch(io, build, view))
    except Exit:
        if io.signal:
            build.cancel((io.now() - began).total_seconds() + CANCELING)
            await _end(io, build, view)
        raise
    await _end(io, build, view)
    await io.csleep(rng.uniform(2000, 4000))


async def _watch(io: IO, build: Build, display: Display) -> None:
    """The terminal's display: all rows, drawn anew in place."""
    now = 0.0
    async with io.live() as live:
        while now < build.ended:
            await live.show(*display.rows(look(build, now), io.width, io.height))
            now = await _until(io, build, now)


async def _read(io: IO, build: Build, display: Plain) -> None:
    """The plain display: lines, one after the other."""
    now = 0.0
    await io.print(GREETING)
    while now < build.ended:
        now = await _until(io, build, now)
        for line in display.lines(now):
            await io.print(line)


async def _end(io: IO, build: Build, view: Display | Plain) -> None:
    """The last picture, or what is left of the lines, and what stands below."""
    if isinstance(view, Plain):
        rows = view.lines(build.ended)
    else:
        rows = view.rows(look(build, build.ended), io.width, io.height, final=True)
    for line in (*rows, *closing(build, plain=isinstance(view, Plain))):
        await io.print(line)


async def _until(io: IO, build: Build, now: float) -> float:
    """Sleep until the next picture is due; gives that moment."""
    due = now + (BUSY if build.busy(now, now + BUSY) else IDLE)
    due = min(due, build.ended)
    await io.csleep((due - now) * 1000)
    return due
