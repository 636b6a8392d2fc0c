"""The show: resolve, prepare, install, and the list of what changed. The one owner of time."""

import random
from datetime import datetime

from fakeact import IO, Exit
from fakeact_uv import lines, rows
from fakeact_uv.piped import PreparationLines
from fakeact_uv.sim.installing import install
from fakeact_uv.sim.link import Link
from fakeact_uv.sim.preparing import Preparation
from fakeact_uv.sim.project import Project, draw
from fakeact_uv.sim.resolver import Resolution, resolve

_MIB = 2**20
# indicatif draws up to 20 times a second; the spinner turns 5 times. Odd, so that durations end in any digit.
_FRAME = 0.097
_SLOWEST, _FASTEST = 0.3 * _MIB, 110 * _MIB
_CTRL_C = 2


async def sync_project(io: IO, rng: random.Random, kind: str, environment: str, bandwidth: int) -> None:
    """Sync a project of a kind, or any; bandwidth in MiB/s, 0 for one at which the downloads take a minute or two."""
    try:
        await _sync(io, rng, kind, environment, bandwidth)
    except Exit:
        if io.signal == _CTRL_C and io.motion:
            await io.print("^C")  # uv's cursor waits below its rows: there it is echoed
        raise


async def _sync(io: IO, rng: random.Random, kind: str, environment: str, bandwidth: int) -> None:
    if environment == "any":
        environment = rng.choice(("new", "new", "outdated"))
    project = draw(rng, kind, upgrade=environment == "outdated")
    latency = rng.lognormvariate(-1.9, 0.5)
    await _start(io, rng, project)
    await _resolve(io, project, resolve(project, latency, rng))
    link = Link(bandwidth * _MIB or _fitting(project, rng), rng)
    await (_prepare if io.motion else _prepare_in_lines)(io, Preparation(project.missing, link, latency, rng))
    await _uninstall(io, project, rng)
    await _install(io, project, rng)
    for line in lines.changes(project):
        await io.print(line)
    await io.csleep(3500)


def _fitting(project: Project, rng: random.Random) -> float:
    """Bytes a second at which the project is worth watching and the line still believable."""
    size = sum(package.size for package in project.missing)
    return min(max(size / rng.uniform(60, 125), _SLOWEST), _FASTEST)


async def _start(io: IO, rng: random.Random, project: Project) -> None:
    await io.csleep(rng.uniform(120, 350))
    if project.installed is None:
        for line in lines.environment(project):
            await io.print(line)


async def _resolve(io: IO, project: Project, resolution: Resolution) -> None:
    started = io.now()
    async with io.live(keep="interrupted") as live:
        while (passed := _since(io, started)) < resolution.seconds:
            if resolution.decisions:
                await live.show(rows.resolving(resolution.latest(passed), passed, _columns(io)))
            await io.csleep(1000 * min(_FRAME, resolution.seconds - passed))
    await io.print(lines.summary("Resolved", project.resolved, _since(io, started)))


async def _prepare(io: IO, preparation: Preparation) -> None:
    started, printed, view = io.now(), 0, rows.PreparationRows(preparation)
    async with io.live(keep="interrupted") as live:
        while not preparation.finished:
            for build in preparation.builds[printed:]:
                if not build.finished:
                    break
                await io.print(rows.building(build, _columns(io)))
                printed += 1
            await live.show(*view.draw(_since(io, started), printed, _columns(io), io.height - 1))
            await io.csleep(1000 * _FRAME)
            preparation.advance(_FRAME)
    for build in preparation.builds[printed:]:
        await io.print(rows.building(build, _columns(io)))
    await io.print(lines.summary("Prepared", preparation.total, _since(io, started)))


async def _prepare_in_lines(io: IO, preparation: Preparation) -> None:
    started, view = io.now(), PreparationLines(preparation)
    while not preparation.finished:
        await io.csleep(1000 * _FRAME)
        preparation.advance(_FRAME)
        for line in view.news():
            await io.print(line)
    await io.print(lines.summary("Prepared", preparation.total, _since(io, started)))


async def _uninstall(io: IO, project: Project, rng: random.Random) -> None:
    if project.outdated:
        started = io.now()
        await io.csleep(sum(rng.uniform(0.4, 3) for _ in project.outdated))
        await io.print(lines.summary("Uninstalled", len(project.outdated), _since(io, started)))


async def _install(io: IO, project: Project, rng: random.Random) -> None:
    copying = rng.random() < 0.4
    wheels = install(project.missing, rng, copying=copying)
    started = io.now()
    async with io.live(keep="interrupted") as live:
        if copying:
            for line in lines.link_warning():
                await io.print(line)
        while (passed := _since(io, started)) < wheels[-1][0]:
            done = [package for at, package in wheels if at <= passed]
            await live.show(rows.installing(len(done), len(wheels), done[-1] if done else None, _columns(io)))
            await io.csleep(1000 * min(_FRAME / 2, wheels[-1][0] - passed))
    await io.print(lines.summary("Installed", len(wheels), _since(io, started)))


def _columns(io: IO) -> int:
    """Cells of a row in a live region, which keeps clear of the last column."""
    return max(1, io.width - 1)


def _since(io: IO, started: datetime) -> float:
    return (io.now() - started).total_seconds()
