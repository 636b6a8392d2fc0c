"""A programme played on virtual time and kept frame by frame: what recordings and tests are made of."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fakeact.clock import Clock, ShowLoop, VirtualWall
from fakeact.ending import Over, Reason
from fakeact.recording.restless import Bounds, patrolled
from fakeact.runner import Observe, Programme, Runner
from fakeact.screen import Screen
from fakeact.stages.colour import Depth, fit

if TYPE_CHECKING:
    from fakeact.testing.screen import Screen as MemoryScreen

Size = tuple[int, int]
"""Columns and rows."""


@dataclass(frozen=True)
class Frame:
    """What was sent in one write, and when: seconds of playing time. *size* is the terminal's at that moment."""

    at: float
    text: str
    size: Size = (80, 24)


@dataclass
class Take:
    """A show as it was played once."""

    size: Size
    frames: list[Frame] = field(default_factory=list)
    seconds: float = 0.0
    """Playing time from the first moment to the last module's end."""
    ended: str = "finished"
    """``finished`` by itself, ``stopped`` when the time was up, or ``failed``."""
    errors: list[Exception] = field(default_factory=list)
    """What modules failed with."""


class _Tape:
    """A stage that keeps frames; *sizes* says when the terminal becomes another one."""

    def __init__(self, take: Take, clock: Clock, motion: bool, depth: Depth, sizes: Mapping[float, Size]) -> None:
        self.motion = motion
        self._take, self._clock, self._depth = take, clock, depth
        self._sizes = sorted(sizes.items())
        self.on_write: Callable[[str], object] = lambda _text: None

    def size(self) -> Size:
        while self._sizes and self._sizes[0][0] <= self._clock.playing:
            self._take.size = self._sizes.pop(0)[1]
        return self._take.size

    def write(self, text: str) -> None:
        size = self.size()
        self.on_write(text)
        self._take.frames.append(Frame(self._clock.playing, fit(text, self._depth), size))

    def open(self) -> None:
        """Nothing has to be changed."""

    def close(self) -> None:
        """Nothing was changed."""


def take(
    programme: Programme,
    started: datetime,
    *,
    size: Size = (80, 24),
    speed: float = 1.0,
    motion: bool = True,
    depth: Depth = Depth.TRUE,
    sizes: Mapping[float, Size] | None = None,
    interrupt: float | None = None,
    observe: Observe = lambda _what, **_facts: None,
) -> Take:
    """Play a programme, which must have an end, as fast as it can be computed; *started* is its first moment.

    *interrupt* is when Ctrl-C is pressed, in seconds of playing time.
    A module that raises does not raise here, nor does one that never sleeps: it is ended, with an error that says
    so. One that waits for what can't come raises :class:`fakeact.clock.Stalled`.
    """
    clock, over, kept = Clock(VirtualWall(), speed), Over(), Take(size)
    tape = _Tape(kept, clock, motion, depth, sizes or {})
    screen = Screen(tape, over)
    clock.on_frame = screen.show

    if interrupt is not None:
        clock.set_deadline(interrupt, lambda: over.end(Reason.SIGNAL, signal.SIGINT))

    def note(what: str, **facts: Any) -> None:
        if what == "finished":
            kept.seconds = clock.playing
            kept.errors += [facts["error"]] if facts["error"] else []
        observe(what, **facts)

    runner = Runner(programme, screen, clock, over, note)
    loop = ShowLoop(clock)
    bounds = Bounds(clock, runner.evict)
    clock.on_turn, tape.on_write = bounds.turned, bounds.printed
    try:
        with patrolled(clock, lambda error: loop.call_soon_threadsafe(runner.evict, error)):
            loop.run_until_complete(runner.play(started))
    finally:
        loop.close()
    kept.ended = "failed" if runner.all_broken else "stopped" if over else "finished"
    return kept


def show(frame: Frame, screen: "MemoryScreen") -> None:
    """Show a frame on a screen in memory, made as large as the terminal was."""
    fit_size(screen, frame.size)
    screen.feed(frame.text)


def fit_size(screen: "MemoryScreen", size: Size) -> None:
    """Make a screen in memory as large as a terminal has become."""
    if (screen.columns, screen.height) != size:
        screen.resize(*size)
