"""The terminal in memory: claim by claim, and against pyte."""

import unicodedata

import pyte
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakeact import ansi
from fakeact.style import bold, on_blue, red
from fakeact.testing import Screen, UnknownSequence

ENTER, LEAVE = f"{ansi.ESC}[?1049h", f"{ansi.ESC}[?1049l"
FUZZ = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def shown(text: str, columns: int = 6, rows: int = 3) -> Screen:
    screen = Screen(columns, rows)
    screen.feed(text)
    return screen


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

    def row(self, cells: dict[int, pyte.screens.Char]) -> str:
        return "".join(cells[x].data for x in range(self.columns)).rstrip(" ")

    @property
    def rows(self) -> list[str]:
        return [self.row(self.buffer[y]) for y in range(self.lines)]


# Codes, and what pyte calls the same.
FOREGROUNDS = {"31": "red", "94": "brightblue", "38;5;208": "ff8700", "38;2;1;2;3": "010203"}
BACKGROUNDS = {"42": "green", "48;5;208": "ff8700", "48;2;1;2;3": "010203"}
EMPHASES = {"1": "bold", "3": "italics", "4": "underscore", "5": "blink", "7": "reverse"}
CODES = [*FOREGROUNDS, *BACKGROUNDS, *EMPHASES, "", "0", "22", "23", "24", "25", "27", "39", "49"]
CODE_LISTS = st.lists(st.sampled_from(CODES), min_size=1, max_size=3)
SGR = CODE_LISTS.map(lambda codes: f"{ansi.ESC}[{';'.join(codes)}m")
SIZES = st.tuples(st.integers(2, 9), st.integers(1, 5))
MODES = st.sampled_from([ansi.BEGIN_SYNC, ansi.END_SYNC, ansi.HIDE_CURSOR, ansi.SHOW_CURSOR])
ERASES = st.sampled_from([ansi.ERASE_LINE, ansi.ERASE_RIGHT, ansi.ERASE_BELOW])
MOVES = st.builds(lambda move, rows: move(rows), st.sampled_from([ansi.up, ansi.down]), st.integers(1, 4))
NARROW = st.text("abc ", min_size=1, max_size=12)
CLUSTERS = st.sampled_from(["a", " ", "e\u0301", "損", "か", "🚀", "x\u0323\u0301"])
WIDE = st.lists(CLUSTERS, min_size=1).map("".join)
FEEDS = st.sampled_from(["\n", "\r\n", "\r"])


def style(char: pyte.screens.Char) -> frozenset[str]:
    """A style of pyte's in our words."""
    codes = [code for code, name in EMPHASES.items() if getattr(char, name)]
    codes += [code for code, name in FOREGROUNDS.items() if name == char.fg]
    return frozenset(codes + [code for code, name in BACKGROUNDS.items() if name == char.bg])


def compare(size: tuple[int, int], program: list[str], after_move: str = "") -> None:
    """Feed both and look at them after every piece."""
    screen, other = Screen(*size), Pyte(*size, history=1000)
    stream = pyte.Stream(other)
    for piece in program:
        if piece.endswith("A"):
            piece = ansi.up(min(int(piece[2:-1]), screen.cursor[1]))
        if piece in ("\n", "\r\n", "\r") or piece.endswith(("A", "B")):
            piece += after_move
        if other.cursor.x == other.columns and piece.endswith(("A", "B", "J", "K")):
            piece = "\r" + piece  # pyte is not on the last column then, but past it
        screen.feed(piece)
        stream.feed(piece.replace("\n", "\r\n"))
        check(screen, other)


def check(screen: Screen, other: Pyte) -> None:
    rows = [*map(other.row, other.history.top), *other.rows]
    assert [unicodedata.normalize("NFC", row) for row in screen.scrollback + screen.rows] == rows
    assert screen.cursor == (min(other.cursor.x, other.columns - 1), other.cursor.y)
    assert screen.cursor_shown is not other.cursor.hidden
    assert screen.style_open == bool(style(other.cursor.attrs))
    for y, row in enumerate(screen.styled_rows()):
        cells = [cell for x in range(other.columns) if (cell := other.buffer[y][x]).data]
        for (character, codes), cell in zip(row, cells, strict=False):
            assert character == " " or codes == style(cell)


@FUZZ
@given(SIZES, st.lists(st.one_of(NARROW, NARROW, FEEDS, MOVES, ERASES, SGR, MODES), max_size=30))
def test_it_shows_what_pyte_shows(size: tuple[int, int], program: list[str]) -> None:
    """Rows, scrollback, cursor and styles agree with pyte's after every piece of any program."""
    compare(size, program)


@FUZZ
@given(SIZES, st.lists(st.one_of(WIDE, WIDE, FEEDS, MOVES, ERASES), max_size=30))
def test_wide_characters_stand_where_pyte_has_them(size: tuple[int, int], program: list[str]) -> None:
    """With wide characters and marks too, as long as none is overwritten, which pyte does not tidy up."""
    compare(size, program, after_move="\r" + ansi.ERASE_BELOW)


def test_a_full_row_wraps_only_when_more_comes() -> None:
    """The cursor waits on the last column, and a line feed there does not leave an empty row."""
    assert shown("abcdef").cursor == (5, 0)
    assert shown("abcdefg").rows == ["abcdef", "g", ""]
    assert shown("abcdef\nxy").rows == ["abcdef", "xy", ""]


def test_erasing_after_a_full_row_takes_its_last_character() -> None:
    """The cursor is still on the last column, and the wrap that was pending is off."""
    assert shown("abcdef" + ansi.ERASE_RIGHT + "g").rows == ["abcdeg", "", ""]
    assert shown("abcdef" + ansi.ERASE_BELOW).rows == ["abcde", "", ""]


def test_moving_after_a_full_row_stays_on_the_last_column() -> None:
    """A pending wrap does not outlive a movement."""
    assert shown("abcdef" + ansi.down(1) + "xy").rows == ["abcdef", "     x", "y"]


def test_a_wide_character_is_never_halved() -> None:
    """It goes to the next row where one cell is left, and vanishes where one half is overwritten."""
    assert shown("abcde損").rows == ["abcde", "損", ""]
    assert shown("a損b\rxy").rows == ["xy b", "", ""]
    assert shown("損損\r損").rows == ["損損", "", ""]
    assert shown("x損\r損").rows == ["損", "", ""]


def test_a_wide_character_on_a_one_column_screen_is_left_out() -> None:
    """Nothing that could be shown of it would be right."""
    assert shown("a損b", columns=1).rows == ["a", "b", ""]


def test_marks_join_the_character_before_them() -> None:
    """Also in another write, on a wide character and on the last column, where they cause no wrap."""
    screen = shown("abcde")
    for piece in ("f", "\u0301", "\n損", "\u0301"):
        screen.feed(piece)
    assert screen.rows == ["abcdef\u0301", "損\u0301", ""]


@pytest.mark.parametrize(
    "unknown",
    [*"\t\b\x07\x00\x7f\x9b", ansi.ESC, *(ansi.ESC + rest for rest in (
        "[", "[2J", "[H", "[A", "[0A", "[3D", "[1K", "[?7l", "[?47h", "7", "]0;title\x07",
        "[38;5;256m", "[38;5m", "[38;7m", "[38;2;1;2m", "[4:3m", "[10m", "[1;58m"))],
)  # fmt: skip
def test_anything_else_is_refused(unknown: str) -> None:
    """What ansi.py has no word for is an error that names it."""
    with pytest.raises(UnknownSequence) as refused:
        shown("text" + unknown)
    assert repr(ansi.tokens(unknown)[0]) in str(refused.value)


def test_the_cursor_can_not_leave_the_screen() -> None:
    """Above the top is an error; below the bottom it stops, without scrolling."""
    with pytest.raises(UnknownSequence, match="above the top"):
        shown("a\nb" + ansi.up(2))
    screen = shown("a\nb" + ansi.up(1) + "A" + ansi.down(9) + "c")
    assert (screen.rows, screen.scrollback, screen.cursor) == (["aA", "b", "  c"], [], (3, 2))


def test_rows_leave_at_the_top() -> None:
    """The scrollback has the oldest first; lines are all there is, without blank rows at the end."""
    screen = shown("1\n\n3\n4\n5\n\n")
    assert (screen.scrollback, screen.rows, screen.text) == (["1", "", "3", "4"], ["5", "", ""], "5")
    assert screen.lines == ["1", "", "3", "4", "5"]


def test_rows_that_went_on_are_known() -> None:
    """Wrapped rows are counted from the scrollback's first, and one whose end is erased goes on no more."""
    screen = shown("abcdefg\nabcdef\nabcdefghijklm")
    assert screen.lines == ["abcdef", "g", "abcdef", "abcdef", "ghijkl", "m"]
    assert screen.wrapped == {0, 3, 4}
    screen.feed(ansi.up(1) + ansi.ERASE_RIGHT)
    assert screen.wrapped == {0, 3}


def test_styles_stand_with_the_characters() -> None:
    """Each character has the codes that were in force; a closed one is gone, another colour replaced."""
    screen = shown(bold("a" + red("b")) + "c" + ansi.sgr(31, 38, 5, 208) + "d" + on_blue("損"))
    assert screen.styled_rows()[0] == [
        ("a", {"1"}), ("b", {"1", "31"}), ("c", set()), ("d", {"38;5;208"}), ("損", {"38;5;208", "44"}),
    ]  # fmt: skip
    assert screen.style_open
    screen.feed(ansi.RESET)
    assert not screen.style_open


def test_erased_cells_have_the_background_in_force() -> None:
    """A background that is left open paints what is erased and what scrolls in; a foreground does not."""
    stripe = [(" ", {"44"})] * 3
    for erase in (ansi.ERASE_LINE, ansi.ERASE_RIGHT, ansi.ERASE_BELOW, "\n"):
        assert shown(ansi.sgr(31, 44) + erase, columns=3, rows=1).styled_rows() == [stripe]
        assert shown(ansi.sgr(31) + erase, columns=3, rows=1).styled_rows() == [[]]


def test_modes() -> None:
    """The cursor is hidden and shown; synchronized output changes nothing that can be seen."""
    assert not shown(ansi.HIDE_CURSOR).cursor_shown
    assert shown(ansi.HIDE_CURSOR + ansi.BEGIN_SYNC + "a" + ansi.SHOW_CURSOR + ansi.END_SYNC).cursor_shown


def test_the_alternate_screen_leaves_no_trace() -> None:
    """What is shown there goes with it: rows, cursor and scrollback are as before, also after a resize."""
    screen = shown("1\n2\n3\n4")
    screen.feed(ENTER)
    assert (screen.alternate, screen.text, screen.cursor) == (True, "", (1, 2))
    screen.feed(ENTER + "a\nb\nc\nd\n")
    screen.resize(6, 2)
    assert screen.rows == ["d", ""]
    screen.feed(LEAVE)
    assert not screen.alternate
    assert (screen.scrollback, screen.rows, screen.cursor) == (["1", "2"], ["3", "4"], (1, 1))


def test_a_smaller_height_keeps_the_cursor() -> None:
    """Rows below the cursor go first, then the top ones go to the scrollback, where they stay."""
    screen = shown("1\n2\n3\n4" + ansi.up(2), rows=4)
    screen.resize(6, 3)
    assert (screen.scrollback, screen.rows, screen.cursor) == ([], ["1", "2", "3"], (1, 1))
    screen.resize(6, 1)
    assert (screen.scrollback, screen.rows, screen.cursor) == (["1"], ["2"], (1, 0))
    screen.resize(6, 3)
    assert (screen.scrollback, screen.rows, screen.cursor) == (["1"], ["2", "", ""], (1, 0))


def test_a_smaller_width_cuts_rows_off() -> None:
    """Nothing is wrapped anew, half a wide character is none, and what was cut does not come back."""
    screen = shown("abcdef\nab損\nabcd")
    screen.resize(3, 3)
    assert (screen.rows, screen.cursor) == (["abc", "ab", "abc"], (2, 2))
    screen.resize(6, 3)
    screen.feed("x")
    assert screen.rows == ["abc", "ab", "abcx"]
