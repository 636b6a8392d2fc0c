"""A made-up environment with real packages in it, and the depot that it shares with others."""

import random
from dataclasses import dataclass

from fakeact_julia.catalogue import Manifest, kinds, packages, words
from fakeact_julia.sim.resolver import resolve

JULIA = "1.12"
STALE = 0.3, 0.75
"""Between which shares of the packages are older than they need be, some months after the last update."""
HEAVY = 10.0
"""Seconds of precompilation from which on one notices a package."""
ELSEWHERE = 0.07
"""The share of new versions that another environment of the same depot has brought already."""


@dataclass
class Environment:
    """A project as it stands; *package* says whether it has a name and a version of its own."""

    name: str
    folder: str
    version: str
    package: bool
    direct: list[str]
    standard: list[str]
    manifest: Manifest

    @property
    def prompt(self) -> str:
        """What stands before ``pkg>``."""
        return f"({self.name}) pkg> "

    def file(self, name: str) -> str:
        """The path of its project file or its manifest, as Pkg writes paths."""
        return f"`{self.folder}/{name}.toml`"


@dataclass(frozen=True)
class Plan:
    """What somebody is going to do: an environment as it is found, and what is to be added to it."""

    environment: Environment
    wanted: tuple[str, ...]
    elsewhere: frozenset[str]
    """Packages whose new version is in the depot already."""
    preloaded: int
    """Standard libraries of the manifest, which come precompiled."""


def draw(rng: random.Random, kind: str, direct: int, *, add: bool) -> Plan:
    """An environment of a kind with so many packages asked for directly; 0 draws their number."""
    pool = words()["kinds"][rng.choice(kinds()) if kind == "any" else kind].split()
    # The first ones are what makes the kind.
    names = pool[:2] + rng.sample(pool[2:], min(len(pool) - 2, (direct or rng.randint(7, 12)) - 2))
    wanted = _wanted(rng, names) if add else ()
    environment = _environment(rng, [name for name in names if not {name, *resolve([name])} & _heavy(wanted)])
    brought = sorted(packages())
    elsewhere = frozenset(rng.sample(brought, round(len(brought) * ELSEWHERE)))
    return Plan(environment, wanted, elsewhere, preloaded=rng.randint(27, 41))


def _wanted(rng: random.Random, names: list[str]) -> tuple[str, ...]:
    """One to three packages of which the first brings much that is to be precompiled."""
    first = rng.choice(sorted(names, key=_work)[-3:])
    others = [name for name in names if name != first]
    return (first, *rng.sample(others, rng.choice((0, 1, 1, 2))))


def _work(name: str) -> float:
    """Seconds of precompilation for a package and all that it needs."""
    return sum(packages()[other].seconds for other in resolve([name]))


def _heavy(wanted: tuple[str, ...]) -> set[str]:
    """What is to be added, and what the first of it brings that takes long: the environment has none of it yet."""
    brought = resolve(wanted[:1])
    return {*wanted, *(name for name in brought if packages()[name].seconds > HEAVY)}


def _environment(rng: random.Random, direct: list[str]) -> Environment:
    standard = sorted(rng.sample(words()["standard"].split(), rng.randint(0, 3)))
    manifest = _outdated(rng, direct)
    if rng.random() < 0.35:
        shared = f"~/.julia/environments/v{JULIA}"
        return Environment(f"@v{JULIA}", shared, "", False, direct, standard, manifest)
    name, package = rng.choice(words()["names"].split()), rng.random() < 0.5
    folder = f"{rng.choice(words()['folders'].split())}/{name}{'.jl' if package else ''}"
    version = f"{rng.choice((0, 0, 0, 1))}.{rng.randint(1, 9)}.{rng.randint(0, 6)}"
    return Environment(
        name if package else folder.rpartition("/")[2], folder, version, package, direct, standard, manifest
    )


def _outdated(rng: random.Random, direct: list[str]) -> Manifest:
    """What was resolved some months ago."""
    stale, back = rng.uniform(*STALE), rng.choice((1, 1, 2))
    behind = {name: back * (rng.random() < stale) for name in packages()}
    for names in map(str.split, words()["together"]):
        behind |= dict.fromkeys(names, behind[names[0]])
    held = {
        name: package.versions[max(0, len(package.versions) - 1 - behind[name])] for name, package in packages().items()
    }
    return resolve(direct, held)
