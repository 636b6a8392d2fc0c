"""What a canvas sends, judged by the picture it makes on terminals in memory."""

import unicodedata

import pyte
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakeact import ansi
from fakeact.canvas import LineCanvas, ScreenCanvas
from fakeact.rows import change
from fakeact.style import bold, on_blue, red
from fakeact.testing import Screen
from fakeact.widgets import bar

Step = tuple[object, ...]
"""A method's name, and what it is called with."""
Program = list[Step]
Steps, Programs, Rows = st.SearchStrategy[Step], st.SearchStrategy[Program], st.SearchStrategy[list[str]]
FUZZ = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


class Pyte(pyte.HistoryScreen):
    """pyte, taught as xterm does it that half a cell is no room for a wide character and marks need none."""

    def draw(self, data: str) -> None:
        for character in data:
            if ansi.cell_width(character) == 2 and self.cursor.x == self.columns - 1:
                self.cursor.x = self.columns
            if ansi.cell_width(character) == 0:
                self.mode.discard(pyte.modes.DECAWM)
            super().draw(character)
            self.mode.add(pyte.modes.DECAWM)

    @property
    def all_rows(self) -> list[str]:
        rows = [*self.history.top, *(self.buffer[y] for y in range(self.lines))]
        return ["".join(row[x].data for x in range(self.columns)).rstrip(" ") for row in rows]


class Reflowing(Screen):
    """A terminal that wraps lines anew when resized, as tmux and VTE do; the cursor stays with its cell."""

    def resize(self, columns: int, rows: int) -> None:
        lines, at, offset = self._logical_lines()
        shown = self.cursor_shown
        super().__init__(columns, rows)
        self.cursor_shown = shown
        self.feed("".join(line + "\n" for line in lines[:at]))
        start = len(self.scrollback) + self.cursor[1]
        self.feed("\n".join(lines[at:]))
        # tmux leaves the cursor at the top if its row has gone to the history
        y = max(0, start + offset // columns - len(self.scrollback))
        self._page.x, self._page.y = offset % columns, y

    def _logical_lines(self) -> tuple[list[str], int, int]:
        """Lines as they were before they were wrapped, and the cursor's line and place in it."""
        lines, at, offset, wrapped = [""], 0, 0, self.wrapped
        for number, row in enumerate(self.scrollback + self.rows):
            if number == len(self.scrollback) + self.cursor[1]:
                at, offset = len(lines) - 1, len(lines[-1]) + self.cursor[0]
            lines[-1] += row
            if number not in wrapped:
                lines.append("")
        while not lines[-1] and len(lines) > at + 1:
            lines.pop()
        return lines, at, offset


class Play:
    """A canvas, the terminal it is drawn on, and paper: a tall terminal that shows the text alone."""

    def __init__(self, columns: int, rows: int, terminal: type[Screen] = Screen) -> None:
        self.screen, self.paper = terminal(columns, rows), Screen(columns, 60)
        self.canvas = ScreenCanvas(lambda: (self.screen.columns, self.screen.height))
        self.drawn = columns, rows
        self.region: list[str] | None = None
        self.other: Pyte | None = None
        self.fresh = 0  # the first row that has never been written, as far as cursor_up left one behind
        self.reached = 0  # the lowest row
        self.finished = 0  # lines

    @property
    def row(self) -> int:
        return len(self.paper.scrollback) + self.paper.cursor[1]

    @property
    def unfinished(self) -> bool:
        return self.paper.cursor[0] > 0

    def put(self, text: str) -> None:
        self.paper.feed(text)
        self.reached = max(self.reached, self.row)

    def write(self, text: str) -> None:
        if self.row < self.fresh:  # lines that are rewritten are short: the canvas does not fold them
            text = ("" if self.unfinished else "re") + "\n" * text.endswith("\n")
        self.canvas.write(text)
        self.put(text)
        self.finished += text.count("\n")

    def label(self, end: bool) -> None:
        """A line that no width cuts, whole or in two pieces."""
        self.write(".\n" if self.unfinished else f"t{self.finished}" + "\n" * end)

    def up(self, rows: int) -> None:
        top = max(len(self.screen.scrollback), self.reached - self.screen.height + 1)
        rows = min(rows, self.row - top)
        if self.region is None:
            self.canvas.cursor_up(rows)
            self.fresh = max(self.fresh, self.row + self.unfinished)
            self.put("\r" + ansi.up(rows))

    def erase(self) -> None:
        if self.region is None:
            self.canvas.erase_line()
            self.put("\r" + ansi.ERASE_LINE)

    def open(self) -> None:
        if self.region is None:
            self.canvas.open_region()
            self.put("\n" * (self.fresh - self.row))
            self.region = []

    def rows(self, rows: list[str]) -> None:
        if self.region is not None:
            self.region = rows
            self.canvas.set_rows(rows)

    def close(self, keep: bool) -> None:
        if self.region is not None:
            self.canvas.close_region(keep=keep)
            kept = "".join(fitted(row, self.screen.columns) + "\n" for row in self.region if keep)
            text = "\n" * (self.unfinished and bool(kept)) + kept
            self.put(text)
            self.finished += text.count("\n")
            self.region = None

    def resize(self, columns: int, rows: int) -> None:
        # A canvas sees sizes and not their changes: to and fro between two frames it can't know of.
        self.screen.resize(columns + ((columns, rows) == self.drawn), rows)

    def send(self, text: str) -> None:
        self.screen.feed(text)
        if self.other:
            pyte.Stream(self.other).feed(text.replace("\n", "\r\n"))

    def frame(self) -> None:
        self.drawn = self.screen.columns, self.screen.height
        self.send(self.canvas.frame())
        assert self.canvas.frame() == ""
        self.check()

    def finish(self) -> None:
        self.send(self.canvas.finish())
        self.region = None
        self.put("\n" * ((self.fresh - self.row) if self.fresh > self.row else self.unfinished))
        self.check()
        assert self.screen.cursor[0] == 0
        assert not self.screen.style_open
        assert not any(self.screen.rows[self.screen.cursor[1] :])

    def check(self) -> None:
        """Everything stands where it should, and nothing else stands anywhere."""
        seen = self.screen.scrollback + self.screen.rows
        wanted = self.paper.scrollback + self.paper.rows
        cursor = self.paper.cursor[0], self.row
        if self.region is not None:
            room = self.screen.height - 1 - self.unfinished
            shown = [fitted(row, self.screen.columns) for row in self.region[-room:]] if room > 0 else []
            wanted = wanted[: self.row + self.unfinished] + shown
            cursor = 0, self.row
            assert not self.screen.style_open
            assert len(wanted) <= len(seen)
        end = max(len(seen), len(wanted))
        assert seen + [""] * (end - len(seen)) == wanted + [""] * (end - len(wanted))
        assert (self.screen.cursor[0], len(self.screen.scrollback) + self.screen.cursor[1]) == cursor
        assert self.screen.cursor_shown is (self.region is None)
        assert self.canvas.lines == self.finished
        if self.other:
            assert [unicodedata.normalize("NFC", row) for row in seen] == self.other.all_rows
            assert self.other.cursor.hidden is not self.screen.cursor_shown


def fitted(row: str, columns: int) -> str:
    """As much of a row as keeps clear of the last column."""
    kept = ""
    for character in ansi.strip(row).replace("\n", " "):
        if ansi.width(kept + character) > columns - 1:
            break
        kept += character
    return kept.rstrip(" ")


def play(theatre: "Play | Pipe", program: Program) -> None:
    for name, *arguments in program:
        getattr(theatre, name)(*arguments)
    theatre.finish()


def flat(nested: list[list[Step]]) -> Program:
    return [step for steps in nested for step in steps]


def shows(text: Steps, rows: Rows, others: Steps, keep: Steps) -> Programs:
    """Programs that print and pin a region now and then, with frames at random moments."""
    pin = rows.map(lambda chosen: ("rows", chosen))
    frame = st.sampled_from([[("frame",)], [("frame",)], [("frame",)], []])
    apart = st.lists(st.one_of(text, text, others), max_size=4)
    beat = st.tuples(st.lists(st.one_of(text, pin, others), min_size=1, max_size=3), frame).map(flat)
    opening = st.tuples(st.just(("open",)), pin).map(list)
    beats = st.lists(beat, max_size=6).map(flat)
    scene = st.tuples(apart, frame, opening, frame, beats, st.tuples(keep).map(list), frame).map(flat)
    return st.lists(scene, min_size=1, max_size=3).map(flat)


WORDS = st.sampled_from(
    ["a", "bc ", "e\u0301", "損", "か🚀", "x" * 30, red("red"), bold("損" + on_blue("blue")), ansi.sgr(31),
     ansi.sgr(39), ansi.RESET, "\n", "one\ntwo\n", red("three\nfo")]
)  # fmt: skip
LINES = st.tuples(st.lists(WORDS, max_size=5).map("".join), st.sampled_from(["", "", "\n"])).map("".join)
TEXT = st.one_of(LINES, LINES, st.text("ab\n", min_size=1, max_size=9)).map(lambda text: ("write", text))
UP = st.tuples(st.just("up"), st.integers(0, 4))
ERASE = st.just(("erase",))
KEEP = st.tuples(st.just("close"), st.booleans())
DROP = st.just(("close", False))
ROW_WORDS = st.sampled_from(["0", "=" * 12, "損", "e\u0301", " ", red("r" * 9), ansi.sgr(42), "y\nz"])
FEW_ROWS = st.lists(st.lists(ROW_WORDS, max_size=3).map("".join), max_size=5)
ROWS = st.one_of(FEW_ROWS, FEW_ROWS, FEW_ROWS.map(lambda rows: rows * 8))


@FUZZ
@given(st.integers(4, 20), st.integers(1, 8), shows(TEXT, ROWS, st.one_of(UP, ERASE), KEEP))
def test_the_picture_is_the_text_and_the_region_below_it(columns: int, rows: int, program: Program) -> None:
    """Whatever a show does: every line stands once and in order, then the region, cropped; also on pyte."""
    theatre = Play(columns, rows)
    theatre.other = Pyte(columns, rows, history=5000)
    play(theatre, program)


def resized(columns: tuple[int, int], height: tuple[int, int], most: tuple[int, int]) -> Programs:
    """Shows on a terminal that is resized: lines that fit any width, and up to so many cells and rows."""
    text = st.tuples(st.just("label"), st.booleans())
    rows = st.lists(st.integers(1, most[0]).map("-".__mul__), max_size=5)
    block = st.integers(0, most[1]).map(["=" * most[0]].__mul__)
    resize = st.tuples(st.just("resize"), st.integers(*columns), st.integers(*height))
    return shows(text, st.one_of(rows, block), resize, DROP)


@FUZZ
@given(resized((6, 30), (1, 9), most=(40, 40)))
def test_a_resized_terminal_is_whole_again_with_the_next_frame(program: Program) -> None:
    """On a terminal that cuts rows off nothing of an old region is left, and no line is lost."""
    play(Play(12, 6), program)


@FUZZ
@given(resized((8, 40), (20, 30), most=(40, 4)))
def test_a_terminal_that_wraps_anew_is_whole_again_too(program: Program) -> None:
    """Where the old rows, wrapped, still fit on the screen, nothing of them is left."""
    play(Play(24, 24, Reflowing), program)


@FUZZ
@given(st.lists(st.text("ab損", min_size=1), min_size=1, max_size=6), st.integers(0, 5), st.sampled_from("\nt"))
def test_a_changed_row_is_all_that_is_sent(rows: list[str], changed: int, end: str) -> None:
    """Where one row of a region changed that row goes out, and nothing is erased but what it leaves over."""
    theatre = Play(10, 8)
    theatre.write("text" + end)
    theatre.open()
    theatre.rows(rows)
    theatre.frame()
    changed %= len(rows)
    theatre.rows([*rows[:changed], "new", *rows[changed + 1 :]])
    text = theatre.canvas.frame()
    assert ansi.strip(text).strip("\r") == "new"
    assert ansi.ERASE_BELOW not in text
    theatre.send(text)
    theatre.check()


def test_a_line_that_ends_at_the_edge_takes_one_row() -> None:
    """Whether its line feed comes with it or after a frame."""
    theatre = Play(4, 6)
    theatre.open()
    theatre.rows(["row"])
    for piece in ("abcd", "\n", "abcd\n", "abcdefgh", "i\n"):
        theatre.write(piece)
        theatre.frame()
    theatre.finish()


def test_an_erased_line_does_not_come_back() -> None:
    """Nor does one that the cursor has left upwards: the region is drawn below what there is now."""
    theatre = Play(8, 6)
    theatre.write("one\ntwo")
    theatre.erase()
    theatre.open()
    theatre.frame()
    theatre.write("three")
    theatre.close(keep=False)
    theatre.up(1)
    theatre.open()
    theatre.rows(["row"])
    theatre.frame()
    theatre.write("four")
    theatre.frame()
    assert theatre.screen.lines == ["one", "three", "four", "row"]


def test_colours_stay_where_they_were_put() -> None:
    """An unfinished line is drawn again in its colours, and lends them neither to the region nor gets any."""
    theatre = Play(6, 6)
    theatre.open()
    theatre.rows(["row"])
    theatre.write(ansi.sgr(31) + "abcdefgh")
    theatre.frame()
    theatre.rows([bold("longer row")])
    theatre.write("i")
    theatre.frame()
    styled = [("abcdef", "31"), ("ghi", "31"), ("longe", "1")]
    assert theatre.screen.styled_rows()[:3] == [[(c, {code}) for c in line] for line, code in styled]


def test_a_colour_left_open_ends_with_the_show() -> None:
    """Also where it was sent in an earlier frame, and no region was ever up."""
    theatre = Play(6, 6)
    theatre.write(ansi.sgr(31) + "ab\n")
    theatre.frame()
    assert theatre.screen.style_open
    theatre.finish()


def test_colours_alone_are_no_line() -> None:
    """A colour that is closed on the next line takes no row there."""
    theatre = Play(8, 6)
    theatre.write(red("text\n"))
    theatre.finish()
    assert theatre.screen.cursor == (0, 1)


def test_somebody_else_can_have_the_screen_for_a_while() -> None:
    """A pause takes the region away and leaves the cursor at a line's start; the next frame draws anew."""
    screen, text = Screen(10, 8), "one\nhalf"
    canvas = ScreenCanvas(lambda: (10, 8))
    canvas.write(text)
    screen.feed(canvas.pause() + "$ fg\n" + canvas.frame())
    assert screen.lines == ["one", "half", "$ fg"]
    canvas.open_region()
    canvas.set_rows(["1", "2"])
    canvas.write("more")
    screen.feed(canvas.frame() + canvas.pause())
    assert (screen.lines, screen.cursor, screen.cursor_shown) == (["one", "half", "$ fg"], (0, 3), True)
    screen.feed("$ fg\n" + canvas.frame())
    assert screen.lines == ["one", "half", "$ fg", "$ fg", "more", "1", "2"]
    assert (screen.cursor, screen.cursor_shown, canvas.frame()) == ((0, 4), False, "")


class Pipe:
    """A line canvas, and the text that it should have given out."""

    def __init__(self) -> None:
        self.canvas = LineCanvas(lambda: (8, 4))
        self.sent, self.text = "", ""
        self.region: list[str] | None = None

    def write(self, text: str) -> None:
        self.canvas.write(text)
        self.text += text

    def erase(self) -> None:
        if self.region is None:
            self.canvas.erase_line()
            self.text = self.text[: self.text.rfind("\n") + 1]

    def open(self) -> None:
        self.canvas.open_region()
        self.region = []

    def rows(self, rows: list[str]) -> None:
        if self.region is not None:
            self.canvas.set_rows(rows)
            self.region = rows

    def close(self, keep: bool) -> None:
        self.canvas.close_region(keep=keep)
        if keep and self.region:
            self._end_line()
            self.text += "".join(row.replace("\n", " ") + "\n" for row in self.region)
        self.region = None

    def frame(self) -> None:
        self._take(self.canvas.frame())
        assert self.canvas.frame() == ""

    def finish(self) -> None:
        self._take(self.canvas.finish())
        self._end_line()
        whole = self.text[: self.text.rfind("\n") + 1]
        assert self.sent == ansi.strip(whole)
        assert self.canvas.lines == whole.count("\n")

    def _end_line(self) -> None:
        self.text += "\n" * bool(ansi.strip(self.text.rpartition("\n")[2]))

    def _take(self, text: str) -> None:
        assert not text or text.endswith("\n")
        for line in text.split("\n"):
            plain = ansi.SGR.sub("", line)
            assert plain.isprintable()
            assert plain == line or line.endswith(ansi.RESET)
        self.sent += ansi.strip(text)


@FUZZ
@given(shows(TEXT, ROWS, ERASE, KEEP))
def test_a_pipe_gets_each_line_once(program: Program) -> None:
    """Only finished lines, with colours that end where the line does, and of a region what is kept."""
    play(Pipe(), program)


def test_a_pipe_does_not_get_rewritten_lines() -> None:
    """A line stands as it was first finished; what follows the rewriting, or another show, is new again."""
    canvas = LineCanvas(lambda: (8, 4))
    for end in (canvas.finish, canvas.open_region):
        canvas.write("1\n2\n")
        canvas.cursor_up(2)
        canvas.erase_line()
        canvas.write("one\n")
        end()
    canvas.write("3\n4\n")
    canvas.cursor_up(1)
    for line in ("four\n", "five\n"):
        canvas.write(line)
    assert canvas.frame() == "1\n2\n3\n4\nfive\n"


def test_kept_rows_can_not_move_the_cursor() -> None:
    """In a pipe too a row is reduced to one line of characters and colours."""
    canvas = LineCanvas(lambda: (8, 4))
    canvas.open_region()
    canvas.set_rows(["a\nb" + ansi.up(2) + "\rc"])
    canvas.close_region(keep=True)
    assert canvas.finish() == "a bc\n"


SEGMENTS = st.tuples(
    st.sampled_from(["", ansi.sgr(31), ansi.sgr(1, 4), ansi.sgr(48, 5, 22)]), st.text("ab1█▌ 漢e\u0301m[", max_size=6)
)
ROWS = st.lists(SEGMENTS, max_size=5).map(lambda parts: "".join(f"{c}{t}{ansi.RESET if c else ''}" for c, t in parts))


@settings(FUZZ, max_examples=300)
@given(old=ROWS, new=ROWS)
def test_touching_a_row_up_is_as_good_as_drawing_it(old: str, new: str) -> None:
    """Sending only what differs between two rows gives the same cells and styles, and leaves no style open."""
    touched, drawn = Screen(60, 2), Screen(60, 2)
    touched.feed(old + "\r" + change(new, old))
    drawn.feed(new)
    assert touched.styled_rows() == drawn.styled_rows()
    assert not touched.style_open


def test_a_touched_up_row_costs_what_differs() -> None:
    """A bar that moves on by a cell costs some bytes, not the whole row."""
    rows = [f"train: {n:3}%|{bar(n / 100, 40)}| {n}/100" for n in (41, 42)]
    assert len(change(rows[1], rows[0])) < len(rows[1]) / 2
    assert change(rows[0], rows[0] + " more") == ansi.right(len(rows[0])) + ansi.ERASE_RIGHT
