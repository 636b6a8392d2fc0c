"""Packages as PyPI had them in the autumn of 2026, and what projects ask for: facts, read once.

Each line of `data/packages.txt` has a name, a version, the bytes of the wheel for CPython 3.13 on x86-64
Linux, and what it needs; `~` marks what only other platforms need. Where there is no wheel, `build:` gives
the seconds that building one takes on a workstation.
"""

import json
import pkgutil
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Package:
    """One version of a package.

    *size* is its wheel's bytes, 0 where it has to be built, which takes *build* seconds. *needs* are names
    of packages, *elsewhere* those that other platforms need. *origin* is where a local one comes from.
    """

    name: str
    version: str
    size: int = 0
    build: float = 0.0
    needs: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    origin: str = ""


@cache
def packages() -> dict[str, Package]:
    """All packages by name."""
    return {package.name: package for package in map(_parse, _read("packages.txt").splitlines())}


@cache
def projects() -> dict[str, list[str]]:
    """Words by topic: `names`, `folders`, `pythons`, and the `development` requirements."""
    given = json.loads(_read("projects.json"))
    return {topic: words.split() for topic, words in given.items() if topic != "kinds"}


@cache
def kinds() -> dict[str, list[str]]:
    """What a project of each kind may require directly."""
    return {kind: names.split() for kind, names in json.loads(_read("projects.json"))["kinds"].items()}


def closure(names: list[str]) -> list[Package]:
    """The packages of these names and all that they need here, breadth first, each once."""
    found = dict.fromkeys(names)
    for name in (queue := list(found)):
        fresh = [need for need in packages()[name].needs if need not in found]
        found |= dict.fromkeys(fresh)
        queue += fresh
    return [packages()[name] for name in found]


def _parse(line: str) -> Package:
    name, version, size, *needs = line.split()
    here = tuple(need for need in needs if need[0] != "~")
    elsewhere = tuple(need[1:] for need in needs if need[0] == "~")
    if size.startswith("build:"):
        return Package(name, version, 0, float(size[6:]), here, elsewhere)
    return Package(name, version, int(size), 0.0, here, elsewhere)


def _read(name: str) -> str:
    data = pkgutil.get_data(__package__, f"data/{name}")
    assert data is not None
    return data.decode()
