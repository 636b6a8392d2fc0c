"""A settings partition in Zephyr's NVS format: values from a sector's beginning, entries from its end."""

import json
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from fakeact_memdump.catalogue import facts
from fakeact_memdump.images.tables import crc8

SECTOR = 4096
ENTRY = struct.Struct("<HHHBB")
"""Identifier, offset, length, part, checksum."""
CLOSING = 0xFFFF
"""Identifier of the entry that ends a full sector."""


def partition(rng: Random, size: int, today: datetime) -> bytes:
    """At least two sectors, about *size* bytes written; the last one is erased, as NVS always keeps one."""
    full = max(1, size // SECTOR)
    writes = _writes(rng, today - timedelta(days=60 * full + rng.randint(0, 200)), today)
    sectors = [_sector(rng, writes, 0.9 if i < full else 0.3) for i in range(full + 1)]
    return b"".join(sectors) + b"\xff" * SECTOR


def _writes(rng: Random, since: datetime, today: datetime) -> Iterator[datetime]:
    """When something was written: minutes to a day apart."""
    while True:
        since = min(since + timedelta(seconds=rng.randint(30, 90_000)), today)
        yield since


def _sector(rng: Random, writes: Iterator[datetime], share: float) -> bytes:
    values, entries = b"", b""
    while len(values) + len(entries) < share * SECTOR:
        when = next(writes)
        value = _value(rng, when)
        entries = _entry(rng.randint(1, 40), len(values), len(value)) + entries
        values += value + b"\xff" * (-len(value) % 4)
    # The last place is for the entry that closes a full sector: it says where the last one written stands.
    last = _entry(CLOSING, SECTOR - len(entries) - ENTRY.size, 0) if share > 0.5 else b"\xff" * ENTRY.size
    return values.ljust(SECTOR - len(entries) - ENTRY.size, b"\xff") + entries + last


def _entry(identifier: int, offset: int, length: int) -> bytes:
    head = ENTRY.pack(identifier, offset, length, 0xFF, 0)[:-1]
    return head + bytes([crc8(head)])


def _value(rng: Random, when: datetime) -> bytes:
    """A setting, a count, or a line of the event log."""
    words = facts("firmware")
    kind = rng.random()
    if kind < 0.35:
        return struct.pack("<IIi", int(when.timestamp()), rng.getrandbits(16), rng.randint(-400, 900))
    if kind < 0.6:
        key, values = rng.choice(list(words["settings"].items()))
        return f"{key}={rng.choice(values)}\0".encode()
    event = {"t": f"{when:%Y-%m-%dT%H:%M:%SZ}", "ev": rng.choice(words["events"]), "n": rng.randint(1, 900)}
    return json.dumps(event, separators=(",", ":")).encode()
