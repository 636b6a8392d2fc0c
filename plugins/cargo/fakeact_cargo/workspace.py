"""A made-up workspace of a few members, and the real crates that it depends on."""

import random
from dataclasses import dataclass

from fakeact_cargo.catalogue import Crate, closure, crates, words
from fakeact_cargo.lints import Diagnostic, diagnostics

Member = tuple[str, tuple[int, ...], bool]
"""Suffix of the name, positions of the members it uses, and whether it is a binary."""
COMMON = 0.7
"""How likely a workspace has one of the crates that most have."""
ENOUGH = 0.96
"""The share of the size that was asked for at which no more crates are added."""


@dataclass(frozen=True)
class Package:
    """A member of the workspace."""

    name: str
    version: str
    path: str
    binary: bool
    seconds: float
    uses: tuple[int, ...]
    """Positions of the members it uses, all before its own."""
    needs: tuple[str, ...]
    """Keys of the crates it uses."""
    note: str
    """What its build script warns of; empty where it has none."""
    warnings: tuple[Diagnostic, ...]

    @property
    def described(self) -> str:
        """Name, version and place as cargo says them."""
        return f"{self.name} v{self.version} ({self.path})"


@dataclass(frozen=True)
class Workspace:
    """What there is to be built, and what the lock file will say."""

    members: tuple[Package, ...]
    rust_version: str
    """What crates have to be compatible with; empty where the resolver does not mind."""
    direct: tuple[str, ...]
    """Keys of the crates that members name themselves."""
    locked: tuple[str, ...]
    """Keys of all crates in the lock file, also those of other platforms."""
    built: tuple[str, ...]
    """Keys of the crates to be downloaded and compiled."""

    @property
    def outdated(self) -> list[tuple[Crate, str]]:
        """Direct dependencies that hold back, with the newest version there is."""
        held = [(crates()[key], _newest(key)) for key in self.direct]
        return sorted([(crate, new) for crate, new in held if new != crate.version], key=lambda one: one[0].name)


def workspace(rng: random.Random, size: int, *, warnings: bool) -> Workspace:
    """Make up a workspace that compiles about so many crates of crates.io."""
    direct = _direct(rng, size)
    members = _members(rng, direct, warnings)
    locked, built = sorted(closure(direct, foreign=True)), sorted(closure(direct))
    rust_version = rng.choice(["", "1.85", "1.88", "1.90", "1.92", "1.95.0", "1.95.0"])
    return Workspace(members, rust_version, tuple(direct), tuple(locked), tuple(built))


def _direct(rng: random.Random, size: int) -> list[str]:
    """Crates that the members name: the usual ones first, then others until there are enough."""
    often, sometimes, behind = (list(words()[kind]) for kind in ("often", "sometimes", "behind"))
    for keys in (often, sometimes, behind):
        rng.shuffle(keys)
    chosen: list[str] = []
    found: set[str] = set()
    usual = [key for key in often if rng.random() < COMMON]
    for key in [*words()["always"], *behind[: rng.randint(0, 3)], *usual, *sometimes]:
        name = crates()[key].name
        known = any(crates()[other].name == name for other in chosen)
        # A crate that brings hundreds with it is left out where it would overshoot the size.
        if not known and len(found | closure([key])) <= size:
            chosen.append(key)
            found |= closure([key])
        if len(found) > size * ENOUGH:
            break
    return chosen


def _newest(key: str) -> str:
    """The highest version of a crate that the catalogue knows."""
    name = key.partition("@")[0]
    versions = [crate.version for other, crate in crates().items() if other.partition("@")[0] == name]
    return max(versions, key=lambda version: [int(part) for part in version.partition("+")[0].split(".")])


def _members(rng: random.Random, direct: list[str], warnings: bool) -> tuple[Package, ...]:
    project = rng.choice(words()["projects"])
    version = f"{rng.choice([0, 0, 0, 1, 2])}.{rng.randint(1, 24)}.{rng.choice([0, 0, 1, 2, 3, 7])}"
    place = rng.choice([f"crates/{project}-", f"crates/{project}-", "crates/", ""])
    make = _Maker(rng, project, version, f"{rng.choice(words()['homes'])}/{project}", place, direct)
    shape = _shape(rng)
    noted = rng.randrange(len(shape)) if warnings and rng.random() < 0.6 else None
    flawed = rng.sample(range(len(shape)), rng.choice([1, 1, 2])) if warnings else []
    return tuple(make.package(*member, i == noted, i in flawed) for i, member in enumerate(shape))


def _shape(rng: random.Random) -> list[Member]:
    """Members in an order in which each uses only earlier ones, the programs last."""
    libraries = rng.sample(words()["libraries"], rng.randint(3, 6))
    programs = rng.sample(words()["binaries"], rng.randint(1, 2))
    shape: list[Member] = []
    for i, suffix in enumerate(libraries):
        shape.append((suffix, tuple(sorted(rng.sample(range(i), min(i, rng.choice([1, 1, 2]))))), False))
    return shape + [(suffix, tuple(range(len(libraries))), True) for suffix in programs]


@dataclass(frozen=True)
class _Maker:
    """What the members of a workspace have in common."""

    rng: random.Random
    project: str
    version: str
    root: str
    place: str
    """Where members lie below the root, but for the end of their names."""
    direct: list[str]

    def package(self, suffix: str, uses: tuple[int, ...], binary: bool, *flaws: bool) -> Package:
        """Make up a member; its flaws are whether its build script and its source are warned of."""
        rng, place, (noted, flawed) = self.rng, self.place + suffix, flaws
        source = "main" if binary else rng.choice([*words()["modules"], "lib"])
        return Package(
            f"{self.project}-{suffix}",
            self.version,
            f"{self.root}/{place}",
            binary,
            seconds=rng.uniform(3.0, 9.0) if binary else rng.uniform(0.8, 5.0),
            uses=uses,
            needs=tuple(self.direct if binary else rng.sample(self.direct, max(2, len(self.direct) // 2))),
            note=rng.choice(words()["notes"]) if noted else "",
            warnings=diagnostics(rng, f"{place}/src/{source}.rs") if flawed else (),
        )
