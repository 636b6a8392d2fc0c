"""Pictures taken apart into what scrolls and what stays, so that each row is drawn once, however often it is seen.

*Paper* is a strip of rows that moves up as the screen scrolls: what was printed and is not changed any more. A
*curtain* hides the part of it that is not printed yet. In front, each row of the screen has a strip of its own
with what is shown there and is not, or not yet, on paper: bars, tables, lines that are being written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fakeact.recording.film import Picture, Row

Steps = list[tuple[float, int]]
"""Moments, and where something is from then on, in rows."""
CLEAR = -1
"""The place in a strip at which nothing is drawn, so that the paper behind is seen."""


@dataclass
class Strip:
    """What one row of the screen shows in front of the paper: contents, and which of them when."""

    contents: list[Row] = field(default_factory=list)
    steps: Steps = field(default_factory=list)
    _places: dict[Row, int] = field(default_factory=dict)

    def show(self, at: float, row: Row | None) -> None:
        """From that moment on show a row, or nothing."""
        place = CLEAR if row is None else self._place(row)
        if place != (self.steps[-1][1] if self.steps else None):
            self.steps.append((at, place))

    def _place(self, row: Row) -> int:
        if row not in self._places:
            self._places[row] = len(self.contents)
            self.contents.append(row)
        return self._places[row]


@dataclass
class Layers:
    """All of a film."""

    paper: list[Row]
    scroll: Steps
    curtain: Steps
    strips: list[Strip]


def layers(pictures: Sequence[Picture]) -> Layers:
    """Take pictures apart."""
    paper = _paper(pictures)
    made = Layers(paper, [], [], [Strip() for _ in pictures[0].rows])
    settled = _settled(pictures, paper)
    written = 0
    for picture, line in zip(pictures, settled, strict=True):
        written = max(written, line)
        _step(made.scroll, picture.at, picture.scrolled)
        _step(made.curtain, picture.at, written)
        for y, row in enumerate(picture.rows):
            line = picture.scrolled + y
            behind = paper[line] if line < written else ()
            made.strips[y].show(picture.at, None if row == behind else row)
    return made


def _step(steps: Steps, at: float, place: int) -> None:
    if not steps or steps[-1][1] != place:
        steps.append((at, place))


def _paper(pictures: Sequence[Picture]) -> list[Row]:
    """Every line as it was when it was seen last, counted from the first that was ever printed."""
    last = pictures[-1]
    paper: list[Row] = [()] * (last.scrolled + len(last.rows))
    for picture in pictures:
        paper[picture.scrolled : picture.scrolled + len(picture.rows)] = picture.rows
    return paper


def _settled(pictures: Sequence[Picture], paper: Sequence[Row]) -> list[int]:
    """For each picture, the lines down to the last of those that have got their final form just then."""
    since = [0] * len(paper)
    for number, picture in enumerate(pictures):
        for line, row in enumerate(picture.rows, picture.scrolled):
            if row != paper[line]:
                since[line] = number + 1
    # A line that is empty has nothing to be uncovered for.
    lasts = [0] * (len(pictures) + 1)
    first_seen = _first_seen(pictures, len(paper))
    for line, row in enumerate(paper):
        if row:
            moment = max(since[line], first_seen[line])
            lasts[moment] = max(lasts[moment], line + 1)
    return lasts[: len(pictures)]


def _first_seen(pictures: Sequence[Picture], lines: int) -> list[int]:
    """For each line, the first picture it is in."""
    first = [len(pictures)] * lines
    for number in range(len(pictures) - 1, -1, -1):
        picture = pictures[number]
        first[picture.scrolled : picture.scrolled + len(picture.rows)] = [number] * len(picture.rows)
    return first
