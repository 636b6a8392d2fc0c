"""The application behind the server: a few workers, a queue, and a database that they wait for."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial

from fakeact_weblog.sim.agenda import Agenda

_WARMING = 7.0
"""Seconds in which a restarted application's caches fill."""
_COLD = 4.0
"""How many times as long an answer takes right after a start, on top of the usual."""


class Outcome(Enum):
    """What became of a job."""

    DONE = "done"
    REFUSED = "refused"
    CLOSED = "closed"


@dataclass(eq=False)
class Job:
    """Work of so many seconds; *locks* says that it needs the database's main table."""

    seconds: float
    locks: bool
    done: Callable[[Outcome], None]


class Backend:
    """An application server with so many workers."""

    def __init__(self, agenda: Agenda, workers: int) -> None:
        self.workers = workers
        self.strain = 1.0
        """How many times as long as usual everything takes."""
        self._agenda, self._started = agenda, -math.inf
        self._queue: deque[Job] = deque()
        self._running: set[Job] = set()
        self._held: list[Job] = []
        self._up, self._locked = True, False

    def take(self, job: Job) -> None:
        """Accept a job, or refuse it at once if nobody listens."""
        if not self._up:
            job.done(Outcome.REFUSED)
            return
        self._queue.append(job)
        self._dispatch()

    def stop(self) -> None:
        """End the process: whatever it had accepted is lost."""
        lost = [*self._running, *self._queue]
        lost.sort(key=lambda job: job.seconds)  # a set's order is the memory's
        self._up = False
        self._running.clear()
        self._queue.clear()
        self._held.clear()
        for job in lost:
            job.done(Outcome.CLOSED)

    def start(self) -> None:
        """Start it again, with cold caches."""
        self._up, self._started, self.strain = True, self._agenda.now, 1.0

    def lock(self) -> None:
        """Lock the main table: jobs that need it keep their worker waiting."""
        self._locked = True

    def unlock(self) -> None:
        """Let the waiting jobs go on."""
        self._locked, held, self._held = False, self._held, []
        for job in held:
            self._work(job)

    def _dispatch(self) -> None:
        while self._queue and len(self._running) < self.workers:
            job = self._queue.popleft()
            self._running.add(job)
            if self._locked and job.locks:
                self._held.append(job)
            else:
                self._work(job)

    def _work(self, job: Job) -> None:
        cold = _COLD * math.exp(-(self._agenda.now - self._started) / _WARMING)
        self._agenda.after(job.seconds * self.strain * (1 + cold), partial(self._finish, job))

    def _finish(self, job: Job) -> None:
        if job not in self._running:  # lost when the process ended
            return
        self._running.remove(job)
        job.done(Outcome.DONE)
        self._dispatch()
