"""All of it together: one agenda of what happens next, and the hashing in between."""

import random
from collections.abc import Iterator

from fakeact_cryptomining.sim.agenda import Action, Agenda
from fakeact_cryptomining.sim.cards import Thermals
from fakeact_cryptomining.sim.coins import Chain, Coin
from fakeact_cryptomining.sim.events import (
    Connected,
    Event,
    Lost,
    NewJob,
    Refused,
    Reports,
    Speed,
    Table,
)
from fakeact_cryptomining.sim.hashing import LONG, MEDIUM, SHORT, TICK, Rate, Threads
from fakeact_cryptomining.sim.ledger import Ledger
from fakeact_cryptomining.sim.pool import FIRST_RETARGET, REFRESH, RETARGET, Job, Line, Pool
from fakeact_cryptomining.sim.preparing import Dataset, Graphs
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
        prepare = Graphs if rig.cards else Dataset
        self._agenda, self._ledger = Agenda(), Ledger()
        self._preparation = prepare(self._agenda, rig, self._threads, rng, launched=self._launched, usable=self._usable)
        self._job: Job | None = None
        self._epoch = -1
        self._ready = self._connected = False
        self._back, self._ticks = 0.0, 0
        self._taken: dict[int, float] = {}
        self._agenda.plan(rng.uniform(0.15, 0.6), self._connect)
        # A seed must not change while the first is still being worked on.
        self._agenda.plan(self._chain.next_block(when if trouble == "epoch" else 0.0), self._block)
        self._agenda.plan(when, self._begin_trouble)

    def events(self) -> Iterator[Event]:
        """All that happens. A share that turns up first is sent before what the agenda has next."""
        while True:
            share = self._threads.next_share()
            if share < self._agenda.next_at:
                self._threads.advance(share)
                self._submit(share)
                continue
            at, action = self._agenda.pop()
            self._threads.advance(at)
            yield from action(at)

    # The connection.

    def _connect(self, at: float) -> Iterator[Event]:
        self._connected = True
        self._ledger.connect(at)
        self._pool.login(at)
        yield Connected(at)
        yield from self._take(self._pool.job(at))(at)
        if self._coin.refreshed:
            self._agenda.plan_in_session(at + self._rng.uniform(*REFRESH), self._refresh)
        self._agenda.plan_in_session(at + FIRST_RETARGET, self._retarget)

    def _lose(self, at: float) -> Iterator[Event]:
        self._agenda.new_session()
        self._connected = self._threads.mining = False
        self._ledger.hang_up()
        self._back = at + self._rng.choice([0.0, 0.0, 9.0, 16.0])
        yield Lost(at, DROPPED)
        self._agenda.plan(at + self._rng.uniform(*RETRY), self._retry)

    def _retry(self, at: float) -> Iterator[Event]:
        if at >= self._back:
            yield from self._connect(at)
        else:
            yield Refused(at, DENIED)
            self._agenda.plan(at + self._rng.uniform(*RETRY), self._retry)

    # What the pool does.

    def _block(self, at: float) -> Iterator[Event]:
        self._agenda.plan(self._chain.next_block(at), self._block)
        return self._extra_block(at)

    def _extra_block(self, at: float) -> Iterator[Event]:
        self._chain.found(at)
        self._push(at)
        yield from ()

    def _refresh(self, at: float) -> Iterator[Event]:
        self._push(at)
        self._agenda.plan_in_session(at + self._rng.uniform(*REFRESH), self._refresh)
        yield from ()

    def _retarget(self, at: float) -> Iterator[Event]:
        if self._pool.retarget(at):
            self._push(at)
        self._agenda.plan_in_session(at + RETARGET, self._retarget)
        yield from ()

    def _push(self, at: float) -> None:
        if self._connected:
            arrival = self._line.arrives(at, at_pool=False)
            self._agenda.plan_in_session(arrival, self._take(self._pool.job(at)))

    # Work and what comes of it.

    def _take(self, job: Job) -> Action:
        def take(at: float) -> Iterator[Event]:
            yield NewJob(at, job.height, job.difficulty, job.transactions)
            self._job = job
            self._threads.difficulty = job.difficulty
            if self._coin.epoch(job.height) != self._epoch:
                self._epoch, self._ready = self._coin.epoch(job.height), False
                yield from self._preparation.begin(at, self._epoch)
            self._threads.mining = self._ready

        return take

    def _submit(self, at: float) -> None:
        job, actual = self._job, self._threads.share()
        assert job is not None

        def judge(arrived: float) -> Iterator[Event]:
            answer = self._answer(job, actual, self._pool.judge(job), at)
            self._agenda.plan_in_session(self._line.arrives(arrived, at_pool=False), answer)
            yield from ()

        self._agenda.plan_in_session(self._line.arrives(at, at_pool=True), judge)

    def _answer(self, job: Job, actual: int, error: str, sent: float) -> Action:
        def answer(at: float) -> Iterator[Event]:
            yield self._ledger.answer(at, job.difficulty, actual, error, round((at - sent) * 1000))

        return answer

    def _launched(self, at: float) -> None:
        self._agenda.plan(at + TICK, self._tick)
        self._agenda.plan(at + self._rng.uniform(*KEYS), self._press)

    def _usable(self) -> None:
        self._ready = True
        self._threads.mining = self._connected

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
        self._agenda.plan(at + TICK + self._rng.uniform(0.0001, 0.0007), self._tick)

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
            yield self._ledger.results(at, self._job.difficulty if self._job else 0)
        else:
            yield self._ledger.connection(at, self._job.difficulty if self._job else 0)
        self._agenda.plan(at + self._rng.uniform(*KEYS), self._press)

    def _rates(self, thread: int | None = None) -> tuple[Rate, Rate, Rate]:
        rate = self._threads.rate
        return rate(SHORT, thread), rate(MEDIUM, thread), rate(LONG, thread)

    # Trouble.

    def _begin_trouble(self, at: float) -> Iterator[Event]:
        lasts = self._rng.uniform(28.0, 45.0)
        if self._trouble == "outage" and self._connected:
            yield from self._lose(at)
        elif self._trouble == "lag":
            self._line.congestion = 1.7
            self._agenda.plan(at + self._rng.uniform(4.0, 9.0), self._extra_block)
            self._agenda.plan(at + self._rng.uniform(15.0, 26.0), self._extra_block)
            self._agenda.plan(at + lasts, self._end_trouble)
        elif self._trouble == "busy":
            count = max(1, round(self._rig.threads * self._rng.uniform(0.2, 0.45)))
            self._take_away({n: self._rng.uniform(0.3, 0.62) for n in self._some(count)})
            self._agenda.plan(at + lasts, self._end_trouble)
        elif self._trouble == "heat" and self._rig.cards:
            self._thermals.stuck.update(self._some(1))
        elif self._trouble == "heat":
            self._take_away(dict.fromkeys(range(self._rig.threads), self._rng.uniform(0.82, 0.9)))
            self._agenda.plan(at + lasts, self._end_trouble)
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
