"""A project, its environment, and what a sync has to change there."""

import random
from dataclasses import dataclass

from fakeact_uv.catalogue import Package, closure, kinds, packages, projects
from fakeact_uv.sim.versions import older

SYSTEM = "/usr/bin/python3.13"
"""Debian 13's Python, which stays at the version that it was released with."""


@dataclass(frozen=True)
class Project:
    """What is synced.

    *own* is the project itself, *direct* the names it asks for. *needed* is all that takes, in the order a
    resolver meets it; *elsewhere* is locked for other platforms only. *installed* has the versions an older
    environment holds, None where there is no environment yet. *interpreter* is the path of a Python that uv
    does not manage itself. *packaged* says whether the project is built and installed, too.
    """

    own: Package
    direct: tuple[str, ...]
    needed: tuple[Package, ...]
    elsewhere: tuple[Package, ...]
    packaged: bool
    locked: bool
    python: str
    interpreter: str
    installed: dict[str, str] | None

    @property
    def resolved(self) -> int:
        """Packages in the lock file; the project itself is always one of them."""
        return 1 + len(self.needed) + len(self.elsewhere)

    @property
    def missing(self) -> list[Package]:
        """What has to be prepared and installed."""
        held = self.installed or {}
        stale = [package for package in self.needed if held.get(package.name) != package.version]
        return [self.own, *stale] if self.packaged else stale

    @property
    def outdated(self) -> dict[str, str]:
        """What has to go, with its version: replaced, built anew, or not wanted any more."""
        current = {package.name: package.version for package in self.needed}
        return {name: held for name, held in (self.installed or {}).items() if current.get(name) != held}


def draw(rng: random.Random, kind: str = "any", *, upgrade: bool = False) -> Project:
    """A project of a kind; an upgrade finds the environment of some months ago."""
    direct = _requirements(rng.choice(list(kinds())) if kind == "any" else kind, rng)
    needed = closure(direct)
    own, packaged, python = _own(rng), rng.random() < 0.65, rng.choice(projects()["pythons"])
    interpreter = rng.choice(("", SYSTEM, f"/opt/python/{python}/bin/python3.13"))
    return Project(
        own,
        tuple(direct),
        tuple(needed),
        _elsewhere(needed),
        packaged,
        locked=not upgrade and rng.random() < 0.3,
        python=projects()["system"][0] if interpreter == SYSTEM else python,
        interpreter=interpreter,
        installed=_environment([own] * packaged + needed, rng) if upgrade else None,
    )


def _elsewhere(needed: list[Package]) -> tuple[Package, ...]:
    """What only other platforms need."""
    names = {name for package in needed for name in package.elsewhere}
    return tuple(packages()[name] for name in sorted(names - {package.name for package in needed}))


def _own(rng: random.Random) -> Package:
    name = rng.choice(projects()["names"])
    version = f"{rng.choice((0, 0, 0, 1, 2))}.{rng.randint(1, 14)}.{rng.randint(0, 6)}"
    return Package(name, version, build=0.7, origin=f"file://{rng.choice(projects()['folders'])}/{name}")


def _requirements(kind: str, rng: random.Random) -> list[str]:
    """Two thirds or so of what the kind may ask for, and some tools to develop with."""
    possible, tools = kinds()[kind], projects()["development"]
    # The first is what makes the kind: without torch nobody would call it machine learning.
    direct = possible[:1] + rng.sample(possible[1:], round(len(possible) * rng.uniform(0.5, 0.8)))
    return sorted({*direct, *rng.sample(tools, rng.randint(0, 4))})


def _environment(wanted: list[Package], rng: random.Random) -> dict[str, str]:
    """What was installed some months ago: many versions older, a few packages more, a few not yet."""
    stale = rng.uniform(0.35, 0.7)
    held = {}
    for package in wanted:
        ages = not package.origin and rng.random() < stale
        if package.origin or rng.random() < 0.97:
            held[package.name] = older(package.version, rng) if ages else package.version
    wanted_names = {package.name for package in wanted}
    gone = rng.sample([name for name in packages() if name not in wanted_names], rng.randint(0, 3))
    return held | {name: packages()[name].version for name in gone}
