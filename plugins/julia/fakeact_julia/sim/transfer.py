"""Downloads over one line: eight at a time, each unpacked when it is there."""

import random
from collections import deque
from dataclasses import dataclass
from typing import Literal

CONCURRENT = 8
"""Pkg's default."""
STEP = 0.02
"""Seconds between two looks at the line."""
UNPACKING = 60e6
"""Bytes a second that are verified and unpacked."""


@dataclass
class Transfer:
    """One file on its way. *wait* are the seconds until its first byte, *busy* those of unpacking it."""

    name: str
    size: int
    wait: float
    busy: float
    received: float = 0.0
    state: Literal["ready", "running", "done"] = "ready"

    @property
    def known(self) -> bool:
        """Whether its size is known, which is when bytes come."""
        return self.received > 0

    @property
    def arrived(self) -> bool:
        """Whether all bytes are there."""
        return self.received >= self.size


class Transfers:
    """Several files that share a line of some bytes a second."""

    def __init__(self, sizes: dict[str, int], rate: float, rng: random.Random) -> None:
        self.all = [
            Transfer(name, size, rng.uniform(0.05, 0.4), 0.02 + size / UNPACKING * rng.uniform(0.8, 2.0))
            for name, size in sizes.items()
        ]
        self.seconds = 0.0
        self._rate, self._rng = rate, rng
        self._queue = deque(self.all)

    @property
    def finished(self) -> int:
        """How many are there and unpacked."""
        return sum(one.state == "done" for one in self.all)

    @property
    def running(self) -> list[Transfer]:
        """Those that are under way, the largest first."""
        return sorted((one for one in self.all if one.state == "running"), key=lambda one: -one.size)

    def advance(self, seconds: float) -> list[Transfer]:
        """Go on for some seconds; gives those that were finished."""
        done: list[Transfer] = []
        for _ in range(max(1, round(seconds / STEP))):
            if self.finished == len(self.all):
                break
            self.seconds += STEP
            done += self._step()
        return done

    def _step(self) -> list[Transfer]:
        running = self.running
        while self._queue and len(running) < CONCURRENT:
            running.append(self._queue.popleft())
            running[-1].state = "running"
        self._receive([one for one in running if not one.arrived])
        done = [one for one in running if one.arrived and one.busy <= 0]
        for one in done:
            one.state = "done"
        for one in running:
            one.busy -= STEP if one.arrived else 0
        return done

    def _receive(self, coming: list[Transfer]) -> None:
        flowing = [one for one in coming if one.wait <= 0]
        share = self._rate * STEP * self._rng.uniform(0.5, 1.5) / max(len(flowing), 1)
        for one in flowing:
            one.received = min(one.received + share, one.size)
        for one in coming:
            one.wait -= STEP
