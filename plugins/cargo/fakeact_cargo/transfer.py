"""What comes over the network: the index of the registry, then the crates."""

import random
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from fakeact_cargo.catalogue import Crate, crates

STREAMS = 100
"""Requests at once over one HTTP/2 connection, as content delivery networks allow."""
STEP = 0.02
"""Seconds between two looks at the connection."""


class Lookup(NamedTuple):
    """How far the index is known."""

    depth: int
    complete: int
    pending: int


class Index:
    """Files of the sparse index, asked for level by level: each names what it needs."""

    def __init__(self, direct: tuple[str, ...], rng: random.Random) -> None:
        levels = _levels(direct)
        self._sizes = [len(level) for level in levels]
        self._times = [rng.uniform(0.09, 0.24) + 0.003 * size * rng.random() for size in self._sizes]

    @property
    def seconds(self) -> float:
        """How long all of it takes."""
        return sum(self._times)

    def at(self, seconds: float) -> Lookup:
        """What is there after so many seconds."""
        before = 0
        for depth, (size, time) in enumerate(zip(self._sizes, self._times, strict=True)):
            if seconds < time:
                done = int(size * seconds / time)
                return Lookup(depth, before + done, size - done)
            seconds -= time
            before += size
        return Lookup(len(self._sizes) - 1, before, 0)


def _levels(direct: tuple[str, ...]) -> list[list[str]]:
    """Names of the crates by how far they are from the workspace, those of other platforms too."""
    seen: set[str] = set()
    level = [*direct]
    levels = []
    while level:
        names = sorted({crates()[key].name for key in level} - seen)
        seen.update(names)
        levels.append(names)
        level = [other for key in level for other in crates()[key].needs + crates()[key].script_needs]
        level = [key for key in sorted(set(level)) if crates()[key].name not in seen]
    return [names for names in levels if names]


@dataclass
class _Stream:
    crate: Crate
    wait: float
    """Seconds until the first byte."""
    left: float
    """Bytes to come."""


class Downloads:
    """Crates on their way over one connection, unpacked one after the other as they arrive."""

    def __init__(self, keys: tuple[str, ...], rng: random.Random) -> None:
        self.pending = len(keys)
        """Crates that are not unpacked yet."""
        self.extracting: Crate | None = None
        self._rng = rng
        self._rate = rng.uniform(5e6, 25e6)  # bytes a second
        self._queue = deque(crates()[key] for key in keys)
        self._streams: list[_Stream] = []
        self._arrived: deque[Crate] = deque()
        self._busy = 0.0  # seconds until the crate at hand is unpacked

    @property
    def remaining(self) -> int:
        """Bytes to come of the crates whose size is known, which is when their first byte is there."""
        return int(sum(stream.left for stream in self._streams if stream.wait <= 0))

    def advance(self, seconds: float) -> list[Crate]:
        """Go on for some seconds; gives the crates that were complete."""
        done: list[Crate] = []
        for _ in range(max(1, round(seconds / STEP))):
            self._receive()
            done += self._unpack()
        return done

    def _receive(self) -> None:
        while self._queue and len(self._streams) < STREAMS:
            crate = self._queue.popleft()
            self._streams.append(_Stream(crate, self._rng.uniform(0.03, 0.3), crate.size))
        flowing = [stream for stream in self._streams if stream.wait <= 0]
        share = self._rate * STEP * self._rng.uniform(0.4, 1.6) / max(len(flowing), 1)
        for stream in self._streams:
            stream.wait -= STEP
        for stream in flowing:
            stream.left -= share
        self._arrived += [stream.crate for stream in flowing if stream.left <= 0]
        self._streams = [stream for stream in self._streams if stream.left > 0]

    def _unpack(self) -> list[Crate]:
        """Crates are noted as they are taken up; the next one waits until this one's files are written."""
        done: list[Crate] = []
        self._busy -= STEP
        while self._busy <= 0 and self._arrived:
            crate = self._arrived.popleft()
            done.append(crate)
            self.pending -= 1
            self.extracting = crate
            self._busy += 0.002 + crate.size / 40e6
        if self._busy <= 0:
            self.extracting, self._busy = None, 0.0
        return done
