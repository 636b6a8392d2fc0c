"""The show: wget2 until all is here, then sha256sum."""

import random
from collections.abc import Callable, Iterable

from fakeact import IO, Exit
from fakeact_download.catalogue import TOPICS, Target, choose
from fakeact_download.events import Event
from fakeact_download.servers import Trouble, world
from fakeact_download.views import Rows, plain, summary
from fakeact_download.wget import STEP, Wget

FRAME, SECOND = 5, 10
"""Steps of the simulation in a frame, and frames in a second."""
PAUSE = 5000
"""Milliseconds between two runs: `sleep 5`."""


async def fetch_all(
    io: IO, rng: random.Random, *, files: int, topic: str, threads: int, link: int, trouble: Trouble
) -> None:
    """Run wget2 until all files are here, then check them; the link is in Mbit/s, 0 for one that fits."""
    targets = choose(rng, rng.choice(TOPICS) if topic == "any" else topic, files)
    total = sum(target.size for target in targets)
    capacity = link * 125_000.0 or total / rng.uniform(50, 75)
    place, disk = world(rng, targets, capacity, threads, trouble), dict[str, int]()
    while True:
        await io.csleep(rng.uniform(30, 90))
        wget = Wget(place, disk, targets, threads, rng)
        await _with_rows(io, wget) if io.motion else await _in_lines(io, wget)
        if not wget.failed:
            break
        await io.csleep(PAUSE)
    await _check(io, rng, targets[1:])
    await io.csleep(3500)


async def _with_rows(io: IO, wget: Wget) -> None:
    rows, frames = Rows(wget, io.width), 0
    async with io.live(keep=True) as live:
        # The program's cursor waits in a line of its own below the rows.
        await live.show(*rows.texts, "")
        try:
            while not wget.over:
                await io.csleep(FRAME * STEP * 1000)
                rows.resize(io.width)
                for _ in range(FRAME):
                    await _tell(io, rows.tell, wget.step())
                frames += 1
                if frames % SECOND == 0:
                    rows.second()
                await live.show(*rows.texts, "")
        except Exit:
            if io.signal:
                await _tell(io, rows.tell, wget.interrupt())
                await live.show(*rows.texts, "")
            raise
        await live.show(*rows.texts)


async def _in_lines(io: IO, wget: Wget) -> None:
    try:
        while not wget.over:
            await io.csleep(FRAME * STEP * 1000)
            for _ in range(FRAME):
                await _tell(io, plain, wget.step())
    except Exit:
        if io.signal:
            await _tell(io, plain, wget.interrupt())
        raise
    await io.print(summary(wget))


async def _tell(io: IO, say: Callable[[Event], str], events: Iterable[Event]) -> None:
    for event in events:
        if text := say(event):
            await io.print(text)


async def _check(io: IO, rng: random.Random, targets: list[Target]) -> None:
    """Read each file again, as fast as a processor with SHA instructions hashes."""
    speed = rng.uniform(0.9e9, 1.9e9)
    for target in sorted(targets, key=lambda target: target.name):
        await io.csleep(1000 * target.size / speed * rng.uniform(0.97, 1.1))
        await io.print(f"{target.name}: OK")
