"""What is on the screen and how to turn it into what should be there: text and a live region.

A canvas takes what a show prints and gives back, once a frame, the text to send. It knows nothing
of time, colour or where the text goes. This is the only file that does cursor arithmetic.

While a region is up the cursor rests where the region begins (or where an unfinished line above it
does), not below it. Then a terminal that wraps its lines anew when it is resized, or drops rows from
below, can't come between us and what has to be erased: all of it lies after the cursor.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from fakeact import ansi
from fakeact.rows import change, whole

Size = tuple[int, int]
"""Columns and rows."""
WHOLE_EVERY = 16
"""Of so many frames in which rows are touched up, one writes them whole."""


class Canvas(Protocol):
    """What :class:`~fakeact.io.IO` draws on."""

    lines: int
    """Lines finished so far."""

    @property
    def region(self) -> bool:
        """True while a region is up."""

    def write(self, text: str) -> None:
        """Add text after what was written before; it may end in the middle of a line."""

    def cursor_up(self, rows: int) -> None:
        """Go back to an earlier line; outside a region only."""

    def erase_line(self) -> None:
        """Empty the line that the cursor is on; outside a region only."""

    def open_region(self) -> None:
        """Pin a region below the text; empty until rows are set."""

    def set_rows(self, rows: Sequence[str]) -> None:
        """Choose what the region shows from the next frame on."""

    def close_region(self, *, keep: bool) -> None:
        """Take the region away, or let its rows become ordinary lines."""

    def invalidate(self) -> None:
        """Draw the region anew in the next frame: the terminal was resized, perhaps to and fro."""

    def pause(self) -> str:
        """The text that clears the region away, because the screen will be somebody else's for a while.

        The next frame draws it anew, wherever the cursor is then.
        """

    def frame(self) -> str:
        """The text that brings the screen up to date; empty where nothing changed."""

    def wipe(self) -> str:
        """The text that takes away what somebody else left on a fresh line: the echo of Ctrl-C."""

    def finish(self) -> str:
        """The last frame, which leaves the cursor at the start of a fresh line."""


class ScreenCanvas:
    """A terminal: the text scrolls, a region stays put below it."""

    def __init__(self, size: Callable[[], Size]) -> None:
        self.lines = 0
        self._size = size
        self._pending: list[str] = []
        self._line = ""  # the unfinished line, or as much of it as shares the cursor's row
        self._tail = ""  # that line as it stood when the region was last drawn below it
        self._below = 0  # rows from the cursor's down to a fresh one, after cursor_up
        self._coloured = False  # whether text since the last finish may have left a colour open
        self._rows: list[str] | None = None  # what the region is to show, None without a region
        self._shown: list[str] | None = None  # what it shows, None while none is drawn
        self._fitted: dict[str, str] = {}  # what its rows became when they were made to fit
        self._drawn_at: Size | None = None
        self._retouched = 0

    def write(self, text: str) -> None:
        self._coloured = self._coloured or ansi.ESC in text
        finished, newline, rest = text.rpartition("\n")
        if newline:
            count = finished.count("\n") + 1
            self.lines += count
            self._below = max(0, self._below - count)
        self._line = rest if newline else self._line + text
        self._pending.append(text)

    def cursor_up(self, rows: int) -> None:
        self._pending.append("\r" + ansi.up(rows))
        self._below += rows + (not self._below and _occupied(self._line))
        self._line = ""

    def erase_line(self) -> None:
        self._pending.append("\r" + ansi.ERASE_LINE)
        self._line = ""

    @property
    def region(self) -> bool:
        return self._rows is not None

    def open_region(self) -> None:
        if self._below:  # rows that cursor_up went back over stay above the region
            self._pending.append("\n" * self._below)
            self._line, self._below = "", 0
        self._rows = []

    def set_rows(self, rows: Sequence[str]) -> None:
        self._rows = list(rows)

    def close_region(self, *, keep: bool) -> None:
        if keep and self._rows:
            columns = self._size()[0]
            rows = "".join(_fit(row, columns) + "\n" for row in self._rows)
            self.write("\n" + rows if _occupied(self._line) else rows)
        self._rows = None

    def invalidate(self) -> None:
        self._drawn_at = None

    def pause(self) -> str:
        if self._shown is None:
            text = self._take_pending() + "\n" * _occupied(self._line)
            self._line, self._below = "", 0
            return text
        self._pending.insert(0, self._tail)
        self._tail, self._shown = "", None
        return "\r" + ansi.ERASE_BELOW + ansi.SHOW_CURSOR

    def frame(self) -> str:
        if self._rows is None and self._shown is None:
            return self._take_pending()
        size = self._size()
        if self._rows is None:
            self._shown = None
            return "\r" + ansi.ERASE_BELOW + self._tail + self._take_pending() + ansi.SHOW_CURSOR
        rows = self._fitting_rows(size)
        if self._shown is None or self._pending or size != self._drawn_at or len(rows) != len(self._shown):
            return self._redraw(rows, size)
        return self._retouch(rows)

    def wipe(self) -> str:
        return "\r" + ansi.ERASE_BELOW

    def finish(self) -> str:
        if self._rows is not None:
            self.close_region(keep=False)
        if self._coloured:  # typing out a coloured text may have been cut short
            self._pending.append(ansi.RESET)
        self._pending.append("\n" * (self._below or _occupied(self._line)))
        self._line, self._below, self._coloured = "", 0, False
        return self.frame()

    def _take_pending(self) -> str:
        text = "".join(self._pending)
        self._pending.clear()
        return text

    def _fitting_rows(self, size: Size) -> list[str]:
        """The rows as they can be shown: none wraps, and a line of text stays visible above them."""
        columns, height = size
        room = height - 1 - _occupied(self._line)
        assert self._rows is not None
        rows = self._rows[-room:] if room > 0 else []
        known = self._fitted if size == self._drawn_at else {}
        self._fitted = {row: known.get(row) or _fit(row, columns) for row in rows}
        return [self._fitted[row] for row in rows]

    def _redraw(self, rows: list[str], size: Size) -> str:
        """Erase from the cursor on, write the text, then the whole region below it."""
        if self._shown is None:
            text = self._take_pending() + ansi.HIDE_CURSOR
        else:
            text = "\r" + ansi.ERASE_BELOW + self._tail + self._take_pending()
        self._line = self._tail = _last_row(self._line, size[0])
        self._shown, self._drawn_at = rows, size
        lead = [""] * _occupied(self._tail)
        body = "\n".join([*lead, *rows])
        return ansi.close_styles(text) + body + "\r" + ansi.up(len(lead) + len(rows) - 1)

    def _retouch(self, rows: list[str]) -> str:
        """Overwrite the rows that changed, and nothing else."""
        assert self._shown is not None
        first = int(_occupied(self._tail))
        # A key typed meanwhile may have echoed over the beginning of a row.
        self._retouched = (self._retouched + 1) % WHOLE_EVERY
        touch = change if self._retouched else whole
        text, at = "\r", 0
        for row, (new, old) in enumerate(zip(rows, self._shown, strict=True), first):
            if new != old:
                text += ansi.down(row - at) + touch(new, old) + "\r"
                at = row
        self._shown = rows
        return text + ansi.up(at) if at or text != "\r" else ""


class LineCanvas:
    """A pipe or a file: finished lines only, each once, and never a cursor movement.

    What a show rewrites is not written again: a line stands there as it was first finished. Of a
    region only what is kept at the end appears.
    """

    def __init__(self, size: Callable[[], Size]) -> None:
        self.lines = 0
        self._size = size
        self._finished: list[str] = []
        self._line = ""
        self._rows: list[str] | None = None
        self._rewriting = 0  # lines that the cursor was moved up and that count as written

    def write(self, text: str) -> None:
        *finished, self._line = (self._line + text).split("\n")
        self.lines += len(finished)
        fresh = finished[self._rewriting :]
        self._rewriting = max(0, self._rewriting - len(finished))
        self._finished += fresh

    def cursor_up(self, rows: int) -> None:
        self._rewriting += rows

    def erase_line(self) -> None:
        self._line = ""

    @property
    def region(self) -> bool:
        return self._rows is not None

    def open_region(self) -> None:
        self._rewriting = 0
        self._rows = []

    def set_rows(self, rows: Sequence[str]) -> None:
        self._rows = list(rows)

    def close_region(self, *, keep: bool) -> None:
        if keep and self._rows:
            rows = "".join(_single(row) + "\n" for row in self._rows)
            self.write("\n" + rows if _occupied(self._line) else rows)
        self._rows = None

    def invalidate(self) -> None:
        """Nothing is ever drawn again here."""

    def pause(self) -> str:
        return ""

    def frame(self) -> str:
        text = "".join(ansi.close_styles(line) + "\n" for line in self._finished)
        self._finished.clear()
        return text

    def wipe(self) -> str:
        return ""

    def finish(self) -> str:
        if _occupied(self._line):
            self.write("\n")
        self._line, self._rewriting = "", 0
        return self.frame()


def _occupied(line: str) -> bool:
    """Whether an unfinished line takes a row: colours alone do not."""
    return ansi.width(line) > 0


def _last_row(line: str, columns: int) -> str:
    """What of an unfinished line shares the cursor's row, which may be full."""
    occupied = [row for row in ansi.fold(line, columns) if _occupied(row)]
    return occupied[-1] if occupied else line


def _single(row: str) -> str:
    """A region's row as a single line of characters and colours."""
    return ansi.printable(row).replace("\n", " ")


def _fit(row: str, columns: int) -> str:
    """A region's row as it can be drawn: clear of the last column, so that it never wraps."""
    if len(row) < columns and ansi.plain(row):
        return row
    fitted = ansi.close_styles(ansi.crop(_single(row), columns - 1))
    return row if fitted == row else fitted  # one string instead of two: a heat map's row has kilobytes
