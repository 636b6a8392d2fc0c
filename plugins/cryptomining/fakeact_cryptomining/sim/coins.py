"""Coins and their block chains: how high they are, when the next block comes, and which transactions wait."""

import random
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Coin:
    """What XMRig mines. Times are seconds; an epoch is a number of blocks with the same seed.

    `lag` is how many blocks before an epoch its seed is fixed; `transactions` come each second, where pools tell
    of them; `pace` is how many seconds between two shares pools aim at; `stale` is what they say to a share that is
    too late; `difficulties` are what their ports begin with; `refreshed` is whether they send new templates for the
    same block; `names` says in the catalogue how their hosts begin.
    """

    algorithm: str
    block_time: float
    known: tuple[date, int]
    epoch_length: int
    lag: int
    transactions: float
    pace: int
    stale: str
    difficulties: tuple[int, ...]
    refreshed: bool
    names: str

    def height_on(self, day: date) -> int:
        """The height of the chain on a day, about.

        >>> COINS["rx/0"].height_on(date(2026, 1, 30)), COINS["kawpow"].height_on(date(2026, 1, 30))
        (3602640, 4217000)
        """
        known, height = self.known
        return height + round((day - known).days * 86_400 / self.block_time)

    def epoch(self, height: int) -> int:
        """The number of the seed that a block's hash is made with.

        >>> COINS["rx/0"].epoch(2112), COINS["rx/0"].epoch(2113), COINS["kawpow"].epoch(4_199_118)
        (0, 1, 559)
        """
        return (height - self.lag) // self.epoch_length

    def before_epoch(self, height: int) -> int:
        """The height from which on the block after the next is the first of an epoch, not below *height*."""
        return height + (self.lag - 2 - height) % self.epoch_length


COINS = {
    "rx/0": Coin(
        algorithm="rx/0",
        block_time=120.0,
        known=(date(2023, 10, 16), 3_000_000),
        epoch_length=2048,
        lag=65,
        transactions=0.31,
        pace=12,
        stale="Block expired",
        difficulties=(1000, 2000, 5000, 10_000, 20_000, 25_000, 50_000, 75_000, 100_000, 150_000),
        refreshed=True,
        names="prefixes",
    ),
    "kawpow": Coin(
        algorithm="kawpow",
        block_time=60.2,
        known=(date(2026, 1, 17), 4_198_342),
        epoch_length=7500,
        lag=0,
        transactions=0.0,
        pace=8,
        stale="Job not found",
        difficulties=(107_374_182, 214_748_364, 429_496_730, 536_870_912, 862_000_000, 1_073_741_824, 2_147_483_648),
        refreshed=False,
        names="raven_prefixes",
    ),
}
"""Monero and Ravencoin, by the names of their algorithms. Block times are the chains' own, heights published ones."""


class Chain:
    """Blocks come by chance; a block takes most of the transactions that wait."""

    def __init__(self, coin: Coin, height: int, rng: random.Random) -> None:
        self.coin, self.height, self._rng = coin, height, rng
        few = rng.randint(0, 6) if coin.transactions else 0
        self._waiting = few + rng.expovariate(1 / coin.block_time) * coin.transactions
        self._counted = 0.0

    def next_block(self, at: float) -> float:
        """When the next block is found."""
        return at + self._rng.expovariate(1 / self.coin.block_time)

    def found(self, at: float) -> None:
        """A block is found somewhere."""
        self._count(at)
        # Whoever found it was working on a template some seconds old.
        self._waiting = float(self._rng.randint(0, 4)) if self.coin.transactions else 0.0
        self.height += 1

    def transactions(self, at: float) -> int:
        """How many transactions a template that is made now has."""
        self._count(at)
        return int(self._waiting)

    def _count(self, at: float) -> None:
        expected = (at - self._counted) * self.coin.transactions
        if expected > 0:
            self._waiting += self._rng.gammavariate(expected, 1.0)
        self._counted = at
