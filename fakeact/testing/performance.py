"""Playing a module under virtual time, and what was seen."""

import gc
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fakeact.module import Module
from fakeact.options import check_values
from fakeact.outputs import opened
from fakeact.recording.take import Frame, fit_size, show, take
from fakeact.runner import Programme
from fakeact.stages.colour import Depth
from fakeact.testing.screen import Screen

STARTED = datetime(2026, 1, 30, 10, 45, 32)
"""The date and time every performance begins at, unless another is given."""


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
    size: tuple[int, int] = (80, 24)
    """Columns and rows of the terminal at the beginning."""

    def at(self, seconds: float) -> Screen:
        """The screen as it was after so many seconds of playing time, with its live region if one was up."""
        screen = Screen(*self.size)
        for frame in self.frames:
            if frame.at <= seconds:
                show(frame, screen)
        return screen

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
    module's options, and those that the command line would refuse raise :class:`fakeact.errors.UsageError`
    with the same words. A module that raises does not raise here: see ``error``. One that waits for what
    can't come raises :class:`fakeact.clock.Stalled`.
    """
    check_values(module, options)
    programme = Programme([module], seed, {module.name: options}, most_modules=1, most_seconds=seconds)
    depth = Depth.TRUE if color else Depth.NONE
    try:
        with opened(programme.options, force=True):
            kept = take(
                programme,
                started,
                size=(columns, rows),
                speed=speed,
                motion=motion,
                depth=depth,
                sizes=sizes,
                interrupt=interrupt,
            )
    finally:
        gc.collect(0)  # a module's abandoned coroutines complain now, in the test that made them
    screen = Screen(columns, rows)
    for frame in kept.frames:
        show(frame, screen)
    fit_size(screen, kept.size)
    return Performance(screen, kept.frames, kept.seconds, kept.ended, next(iter(kept.errors), None), (columns, rows))
