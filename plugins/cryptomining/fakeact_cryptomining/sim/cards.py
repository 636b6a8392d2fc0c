"""What graphics cards report of themselves: watts, degrees, clocks and fans, each with its inertia."""

import math
import random
from dataclasses import dataclass

from fakeact_cryptomining.sim.rig import Card

WARMS, SPINS = 55.0, 14.0
"""Seconds in which a card comes near its temperature, and a fan its speed."""
IDLE = 24.0
"""Watts of a card that waits."""
LIMIT = 83.0
"""Degrees from which on a card's clock is lowered."""
STUCK = 0.2
"""What the other fans still move when the first of a card's fans is stuck."""
STEP = 15
"""MHz between two clocks a card can have."""


@dataclass(frozen=True)
class Health:
    """A report: watts, degrees Celsius, MHz of processor and memory, per cent of each fan."""

    power: int
    temperature: int
    clock: int
    memory_clock: int
    fans: tuple[int, ...]


class Thermals:
    """The state of all cards. A card's place in the rig, its cooler and its silicon stay for the whole run."""

    def __init__(self, cards: tuple[Card, ...], rng: random.Random) -> None:
        self._cards, self._rng = cards, rng
        ambient = rng.uniform(19.0, 27.0)
        # Warm air gathers in the middle of a rig.
        middle = (len(cards) - 1) / 2
        self._ambient = [ambient + 4.0 - 3.0 * abs(n - middle) / max(middle, 1.0) for n in range(len(cards))]
        self._cooler = [rng.gauss(1.0, 0.07) for _ in cards]
        self._temperature = [warm + 9.0 for warm in self._ambient]
        self._fan = [30.0 for _ in cards]
        self._power = [IDLE for _ in cards]
        self._clock = [card.clock for card in cards]
        self.stuck: set[int] = set()

    def advance(self, seconds: float, busy: list[float]) -> None:
        """Let time pass; *busy* is each card's load, 0 to 1. Exact for any number of seconds at one load."""
        warm, spin = (1 - math.exp(-seconds / lasts) for lasts in (WARMS, SPINS))
        for n, card in enumerate(self._cards):
            throttled = self.throttle(n)
            # Watts follow the load at once: what they differ by is the work that happens to be done.
            load = busy[n] * throttled * self._rng.gauss(1.0, 0.008)
            self._power[n] = IDLE + (card.power - IDLE) * load
            self._fan[n] += (self._wanted(n) - self._fan[n]) * spin
            blown = self._fan[n] * (STUCK if n in self.stuck else 1.0)
            resistance = self._cooler[n] * card.resistance * (100 / (35 + blown))
            settled = self._ambient[n] + self._power[n] * resistance
            self._temperature[n] += (settled - self._temperature[n]) * warm
            loaded = card.running if busy[n] > 0.3 else card.clock
            self._clock[n] = round((loaded * throttled + self._rng.gauss(0, 6)) / STEP) * STEP

    def throttle(self, card: int) -> float:
        """The share of its speed that a card has left at its temperature."""
        return max(0.55, 1 - 0.035 * max(0.0, self._temperature[card] - LIMIT))

    def health(self, card: int) -> Health:
        """What a card reports now."""
        known = self._cards[card]
        turning = round(self._fan[card])
        fans = (0 if card in self.stuck else turning, *(turning for _ in range(known.fans - 1)))
        return Health(
            round(self._power[card]), round(self._temperature[card]), self._clock[card], known.memory_running, fans
        )

    def _wanted(self, card: int) -> float:
        """A fan's speed by the card's temperature."""
        return min(100.0, max(30.0, 30 + (self._temperature[card] - 40) * 1.7))
