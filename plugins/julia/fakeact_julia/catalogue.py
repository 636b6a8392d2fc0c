"""Julia packages as the General registry had them from mid-2025 to autumn 2026: facts, read once.

A line of `data/packages.txt` has a name, the head of the UUID, a weight, the versions from old to new and what
is needed. The weight is the seconds that precompiling takes on one core of a laptop, rounded; for a `_jll` it
is the KiB of its compressed artifact for x86-64 Linux, 0 where that is fetched lazily. The version `?` is a
newer release that some limit keeps everyone from; its number is never said. A need may have a limit
(`Name<2`), begin with the last version (`+Name`) or have ended before it (`-Name`).

A line of `data/extensions.txt` has a package, the name of its extension, the seconds that precompiling takes,
and the packages that trigger it.
"""

import json
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import Any

Manifest = dict[str, str]
"""Versions by name."""

WRAPPER_SECONDS = 0.42
"""What precompiling a `_jll` takes: it holds little but paths."""


@dataclass(frozen=True)
class Need:
    """A package that another needs: *below* a version, if that is not empty."""

    name: str
    below: str = ""
    begins: bool = False
    ended: bool = False


@dataclass(frozen=True)
class Package:
    """A registered package. *seconds* is for precompiling, *artifact* the bytes of its binaries."""

    name: str
    uuid: str
    seconds: float
    artifact: int
    versions: tuple[str, ...]
    limited: bool
    needs: tuple[Need, ...]

    @property
    def source(self) -> int:
        """Bytes of its compressed source, in rough proportion to what there is to compile."""
        return round(9_000 + 23_000 * self.seconds)

    @property
    def newest(self) -> str:
        """The newest version whose number is known."""
        return self.versions[-1]

    def needs_at(self, version: str) -> list[Need]:
        """What one of its versions needs."""
        last = version == self.newest
        return [need for need in self.needs if not (need.begins and not last) and not (need.ended and last)]


@dataclass(frozen=True)
class Extension:
    """Code of a package that is there only together with others."""

    parent: str
    name: str
    seconds: float
    triggers: tuple[str, ...]

    @property
    def label(self) -> str:
        """What the list of precompilations calls it."""
        return f"{self.parent} → {self.name}"


@cache
def packages() -> dict[str, Package]:
    """All packages by name."""
    return {package.name: package for package in map(_package, _read("packages.txt").splitlines())}


@cache
def extensions() -> tuple[Extension, ...]:
    """All extensions."""
    rows = [line.split() for line in _read("extensions.txt").splitlines()]
    return tuple(Extension(row[0], row[1], float(row[2]), tuple(row[3].split(","))) for row in rows)


@cache
def words() -> dict[str, Any]:
    """What projects are called, where they lie, and what they ask for."""
    given: dict[str, Any] = json.loads(_read("projects.json"))
    return given


def kinds() -> list[str]:
    """What a project may be about."""
    return list(words()["kinds"])


def number(version: str) -> tuple[int, ...]:
    """A version as something that compares, its build number included.

    >>> number("1.9.20") > number("1.9.3"), number("6.8.2+2") > number("6.8.2+1")
    (True, True)
    """
    release, _, build = version.partition("+")
    return (*(int(part) for part in release.split(".")), int(build or 0))


def _package(line: str) -> Package:
    name, uuid, weight, versions, *needs = line.split()
    known = tuple(version for version in versions.split(",") if version != "?")
    binary = name.endswith("_jll")
    return Package(
        name,
        uuid,
        seconds=WRAPPER_SECONDS if binary else float(weight),
        # The remainder only keeps sizes from being whole KiB; it is the same in every run.
        artifact=int(weight) * 1024 + sum(map(ord, name)) * 37 % 1024 if binary and weight != "0" else 0,
        versions=known,
        limited=versions.endswith("?"),
        needs=tuple(map(_need, needs)),
    )


def _need(text: str) -> Need:
    name, _, below = text.lstrip("+-").partition("<")
    return Need(name, below, begins=text[0] == "+", ended=text[0] == "-")


def _read(name: str) -> str:
    data = pkgutil.get_data(__package__, f"data/{name}")
    assert data is not None
    return data.decode()
