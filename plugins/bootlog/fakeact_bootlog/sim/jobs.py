"""Jobs as systemd runs them: everything at once that waits for nothing. Times are seconds on the kernel's clock."""

import heapq
import random
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from fakeact_bootlog.sim.units import Unit

# Which of those that could start now does so first: unit_compare_priority() in systemd's src/core.
_KINDS = ("slice", "path", "timer", "automount", "device", "target", "socket", "swap", "mount", "service")
STARTING, DONE, FAILED, TIMEOUT, DEPENDENCY = "starting", "done", "failed", "timeout", "dependency"
_TICKS = 0.0008, 0.007
"""Between two jobs that are dispatched one after the other, at least and at most."""


@dataclass(frozen=True)
class Change:
    """Something that happens to a unit's job."""

    at: float
    what: str
    unit: Unit


@dataclass
class Job:
    """A job with its time: when it began to run and when it was over."""

    unit: Unit
    began: float
    ended: float = float("inf")


class Transaction:
    """Starts all units of a graph, from a moment on.

    *ready* says of units at which moment the world is far enough for them: a device is found, the network is there.
    """

    def __init__(self, units: Mapping[str, Unit], began: float, ready: Mapping[str, float], rng: random.Random) -> None:
        self._ready, self._rng = ready, rng
        self.began = self._now = began
        self.changes: list[Change] = []
        self.jobs: list[Job] = []
        self._state: dict[str, str] = {}
        self._ends: list[tuple[float, int, Job]] = []
        self._order = count()
        self._waiting = sorted(units.values(), key=lambda unit: (_KINDS.index(unit.kind), unit.name))
        self._run()

    @property
    def ended(self) -> float:
        """When the last job was over."""
        return max(job.ended for job in self.jobs)

    def state(self, name: str) -> str:
        """How a unit's job ended."""
        return self._state[name]

    def when(self, name: str) -> float:
        """When a unit was up."""
        return next(change.at for change in self.changes if change.unit.name == name and change.what == DONE)

    def running(self, at: float) -> list[Job]:
        """Jobs that run at a moment."""
        return [job for job in self.jobs if job.began <= at < job.ended]

    def _run(self) -> None:
        self._dispatch()
        while self._ends:
            at, _, job = heapq.heappop(self._ends)
            self._now = max(self._now + self._rng.uniform(*_TICKS) / 8, at)
            self._finish(job)
            self._dispatch()
        assert not self._waiting, f"units wait for each other: {[unit.name for unit in self._waiting]}"

    def _dispatch(self) -> None:
        """Start what waits for nothing any more, until no more can."""
        while ready := [unit for unit in self._waiting if unit.after <= self._state.keys()]:
            for unit in ready:
                self._waiting.remove(unit)
                self._start(unit)

    def _start(self, unit: Unit) -> None:
        self._now += self._rng.uniform(*_TICKS)
        if any(self._state.get(name) not in (DONE, None) for name in unit.requires):
            self._change(DEPENDENCY, unit)
            self._state[unit.name] = DEPENDENCY
            self.jobs.append(Job(unit, self._now, self._now))
            return
        job = Job(unit, self._now)
        self.jobs.append(job)
        over = max(self._now + unit.seconds, self._ready.get(unit.name, 0.0))
        if over > self._now:
            self._change(STARTING, unit)
            heapq.heappush(self._ends, (min(over, self._now + (unit.limit or over)), next(self._order), job))
        else:
            self._finish(job)

    def _finish(self, job: Job) -> None:
        unit, job.ended = job.unit, self._now
        late = self._ready.get(unit.name, 0.0) > self._now
        what = TIMEOUT if late else FAILED if unit.fails else DONE
        self._state[unit.name] = what
        self._change(what, unit)

    def _change(self, what: str, unit: Unit) -> None:
        self.changes.append(Change(self._now, what, unit))


_GOES = "scope", "slice", "target", "timer", "path", "automount", "socket", "mount", "swap", "service"
_STAYS = {
    "systemd-journald.service", "systemd-udevd.service", "systemd-journald.socket", "systemd-journald-dev-log.socket",
    "systemd-udevd-control.socket", "systemd-udevd-kernel.socket", "keyboard-setup.service",
    "kmod-static-nodes.service",
    "systemd-udev-trigger.service", "system-systemd\\x2dfsck.slice", "systemd-creds.socket", "systemd-sysext.socket",
}  # fmt: skip
_API = "dev-hugepages.", "dev-mqueue.", "sys-", "modprobe@", "systemd-fsck"


def stops(up: Mapping[str, Unit], began: float, slow: Mapping[str, float], rng: random.Random) -> list[Change]:
    """Stop what is up: the order of the start turned round. *slow* says which services take how long."""
    leaving = [unit for unit in up.values() if _leaves(unit)]
    left = sorted(leaving, key=lambda unit: (_GOES.index(unit.kind), unit.name))
    changes: list[Change] = []
    ends: list[tuple[float, str]] = []
    now = began
    while left or ends:
        held = {name for unit in left for name in unit.after} | {name for _, key in ends for name in up[key].after}
        free = [unit for unit in left if unit.name not in held]
        for unit in free:
            now += rng.uniform(*_TICKS) / 3
            left.remove(unit)
            changes.append(Change(now, STARTING if _lingers(unit) else DONE, unit))
            if _lingers(unit):
                heapq.heappush(ends, (now + slow.get(unit.name, 0.06) * rng.lognormvariate(0, 0.2), unit.name))
        if not free:
            assert ends, f"units hold each other: {[unit.name for unit in left]}"
            at, name = heapq.heappop(ends)
            now = max(now + rng.uniform(*_TICKS) / 8, at)
            changes.append(Change(now, DONE, up[name]))
    return changes


def _leaves(unit: Unit) -> bool:
    return unit.kind in _GOES and unit.name not in _STAYS and not unit.name.startswith(_API)


def _lingers(unit: Unit) -> bool:
    """Whether stopping it takes time: it runs, or it is a file system."""
    return unit.kind in ("mount", "swap", "scope") or (unit.kind == "service" and unit.type != "oneshot")
