"""A terminal in memory that understands what :mod:`fakeact.ansi` can say, and refuses the rest.

It does as xterm does. A full row does not wrap until one more character comes, and erasing to the
right before that takes the row's last character. A wide character with one cell left goes to the next
row. Erased and scrolled-in cells have the background in force.
"""

import re

from fakeact import ansi
from fakeact.testing.rendition import OFF, changes

Style = frozenset[str]
"""The SGR codes in force where a character stands: ``{"1", "38;5;208"}``; empty for plain text."""
Cell = tuple[str, Style]
"""A character with the marks on it, and its style; the second cell of a wide one has no text."""

_PLAIN: Style = frozenset()
_ENTER_ALTERNATE, _LEAVE_ALTERNATE = f"{ansi.ESC}[?1049h", f"{ansi.ESC}[?1049l"
_MOVE = re.compile(rf"{ansi.ESC}\[([1-9][0-9]*)([ABC])")
# Runs of characters that take one cell each for sure (ASCII, boxes and blocks, braille); others one by one.
_RUN = re.compile(r"[ -~\u2500-\u259f\u2800-\u28ff]+|.", re.DOTALL)


class UnknownSequence(ValueError):
    """The screen was sent something that is not in ansi.py's vocabulary, or a move above its top."""


class Screen:
    """Rows and columns of characters, with a scrollback and a cursor.

    With *keep_styles* rows that scroll out of sight keep their colours for :meth:`styled_lines`.
    """

    def __init__(self, columns: int = 80, rows: int = 24, *, keep_styles: bool = False) -> None:
        self.columns, self.height = columns, rows
        self.scrollback: list[str] = []
        """Rows that have left at the top, the oldest first."""
        self.cursor_shown = True
        self.climbed_wrapped = 0
        """How often a show moved the cursor up into a line that had wrapped: not to its beginning."""
        self._above: list[_Row] | None = [] if keep_styles else None
        self._pen: dict[str, str] = {}
        self._style = _PLAIN
        self._above_wrapped: set[int] = set()
        self._page = _Page(columns, rows)
        self._main: _Page | None = None  # the ordinary page while the alternate one is up

    @property
    def rows(self) -> list[str]:
        """The visible rows, from the top, without blanks at their ends."""
        return [row.text for row in self._page.rows]

    @property
    def text(self) -> str:
        """The visible rows as one string, without blank ones at the end."""
        return "\n".join(self.rows).rstrip("\n")

    @property
    def lines(self) -> list[str]:
        """The scrollback and the visible rows, without blank ones at the end."""
        rows = self.scrollback + self.rows
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def wrapped(self) -> set[int]:
        """Which rows, counted from the scrollback's first, were full and went on in the next."""
        visible = {len(self.scrollback) + i for i, row in enumerate(self._page.rows) if row.wrapped}
        return self._above_wrapped | visible

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and visible row, from 0; the last column also where the next character will wrap."""
        return min(self._page.x, self.columns - 1), self._page.y

    @property
    def style_open(self) -> bool:
        """Whether what is written next will be coloured or emphasized."""
        return bool(self._style)

    @property
    def alternate(self) -> bool:
        """Whether the alternate screen is up."""
        return self._main is not None

    def styled_rows(self) -> list[list[Cell]]:
        """The visible rows as characters with their styles, without plain blanks at their ends."""
        return [row.styled for row in self._page.rows]

    def styled_lines(self) -> list[list[Cell]]:
        """All rows as :meth:`styled_rows`, without blank ones at the end; needs *keep_styles*."""
        rows = [*(row.styled for row in self._above or ()), *self.styled_rows()]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def feed(self, text: str) -> None:
        """Show text; a line feed also returns to the first column, as terminal drivers make it do.

        Raises :class:`UnknownSequence` for other control characters and for sequences it does not know.
        """
        for number, part in enumerate(ansi.runs(text)):
            if number % 2:
                self._obey(part)
                continue
            for run in _RUN.findall(part):
                self._show(run)

    def _show(self, run: str) -> None:
        if run == "\n":
            self._line_feed()
        elif run == "\r":
            self._page.x = 0
        elif run[0] < " " or "\x7f" <= run[0] <= "\x9f":
            raise UnknownSequence(f"control character {run!r}")
        elif len(run) == 1:
            self._put(run)
        else:
            self._put_run(run)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size as a terminal that does not wrap lines anew.

        A smaller height drops rows below the cursor, then moves rows from the top to the scrollback; a
        greater one adds blank rows below. A smaller width cuts rows off.
        """
        gone = self._page.resize(columns, rows)
        if self._main:
            gone = self._main.resize(columns, rows)
        self._keep(gone)
        self.columns, self.height = columns, rows

    def _obey(self, sequence: str) -> None:
        page, blank = self._page, self._blank()
        if select := ansi.SGR.fullmatch(sequence):
            self._select(select.group(1), sequence)
        elif move := _MOVE.fullmatch(sequence):
            self._move(int(move.group(1)), move.group(2), sequence)
        elif sequence in (ansi.HIDE_CURSOR, ansi.SHOW_CURSOR):
            self.cursor_shown = sequence == ansi.SHOW_CURSOR
        elif sequence == ansi.ERASE_LINE:
            page.rows[page.y] = _Row(self.columns, blank)
        elif sequence in (ansi.ERASE_RIGHT, ansi.ERASE_BELOW):
            page.x = min(page.x, self.columns - 1)
            page.rows[page.y].erase_right(page.x, blank)
            if sequence == ansi.ERASE_BELOW:
                page.rows[page.y + 1 :] = [_Row(self.columns, blank) for _ in page.rows[page.y + 1 :]]
        elif sequence in (_ENTER_ALTERNATE, _LEAVE_ALTERNATE):
            self._swap(sequence == _ENTER_ALTERNATE)
        elif sequence not in (ansi.BEGIN_SYNC, ansi.END_SYNC):
            raise UnknownSequence(f"sequence {sequence!r}")

    def _select(self, codes: str, sequence: str) -> None:
        found = changes(codes)
        if found is None:
            raise UnknownSequence(f"rendition {sequence!r}")
        for code, attribute in found:
            for other in OFF.get(code, ()):
                self._pen.pop(other, None)
            if attribute:
                self._pen[attribute] = code
        self._style = frozenset(self._pen.values())

    def _blank(self) -> Cell:
        """What erased cells become: of the style in force only the background matters."""
        background = self._pen.get("background")
        return " ", frozenset([background]) if background else _PLAIN

    def _move(self, count: int, where: str, sequence: str) -> None:
        page, rows = self._page, {"A": -count, "B": count, "C": 0}[where]
        if page.y + rows < 0:
            raise UnknownSequence(f"{sequence!r} from row {page.y} goes above the top of the screen")
        if rows < 0 and self.cursor_shown:  # a live region hides it, and its rows never wrap
            self.climbed_wrapped += any(row.wrapped for row in page.rows[max(0, page.y + rows - 1) : page.y])
        right = count if where == "C" else 0
        page.x, page.y = min(page.x + right, self.columns - 1), min(page.y + rows, self.height - 1)

    def _swap(self, enter: bool) -> None:
        if enter and not self._main:
            self._main, x, y = self._page, self._page.x, self._page.y
            self._page = _Page(self.columns, self.height, x, y)
        elif self._main and not enter:
            self._page, self._main = self._main, None

    def _put(self, character: str) -> None:
        page, cells = self._page, ansi.cell_width(character)
        if cells == 0:
            page.rows[page.y].combine(page.x, character)
        if not 0 < cells <= self.columns:
            return
        if page.x + cells > self.columns:
            page.rows[page.y].wrapped = True
            self._line_feed()
        page.rows[page.y].put(page.x, [(character, self._style), ("", self._style)][:cells])
        page.x += cells

    def _put_run(self, run: str) -> None:
        """Put characters of one cell each, a row's worth at a time."""
        page, style = self._page, self._style
        while run:
            if page.x >= self.columns:
                page.rows[page.y].wrapped = True
                self._line_feed()
            part = run[: self.columns - page.x]
            page.rows[page.y].put(page.x, [(character, style) for character in part])
            page.x += len(part)
            run = run[len(part) :]

    def _line_feed(self) -> None:
        page = self._page
        page.x = 0
        if page.y < self.height - 1:
            page.y += 1
            return
        page.rows.append(_Row(self.columns, self._blank()))
        gone = page.rows.pop(0)
        if not self._main:
            self._keep([gone])

    def _keep(self, rows: "list[_Row]") -> None:
        for row in rows:
            if row.wrapped:
                self._above_wrapped.add(len(self.scrollback))
            self.scrollback.append(row.text)
            if self._above is not None:
                self._above.append(row)


class _Row:
    """The cells of one row."""

    def __init__(self, columns: int, blank: Cell = (" ", _PLAIN)) -> None:
        self.cells = [blank] * columns
        self.wrapped = False

    @property
    def text(self) -> str:
        return "".join(character for character, _ in self.cells).rstrip(" ")

    @property
    def styled(self) -> list[Cell]:
        cells = [cell for cell in self.cells if cell[0]]
        while cells and cells[-1] == (" ", _PLAIN):
            cells.pop()
        return cells

    def put(self, x: int, cells: list[Cell]) -> None:
        self._split(x)
        self._split(x + len(cells))
        self.cells[x : x + len(cells)] = cells

    def combine(self, x: int, mark: str) -> None:
        """Put a mark on the character before the cursor; at a row's beginning there is none."""
        x -= x > 1 and not self.cells[x - 1][0]
        if x > 0:
            character, style = self.cells[x - 1]
            self.cells[x - 1] = character + mark, style

    def erase_right(self, x: int, blank: Cell) -> None:
        self.put(x, [blank] * (len(self.cells) - x))
        self.wrapped = False

    def resize(self, columns: int) -> None:
        self._split(columns)
        self.cells = (self.cells + [(" ", _PLAIN)] * columns)[:columns]

    def _split(self, x: int) -> None:
        """Make blanks of a wide character that would lose the half on one side of a column."""
        if x < len(self.cells) and not self.cells[x][0]:
            self.cells[x - 1 : x + 1] = [(" ", style) for _, style in self.cells[x - 1 : x + 1]]


class _Page:
    """Rows and a cursor; its column is one past the last while a wrap is pending."""

    def __init__(self, columns: int, rows: int, x: int = 0, y: int = 0) -> None:
        self.rows = [_Row(columns) for _ in range(rows)]
        self.x, self.y = x, y

    def resize(self, columns: int, rows: int) -> list[_Row]:
        """The rows that had to leave at the top."""
        for row in self.rows:
            row.resize(columns)
        excess = max(0, self.y - rows + 1)
        gone, self.rows = self.rows[:excess], self.rows[excess : excess + rows]
        self.rows += [_Row(columns) for _ in range(rows - len(self.rows))]
        self.x, self.y = min(self.x, columns), self.y - excess
        return gone
