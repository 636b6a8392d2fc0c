"""One TCP connection's rate: slow start, then CUBIC (RFC 9438), below what the server gives."""

import math
import random

SEGMENT = 1448
"""Bytes of payload in a segment on Ethernet with time stamps."""
INITIAL_WINDOW = 10 * SEGMENT  # RFC 6928
BETA, C = 0.7, 0.4  # RFC 9438, sections 4.6 and 4.1.2
CALM = 4.0
"""Seconds after which a server's load has forgotten most of what it was."""


class Flow:
    """A connection: *rtt* in seconds, *limit* the bytes a second that its server gives on the average."""

    def __init__(self, rtt: float, limit: float) -> None:
        self.rtt, self._limit, self._load = rtt, limit, 0.0
        self.restart()

    def restart(self) -> None:
        """Begin with slow start, as a new connection does and one that was idle."""
        self._window, self._threshold = float(INITIAL_WINDOW), math.inf
        self._top = self._since = 0.0

    @property
    def demand(self) -> float:
        """Bytes a second that would come if nobody else used the link."""
        return min(self._window / self.rtt, self.allowance)

    @property
    def allowance(self) -> float:
        """Bytes a second that the server gives at the moment."""
        return self._limit * math.exp(self._load)

    def lose(self) -> None:
        """A segment was lost: back off."""
        self._top, self._since = self._window, 0.0
        self._threshold = self._window = max(2.0 * SEGMENT, BETA * self._window)

    def advance(self, dt: float, rng: random.Random) -> None:
        """Let the window grow and the server's load change for *dt* seconds."""
        keep = math.exp(-dt / CALM)
        self._load = self._load * keep + rng.gauss(0.0, 0.22) * math.sqrt(1 - keep * keep)
        # A window that is not used up does not grow (RFC 7661).
        if self._window / self.rtt > 1.2 * self.allowance:
            return
        if self._window < self._threshold:
            self._window = min(self._window * 2 ** (dt / self.rtt), self._threshold)
        else:
            self._since += dt
            self._window = max(self._window, self._cubic())

    def _cubic(self) -> float:
        top = self._top / SEGMENT
        turning = math.cbrt(top * (1 - BETA) / C)
        return (C * (self._since - turning) ** 3 + top) * SEGMENT


def share(flows: list[Flow], capacity: float, dt: float, rng: random.Random) -> list[float]:
    """What each flow gets through the link in *dt* seconds: bytes, in the flows' order.

    *capacity* is in bytes a second. While the flows want more, the router's queue fills and now and then
    one of them loses a segment, the greedier the likelier.
    """
    for flow in flows:
        flow.advance(dt, rng)
    wanted = [flow.demand for flow in flows]
    total = sum(wanted)
    if total <= capacity:
        return [demand * dt for demand in wanted]
    if rng.random() < min(1.0, total / capacity - 1.0) + dt:
        rng.choices(flows, wanted)[0].lose()
    return [demand / total * capacity * dt for demand in wanted]
