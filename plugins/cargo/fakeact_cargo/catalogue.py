"""Crates of crates.io and what a workspace is made of, as data."""

import json
import pkgutil
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Crate:
    """A published crate at one version, as a lock file of January 2026 has it."""

    name: str
    version: str
    size: int
    """Bytes of its ``.crate`` archive."""
    seconds: float
    """What rustc takes for it with optimisation on one core of a laptop."""
    script_seconds: float
    """What its build script takes; more than a blink where it compiles C."""
    macro: bool
    """Whether it is a procedural macro, which runs on the host."""
    script: bool
    """Whether it has a build script."""
    foreign: bool
    """Whether only other platforms than Linux on x86-64 use it: locked, but never downloaded."""
    needs: tuple[str, ...]
    """Keys of the crates it uses."""
    script_needs: tuple[str, ...]
    """Keys of the crates its build script uses."""

    @property
    def described(self) -> str:
        """Name and version as cargo says them."""
        return f"{self.name} v{self.version}"


@cache
def crates() -> dict[str, Crate]:
    """All crates by key: the name, or ``name@version`` where there are several versions.

    Names, versions and dependencies are those of one published lock file; sizes and times are rounded
    to what one sees on crates.io and in ``cargo build --timings``.
    """
    rows = [line.split() for line in read("crates.txt").splitlines()]
    versions = Counter(row[0] for row in rows)
    return {f"{row[0]}@{row[1]}" if versions[row[0]] > 1 else row[0]: _crate(*row) for row in rows}


def _crate(name: str, version: str, kib: str, times: str, flags: str, *needs: str) -> Crate:
    seconds, _, script_seconds = times.partition("+")
    return Crate(
        name,
        version,
        # The remainder only keeps sizes from being whole KiB; it is the same in every run.
        size=int(kib) * 1024 + sum(map(ord, name + version)) * 37 % 1024,
        seconds=float(seconds),
        script_seconds=float(script_seconds or 0),
        macro="m" in flags,
        script="b" in flags,
        foreign="o" in flags,
        needs=tuple(key for key in needs if key[0] != "+"),
        script_needs=tuple(key[1:] for key in needs if key[0] == "+"),
    )


def closure(keys: list[str], *, foreign: bool = False) -> set[str]:
    """Keys of all crates that these need, themselves included; with *foreign* those of other platforms too.

    >>> sorted(closure(["quote"]))
    ['proc-macro2', 'quote', 'unicode-ident']
    """
    return set().union(*(_reach(key, foreign) for key in keys))


@cache
def _reach(key: str, foreign: bool) -> frozenset[str]:
    found: set[str] = set()
    waiting = [key]
    while waiting:
        key = waiting.pop()
        crate = crates()[key]
        if key not in found and (foreign or not crate.foreign):
            found.add(key)
            waiting += crate.needs + crate.script_needs
    return frozenset(found)


@cache
def words() -> dict[str, Any]:
    """What workspaces are called and made of, by kind."""
    words: dict[str, Any] = json.loads(read("workspace.json"))
    return words


def read(name: str) -> str:
    """The text of one of the package's data files."""
    data = pkgutil.get_data("fakeact_cargo", f"data/{name}")
    assert data is not None
    return data.decode()
