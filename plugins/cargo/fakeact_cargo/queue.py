"""cargo's job queue: which units run when, so many at a time."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Literal

from fakeact_cargo.graph import Unit
from fakeact_cargo.workspace import Package

What = Literal["started", "announced", "warned", "early", "finished"]


@dataclass(frozen=True)
class Event:
    """What happened to a unit. ``announced`` is a start that is the first of its package."""

    what: What
    unit: Unit


class Queue:
    """Runs units in an order that respects what they need; those that most others wait for go first."""

    def __init__(self, units: list[Unit], jobs: int) -> None:
        self.now = 0.0
        """Seconds of the last thing that happened."""
        self.total, self.finished = len(units), 0
        self.running: list[Unit] = []
        self._jobs = jobs
        self._missing = {unit: len(unit.interface) + len(unit.whole) for unit in units}
        self._after = {
            "early": _reversed(units, lambda unit: unit.interface),
            "finished": _reversed(units, lambda unit: unit.whole),
        }
        self._ready: list[tuple[int, float, Unit]] = []
        self._happens: list[tuple[float, int, What, Unit]] = []
        self._announced: set[str] = set()
        self._serial = 0
        for unit in units:
            self._offer(unit)

    @property
    def next(self) -> float:
        """Seconds at which something will happen; infinity where all is done."""
        return self._happens[0][0] if self._happens else 0.0 if self._ready else math.inf

    def advance(self, to: float) -> list[Event]:
        """All that happens up to then, in order."""
        events = self._start()
        while self._happens and self._happens[0][0] <= to:
            self.now, _, what, unit = heappop(self._happens)
            events.append(Event(what, unit))
            if what == "finished":
                self.finished += 1
                self.running.remove(unit)
            for other in self._after[what][unit] if what in self._after else ():
                self._missing[other] -= 1
                self._offer(other)
            events += self._start()
        return events

    def _offer(self, unit: Unit) -> None:
        if not self._missing[unit]:
            heappush(self._ready, (-unit.priority, unit.rank, unit))

    def _start(self) -> list[Event]:
        events = []
        while self._ready and len(self.running) < self._jobs:
            unit = heappop(self._ready)[2]
            self.running.append(unit)
            self._plan(unit)
            first = unit.package.described not in self._announced
            self._announced.add(unit.package.described)
            events.append(Event("announced" if first else "started", unit))
        return events

    def _plan(self, unit: Unit) -> None:
        if unit.kind in ("lib", "bin") and isinstance(unit.package, Package) and unit.package.warnings:
            # rustc's lints run before it generates code, which is when the metadata is there, too.
            self._happen(unit.seconds * unit.early * 0.95, "warned", unit)
        if unit.kind == "lib":
            self._happen(unit.seconds * unit.early, "early", unit)
        self._happen(unit.seconds, "finished", unit)

    def _happen(self, seconds: float, what: What, unit: Unit) -> None:
        self._serial += 1
        heappush(self._happens, (self.now + seconds, self._serial, what, unit))


def _reversed(units: list[Unit], needs: Callable[[Unit], list[Unit]]) -> dict[Unit, list[Unit]]:
    """For each unit those that need it."""
    after: dict[Unit, list[Unit]] = {unit: [] for unit in units}
    for unit in units:
        for other in needs(unit):
            after[other].append(unit)
    return after


def makespan(units: list[Unit], jobs: int) -> float:
    """Seconds that a build takes from its first unit to its last."""
    queue = Queue(units, jobs)
    queue.advance(math.inf)
    return queue.now
