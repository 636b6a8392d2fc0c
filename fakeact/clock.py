"""Show time: an event loop whose clock is the show's, kept in step with the wall or let run free.

Three clocks, kept apart:

- *wall clock*: what the machine counts; only :class:`RealWall` looks at it.
- *playing time*: seconds a viewer has waited since the start; deadlines run on it.
- *show time*: ``loop.time()``, the time of the story, ``speed`` times as fast as playing time.

Show time never drifts. It stands still while a show computes and moves from one timer to the next
while it sleeps; the wait in between makes up for what computing took. So the same seed tells the
same story, second for second, on a slow machine, on a fast one and on no clock at all.
"""

import asyncio
import math
import selectors
import time
from collections.abc import Callable
from typing import Protocol

FRAME = 1 / 30
"""Seconds of playing time between two pictures at the least: no eye and no terminal needs more."""
LATE = 0.25
"""Seconds a show may run behind before it stops trying to catch up (a laptop that slept, Ctrl-Z)."""

Events = list[tuple[selectors.SelectorKey, int]]


class Stalled(RuntimeError):
    """Every task waits and no timer is set: on a free-running clock nothing can happen any more."""


class NeverSleeps(Stalled):
    """A module goes on and on without a moment of show time, so that on a free-running clock it never ends."""

    def __init__(self) -> None:
        super().__init__("never sleeps: await io.csleep(ms) lets time pass")


class Wall(Protocol):
    """Where playing time comes from."""

    def now(self) -> float:
        """Seconds since some fixed moment."""

    def wait(self, select: Callable[[float | None], Events], seconds: float | None) -> Events:
        """Let that time pass, or less when ``select`` has something to report."""


class RealWall:
    """The machine's monotonic clock."""

    def now(self) -> float:
        return time.monotonic()

    def wait(self, select: Callable[[float | None], Events], seconds: float | None) -> Events:
        return select(seconds)


class VirtualWall:
    """A clock that waits for nobody: an hour passes in as long as it takes to play it."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def wait(self, select: Callable[[float | None], Events], seconds: float | None) -> Events:
        if seconds is None:
            raise Stalled("every task waits and no timer is set: the show would stand still for ever")
        events = select(0)
        if not events:
            self._now += seconds
        return events


class Clock:
    """Tells how far the show is, and paces it: the one place where the program waits.

    *speed* is seconds of show time in a second of playing time. While *hurry* is set nothing waits.
    """

    def __init__(self, wall: Wall, speed: float = 1.0) -> None:
        self.show = 0.0
        self.hurry = False
        self.on_frame: Callable[[], None] = lambda: None
        self.on_turn: Callable[[], None] = lambda: None
        """Called whenever the loop turns without waiting."""
        self.resting, self.rests = False, 0
        """Whether everything waits for time to pass, and how often it has."""
        self._wall, self._speed = wall, speed
        self._began = self._anchor = wall.now()
        self._frame_due = -math.inf
        self._deadlines: dict[Callable[[], None], float] = {}

    @property
    def playing(self) -> float:
        """Seconds of playing time since the clock was made."""
        return self._wall.now() - self._began

    @property
    def virtual(self) -> bool:
        """True where time is made up, as in tests and recordings."""
        return isinstance(self._wall, VirtualWall)

    def set_deadline(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back once that much more playing time has passed, however late the show runs."""
        self._deadlines[callback] = self._wall.now() + seconds

    def drop_deadline(self, callback: Callable[[], None]) -> None:
        """Forget a deadline; no error if it has passed."""
        self._deadlines.pop(callback, None)

    def catch_up(self) -> None:
        """Move show time on to where playing time is, though no timer is due: the show is cut off now."""
        self.show = max(self.show, (self._wall.now() - self._anchor) * self._speed)

    def idle(self, select: Callable[[float | None], Events], seconds: float | None) -> Events:
        """Let show time pass up to the next timer, or less if ``select`` reports something first."""
        now = self._wall.now()
        self._meet_deadlines(now)
        if seconds == 0:
            self.on_turn()
            return select(0)
        target = math.inf if seconds is None else self.show + seconds
        due = self._due(target, now)
        # Close enough to the last picture and to the next timer: one picture serves both.
        if due - now < FRAME and now - self._frame_due < FRAME:
            events = select(0)
        else:
            self.on_frame()
            self._frame_due = max(due, now) if seconds is not None else now
            limit = min([due, *self._deadlines.values()])
            events = self._wall.wait(select, None if limit == math.inf else max(0.0, limit - now))
            if limit < due and not events:
                self.catch_up()
                self._meet_deadlines(limit)
                return []
        if not events and seconds is not None:
            self.show = target
        return events

    def _due(self, target: float, now: float) -> float:
        """When on the wall a moment of the show is to come; re-anchored when that is hopelessly past."""
        if target == math.inf:  # no timer is set: a thread is waited for
            return target
        due = self._anchor + target / self._speed
        if self.hurry or due < now - LATE:
            self._anchor += now - due
            return now
        return due

    def _meet_deadlines(self, now: float) -> None:
        for callback, moment in list(self._deadlines.items()):
            if moment <= now:
                del self._deadlines[callback]
                callback()


class _PacedSelector(selectors.DefaultSelector):
    """A selector that leaves the waiting to a clock."""

    clock: Clock

    def select(self, timeout: float | None = None) -> Events:
        if timeout == 0:
            return self.clock.idle(super().select, timeout)
        self.clock.resting = True
        try:
            return self.clock.idle(super().select, timeout)
        finally:
            self.clock.resting = False
            self.clock.rests += 1


class ShowLoop(asyncio.SelectorEventLoop):
    """An event loop that runs on show time; ``loop.time()`` is seconds since the show began."""

    def __init__(self, clock: Clock) -> None:
        selector = _PacedSelector()
        selector.clock = self.clock = clock
        super().__init__(selector)

    def time(self) -> float:
        # Far into a fast show a float's steps pass asyncio's nanosecond, and a due timer would look early.
        self._clock_resolution = max(1e-9, 2 * math.ulp(self.clock.show))
        return self.clock.show
