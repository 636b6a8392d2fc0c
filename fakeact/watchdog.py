"""A module that never lets go of the event loop: found by an alarm, told to leave, or interrupted."""

from collections.abc import Callable, Iterator
from types import FrameType

from fakeact.clock import Clock
from fakeact.errors import ModuleError

PATROL = 5.0
"""Seconds between two looks: a module that has not slept from one to the next will not any more."""
AGAIN = 0.05
"""Seconds until another look at a module that has been told to leave."""


class Blocked(ModuleError):
    """A module keeps the event loop to itself."""


class Watchdog:
    """Looks from time to time whether the show has come to rest since, if only for a moment.

    *evict* is called with what is wrong with the module that plays; it takes effect if the loop still turns.
    """

    def __init__(self, clock: Clock, evict: Callable[[ModuleError], object], patrol: float | None = None) -> None:
        self._clock, self._evict, self._patrol = clock, evict, PATROL if patrol is None else patrol
        self._rests, self._evicted = -1, False

    def forget(self) -> None:
        """Begin anew: the program was stopped meanwhile, and the time until the next look is no measure."""
        self._rests = -1

    def look(self, frame: FrameType | None) -> float:
        """Evict a module that blocks, spins or floods; gives the seconds until the next look.

        *frame* is where the program is at the moment, as signal handlers are told. Raises ModuleError into a
        module that blocks the loop, so that it could not be evicted.
        """
        before, self._rests = self._rests, self._clock.rests
        if self._clock.resting or before != self._rests:
            self._evicted = False
            return self._patrol
        names = list(_callers(frame))
        if any(name.startswith(("fakeact.screen", "fakeact.stages")) for name in names):
            return AGAIN  # a reader that takes its time
        error = Blocked(f"blocks the show: it has not slept for {self._patrol:.0f} seconds (await io.csleep)")
        if self._evicted and "asyncio.events" in names:  # the exception will end in a task
            raise error
        if not self._evicted:
            self._evicted = True
            self._evict(error)
        return AGAIN


def _callers(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        yield str(frame.f_globals.get("__name__"))
        frame = frame.f_back
