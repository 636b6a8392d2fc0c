"""A heap as glibc's malloc keeps it: chunks one behind the other, the free ones in the thread's cache."""

import struct
from datetime import datetime, timedelta
from random import Random
from typing import Any

from fakeact_memdump.images import texts
from fakeact_memdump.sections import Section

IN_USE = 1
"""Bit 0 of a chunk's size: the chunk before it is in use."""
BINS = 64
CACHED = 7
"""Free chunks of one size that a thread keeps."""
BUCKETS = 64


class Heap:
    """Connections in a ring, their buffers, a hash table, a log and a series of measurements."""

    kinds = ("listener", "client", "upstream", "timer", "signal", "resolver")

    def __init__(self, rng: Random, base: int, name: str, words: dict[str, Any], today: datetime) -> None:
        self._rng, self._name, self._words, self._now = rng, name, words, today
        self.section = Section(base)
        self.texts = [name, str(rng.choice(words["headers"]))]
        self._key = rng.getrandbits(64)
        self._free: dict[int, list[int]] = {}
        self._table = [0] * BUCKETS
        self._connections = 0
        self.section.put(bytes(8))
        self._chunk(bytes(BINS * 2 + BINS * 8))  # the cache itself, filled in at the end

    def fill(self, size: int) -> None:
        """Allocate until so many bytes are used."""
        many, few = (self._entry, self._entry, self._text, self._freed), (self._connection, self._log, self._measure)
        for make in (*few, *many):
            make()
        while len(self.section.data) < size:
            self._rng.choice(few if self._rng.random() < 0.08 else many)()
        self.section.places[f"connection {self._connections}"] = self.section.places["first connection"]
        self._pointers("table", self._table)

    def close(self, total: int) -> None:
        """End with the chunk from which the next ones would be cut; *total* is the whole heap's bytes."""
        self.section.places["top"] = self.section.here - 8
        self.section.put(struct.pack("<Q", total - len(self.section.data) + 8 | IN_USE))
        counts = struct.pack(f"<{BINS}H", *(len(self._free.get(i, ())) for i in range(BINS)))
        heads = struct.pack(f"<{BINS}Q", *((self._free.get(i) or [0])[-1] for i in range(BINS)))
        self.section.data[16 : 16 + len(counts) + len(heads)] = counts + heads

    def _begin(self, size: int) -> int:
        """Put a chunk's header for so many bytes; gives where the chunk ends."""
        total = max(32, size + 8 + 15 & ~15)
        self.section.put(struct.pack("<Q", total | IN_USE))
        return self.section.here + total - 8

    def _finish(self, end: int) -> None:
        self.section.put(bytes(end - self.section.here))

    def _chunk(self, content: bytes, place: str = "") -> int:
        end = self._begin(len(content))
        if place:
            self.section.mark(place)
        address = self.section.put(content)
        self._finish(end)
        return address

    def _pointers(self, place: str, addresses: list[int]) -> None:
        self._chunk(struct.pack(f"<{len(addresses)}Q", *addresses), place)

    def _connection(self) -> None:
        number = self._connections
        self._connections += 1
        body = texts.exchange(self._rng, self._words, self._now, self._rng.randint(90, 1300))
        capacity = 1024 if len(body) <= 1024 else 2048
        buffer = self._chunk(body.ljust(capacity, b"\0"))
        end = self._begin(88)
        self.section.mark(f"connection {number}" if number else "first connection")
        self.section.point(f"operations {self._rng.choice(self.kinds)}")
        self.section.point(f"connection {number + 1}")
        self.section.put(struct.pack("<IIIi", 8 + number, self._rng.randint(1, 5), 0x11, 0), self._peer())
        since = self._now - timedelta(seconds=self._rng.expovariate(1 / 300))
        self.section.put(struct.pack("<QQQ", buffer, len(body), capacity))
        self.section.put(struct.pack("<QQ", int(since.timestamp()), since.microsecond * 1000))
        self._finish(end)

    def _peer(self) -> bytes:
        """A `struct sockaddr_in` from one of the networks for documentation."""
        network = self._rng.choice(((192, 0, 2), (198, 51, 100), (203, 0, 113)))
        port = self._rng.randint(32768, 60999)
        return struct.pack("<H", 2) + struct.pack(">H", port) + bytes((*network, self._rng.randint(2, 254))) + bytes(8)

    def _entry(self) -> None:
        """A key, a value and what binds them into a bucket's chain."""
        key, value = texts.setting(self._rng, self._words)
        key_at, value_at = self._chunk(key.encode() + b"\0"), self._chunk(value.encode() + b"\0")
        digest = fnv1a(key.encode())
        content = struct.pack("<QQQQ", self._table[digest % BUCKETS], digest, key_at, value_at)
        self._table[digest % BUCKETS] = self._chunk(content)

    def _text(self) -> None:
        text = texts.line(self._rng, self._words, self._name)
        self.texts.append(text)
        self._chunk(text.encode() + b"\0")

    def _freed(self) -> None:
        """A free chunk: a mangled pointer to the next one of its size, the cache's mark, the rest of what it was."""
        size = 24 + 16 * int(self._rng.expovariate(0.4))
        kind = min(size // 16 - 1, BINS - 1)
        chain = self._free.setdefault(kind, [])
        if len(chain) == CACHED:
            return
        old = texts.line(self._rng, self._words, self._name).encode()
        position = self.section.here + 8
        mangled = position >> 12 ^ (chain[-1] if chain else 0)
        chain.append(self._chunk((struct.pack("<QQ", mangled, self._key) + old[16:size]).ljust(size, b"\0")))

    def _log(self) -> None:
        """A buffer of lines, cut where it is full."""
        lines = "".join(texts.logged(self._rng, self._words, self._name, self._now, 40))
        self._chunk(lines.encode()[:2040], "log")

    def _measure(self) -> None:
        """Milliseconds and values, one every few seconds."""
        value, content = self._rng.uniform(1, 90), b""
        millis = int(self._now.timestamp() * 1000) - 600_000
        for _ in range(self._rng.randint(24, 96)):
            value += self._rng.gauss(0, 0.4)
            millis += 5000 + self._rng.randint(-3, 3)
            content += struct.pack("<Qd", millis, value)
        self._chunk(content, "metrics")


def fnv1a(data: bytes) -> int:
    """The 64-bit hash of Fowler, Noll and Vo, variant 1a.

    >>> hex(fnv1a(b"foobar"))
    '0x85944171f73967e8'
    """
    digest = 0xCBF29CE484222325
    for byte in data:
        digest = (digest ^ byte) * 0x100000001B3 & (1 << 64) - 1
    return digest
