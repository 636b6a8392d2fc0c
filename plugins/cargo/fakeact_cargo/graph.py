"""The units that cargo makes of a workspace: one for each call of rustc or of a build script."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from fakeact_cargo.catalogue import Crate, crates
from fakeact_cargo.workspace import Package, Workspace

Kind = Literal["lib", "macro", "script", "script run", "bin"]
HOST_SHARE = 0.45
"""What a crate for build scripts or macros takes, compared with one for the target: it is not optimised."""


@dataclass(eq=False)
class Unit:
    """One piece of work, and what has to be there before it can begin."""

    package: Crate | Package
    kind: Kind
    seconds: float
    rank: float
    """Where a hash table would list it: cargo shows what is running in such an order."""
    interface: list["Unit"] = field(default_factory=list)
    """Libraries of which it only needs the metadata."""
    whole: list["Unit"] = field(default_factory=list)
    """Units that must have finished."""
    early: float = 1.0
    """The share of its time after which its metadata is there."""
    priority: int = 0
    """How many units wait for it, directly or not."""

    @property
    def label(self) -> str:
        """What the progress line calls it."""
        suffix = {"lib": "", "macro": "", "script": "(build.rs)", "script run": "(build)", "bin": "(bin)"}
        return self.package.name + suffix[self.kind]


@dataclass
class Graph:
    """All units of one build. Every unit stands behind those that it needs."""

    rng: random.Random
    units: list[Unit] = field(default_factory=list)
    _libraries: dict[tuple[str, bool], Unit] = field(default_factory=dict)
    _scripts: dict[str, Unit] = field(default_factory=dict)
    _members: list[Unit] = field(default_factory=list)

    def library(self, key: str, host: bool) -> Unit:
        """The unit for a crate: optimised for the target, or quickly made for what runs while building.

        A crate that serves both is compiled twice.
        """
        crate = crates()[key]
        host = host or crate.macro
        if (key, host) not in self._libraries:
            self._libraries[key, host] = self._library(key, crate, host)
        return self._libraries[key, host]

    def _library(self, key: str, crate: Crate, host: bool) -> Unit:
        needs = [self.library(other, host) for other in native(crate.needs)]
        seconds = crate.seconds * (HOST_SHARE if host else 1.0) * self.rng.lognormvariate(0, 0.18)
        unit = self._unit(crate, "macro" if crate.macro else "lib", seconds, needs)
        if crate.script:
            unit.whole.append(self._script_run(key, crate))
        return self._add(unit)

    def _script_run(self, key: str, crate: Crate) -> Unit:
        """A build script's run; it is compiled once, but runs for host and target each."""
        if key not in self._scripts:
            needs = [self.library(other, host=True) for other in native(crate.script_needs)]
            self._scripts[key] = self._add(self._unit(crate, "script", self._script_time(), needs))
        seconds = crate.script_seconds * self.rng.uniform(0.9, 1.2) or self.rng.lognormvariate(-2.9, 0.6)
        run = self._unit(crate, "script run", seconds, [])
        run.whole.append(self._scripts[key])
        return self._add(run)

    def member(self, package: Package) -> Unit:
        """The unit for a member of the workspace; the members that it uses must be there already."""
        needs = [self.library(key, host=False) for key in package.needs]
        needs += [self._members[i] for i in package.uses]
        unit = self._unit(package, "bin" if package.binary else "lib", package.seconds, needs)
        if package.note:
            script = self._add(self._unit(package, "script", self._script_time(), []))
            run = self._unit(package, "script run", self.rng.uniform(0.05, 0.4), [])
            run.whole.append(script)
            unit.whole.append(self._add(run))
        self._members.append(self._add(unit))
        return unit

    def _script_time(self) -> float:
        return self.rng.lognormvariate(-1.1, 0.35)

    def _unit(self, package: Crate | Package, kind: Kind, seconds: float, needs: list[Unit]) -> Unit:
        unit = Unit(package, kind, max(seconds, 0.03), rank=self.rng.random())
        unit.whole = [other for other in needs if other.kind == "macro"]
        libraries = [other for other in needs if other.kind == "lib"]
        if kind == "lib":
            unit.interface = libraries
            unit.early = self.rng.uniform(0.35, 0.6)
        else:
            unit.whole += linked(libraries)
        return unit

    def _add(self, unit: Unit) -> Unit:
        self.units.append(unit)
        return unit


def graph(workspace: Workspace, rng: random.Random) -> Graph:
    """The units for a workspace, with priorities."""
    made = Graph(rng)
    for package in workspace.members:
        made.member(package)
    _prioritise(made.units)
    return made


def native(keys: Iterable[str]) -> list[str]:
    """Keys of the crates that this platform uses."""
    return [key for key in keys if not crates()[key].foreign]


def linked(libraries: list[Unit]) -> list[Unit]:
    """All libraries that go into a program: what is linked needs more than metadata of each."""
    found: dict[int, Unit] = {}
    waiting = list(libraries)
    while waiting:
        unit = waiting.pop()
        if id(unit) not in found:
            found[id(unit)] = unit
            waiting += unit.interface
    return list(found.values())


def _prioritise(units: list[Unit]) -> None:
    """Count for each unit those that wait for it, as bits of one number."""
    waiting = {id(unit): 0 for unit in units}
    for bit, unit in reversed(list(enumerate(units))):
        mask = waiting[id(unit)] | 1 << bit
        unit.priority = mask.bit_count()
        for other in unit.interface + unit.whole:
            waiting[id(other)] |= mask
