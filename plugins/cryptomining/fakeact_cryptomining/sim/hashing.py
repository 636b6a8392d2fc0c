"""Threads that hash: counts, their rates over the last seconds, and when a share turns up."""

import math
import random
from collections import deque

TICK = 0.5
"""Seconds between two samples of all counts, as XMRig takes them."""
SHORT, MEDIUM, LONG = 10.0, 60.0, 900.0
"""Seconds that XMRig's three averages go back."""
BOOST, BOOST_FADES = 0.024, 28.0
"""How much faster a cool processor is, and the seconds in which it warms up."""
DRIFT, DRIFT_LASTS = 0.0035, 45.0
"""How far the whole machine's speed wanders, and over how many seconds."""
JITTER = 0.01
"""By how much at most a thread's speed is off from one sample to the next."""

Rate = float | None
"""Hashes a second, None as long as the time to average over has not passed."""


class Threads:
    """What all threads have done since they started. Shares follow from the hashes, so both always agree."""

    def __init__(self, rates: tuple[float, ...], rng: random.Random) -> None:
        self._base, self._rng = rates, rng
        self._rates = list(rates)
        self._speed = sum(rates)
        self._slowed: dict[int, float] = {}
        self._held: set[int] = set()
        self._drift = rng.gauss(0.0, DRIFT)
        self._now = self._started = 0.0
        self._luck = rng.expovariate(1.0)
        self._samples: deque[tuple[float, float, list[float]]] = deque(maxlen=round(LONG / TICK) + 4)
        self.counts = [0.0] * len(rates)
        self.mining = False
        self.difficulty = 1.0
        self.peak: Rate = None

    def start(self, at: float) -> None:
        """Begin to hash."""
        self._now = self._started = at
        self.mining = True

    def slow(self, threads: dict[int, float]) -> None:
        """Leave some threads only a share of their speed; an empty dictionary gives it all back."""
        self._slowed = threads

    def hold(self, threads: set[int]) -> None:
        """Let some threads wait, because what they need is not there yet."""
        self._held = threads
        self._rates = [0.0 if n in threads else rate or base for n, (rate, base) in self._known()]
        self._speed = sum(self._rates)

    def loads(self) -> list[float]:
        """How much each thread works, as a share of all it could."""
        return [rate / base if self.mining else 0.0 for rate, base in zip(self._rates, self._base, strict=True)]

    def _known(self) -> enumerate[tuple[float, float]]:
        return enumerate(zip(self._rates, self._base, strict=True))

    def next_share(self) -> float:
        """When the next share turns up if nothing changes; infinity while nothing is hashed."""
        hashing = self.mining and self._speed > 0
        return self._now + self._luck * self.difficulty / self._speed if hashing else math.inf

    def advance(self, at: float) -> None:
        """Hash on until *at*, which is not after the next share."""
        passed = at - self._now
        self._now = at
        if not self.mining:
            return
        self.counts = [count + rate * passed for count, rate in zip(self.counts, self._rates, strict=True)]
        self._luck = max(0.0, self._luck - self._speed * passed / self.difficulty)

    def share(self) -> int:
        """Take the share that is due: its own difficulty. The smaller its hash, the higher that is."""
        self._luck = self._rng.expovariate(1.0)
        return int(self.difficulty / (1.0 - self._rng.random()))

    def sample(self) -> None:
        """Note the counts, once there are any, and let the speeds wander on."""
        if not any(self.counts):
            return
        self._samples.append((self._now, sum(self.counts), self.counts))
        total = self.rate(SHORT)
        if total is not None:
            self.peak = max(self.peak or 0.0, total)
        keep = math.exp(-TICK / DRIFT_LASTS)
        self._drift = self._drift * keep + self._rng.gauss(0.0, DRIFT * math.sqrt(1 - keep * keep))
        warm = 1 + BOOST * math.exp(-(self._now - self._started) / BOOST_FADES)
        common, chance = warm * (1 + self._drift) - JITTER, self._rng.random
        self._rates = [base * (common + 2 * JITTER * chance()) for base in self._base]
        for number, left in self._slowed.items():
            self._rates[number] *= left
        for number in self._held:
            self._rates[number] = 0.0
        self._speed = sum(self._rates)

    def rate(self, seconds: float, thread: int | None = None) -> Rate:
        """A thread's average over the last seconds, or that of all, from the oldest sample within them."""
        if not self._samples:
            return None
        last, limit = self._samples[-1], self._now - seconds
        first, full = last, False
        for sample in reversed(self._samples):
            if sample[0] < limit:
                full = True
                break
            first = sample
        if not full or first is last:
            return None
        done = last[1] - first[1] if thread is None else last[2][thread] - first[2][thread]
        return done / (last[0] - first[0])
