"""The show: a planned build, looked at through one of BuildKit's two displays."""

import random

from fakeact import IO
from fakeact_docker_build.closing import closing
from fakeact_docker_build.picture import look
from fakeact_docker_build.plain import GREETING, Plain
from fakeact_docker_build.tty import Display
from fakeact_docker_build.vertex import Build

BUSY, IDLE = 0.1, 0.15
"""Seconds between two pictures: BuildKit's limit, and its ticker while nothing is reported."""


async def play(io: IO, rng: random.Random, build: Build, *, plain: bool) -> None:
    """Build once, to the last word."""
    await (_read if plain else _watch)(io, build)
    for line in closing(build, plain=plain):
        await io.print(line)
    await io.csleep(rng.uniform(2000, 4000))


async def _watch(io: IO, build: Build) -> None:
    """The terminal's display: all rows, drawn anew in place."""
    display, now = Display(), 0.0
    async with io.live() as live:
        while now < build.ended:
            await live.show(*display.rows(look(build, now), io.width, io.height))
            now = await _until(io, build, now)
    for row in display.rows(look(build, now), io.width, io.height, final=True):
        await io.print(row)


async def _read(io: IO, build: Build) -> None:
    """The plain display: lines, one after the other."""
    display, now = Plain(build), 0.0
    await io.print(GREETING)
    while now < build.ended:
        now = await _until(io, build, now)
        for line in display.lines(now):
            await io.print(line)


async def _until(io: IO, build: Build, now: float) -> float:
    """Sleep until the next picture is due; gives that moment."""
    due = now + (BUSY if build.busy(now, now + BUSY) else IDLE)
    due = min(due, build.ended)
    await io.csleep((due - now) * 1000)
    return due
