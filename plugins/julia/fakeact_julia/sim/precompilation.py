"""Precompiling in parallel: what has to be done anew, and when each piece begins and ends."""

import heapq
import random
from collections import deque
from dataclasses import dataclass, field

from fakeact_julia.catalogue import Manifest, extensions, packages

ENOUGH = 8
"""Jobs from which on the whole can be made to last."""
MOST_TASKS = 16
"""More are not started at once, however many threads there are."""


@dataclass(eq=False)
class Job:
    """One package or extension; *direct* says whether the project itself asks for it."""

    label: str
    direct: bool
    seconds: float
    needs: list["Job"] = field(default_factory=list)
    started: float = 0.0
    finished: float = 0.0


@dataclass(frozen=True)
class Precompilation:
    """The jobs in the order in which they start, and how many caches are good already."""

    jobs: tuple[Job, ...]
    already: int

    @property
    def total(self) -> int:
        """All that have to be there in the end."""
        return len(self.jobs)

    @property
    def seconds(self) -> float:
        """When the last one is done."""
        return max((job.finished for job in self.jobs), default=0.0)

    def done(self, seconds: float) -> int:
        """How many are done after so many seconds."""
        return sum(job.finished <= seconds for job in self.jobs)


@dataclass(frozen=True)
class Machine:
    """Where it runs. *preloaded* are the standard libraries of the manifest, which come precompiled.

    The whole takes between the two seconds of *span*, where there is enough to do: machines differ.
    """

    threads: int
    preloaded: int
    span: tuple[float, float]


def precompile(old: Manifest, new: Manifest, direct: list[str], machine: Machine, rng: random.Random) -> Precompilation:
    """Plan what a change of a manifest makes necessary."""
    every = _labels(new)
    jobs = _jobs(_stale(old, new), new, direct, rng)
    tasks = min(machine.threads + 1, MOST_TASKS)
    slowness = rng.uniform(0.8, 1.3)
    alone = _schedule(jobs, tasks, slowness)
    longest = max((job.finished for job in alone), default=1.0)
    shortest, most = machine.span
    if longest > most or (longest < shortest and len(jobs) > ENOUGH):
        alone = _schedule(jobs, tasks, slowness * (most if longest > most else shortest) / longest)
    return Precompilation(tuple(alone), len(every) - len(jobs) + machine.preloaded)


def _labels(manifest: Manifest) -> list[str]:
    """All that a manifest has to have precompiled: packages, and extensions whose triggers are there."""
    return [*manifest, *(one.label for one in extensions() if {one.parent, *one.triggers} <= set(manifest))]


def _stale(old: Manifest, new: Manifest) -> set[str]:
    """Packages with a new version, and all that use one of these."""
    stale = {name for name in new if old.get(name) != new[name]}
    users: dict[str, list[str]] = {name: [] for name in new}
    for name, version in new.items():
        for need in packages()[name].needs_at(version):
            users[need.name].append(name)
    waiting = sorted(stale)
    while waiting:
        fresh = [user for user in users[waiting.pop()] if user not in stale]
        stale.update(fresh)
        waiting += fresh
    return stale


def _jobs(stale: set[str], new: Manifest, direct: list[str], rng: random.Random) -> list[Job]:
    """In a hash table's order."""
    made = {name: Job(name, name in direct, packages()[name].seconds * _luck(rng)) for name in sorted(stale)}
    for name, job in made.items():
        job.needs = [made[need.name] for need in packages()[name].needs_at(new[name]) if need.name in made]
    found = list(made.values())
    for one in extensions():
        parts = {one.parent, *one.triggers}
        if parts <= set(new) and parts & stale:
            needs = [made[name] for name in sorted(parts & stale)]
            found.append(Job(one.label, False, one.seconds * _luck(rng), needs))
    rng.shuffle(found)
    return found


def _luck(rng: random.Random) -> float:
    return rng.lognormvariate(0, 0.15)


def _schedule(jobs: list[Job], tasks: int, slowness: float) -> list[Job]:
    """Start each job when all it needs is done and a task is free, first come, first served."""
    users: dict[int, list[Job]] = {id(job): [] for job in jobs}
    missing = {id(job): len(job.needs) for job in jobs}
    for job in jobs:
        for need in job.needs:
            users[id(need)].append(job)
    ready = deque(job for job in jobs if not job.needs)
    running: list[tuple[float, int, Job]] = []
    order: list[Job] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < tasks:
            job = ready.popleft()
            job.started, job.finished = now, now + job.seconds * slowness
            heapq.heappush(running, (job.finished, len(order), job))
            order.append(job)
        now, _, done = heapq.heappop(running)
        for user in users[id(done)]:
            missing[id(user)] -= 1
            if not missing[id(user)]:
                ready.append(user)
    return order
