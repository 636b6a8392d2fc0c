"""What has to be there before anything can be hashed: RandomX's dataset, or KawPow's graphs."""

import random
from collections.abc import Callable, Iterator

from fakeact_cryptomining.sim.agenda import Agenda
from fakeact_cryptomining.sim.events import Event, Step
from fakeact_cryptomining.sim.hashing import Threads
from fakeact_cryptomining.sim.rig import Rig

PAGE_FAULTS = 6.0
"""How much longer a dataset takes in pages of 4 KB, each of which is a page fault."""
GRAPH = 65_000.0
"""Milliseconds in which one multiprocessor alone would make 1 GB of a graph."""


class Preparation:
    """Prepares for an epoch, the first time with all that has to be started.

    *launched* is called when XMRig's timer starts, *usable* when there is something to hash with.
    """

    def __init__(
        self,
        agenda: Agenda,
        rig: Rig,
        threads: Threads,
        rng: random.Random,
        *,
        launched: Callable[[float], None],
        usable: Callable[[], None],
    ) -> None:
        self._agenda, self._rig, self._threads, self._rng = agenda, rig, threads, rng
        self._launched, self._usable = launched, usable
        self._epoch = -1

    def begin(self, at: float, epoch: int) -> Iterator[Event]:
        """Prepare for another epoch than before."""
        first, self._epoch = self._epoch < 0, epoch
        return self._first(at) if first else self._again(at)

    def _first(self, at: float) -> Iterator[Event]:
        raise NotImplementedError

    def _again(self, at: float) -> Iterator[Event]:
        raise NotImplementedError

    def _hash(self, at: float) -> Iterator[Event]:
        if not any(self._threads.counts):
            self._threads.start(at)
        self._usable()
        yield from ()


class Dataset(Preparation):
    """RandomX's two gigabytes, which all processors fill together."""

    def _first(self, at: float) -> Iterator[Event]:
        yield Step(at, "argon2")
        took = self._rng.randint(3, 12) if self._rig.privileged else 0
        self._agenda.step(at, took, "msr", self._allocate)

    def _allocate(self, at: float) -> Iterator[Event]:
        yield self._seeded(at)
        took = self._rng.randint(90, 420) if self._rig.privileged else 0
        self._agenda.step(at, took, "allocated", self._fill)

    def _fill(self, at: float) -> Iterator[Event]:
        self._agenda.step(at, self._filling(), "dataset", self._start)
        yield from ()

    def _again(self, at: float) -> Iterator[Event]:
        yield self._seeded(at)
        self._agenda.step(at, self._filling(), "dataset", self._hash)

    def _start(self, at: float) -> Iterator[Event]:
        yield Step(at, "profile")
        self._agenda.step(at, self._rng.randint(6, 14) + self._rig.threads, "ready", self._hash)
        self._launched(at)

    def _seeded(self, at: float) -> Step:
        return Step(at, "init", seed=f"{self._rng.getrandbits(64):016x}")

    def _filling(self) -> int:
        slowness = 1.0 if self._rig.privileged else PAGE_FAULTS
        usual: float = self._rig.cpu["dataset"]
        return round(usual * slowness * self._rng.uniform(0.95, 1.12))


class Graphs(Preparation):
    """KawPow's cache, which the processor makes, and from it each card its own graph."""

    def _first(self, at: float) -> Iterator[Event]:
        yield Step(at, "profile")
        self._agenda.step(at, self._rng.randint(140, 260) + 60 * len(self._rig.cards), "ready", self._again)
        self._launched(at)

    def _again(self, at: float) -> Iterator[Event]:
        self._agenda.step(at, self._rng.randint(1900, 4200), "cache", self._make, epoch=self._epoch)
        yield from ()

    def _make(self, at: float) -> Iterator[Event]:
        """Each card makes its graph; one that has it begins, whether the others have theirs or not."""
        missing = set(range(len(self._rig.cards)))
        self._threads.hold(set(missing))
        yield from self._hash(at)
        gigabytes = 1 + 8 * self._epoch / 1024
        for number, card in enumerate(self._rig.cards):

            def made(_at: float, number: int = number) -> Iterator[Event]:
                missing.discard(number)
                self._threads.hold(set(missing))
                yield from ()

            took = round(gigabytes * GRAPH / card.smx * self._rng.uniform(0.97, 1.06))
            self._agenda.step(at, took, "graph", made, epoch=self._epoch)
