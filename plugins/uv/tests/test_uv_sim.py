"""What happens, without a screen."""

import random

import pytest
from fakeact_uv.catalogue import Package, closure, kinds, packages, projects
from fakeact_uv.sim.installing import install
from fakeact_uv.sim.link import Link
from fakeact_uv.sim.preparing import CONCURRENT_DOWNLOADS, Preparation
from fakeact_uv.sim.project import draw
from fakeact_uv.sim.resolver import resolve
from fakeact_uv.sim.versions import older

MIB = 2**20


def test_uv_catalogue_is_closed() -> None:
    """Whatever is asked for or needed is there, has a wheel or can be built, and is named as PyPI names."""
    known = packages()
    asked = {name for names in kinds().values() for name in names} | set(projects()["development"])
    needed = {name for package in known.values() for name in package.needs + package.elsewhere}
    assert asked | needed <= set(known)
    assert all((package.size > 0) != (package.build > 0) for package in known.values())
    assert not any(set(name) & set("_. ") or name != name.lower() for name in known)
    assert not set(projects()["names"]) & set(known)


@pytest.mark.parametrize("seed", range(20))
def test_uv_projects_hold_what_they_need(seed: int) -> None:
    """An environment has everything that anything in it needs, each once, and nothing that goes stays."""
    project = draw(random.Random(seed), upgrade=seed % 2 == 1)
    names = [package.name for package in project.needed]
    assert len(names) == len(set(names))
    assert {need for package in project.needed for need in package.needs} <= set(names)
    kept = {name for name in (project.installed or {}) if name not in project.outdated}
    assert kept | {package.name for package in project.missing} >= set(names)


@pytest.mark.parametrize("seed", range(5))
def test_uv_decides_what_something_asked_for(seed: int) -> None:
    """Times never go back, and a package is decided only after one that needs it."""
    project = draw(random.Random(seed), "data", upgrade=True)
    resolution = resolve(project, 0.2, random.Random(seed))
    times = [at for at, _ in resolution.decisions]
    assert times == sorted(times)
    assert times[-1] < resolution.seconds
    first = {}
    for at, label in resolution.decisions:
        first.setdefault(label.partition("==")[0], at)
    for package in project.needed:
        if package.name not in project.direct:
            assert first[package.name] > min(first[p.name] for p in project.needed if package.name in p.needs)
    assert resolution.latest(-1) == ""
    assert resolution.latest(1e9) == resolution.decisions[-1][1]


class Tap:
    weight = 1.0

    def __init__(self, size: float) -> None:
        self.remaining, self.received = size, 0.0

    def receive(self, size: float) -> None:
        self.remaining, self.received = self.remaining - size, self.received + size


def test_uv_link_gives_no_more_than_it_has() -> None:
    """What flows take adds up to the bandwidth, whatever the step; what one leaves others get."""
    for step in (0.01, 0.1, 1.0):
        link, small, large = Link(10 * MIB, random.Random(1)), Tap(MIB), Tap(1e12)
        for _ in range(round(200 / step)):
            link.advance(step, [small, large])
        assert small.received == pytest.approx(MIB)
        assert small.received + large.received == pytest.approx(200 * 10 * MIB, rel=0.15)


def test_uv_prepares_everything_once() -> None:
    """All is done at the end, no more than 50 at a time, bytes only grow, and nothing runs dry."""
    wanted = closure(kinds()["ml"])
    preparation = Preparation(wanted, Link(100 * MIB, random.Random(2)), 0.1, random.Random(3))
    had: dict[str, int] = {}
    steps = 0
    while not preparation.finished:
        before = preparation.done
        preparation.advance(0.1)
        assert preparation.done >= before
        assert len(preparation.transfers) <= CONCURRENT_DOWNLOADS
        for transfer in preparation.transfers:
            name = transfer.package.name
            assert had.get(name, 0) <= transfer.received <= transfer.size
            had[name] = transfer.received
        steps += 1
        assert steps < 3000
    assert preparation.done == preparation.total == len(wanted)


def test_uv_asks_for_the_largest_first() -> None:
    """The first fifty are the largest, so that none of those comes last alone."""
    wanted = [Package(f"p{size}", "1", size) for size in random.Random(4).sample(range(1000, 9000, 10), 120)]
    preparation = Preparation(wanted, Link(1.0, random.Random(5)), 9.0, random.Random(6))
    preparation.advance(0.01)
    assert {transfer.size for transfer in preparation.transfers} == set(sorted(p.size for p in wanted)[-50:])


def test_uv_installs_each_wheel_once() -> None:
    """Every wheel appears once, in order of time; copying takes longer than linking."""
    wanted = closure(kinds()["data"])
    linked, copied = (install(wanted, random.Random(7), copying=copying) for copying in (False, True))
    assert sorted(package.name for _, package in linked) == sorted(package.name for package in wanted)
    assert [at for at, _ in linked] == sorted(at for at, _ in linked)
    assert copied[-1][0] > linked[-1][0] > 0


def test_uv_older_releases_are_older() -> None:
    """A release that came before has a smaller version, for every package there is."""
    for package in packages().values():
        before = older(package.version, random.Random(8))
        if before != package.version:
            assert [int(n) for n in before.split(".")] < [int(n) for n in package.version.split(".") if n.isdecimal()]
