"""A module that never sleeps, found where time is made up: no deadline would come, and nothing would be said."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from fakeact.clock import Clock, NeverSleeps
from fakeact.watchdog import Watchdog

MOST_TURNS = 100_000
"""Turns of the event loop without a moment of show time."""
MOST_CHARACTERS = 4_000_000
"""Characters that a show may print without a moment of show time: hours of it at a reader's pace."""
PATROL = 15.0
"""Seconds of the wall between two looks at a module that does not even let the loop turn."""


class Bounds:
    """Counts what is done while show time stands still; *evict* is called with an error when it is too much."""

    def __init__(self, clock: Clock, evict: Callable[[NeverSleeps], object]) -> None:
        self._clock, self._evict = clock, evict
        self._rests, self._characters, self._turns = -1, 0, 0

    def printed(self, text: str) -> None:
        """So much was sent."""
        self._look()
        self._characters += len(text)
        if self._characters > MOST_CHARACTERS:
            self._characters = 0
            self._evict(NeverSleeps())

    def turned(self) -> None:
        """The loop has turned without waiting. Raises NeverSleeps if the module was told and goes on."""
        self._look()
        self._turns += 1
        if self._turns == MOST_TURNS:
            self._evict(NeverSleeps())
        if self._turns > 2 * MOST_TURNS:
            raise NeverSleeps

    def _look(self) -> None:
        if self._clock.rests != self._rests:
            self._rests, self._characters, self._turns = self._clock.rests, 0, 0


@contextmanager
def patrolled(clock: Clock, evict: Callable[[Exception], object]) -> Iterator[None]:
    """Meanwhile an alarm finds a module that blocks the loop, where there are alarms and nobody uses them."""
    if not _is_free():
        yield
        return
    watchdog = Watchdog(clock, evict, PATROL)

    def look(_number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, PATROL)  # also if the look raises
        signal.setitimer(signal.ITIMER_REAL, watchdog.look(frame))

    before = signal.signal(signal.SIGALRM, look)
    try:
        look(signal.SIGALRM, None)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _is_free() -> bool:
    return (
        hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
        and signal.getitimer(signal.ITIMER_REAL)[0] == 0
        and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    )
