"""A network link that many transfers share."""

import math
import random
from collections.abc import Sequence
from typing import Protocol

_SLOW_START = 0.8
"""Seconds in which most of the bandwidth is reached after a start."""
_CALM = 6.0
"""Seconds after which the link's ups and downs have forgotten each other."""


class Flow(Protocol):
    """What takes part of a link."""

    @property
    def weight(self) -> float:
        """Its share among the others; 0 while it is stalled."""

    @property
    def remaining(self) -> float:
        """Bytes it still wants."""

    def receive(self, size: float) -> None:
        """Take so many bytes."""


class Link:
    """A link of so many bytes a second, give or take what others do with it."""

    def __init__(self, bandwidth: float, rng: random.Random) -> None:
        self.bandwidth = bandwidth
        self._rng, self._age, self._swing = rng, 0.0, 0.0

    def advance(self, seconds: float, flows: Sequence[Flow]) -> None:
        """Hand out what arrives in a time: by weight, and none gets more than it wants."""
        # An Ornstein-Uhlenbeck step, exact for any dt, so that the frame rate never changes the story.
        keep = math.exp(-seconds / _CALM)
        self._swing = self._swing * keep + self._rng.gauss(0, 0.22) * math.sqrt(1 - keep * keep)
        self._age += seconds
        ramp = 1 - math.exp(-self._age / _SLOW_START)
        pool = self.bandwidth * ramp * min(math.exp(self._swing), 1.25) * seconds
        running = [flow for flow in flows if flow.weight > 0]
        weights = sum(flow.weight for flow in running)
        for flow in sorted(running, key=lambda flow: flow.remaining / flow.weight):
            size = min(flow.remaining, pool * flow.weight / weights)
            flow.receive(size)
            pool, weights = pool - size, weights - flow.weight
