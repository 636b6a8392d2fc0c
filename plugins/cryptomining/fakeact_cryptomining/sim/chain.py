"""The block chain: how high it is, when the next block comes, and which transactions wait."""

import random
from datetime import date

BLOCK_TIME = 120.0
"""Seconds between two blocks of Monero on average."""
EPOCH, EPOCH_LAG = 2048, 64
"""Blocks after which RandomX takes another seed, and how many blocks before that the seed is fixed."""
TRANSACTIONS = 0.31
"""Transactions a second on Monero, about."""

_KNOWN = (date(2023, 10, 16), 3_000_000)
"""A day and its height."""


def height_on(day: date) -> int:
    """The height of Monero's chain on a day, about.

    >>> height_on(date(2026, 1, 30))
    3602640
    """
    known, height = _KNOWN
    return height + round((day - known).days * 86_400 / BLOCK_TIME)


def epoch(height: int) -> int:
    """The number of the seed that a block's hash is made with.

    >>> epoch(2112), epoch(2113)
    (0, 1)
    """
    return (height - EPOCH_LAG - 1) // EPOCH


class Chain:
    """Blocks come by chance; a block takes most of the transactions that wait."""

    def __init__(self, height: int, rng: random.Random) -> None:
        self.height, self._rng = height, rng
        self._waiting = float(rng.randint(0, 6)) + rng.expovariate(1 / BLOCK_TIME) * TRANSACTIONS
        self._counted = 0.0

    def next_block(self, at: float) -> float:
        """When the next block is found."""
        return at + self._rng.expovariate(1 / BLOCK_TIME)

    def found(self, at: float) -> None:
        """A block is found somewhere."""
        self._count(at)
        # Whoever found it was working on a template some seconds old.
        self._waiting = float(self._rng.randint(0, 4))
        self.height += 1

    def transactions(self, at: float) -> int:
        """How many transactions a template that is made now has."""
        self._count(at)
        return int(self._waiting)

    def _count(self, at: float) -> None:
        self._waiting += self._rng.gammavariate(max((at - self._counted) * TRANSACTIONS, 1e-6), 1.0)
        self._counted = at
