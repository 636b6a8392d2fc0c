"""What a recording's terminal showed, picture by picture at a steady rate."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fakeact.recording.take import Frame, show

if TYPE_CHECKING:
    from fakeact.recording import Recording
    from fakeact.testing.screen import Cell, Screen

Row = tuple["Cell", ...]
"""A row's characters with their styles, without plain blanks at its end."""


@dataclass(frozen=True)
class Picture:
    """The screen from one moment on: *scrolled* rows have left at its top by then."""

    at: float
    scrolled: int
    rows: tuple[Row, ...]


def film(recording: "Recording", rate: float) -> list[Picture]:
    """The pictures that differ from the one before, at most *rate* in a second; the first is at 0."""
    from fakeact.testing.screen import Screen as MemoryScreen

    screen = MemoryScreen(*recording.size)
    pictures = [_picture(0.0, screen)]
    frames = _without_the_cut(recording)
    for number, frame in enumerate(frames):
        show(frame, screen)
        at = _tick(frame.at, rate)
        if number + 1 < len(frames) and _tick(frames[number + 1].at, rate) == at:
            continue
        picture = _picture(at, screen)
        if (picture.scrolled, picture.rows) != (pictures[-1].scrolled, pictures[-1].rows):
            pictures.append(picture)
    return pictures[1:] if len(pictures) > 1 and pictures[1].at == 0.0 else pictures


def _tick(at: float, rate: float) -> float:
    """The next moment at which a picture is taken."""
    # A frame that comes on a tick belongs to that tick, whatever rounding makes of it.
    return -(-round(at * rate, 6) // 1) / rate


def _without_the_cut(recording: "Recording") -> list[Frame]:
    """All frames but those in which a show that was stopped clears itself away: a loop goes on instead."""
    if recording.ended != "stopped":
        return recording.frames
    return [frame for frame in recording.frames if frame.at < recording.seconds - 1e-6]


def _picture(at: float, screen: "Screen") -> Picture:
    return Picture(at, len(screen.scrollback), tuple(map(tuple, screen.styled_rows())))
