"""How memory comes in: a slow probe reads it on the target, and TCP brings it here."""

from collections.abc import Iterator
from random import Random

BLOCK = 256
"""Bytes that the probe reads and sends at a time."""
BLANK = frozenset({bytes(BLOCK), b"\xff" * BLOCK})
"""Blocks that the target itself finds untouched or erased, so that they need not be read."""
ASKING = 0.0005
"""Seconds until the target has said so."""
TURN = 0.05
"""What comes within so many seconds arrives together."""
LOSS = 0.015
"""Share of blocks whose segment is lost."""
RETRANSMISSION = (0.2, 0.4, 0.8, 1.6)
"""Seconds that RFC 6298's timer waits, doubled each time, from Linux's minimum on."""


def arrivals(memory: bytes, rate: int, rng: Random) -> Iterator[tuple[float, bytes]]:
    """Seconds of waiting, and the bytes that then arrive; *rate* is bytes read a second.

    While a lost segment is sent again the probe reads on: what it has read meanwhile arrives with it.
    """
    wait, stall, data = 0.0, 0.0, b""
    for start in range(0, len(memory), BLOCK):
        block = memory[start : start + BLOCK]
        wait += ASKING if block in BLANK else len(block) / rate * rng.lognormvariate(-0.03, 0.25)
        data += block
        if start and not stall and rng.random() < LOSS:
            stall = wait + sum(RETRANSMISSION[: rng.choice((1, 1, 1, 2, 2, 3, 4))])
        if wait >= max(TURN, stall):
            yield wait, data
            wait, stall, data = 0.0, 0.0, b""
    yield max(wait, stall), data
