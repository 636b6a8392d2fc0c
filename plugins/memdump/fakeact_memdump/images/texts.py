"""Text that lies about in a daemon's memory, put together from the catalogue."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

Words = dict[str, Any]
_ZSTD = bytes.fromhex("28b52ffd")
"""Begins a frame (RFC 8878)."""


def setting(rng: Random, words: Words) -> tuple[str, str]:
    """A configuration's key and value."""
    section, name = rng.choice(words["sections"]), rng.choice(list(words["settings"]))
    return f"{section}.{name}", str(rng.choice(words["settings"][name]))


def line(rng: Random, words: Words, name: str) -> str:
    """A piece of text on its own: a path, a header, a host, a setting, an identifier."""
    kind = rng.randrange(5)
    if kind == 0:
        return f"/{rng.choice(('etc', 'run', 'var/lib'))}/{name}/{rng.choice(words['files'])}"
    if kind == 1:
        return str(rng.choice(words["headers"]))
    if kind == 2:
        return f"{rng.choice(words['sections'])}-{rng.randint(0, 40)}.{rng.choice(words['domains'])}"
    if kind == 3:
        return "=".join(setting(rng, words))
    return f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}-4{rng.getrandbits(12):03x}-a{rng.getrandbits(12):03x}"


def exchange(rng: Random, words: Words, now: datetime, size: int) -> bytes:
    """An HTTP response of about so many bytes, its body as it is or compressed."""
    packed = rng.random() < 0.4
    body = _ZSTD + rng.randbytes(size) if packed else _items(rng, words, size)
    head = [
        "HTTP/1.1 200 OK",
        f"Date: {now - timedelta(seconds=rng.randint(0, 900)):%a, %d %b %Y %H:%M:%S} GMT",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(["Content-Encoding: zstd"] if packed else []),
        *rng.sample(words["headers"], 2),
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def _items(rng: Random, words: Words, size: int) -> bytes:
    rows: list[str] = []
    while sum(map(len, rows)) < size:
        key, value = setting(rng, words)
        rows.append(f'{{"id":{rng.randint(1000, 99999)},"key":"{key}","value":"{value}","rev":{rng.randint(1, 60)}}}')
    return f'{{"items":[{",".join(rows)}]}}'.encode()


def logged(rng: Random, words: Words, name: str, now: datetime, many: int) -> Iterator[str]:
    """Lines of a log, in order, that end at about a moment."""
    when = now - timedelta(seconds=many * 4)
    for _ in range(many):
        when += timedelta(seconds=rng.expovariate(0.4))
        message = rng.choice(words["events"])
        where = f"{rng.choice(words['sections'])}-{rng.randint(0, 40)}"
        yield f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03}Z {name}[{where}] {message}\n"
