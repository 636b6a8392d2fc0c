"""Fetching, unpacking and building what is to be installed."""

import math
import random
from collections.abc import Iterable

from fakeact_uv.catalogue import Package
from fakeact_uv.sim.link import Link

CONCURRENT_DOWNLOADS = 50
"""uv's default."""
_FRAME = 16_384
"""Bytes of an HTTP/2 data frame at its default limit (RFC 9113, 6.5.2): progress moves on in these."""
_SHORTFALL = 0, 112, 112
"""Bytes by which the first frame of most answers is smaller than that, as seen with uv 0.13.9 and PyPI."""
_UNPACKED_PER_SECOND = 600e6
_STALLS_PER_SECOND, _STALL = 1 / 150, (0.8, 4.0)


class Transfer:
    """One wheel: asked for, received, unpacked."""

    def __init__(self, package: Package, latency: float, rng: random.Random) -> None:
        self.package = package
        self.size = package.size
        self._received = self._stalled = 0.0
        self._waiting = latency * rng.lognormvariate(0, 0.5)
        self._share = rng.lognormvariate(0, 0.25)
        # What is left to do once the last byte is there; unpacking goes along with the download.
        self._unpacking = rng.lognormvariate(-3.5, 0.9) + self.size / _UNPACKED_PER_SECOND
        self._shortfall = rng.choice(_SHORTFALL)
        self._rng = rng

    @property
    def started(self) -> bool:
        """Whether the index has answered."""
        return self._waiting <= 0

    @property
    def received(self) -> int:
        """Whole data frames that are there, in bytes."""
        if self.remaining <= 0:
            return self.size
        return max(0, int(self._received) // _FRAME * _FRAME - self._shortfall)

    @property
    def remaining(self) -> float:
        """Bytes that are still to come."""
        return self.size - self._received

    @property
    def weight(self) -> float:
        """Its part of the link, 0 while nothing comes."""
        return self._share if self.started and self._stalled <= 0 and self.remaining > 0 else 0.0

    @property
    def finished(self) -> bool:
        """Whether it is in the cache."""
        return self.remaining <= 0 and self._unpacking <= 0

    def receive(self, size: float) -> None:
        """Take bytes of the link; the last ones exactly."""
        self._received = float(self.size) if size >= self.remaining else self._received + size

    def advance(self, seconds: float) -> None:
        """Let time pass, apart from what the link brings."""
        self._waiting -= seconds
        self._stalled -= seconds
        if self.remaining <= 0:
            self._unpacking -= seconds
        elif self._rng.random() < -math.expm1(-seconds * _STALLS_PER_SECOND):
            self._stalled = self._rng.uniform(*_STALL)


class Build:
    """One wheel made from source."""

    def __init__(self, package: Package, latency: float, rng: random.Random) -> None:
        self.package = package
        self.waiting = 0.0 if package.origin else latency * rng.lognormvariate(0.5, 0.5)
        self._building = package.build * rng.lognormvariate(0, 0.25)

    @property
    def started(self) -> bool:
        """Whether its source is there."""
        return self.waiting <= 0

    @property
    def finished(self) -> bool:
        """Whether the wheel is in the cache."""
        return self._building <= 0

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.waiting -= seconds
        if self.started:
            self._building -= seconds


class Preparation:
    """All that has to be in the cache before anything can be installed."""

    def __init__(self, wanted: Iterable[Package], link: Link, latency: float, rng: random.Random) -> None:
        self.total = len(packages := list(wanted))
        builds = (Build(package, latency, rng) for package in packages if package.build)
        self.builds = sorted(builds, key=lambda build: build.waiting)
        # uv asks for the largest first, so that they do not come last alone.
        wheels = sorted((package for package in packages if package.size), key=lambda package: -package.size)
        self._queue = [Transfer(package, latency, rng) for package in reversed(wheels)]
        self.transfers: list[Transfer] = []
        self._link, self._fetched = link, 0

    @property
    def done(self) -> int:
        """Packages in the cache."""
        return self._fetched + sum(build.finished for build in self.builds)

    @property
    def finished(self) -> bool:
        """Whether all are."""
        return self.done == self.total

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        while self._queue and len(self.transfers) < CONCURRENT_DOWNLOADS:
            self.transfers.append(self._queue.pop())
        for build in self.builds:
            build.advance(seconds)
        for transfer in self.transfers:
            transfer.advance(seconds)
        self._link.advance(seconds, self.transfers)
        self._fetched += sum(transfer.finished for transfer in self.transfers)
        self.transfers = [transfer for transfer in self.transfers if not transfer.finished]
