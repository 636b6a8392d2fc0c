"""A terminal in memory that understands what :mod:`fakeact.ansi` can say, and refuses the rest."""

from fakeact import ansi


class UnknownSequence(ValueError):
    """The screen was sent something that no file but ansi.py could have spelled."""


class Screen:
    """Rows and columns of characters, with a scrollback."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.columns, self.height = columns, rows
        self._cells: list[list[str]] = [[] for _ in range(rows)]
        self.scrollback: list[str] = []
        self._x = self._y = 0
        self.cursor_shown = True
        self.style_open = False

    @property
    def rows(self) -> list[str]:
        return ["".join(row).rstrip() for row in self._cells]

    @property
    def text(self) -> str:
        return "\n".join(self.rows).rstrip("\n")

    @property
    def lines(self) -> list[str]:
        rows = self.scrollback + self.rows
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def cursor(self) -> tuple[int, int]:
        return min(self._x, self.columns - 1), self._y

    def feed(self, text: str) -> None:
        for token in ansi.tokens(text):
            self._take(token)

    def _take(self, token: str) -> None:
        if token == "\n":
            self._x = 0
            self._line_feed()
        elif token == "\r":
            self._x = 0
        elif ansi.SGR.fullmatch(token):
            self.style_open = token not in (ansi.RESET, ansi.sgr(39), ansi.sgr(22), ansi.sgr(49))
        elif token in (ansi.BEGIN_SYNC, ansi.END_SYNC):
            pass
        elif token in (ansi.HIDE_CURSOR, ansi.SHOW_CURSOR):
            self.cursor_shown = token == ansi.SHOW_CURSOR
        elif token == ansi.ERASE_BELOW:
            self._cells[self._y] = self._cells[self._y][: self._x]
            self._cells[self._y + 1 :] = [[] for _ in self._cells[self._y + 1 :]]
        elif token == ansi.ERASE_RIGHT:
            self._cells[self._y] = self._cells[self._y][: self._x]
        elif token == ansi.ERASE_LINE:
            self._cells[self._y] = []
        elif token[0] == ansi.ESC and token[-1] in "AB" and token[2:-1].isdigit():
            self._y += int(token[2:-1]) * (1 if token[-1] == "B" else -1)
            if self._y < 0:
                raise UnknownSequence("cursor moved above the top")
            self._y = min(self._y, self.height - 1)
        elif token[0] == ansi.ESC:
            raise UnknownSequence(repr(token))
        else:
            self._put(token)

    def _put(self, character: str) -> None:
        wide = ansi.cell_width(character)
        row = self._cells[self._y]
        if wide == 0:
            if row:
                row[-1] += character
            return
        if self._x + wide > self.columns:
            self._x = 0
            self._line_feed()
            row = self._cells[self._y]
        row += [" "] * (self._x - len(row))
        row[self._x : self._x + wide] = [character] + [""] * (wide - 1)
        self._x += wide

    def _line_feed(self) -> None:
        if self._y == self.height - 1:
            self.scrollback.append("".join(self._cells.pop(0)).rstrip())
            self._cells.append([])
        else:
            self._y += 1

    def resize(self, columns: int, rows: int) -> None:
        while self._y >= rows:
            self.scrollback.append("".join(self._cells.pop(0)).rstrip())
            self._y -= 1
        self._cells = self._cells[:rows] + [[] for _ in range(rows - len(self._cells))]
        self._cells = [row[:columns] for row in self._cells]
        self.columns, self.height = columns, rows
        self._x = min(self._x, columns - 1)
