"""Shows kept in files: one stream of frames, one small file for each format."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from fakeact.errors import UsageError
from fakeact.recording.take import Frame, Size, Take, show

if TYPE_CHECKING:
    from fakeact.testing.screen import Screen

FORMATS = ("v2", "v3", "svg", "txt", "html")
"""What a recording can be written as; v2 and v3 are the versions of asciinema's format."""
_BY_SUFFIX = {".cast": "v2", ".svg": "svg", ".txt": "txt", ".html": "html"}


@dataclass(frozen=True)
class Recording:
    """A show that was played on virtual time; the same seed gives the same recording."""

    title: str
    command: str
    """The command that plays the show again."""
    started: datetime
    """The show's first moment, as its own clock has it."""
    size: Size
    """Columns and rows at the beginning."""
    frames: list[Frame]
    """What was sent to the terminal, and when."""
    seconds: float
    """Playing time from the first moment to the last."""
    ended: str
    """``finished`` by itself, ``stopped`` when the time was up, or ``failed``."""
    errors: tuple[Exception, ...] = ()
    """What modules failed with."""

    def played(self, *, styled: bool = False) -> "Screen":
        """The screen as it was left; *styled* keeps the colours of what has scrolled out of sight, too."""
        from fakeact.testing.screen import Screen

        screen = Screen(*self.size, keep_styles=styled)
        for frame in self.frames:
            show(frame, screen)
        return screen

    def render(self, format: str = "v2") -> str:
        """The content of a file of one of the :data:`FORMATS`; raises UsageError for another."""
        if format not in FORMATS:
            raise UsageError(f"no format {format!r}; there is {', '.join(FORMATS)}")
        return _renderer(format)(self)

    def save(self, path: str | Path, format: str | None = None, *, overwrite: bool = False) -> None:
        """Write a file, whole or not at all; without *format* its name's ending says which.

        Raises :class:`fakeact.errors.UsageError` with one line if the name says no format, or if the file
        is there already and is not to be written over, or can't be written.
        """
        from fakeact.recording.files import write_whole

        write_whole(Path(path), self.render(format or format_of(str(path))), force=overwrite)


def recording_of(take: Take, size: Size, title: str, command: str, started: datetime) -> Recording:
    """A take with what has to be known about it."""
    return Recording(title, command, started, size, take.frames, take.seconds, take.ended, tuple(take.errors))


def format_of(name: str) -> str:
    """The format that a file's name asks for; raises UsageError if it does not say.

    >>> format_of("demo.svg"), format_of("DEMO.CAST")
    ('svg', 'v2')
    """
    suffix = Path(name).suffix.lower()
    if suffix not in _BY_SUFFIX:
        other = "; for a .gif record a .cast and convert it, with agg for one" if suffix == ".gif" else ""
        raise UsageError(f"{name}: a recording's name ends in {', '.join(_BY_SUFFIX)}{other}")
    return _BY_SUFFIX[suffix]


def opening(seed: int) -> datetime:
    """The first moment of a recorded show: office hours on a working day of 2026, drawn from its seed.

    >>> opening(7) == opening(7), opening(7).weekday() < 5
    (True, True)
    """
    dice = random.Random(f"{seed}/opening")
    day = datetime(2026, 1, 5) + timedelta(weeks=dice.randrange(51), days=dice.randrange(5))
    return day + timedelta(seconds=dice.randrange(9 * 3600, 18 * 3600))


def _renderer(format: str) -> Callable[[Recording], str]:
    """The function that writes a format; each is read only when it is needed."""
    if format == "svg":
        from fakeact.recording.svg import svg

        return svg
    if format in ("txt", "html"):
        from fakeact.recording import still

        return still.text if format == "txt" else still.html
    from fakeact.recording.cast import cast

    return lambda recording: cast(recording, int(format[1:]))
