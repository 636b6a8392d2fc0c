"""All of it together: one agenda of what happens next, and the hashing in between."""

import heapq
import random
from collections.abc import Callable, Iterator
from statistics import median_high

from fakeact_cryptomining.sim.cards import Thermals
from fakeact_cryptomining.sim.coins import Chain, Coin
from fakeact_cryptomining.sim.events import (
    Connected,
    Connection,
    Event,
    Lost,
    NewJob,
    Refused,
    Reports,
    Result,
    Results,
    Speed,
    Step,
    Table,
)
from fakeact_cryptomining.sim.hashing import LONG, MEDIUM, SHORT, TICK, Rate, Threads
from fakeact_cryptomining.sim.pool import FIRST_RETARGET, REFRESH, RETARGET, Job, Line, Pool
from fakeact_cryptomining.sim.rig import Rig

TROUBLES = ("outage", "lag", "busy", "heat", "epoch", "unprivileged")
"""What can go wrong, or just take time: see `_begin_trouble`; the last is how the rig was drawn."""
PRINT_TIME = 60.0
"""Seconds between two lines with the speed, as XMRig's configuration has it by default."""
RETRY = (5.05, 6.0)
"""Seconds until XMRig tries again: five, and what is left of the second in which it looks."""
KEYS = (42.0, 75.0)
"""Seconds between two looks of whoever sits before the miner."""
DROPPED, DENIED = "end of file", "connection refused"
"""What libuv calls a connection that was closed, and one that was not taken."""

Action = Callable[[float], Iterator[Event]]


class Mining:
    """A run of the miner. `events` gives what happens, in order and for ever."""

    def __init__(self, rig: Rig, coin: Coin, height: int, rng: random.Random, *, trouble: str, when: float) -> None:
        self._rig, self._coin, self._rng, self._trouble = rig, coin, rng, trouble
        if trouble == "epoch":
            height = coin.before_epoch(height)
        self._chain = Chain(coin, height, rng)
        self._pool = Pool(self._chain, sum(rig.rates), rng, strict=rng.random() < 0.5)
        self._line = Line(rng)
        self._threads = Threads(rig.rates, rng)
        self._thermals = Thermals(rig.cards, rng)
        self._agenda: list[tuple[float, int, Action]] = []
        self._order = 0
        self._job: Job | None = None
        self._epoch = -1
        self._ready = False
        self._session, self._connected = 0, False
        self._since = self._back = 0.0
        self._accepted = self._rejected = self._hashes = self._ticks = 0
        self._top: list[int] = []
        self._taken: dict[int, float] = {}
        self._latencies: list[int] = []
        self._plan(rng.uniform(0.15, 0.6), self._connect)
        # A seed must not change while the first is still being worked on.
        self._plan(self._chain.next_block(when if trouble == "epoch" else 0.0), self._block)
        self._plan(when, self._begin_trouble)

    def events(self) -> Iterator[Event]:
        """All that happens. A share that turns up first is sent before what the agenda has next."""
        while True:
            share = self._threads.next_share()
            if share < self._agenda[0][0]:
                self._threads.advance(share)
                self._submit(share)
                continue
            at, _, action = heapq.heappop(self._agenda)
            self._threads.advance(at)
            yield from action(at)

    def _plan(self, at: float, action: Action) -> None:
        self._order += 1
        heapq.heappush(self._agenda, (at, self._order, action))

    def _plan_in_session(self, at: float, action: Action) -> None:
        """Plan what a lost connection takes along."""
        session = self._session

        def guarded(at: float) -> Iterator[Event]:
            if session == self._session:
                yield from action(at)

        self._plan(at, guarded)

    # The connection.

    def _connect(self, at: float) -> Iterator[Event]:
        self._session += 1
        self._connected, self._since = True, at
        self._latencies.clear()
        self._pool.login(at)
        yield Connected(at)
        yield from self._take(self._pool.job(at))(at)
        if self._coin.refreshed:
            self._plan_in_session(at + self._rng.uniform(*REFRESH), self._refresh)
        self._plan_in_session(at + FIRST_RETARGET, self._retarget)

    def _lose(self, at: float) -> Iterator[Event]:
        self._session += 1
        self._connected = self._threads.mining = False
        self._latencies.clear()
        self._back = at + self._rng.choice([0.0, 0.0, 9.0, 16.0])
        yield Lost(at, DROPPED)
        self._plan(at + self._rng.uniform(*RETRY), self._retry)

    def _retry(self, at: float) -> Iterator[Event]:
        if at >= self._back:
            yield from self._connect(at)
        else:
            yield Refused(at, DENIED)
            self._plan(at + self._rng.uniform(*RETRY), self._retry)

    # What the pool does.

    def _block(self, at: float) -> Iterator[Event]:
        self._plan(self._chain.next_block(at), self._block)
        return self._extra_block(at)

    def _extra_block(self, at: float) -> Iterator[Event]:
        self._chain.found(at)
        self._push(at)
        yield from ()

    def _refresh(self, at: float) -> Iterator[Event]:
        self._push(at)
        self._plan_in_session(at + self._rng.uniform(*REFRESH), self._refresh)
        yield from ()

    def _retarget(self, at: float) -> Iterator[Event]:
        if self._pool.retarget(at):
            self._push(at)
        self._plan_in_session(at + RETARGET, self._retarget)
        yield from ()

    def _push(self, at: float) -> None:
        if self._connected:
            arrival = self._line.arrives(at, at_pool=False)
            self._plan_in_session(arrival, self._take(self._pool.job(at)))

    # Work and what comes of it.

    def _take(self, job: Job) -> Action:
        def take(at: float) -> Iterator[Event]:
            yield NewJob(at, job.height, job.difficulty, job.transactions)
            first, self._job = self._job is None, job
            self._threads.difficulty = job.difficulty
            if self._coin.epoch(job.height) != self._epoch:
                self._epoch = self._coin.epoch(job.height)
                yield from self._prepare_cards(at, first=first) if self._rig.cards else self._prepare(at, first=first)
            self._threads.mining = self._ready

        return take

    def _submit(self, at: float) -> None:
        job, actual = self._job, self._threads.share()
        assert job is not None

        def judge(arrived: float) -> Iterator[Event]:
            answer = self._answer(job, actual, self._pool.judge(job), at)
            self._plan_in_session(self._line.arrives(arrived, at_pool=False), answer)
            yield from ()

        self._plan_in_session(self._line.arrives(at, at_pool=True), judge)

    def _answer(self, job: Job, actual: int, error: str, sent: float) -> Action:
        def answer(at: float) -> Iterator[Event]:
            elapsed = round((at - sent) * 1000)
            if error:
                self._rejected += 1
            else:
                self._accepted += 1
                self._hashes += job.difficulty
                self._top = sorted([*self._top, actual], reverse=True)[:10]
                self._latencies.append(elapsed)
            yield Result(at, self._accepted, self._rejected, job.difficulty, error, elapsed)

        return answer

    # RandomX has to fill its memory first, and again when the seed changes.

    def _prepare(self, at: float, *, first: bool) -> Iterator[Event]:
        self._ready = self._threads.mining = False
        if not first:
            yield from self._fill(at, self._rng.uniform(0.98, 1.05))
            return
        yield Step(at, "argon2")
        took = self._rng.randint(3, 12) if self._rig.privileged else 0
        self._step(at + took / 1000, Step(at, "msr", took), self._allocate)
        yield from ()

    def _allocate(self, at: float) -> Iterator[Event]:
        yield Step(at, "init", seed=f"{self._rng.getrandbits(64):016x}")
        took = self._rng.randint(90, 420) if self._rig.privileged else 0
        self._step(at + took / 1000, Step(at, "allocated", took), lambda at: self._fill(at, 1.0, said=True))

    def _fill(self, at: float, slowness: float, *, said: bool = False) -> Iterator[Event]:
        if not said:
            yield Step(at, "init", seed=f"{self._rng.getrandbits(64):016x}")
        if not self._rig.privileged:
            slowness *= 6.0  # each page of 4 KB is a page fault
        took = round(self._rig.cpu["dataset"] * slowness * self._rng.uniform(0.95, 1.12))
        then = self._start if said else self._resume
        self._step(at + took / 1000, Step(at, "dataset", took), then)

    # KawPow has a cache for the processor to make, and from it each card its own graph.

    def _prepare_cards(self, at: float, *, first: bool) -> Iterator[Event]:
        self._ready = self._threads.mining = False
        if not first:
            self._cache(at)
            return
        yield Step(at, "profile")
        took = self._rng.randint(140, 260) + 60 * len(self._rig.cards)
        self._step(at + took / 1000, Step(at, "ready", took), self._cache_first)
        self._plan(at + TICK, self._tick)
        self._plan(at + self._rng.uniform(*KEYS), self._press)

    def _cache_first(self, at: float) -> Iterator[Event]:
        self._cache(at)
        yield from ()

    def _cache(self, at: float) -> None:
        took = round(self._rng.uniform(1900, 4200))
        self._step(at + took / 1000, Step(at, "cache", took, epoch=self._epoch), self._graphs)

    def _graphs(self, at: float) -> Iterator[Event]:
        """Each card makes its graph; one that has it begins, whether the others have theirs or not."""
        held = set(range(len(self._rig.cards)))
        self._threads.hold(held)
        yield from self._resume(at) if any(self._threads.counts) else self._hash(at)
        gigabytes = 1 + 8 * self._epoch / 1024
        for number, card in enumerate(self._rig.cards):
            took = round(gigabytes * 1000 * 52 / card.smx * 1.25 * self._rng.uniform(0.97, 1.06))

            def made(_at: float, number: int = number) -> Iterator[Event]:
                self._threads.hold(held.difference({number}))
                held.discard(number)
                yield from ()

            self._step(at + took / 1000, Step(at, "graph", took, epoch=self._epoch), made)

    def _start(self, at: float) -> Iterator[Event]:
        yield Step(at, "profile")
        took = self._rng.randint(6, 14) + self._rig.threads
        self._step(at + took / 1000, Step(at, "ready", took), self._hash)
        self._plan(at + TICK, self._tick)
        self._plan(at + self._rng.uniform(*KEYS), self._press)

    def _resume(self, _at: float) -> Iterator[Event]:
        self._ready = True
        self._threads.mining = self._connected
        yield from ()

    def _hash(self, at: float) -> Iterator[Event]:
        self._threads.start(at)
        return self._resume(at)

    def _step(self, at: float, said: Step, then: Action) -> None:
        """Plan a step of which is told when it has been taken."""

        def taken(at: float) -> Iterator[Event]:
            yield Step(at, said.what, said.milliseconds, said.seed, said.epoch)
            yield from then(at)

        self._plan(at, taken)

    # What the miner tells by itself, and what it is asked for.

    def _tick(self, at: float) -> Iterator[Event]:
        self._threads.sample()
        self._ticks += 1
        if self._rig.cards:
            self._warm()
        if self._ticks % round(PRINT_TIME / TICK) == 0:
            if self._rig.cards:
                yield self._reports(at)
            yield Speed(at, self._rates(), self._threads.peak)
        # A timer of libuv's starts anew when it has been served, and so falls behind by a hair.
        self._plan(at + TICK + self._rng.uniform(0.0001, 0.0007), self._tick)

    def _warm(self) -> None:
        """Let cards follow their load; those that get too hot are slower, and that is seen in the shares."""
        self._thermals.advance(TICK, [min(1.0, load) for load in self._threads.loads()])
        hot = {n: self._thermals.throttle(n) for n in range(len(self._rig.cards))}
        self._threads.slow({n: left * self._taken.get(n, 1.0) for n, left in hot.items() if left < 1} | self._taken)

    def _reports(self, at: float) -> Reports:
        return Reports(at, tuple(self._thermals.health(n) for n in range(len(self._rig.cards))))

    def _press(self, at: float) -> Iterator[Event]:
        key = self._rng.choice("hhsce" if self._rig.cards else "hhsc")
        if key == "e":
            yield self._reports(at)
        elif key == "h":
            rows = tuple((self._rig.affinity[n], self._rates(n)) for n in range(self._rig.threads))
            yield Table(at, rows, self._rates())
            yield Speed(at, self._rates(), self._threads.peak)
        elif key == "s":
            yield self._results(at)
        else:
            yield self._connection(at)
        self._plan(at + self._rng.uniform(*KEYS), self._press)

    def _rates(self, thread: int | None = None) -> tuple[Rate, Rate, Rate]:
        rate = self._threads.rate
        return rate(SHORT, thread), rate(MEDIUM, thread), rate(LONG, thread)

    def _results(self, at: float) -> Results:
        each = int((at - self._since) * 1000) // len(self._latencies) if self._latencies and self._connected else 0
        asked = self._job.difficulty if self._job and self._connected else 0
        return Results(at, self._accepted, self._rejected, self._hashes, asked, each, tuple(self._top))

    def _connection(self, at: float) -> Connection:
        asked = self._job.difficulty if self._job and self._connected else 0
        ping = median_high(self._latencies) if self._latencies else 0
        return Connection(at, asked, ping, int((at - self._since) * 1000) if self._connected else -1)

    # Trouble.

    def _begin_trouble(self, at: float) -> Iterator[Event]:
        lasts = self._rng.uniform(28.0, 45.0)
        if self._trouble == "outage" and self._connected:
            yield from self._lose(at)
        elif self._trouble == "lag":
            self._line.congestion = 1.7
            self._plan(at + self._rng.uniform(4.0, 9.0), self._extra_block)
            self._plan(at + self._rng.uniform(15.0, 26.0), self._extra_block)
            self._plan(at + lasts, self._end_trouble)
        elif self._trouble == "busy":
            count = max(1, round(self._rig.threads * self._rng.uniform(0.2, 0.45)))
            self._take_away({n: self._rng.uniform(0.3, 0.62) for n in self._some(count)})
            self._plan(at + lasts, self._end_trouble)
        elif self._trouble == "heat" and self._rig.cards:
            self._thermals.stuck.update(self._some(1))
        elif self._trouble == "heat":
            self._take_away(dict.fromkeys(range(self._rig.threads), self._rng.uniform(0.82, 0.9)))
            self._plan(at + lasts, self._end_trouble)
        elif self._trouble == "epoch":
            yield from self._extra_block(at)

    def _end_trouble(self, _at: float) -> Iterator[Event]:
        self._line.congestion = 0.0
        self._take_away({})
        yield from ()

    def _some(self, count: int) -> list[int]:
        return self._rng.sample(range(self._rig.threads), count)

    def _take_away(self, left: dict[int, float]) -> None:
        self._taken = left
        self._threads.slow(left)
