"""Playing a module under virtual time, and what was seen."""

import gc
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fakeact.clock import Clock, ShowLoop, VirtualWall
from fakeact.ending import Over, Reason
from fakeact.module import Module
from fakeact.runner import Programme, Runner
from fakeact.screen import Screen as ShowScreen
from fakeact.stages.colour import Depth, fit
from fakeact.testing.screen import Screen

STARTED = datetime(2026, 1, 30, 10, 45, 32)
"""The date and time every performance begins at, unless another is given."""


@dataclass(frozen=True)
class Frame:
    """What was sent in one write, and when: seconds of playing time."""

    at: float
    text: str


@dataclass
class Performance:
    """What a viewer saw."""

    screen: Screen
    """The terminal as it was left."""
    frames: list[Frame] = field(default_factory=list)
    seconds: float = 0.0
    """Playing time from the first moment to the last."""
    ended: str = "finished"
    """``finished`` by itself, ``stopped`` when the time was up, or ``failed``."""
    error: Exception | None = None

    @property
    def raw(self) -> str:
        """Everything that was sent."""
        return "".join(frame.text for frame in self.frames)

    @property
    def text(self) -> str:
        """The visible screen."""
        return self.screen.text

    @property
    def scrollback(self) -> list[str]:
        """The rows that have scrolled out of sight."""
        return self.screen.scrollback

    @property
    def lines(self) -> list[str]:
        """All rows, scrolled out of sight or not."""
        return self.screen.lines


class _MemoryStage:
    """A stage that keeps frames and plays them on a screen in memory."""

    def __init__(
        self,
        played: Performance,
        clock: Clock,
        motion: bool,
        depth: Depth,
        sizes: Mapping[float, tuple[int, int]],
    ) -> None:
        self._played, self._clock, self._motion, self._depth = played, clock, motion, depth
        self._sizes = sorted(sizes.items())

    @property
    def motion(self) -> bool:
        return self._motion

    def size(self) -> tuple[int, int]:
        while self._sizes and self._sizes[0][0] <= self._clock.playing:
            self._played.screen.resize(*self._sizes.pop(0)[1])
        return self._played.screen.columns, self._played.screen.height

    def write(self, text: str) -> None:
        self.size()
        text = fit(text, self._depth)
        self._played.frames.append(Frame(self._clock.playing, text))
        self._played.screen.feed(text)

    def open(self) -> None:
        """Nothing has to be changed."""

    def close(self) -> None:
        """Nothing was changed."""


def perform(
    module: Module,
    *,
    seed: int = 0,
    seconds: float = 60.0,
    columns: int = 80,
    rows: int = 24,
    speed: float = 1.0,
    motion: bool = True,
    color: bool = True,
    started: datetime = STARTED,
    sizes: Mapping[float, tuple[int, int]] | None = None,
    interrupt: float | None = None,
    **options: Any,
) -> Performance:
    """Play a module in memory, for so many seconds of playing time at the most.

    *motion* is off for a pipe, *color* for a terminal without; *sizes* resizes the terminal:
    ``{12.5: (40, 10)}`` makes it 40 columns by 10 rows after 12.5 seconds; *interrupt* is the second at which
    Ctrl-C is pressed. Other arguments are the
    module's options. A module that raises does not raise here: see ``error``. One that waits for what
    can't come raises :class:`fakeact.clock.Stalled`.
    """
    clock = Clock(VirtualWall(), speed)
    played, over = Performance(Screen(columns, rows)), Over()
    depth = Depth.TRUE if color else Depth.NONE
    screen = ShowScreen(_MemoryStage(played, clock, motion, depth, sizes or {}), over)
    clock.on_frame = screen.show

    def observe(what: str, **facts: Any) -> None:
        if what == "finished":
            played.error = facts["error"]
            played.ended = "failed" if played.error else "stopped" if over else "finished"
            played.seconds = clock.playing

    programme = Programme([module], seed, {module.name: options}, most_modules=1, most_seconds=seconds)
    if interrupt is not None:
        clock.set_deadline(interrupt, lambda: over.end(Reason.SIGNAL, signal.SIGINT))
    loop = ShowLoop(clock)
    try:
        loop.run_until_complete(Runner(programme, screen, clock, over, observe).play(started))
    finally:
        loop.close()
        gc.collect(0)  # a module's abandoned coroutines complain now, in the test that made them
    return played
