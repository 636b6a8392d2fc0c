"""What happens, apart from how it looks: versions, marks, transfers, precompilation."""

import random
from dataclasses import replace

import pytest
from fakeact_julia import says
from fakeact_julia.catalogue import extensions, kinds, number, packages, words
from fakeact_julia.sim.environment import draw
from fakeact_julia.sim.precompilation import Machine, precompile
from fakeact_julia.sim.resolver import changes, marks, resolve
from fakeact_julia.sim.transfer import CONCURRENT, Transfers

from fakeact.ansi import strip


def test_the_catalogue_hangs_together() -> None:
    """Several hundred packages with UUIDs of their own, versions that rise, and needs that are there."""
    assert len(packages()) > 350
    assert len({package.uuid for package in packages().values()}) == len(packages())
    for package in packages().values():
        assert len(package.uuid) == 8
        assert int(package.uuid, 16)
        assert list(package.versions) == sorted(package.versions, key=number)
        assert {need.name for need in package.needs} <= set(packages()), package.name
    for one in extensions():
        assert {one.parent, *one.triggers} <= set(packages()), one.label
    for names in [*words()["kinds"].values(), *words()["together"]]:
        assert set(names.split()) <= set(packages())


def test_nothing_needs_itself() -> None:
    """The needs of the newest versions have an order."""
    done: set[str] = set()
    left = dict(packages())
    while left:
        ready = [name for name, one in left.items() if all(n.name in done or n.ended for n in one.needs)]
        assert ready, sorted(left)
        done.update(ready)
        left = {name: one for name, one in left.items() if name not in done}


@pytest.mark.parametrize("kind", kinds())
def test_limits_are_kept(kind: str) -> None:
    """No chosen version is at or above what any package of the manifest allows."""
    manifest = resolve(words()["kinds"][kind].split())
    for name, version in manifest.items():
        for need in packages()[name].needs_at(version):
            assert not need.below or number(manifest[need.name]) < number(need.below)


def test_an_update_reaches_the_newest_that_is_allowed() -> None:
    """After it, nothing is upgradable any more; what is not the newest is held back."""
    for seed in range(12):
        plan = draw(random.Random(seed), "any", 0, add=False)
        new = resolve(plan.environment.direct)
        assert "upgradable" not in marks(new).values()
        assert changes(new, new) == []
        assert changes(plan.environment.manifest, new)


def test_what_belongs_together_is_of_one_time() -> None:
    """An old environment has Makie's backend of the same release, not a newer one."""
    for seed in range(12):
        manifest = draw(random.Random(seed), "plotting", 0, add=False).environment.manifest
        behind = [
            len(packages()[n].versions) - packages()[n].versions.index(manifest[n]) for n in ("Makie", "CairoMakie")
        ]
        assert behind[0] == behind[1]


def test_a_limit_takes_others_down() -> None:
    """What comes later may need an older release of what was there: Turing holds LogExpFunctions below 1."""
    before = resolve(["Distributions"])
    after = resolve(["Distributions", "Turing"], before)
    assert number(after["LogExpFunctions"]) < (1,) <= number(before["LogExpFunctions"])
    assert marks(after)["LogExpFunctions"] == "held back"


def test_an_addition_is_worth_watching() -> None:
    """What is added is not there yet, nor is the heaviest of what it brings; an empty project says that it is."""
    for seed in range(40):
        plan = draw(random.Random(seed), "any", 0, add=True)
        assert not {*plan.wanted} & {*plan.environment.direct, *plan.environment.manifest} - {*plan.wanted[1:]}
        empty = replace(plan.environment, direct=[], standard=[], manifest={}, package=False)
        assert strip(next(iter(says.status(empty)))).endswith(".toml` (empty project)")


def test_transfers_share_the_line() -> None:
    """No more arrives than the line carries, eight at a time, and each is unpacked once."""
    sizes = {f"file{i}": 400_000 + 90_000 * i for i in range(30)}
    transfers, rate = Transfers(sizes, 2e6, random.Random(3)), 2e6
    done = []
    while transfers.finished < len(sizes):
        done += [one.name for one in transfers.advance(0.1)]
        assert len(transfers.running) <= CONCURRENT
    assert sorted(done) == sorted(sizes)
    assert sum(sizes.values()) / rate * 0.9 < transfers.seconds < sum(sizes.values()) / rate * 1.5 + 2


@pytest.mark.parametrize("threads", [1, 4, 32])
def test_precompilation_keeps_the_order_and_the_limit(threads: int) -> None:
    """A job begins after all it needs, and no more run at once than there are tasks."""
    plan = draw(random.Random(4), "science", 0, add=False)
    old, direct = plan.environment.manifest, plan.environment.direct
    new = resolve(direct)
    work = precompile(old, new, direct, Machine(threads, plan.preloaded, (20.0, 80.0)), random.Random(5))
    assert work.seconds <= 80.001
    for job in work.jobs:
        assert all(need.finished <= job.started for need in job.needs)
        assert sum(one.started <= job.started < one.finished for one in work.jobs) <= min(threads + 1, 16)
    changed = {one.name for one in changes(old, new) if one.new}
    labels = {job.label for job in work.jobs}
    assert changed <= labels
    assert {job.label for job in work.jobs if job.direct} <= set(direct)


def test_users_of_what_changed_are_precompiled_too() -> None:
    """A change of StaticArrays makes ForwardDiff's extension for it stale, and nothing that does not use it."""
    new = resolve(["ForwardDiff", "StaticArrays", "JSON"])
    old = {**new, "StaticArrays": "1.9.18"}
    work = precompile(old, new, [], Machine(4, 0, (0.0, 99.0)), random.Random(1))
    labels = {job.label for job in work.jobs}
    assert "ForwardDiff → ForwardDiffStaticArraysExt" in labels
    assert not labels & {"JSON", "ForwardDiff"}
