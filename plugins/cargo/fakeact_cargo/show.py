"""A build from the first line to the last: the one that owns the time."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from fakeact import IO, Exit
from fakeact_cargo import says
from fakeact_cargo.catalogue import Crate
from fakeact_cargo.graph import Unit, graph
from fakeact_cargo.queue import Event, Queue, makespan
from fakeact_cargo.rustc import drawn
from fakeact_cargo.transfer import Downloads, Index
from fakeact_cargo.workspace import Package, Workspace, workspace

FRAME = 0.08
"""Seconds between two pictures at the least."""
HEARTBEAT = 0.5
"""Seconds after which cargo looks at the terminal's width again although nothing happened."""
QUIET = 0.5
"""Seconds before cargo draws its first progress, lest what is over soon only flickers."""
SLOW = 400 << 10
"""Bytes from which on cargo says that it is unpacking a crate."""
SHORTEST, LONGEST = 20.0, 190.0
"""Seconds of compiling; a faster or slower machine is imagined for what would be beyond."""
CTRL_C = 2


async def build_workspace(io: IO, rng: random.Random, crates: int, jobs: int, *, warnings: bool, cached: bool) -> None:
    """Build a workspace that depends on so many crates, which are on disk already if *cached*."""
    started = io.now()
    made = workspace(rng, crates, warnings=warnings)
    await _lock(io, rng, made)
    if not cached:
        await _download(io, rng, made)
    await io.csleep(rng.uniform(120, 400))  # cargo asks rustc what it is
    await _compile(io, graph(made, rng).units, jobs, slowness=rng.uniform(1.5, 2.8))
    took = says.elapsed(_since(io, started))
    await io.print(says.status("Finished", f"`release` profile [optimized] target(s) in {took}"))
    await io.csleep(3000)


@asynccontextmanager
async def _progress(io: IO) -> AsyncIterator[Callable[..., Awaitable[None]]]:
    """A way to show cargo's row. It stays when Ctrl-C ends it, with the echo where cargo's cursor waits."""
    shown: list[str] = []
    async with io.live(keep="interrupted") as live:

        async def show(*row: str) -> None:
            shown[:] = row
            await live.show(*row)

        try:
            yield show
        except Exit:
            if io.signal == CTRL_C:
                await live.show(*map(says.echoed, shown))
            raise


async def _lock(io: IO, rng: random.Random, made: Workspace) -> None:
    """Read the index and say which versions were chosen."""
    await io.csleep(rng.uniform(60, 200))
    await io.print(says.status("Updating", "crates.io index"))
    index, passed = Index(made.direct, rng), 0.0
    async with _progress(io) as show:
        while passed < index.seconds:
            pause = min(index.seconds - passed, 0.1 if passed else QUIET)
            await io.csleep(pause * 1000)
            passed += pause
            await show(*says.fetching(*index.at(passed), io.width))
        await io.csleep(rng.uniform(60, 250))
    await io.print(says.locking(len(made.locked), made.rust_version))
    for crate, newer in made.outdated:
        await io.print(says.adding(crate.described, newer))


async def _download(io: IO, rng: random.Random, made: Workspace) -> None:
    """Get all crates and say how much that was."""
    downloads, began = Downloads(made.built, rng), io.now()
    complete: list[Crate] = []
    async with _progress(io) as show:
        while downloads.pending or downloads.extracting:
            unpacking = downloads.extracting if downloads.extracting else None
            slow = unpacking.name if unpacking and unpacking.size >= SLOW else ""
            await show(*says.downloading(downloads.pending, downloads.remaining, slow, io.width))
            await io.csleep(FRAME * 1000)
            for crate in downloads.advance(FRAME):
                complete.append(crate)
                await io.print(says.status("Downloaded", crate.described))
    largest = max(complete, key=lambda crate: crate.size)
    total = sum(crate.size for crate in complete)
    seconds = _since(io, began)
    await io.print(says.downloaded(len(complete), total, seconds, (largest.name, largest.size)))


async def _compile(io: IO, units: list[Unit], jobs: int, slowness: float) -> None:
    """Run all units; slowness is what a second on the catalogue's machine takes here."""
    alone = makespan(units, jobs)
    slowness = min(max(slowness, SHORTEST / alone), LONGEST / alone)
    queue, passed = Queue(units, jobs), 0.0
    async with _progress(io) as show:
        while True:
            for event in queue.advance(passed / slowness):
                await _say(io, event)
            if queue.finished == queue.total:
                break
            labels = [unit.label for unit in sorted(queue.running, key=lambda unit: unit.rank)]
            await show(*says.building(queue.finished, queue.total, labels, io.width))
            pause = min(max(queue.next * slowness - passed, FRAME), HEARTBEAT)
            await io.csleep(pause * 1000)
            passed += pause


async def _say(io: IO, event: Event) -> None:
    package = event.unit.package
    if event.what == "announced":
        await io.print(says.status("Compiling", package.described))
    elif isinstance(package, Package):
        await _say_warnings(io, event, package)


async def _say_warnings(io: IO, event: Event, package: Package) -> None:
    """Pass on what a member's build script and its compilation warn of."""
    kind = event.unit.kind
    if event.what == "warned":
        for found in package.warnings:
            await io.print(drawn(found))
    elif event.what == "finished" and kind == "script run":
        await io.print(says.warning(f"{package.name}@{package.version}: {package.note}"))
    elif event.what == "finished" and kind in ("lib", "bin") and package.warnings:
        fixable = Counter(found.fixable for found in package.warnings)[True]
        await io.print(says.generated(package.name, package.binary, len(package.warnings), fixable))


def _since(io: IO, then: datetime) -> float:
    return (io.now() - then).total_seconds()
