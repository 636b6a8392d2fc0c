"""One run of `wget2 -c -i LIST` from the first request to the last byte."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from fakeact_download.catalogue import Target
from fakeact_download.events import (
    Added,
    Begun,
    Closed,
    Complete,
    Counted,
    Event,
    Requested,
    Response,
    Saving,
    Short,
    Unexpected,
)
from fakeact_download.servers import Fault, World
from fakeact_download.tcp import Flow, share
from fakeact_download.transfer import Job, Transfer

STEP = 0.02
"""Seconds between two looks at the connections: about a round trip."""
TRIES = 2  # -t 2


class Page(NamedTuple):
    """What nginx says in the place of a file, and the bytes of the page that goes with it."""

    code: int
    reason: str
    size: int


FOUND, BUSY = Page(302, "Found", 138), Page(503, "Service Temporarily Unavailable", 190)
BEYOND = Page(416, "Requested Range Not Satisfiable", 190)


@dataclass
class Worker:
    """One of the program's threads, with its row and its connection to *host*."""

    slot: int
    host: str = ""
    job: Job | None = None
    due: float = 0.0
    then: Callable[["Worker", Job], None] | None = None
    transfer: Transfer | None = None
    seen: int = 0
    """Bytes of the response, as its row counts them."""


@dataclass
class Totals:
    """What the last row counts; *size* is in bytes and counts each response that was read to its end."""

    files: int = 0
    size: int = 0
    redirects: int = 0
    todo: int = 0
    errors: int = 0


@dataclass
class Wget:
    """The run: *disk* has the bytes of each file that is here, wholly or in part, and is written to."""

    world: World
    disk: dict[str, int]
    targets: list[Target]
    threads: int
    rng: random.Random
    now: float = 0.0
    failed: bool = False
    """Whether the program's exit status will be other than 0."""
    _events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._queue = [Job(target, target.host) for target in self.targets]
        self.totals = Totals(todo=len(self._queue))
        self._workers = [Worker(slot) for slot in range(min(self.threads, len(self._queue)))]

    @property
    def slots(self) -> int:
        """How many files it fetches at a time."""
        return len(self._workers)

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.totals.todo == 0

    def downloaded(self, slot: int) -> int:
        """The bytes of a row's response, with those that were here before."""
        return self._workers[slot].seen

    def step(self) -> list[Event]:
        """Let `STEP` seconds pass, and say what happened."""
        self._events = []
        self.now += STEP
        for worker in self._workers:
            self._turn(worker)
        self._receive()
        return self._events

    def interrupt(self) -> list[Event]:
        """End as at Ctrl-C, and say what happened: what is on its way is cut off."""
        self._events = []
        for worker in self._workers:
            if worker.transfer:
                self._close(worker, worker.transfer)
        return self._events

    def _turn(self, worker: Worker) -> None:
        if worker.transfer:
            return
        if worker.job is None:
            self._take(worker)
        elif worker.then and worker.due <= self.now:
            worker.then(worker, worker.job)

    def _take(self, worker: Worker) -> None:
        """Take a job, best from the host that is connected; look it up, connect and greet, or ask at once."""
        ready = [job for job in self._queue if job.ready <= self.now]
        job = next((job for job in ready if job.host == worker.host), next(iter(ready), None))
        if job is None:
            worker.host = ""
            return
        self._queue.remove(job)
        server, worker.job = self.world.servers[job.host], job
        look_up = 0.0 if server.known else self.rng.uniform(0.01, 0.09)
        # One round trip for TCP and one for TLS 1.3.
        delay = 0.0 if worker.host == job.host else look_up + 2 * server.rtt
        server.known, worker.host = True, job.host
        worker.due, worker.then = self.now + delay, self._ask

    def _ask(self, worker: Worker, job: Job) -> None:
        self._events.append(Requested(worker.slot, job.url))
        thinking = self.rng.lognormvariate(-4.0, 0.8)
        worker.due, worker.then = self.now + self.world.servers[job.host].rtt + thinking, self._answer

    def _answer(self, worker: Worker, job: Job) -> None:
        have = self.disk.get(job.target.name, 0)
        if job.target.mirror and job.host == job.target.host:
            return self._redirect(worker, job)
        if have >= job.target.size:
            return self._refuse(worker, job)
        fault = self.world.fault(job.target.name)
        if fault and fault.kind == "busy":
            return self._turn_away(worker, job)
        return self._begin(worker, job, have, fault)

    def _redirect(self, worker: Worker, job: Job) -> None:
        self._page(worker, job, FOUND)
        moved = Job(job.target, job.target.mirror)
        self._events.append(Added(moved.url))
        self._queue.append(moved)
        self.totals.todo += 1
        self.totals.redirects += 1
        self._done(worker, FOUND.size)

    def _refuse(self, worker: Worker, job: Job) -> None:
        """Nothing is left to send. wget2 does not read this page, and counts the file as fetched."""
        self._page(worker, job, BEYOND)
        self._events.append(Complete())
        self.totals.files += 1
        self._done(worker, 0)

    def _turn_away(self, worker: Worker, job: Job) -> None:
        self._page(worker, job, BUSY)
        self.totals.errors += 1
        self.failed = True
        self._done(worker, BUSY.size)

    def _page(self, worker: Worker, job: Job, page: Page) -> None:
        worker.seen = 0 if page is BEYOND else page.size
        begun = Begun(worker.slot, job.target.name, page.size)
        self._events += [begun, Closed(worker.slot), Response(page.code, page.reason, job.url)]

    def _begin(self, worker: Worker, job: Job, have: int, fault: Fault | None) -> None:
        server, name = self.world.servers[job.host], job.target.name
        worker.transfer = Transfer(Flow(server.rtt, server.limit), job.target.size - have, have, fault)
        worker.seen = have
        self._events += [Saving(name), Begun(worker.slot, name, job.target.size, have)]

    def _receive(self) -> None:
        active = [(worker, worker.transfer) for worker in self._workers if worker.transfer]
        moving = [transfer for _, transfer in active if transfer.silent <= self.now]
        flows = [transfer.flow for transfer in moving]
        for transfer, amount in zip(moving, share(flows, self.world.capacity, STEP, self.rng), strict=True):
            transfer.take(amount, self.now)
        for worker, transfer in active:
            worker.seen = transfer.have + int(transfer.got)
            if transfer.got >= transfer.size or transfer.cut <= self.now:
                self._close(worker, transfer)

    def _close(self, worker: Worker, transfer: Transfer) -> None:
        job, got = worker.job, int(transfer.got)
        assert job is not None
        self.disk[job.target.name] = worker.seen
        short, partial = got < transfer.size, transfer.have > 0
        if short:
            self.failed, worker.host = True, ""
            self._events.append(Short(got, transfer.size, job.url))
        code, reason = (206, "Partial Content") if partial else (200, "OK")
        self._events += [Closed(worker.slot), Response(code, reason, job.url)]
        worker.transfer = None
        if short and not partial:
            self._give_up(worker, job, got)
        else:
            self._count(partial)
            self._done(worker, got)

    def _count(self, partial: bool) -> None:
        """Count a file. wget2 2.2.0 knows a file by its status 200 only: the rest of one is an error."""
        if partial:
            self.totals.errors += 1
        else:
            self.totals.files += 1

    def _give_up(self, worker: Worker, job: Job, got: int) -> None:
        """Try again from the beginning, later each time; leave what came when that was the last try."""
        self._events += [Unexpected(got), Counted()]
        worker.job = None
        job.failures += 1
        if job.failures >= TRIES:
            self.totals.todo -= 1
            return
        del self.disk[job.target.name]
        job.ready = self.now + job.failures
        self._queue.append(job)

    def _done(self, worker: Worker, size: int) -> None:
        worker.job = None
        self.totals.size += size
        self.totals.todo -= 1
        self._events.append(Counted())
