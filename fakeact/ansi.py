"""Every escape sequence there is in this project, and how much room text takes on screen.

No other file spells out an escape character; ``tests/test_architecture.py`` holds that.
Sequences follow ECMA-48; the private modes are xterm's (25 cursor, 1049 alternate screen,
2026 synchronized output); 22t and 23t push and pop the window title.
"""

import re
import unicodedata
from functools import lru_cache

ESC = "\x1b"
RESET = f"{ESC}[0m"
HIDE_CURSOR = f"{ESC}[?25l"
SHOW_CURSOR = f"{ESC}[?25h"
ENTER_ALTERNATE = f"{ESC}[?1049h"
LEAVE_ALTERNATE = f"{ESC}[?1049l"
PUSH_TITLE = f"{ESC}[22;2t"
POP_TITLE = f"{ESC}[23;2t"
BEGIN_SYNC = f"{ESC}[?2026h"
END_SYNC = f"{ESC}[?2026l"
ERASE_LINE = f"{ESC}[2K"
ERASE_RIGHT = f"{ESC}[K"
ERASE_BELOW = f"{ESC}[J"

SGR = re.compile(rf"{ESC}\[([0-9;:]*)m")
_SEQUENCE = (
    rf"{ESC}(?:\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, modes
    rf"|\][^\x07{ESC}]*(?:\x07|{ESC}\\)"  # OSC: titles, links
    r"|[ -/]*[0-Z\\^-~])"  # two-byte and nF sequences
)
_MODES = re.compile(rf"{ESC}(?:\[\?[0-9;]*[hl]|\[[0-9;]*t|\][^\x07{ESC}]*(?:\x07|{ESC}\\))")
_ANY = re.compile(_SEQUENCE)
_TOKEN = re.compile(rf"({_SEQUENCE})")
# Line feed is the one control character a show may use freely.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_UNPRINTABLE = re.compile(rf"{_SEQUENCE}|{_CONTROL.pattern}")
# Characters that take one cell for sure: ASCII, Latin, punctuation, arrows, boxes and blocks, ticks, braille.
_NARROW = re.compile(r"[ -~\xa1-\xac\xae-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25fc\u2713-\u2718\u2800-\u28ff]*")
TAB_STOP = 8


def up(rows: int) -> str:
    """Move the cursor up, or nothing for no rows.

    >>> up(0), up(3) == ESC + "[3A"
    ('', True)
    """
    return f"{ESC}[{rows}A" if rows > 0 else ""


def down(rows: int) -> str:
    """Move the cursor down without scrolling, or nothing for no rows."""
    return f"{ESC}[{rows}B" if rows > 0 else ""


def right(cells: int) -> str:
    """Move the cursor to the right, or nothing for no cells."""
    return f"{ESC}[{cells}C" if cells > 0 else ""


def sgr(*codes: int) -> str:
    """Select graphic rendition: ``sgr(1, 31)`` begins bold red."""
    return f"{ESC}[{';'.join(map(str, codes))}m"


def title(text: str) -> str:
    """Set the window's title."""
    return f"{ESC}]2;{_CONTROL.sub('', strip(text))}{ESC}\\"


def strip(text: str) -> str:
    """Text without its escape sequences.

    >>> strip(sgr(31) + "red" + RESET)
    'red'
    """
    return _ANY.sub("", text) if ESC in text else text


def without_modes(text: str) -> str:
    """Text without private modes and titles, for a terminal that would print them.

    >>> without_modes(HIDE_CURSOR + ERASE_RIGHT + SHOW_CURSOR) == ERASE_RIGHT
    True
    """
    return _MODES.sub("", text) if ESC in text else text


def tokens(text: str) -> list[str]:
    """Escape sequences whole and characters one by one, in order.

    >>> tokens("a" + RESET + "bc") == ["a", RESET, "b", "c"]
    True
    """
    if ESC not in text:
        return list(text)
    return [token for i, part in enumerate(runs(text)) for token in ([part] if i % 2 else part)]


def runs(text: str) -> list[str]:
    """Text and escape sequences by turns, beginning and ending with text, which may be empty.

    >>> runs("ab" + RESET + "c") == ["ab", RESET, "c"]
    True
    """
    return _TOKEN.split(text)


@lru_cache(maxsize=4096)
def cell_width(character: str) -> int:
    """Cells one character takes: 2 for wide East Asian ones and emoji, 0 for marks that combine."""
    if character == "\xad":  # a soft hyphen: "format" to Unicode, a cell to terminals
        return 1
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def width(text: str) -> int:
    r"""Cells that a line takes on screen.

    >>> width("loss"), width("損失"), width("e\u0301"), width(sgr(1) + "b" + RESET)
    (4, 4, 1, 1)
    """
    if ESC in text:
        text = strip(text)
    return len(text) if narrow(text) else sum(map(cell_width, text))


def narrow(text: str) -> bool:
    """Whether a text without sequences takes a cell for each of its characters, as far as a glance tells."""
    return text.isascii() or _one_cell_each(text)


def plain(text: str) -> bool:
    r"""Whether a text is all characters of a cell each: no sequences, no control characters.

    >>> plain("45%|████"), plain("損失"), plain("a\tb"), plain(sgr(31) + "red")
    (True, False, False, False)
    """
    return text.isprintable() if text.isascii() else _one_cell_each(text)


@lru_cache(maxsize=64)  # a frame asks several times for the same row
def _one_cell_each(text: str) -> bool:
    return _NARROW.fullmatch(text) is not None


def crop(text: str, cells: int) -> str:
    """As much of a line as fits, with its colours closed where it was cut inside one.

    >>> crop("checkpoint", 5), crop("損失", 3), crop("ok", 5)
    ('check', '損', 'ok')
    """
    if ESC not in text and narrow(text):
        return text[: max(cells, 0)]
    if width(text) <= cells:
        return text
    head, rest = _take(text, cells)
    return head + RESET if rest and ESC in head else head


def _take(text: str, cells: int) -> tuple[str, str]:
    """Split a line after as many cells as fit; marks stay with their base, sequences with what follows."""
    if ESC not in text and narrow(text):
        return text[: max(cells, 0)], text[max(cells, 0) :]
    parts = tokens(text)
    used = 0
    for i, token in enumerate(parts):
        used += 0 if token[0] == ESC else cell_width(token)
        if used > max(cells, 0):
            return "".join(parts[:i]), "".join(parts[i:])
    return text, ""


def fold(text: str, cells: int) -> list[str]:
    """The screen rows that a line fills at a width, as a terminal wraps it; the last may be empty.

    A line that ends exactly at the edge is followed by an empty row: the cursor is about to wrap.

    >>> fold("abcdef", 4), fold("abcd", 4), fold("", 4)
    (['abcd', 'ef'], ['abcd', ''], [''])
    """
    rows = []
    while width(text) >= cells > 0:
        head, rest = _take(text, cells)
        if not head:  # a wide character on a one-cell screen: nothing sensible fits
            head, rest = text, ""
        rows.append(head)
        text = _open_styles(head) + rest
    return [*rows, text]


def _open_styles(text: str) -> str:
    """The colours still in force at the end of a text, as sequences."""
    found = [match.group() for match in SGR.finditer(text)]
    while RESET in found or sgr() in found:
        found.pop(0)
    return "".join(found)


def close_styles(text: str) -> str:
    """Text that surely leaves no colour behind.

    >>> close_styles("plain"), close_styles(sgr(31) + "red") == sgr(31) + "red" + RESET
    ('plain', True)
    """
    return text + RESET if ESC in text and not text.endswith(RESET) else text


def pad(text: str, cells: int, align: str = "left") -> str:
    """A line filled up with blanks to a width; ``align`` is where the text goes.

    >>> pad("ab", 5), pad("ab", 5, "right"), pad("ab", 5, "center")
    ('ab   ', '   ab', ' ab  ')
    """
    gap = max(0, cells - width(text))
    left = {"left": 0, "right": gap, "center": gap // 2}[align]
    return " " * left + text + " " * (gap - left)


def printable(text: str, column: int = 0) -> str:
    r"""Text reduced to characters, line feeds and colours, so that it can't move the cursor.

    Tabs become blanks up to the next stop, counted from ``column``.

    >>> printable("a\tb\rc\x07")
    'a       bc'
    >>> printable(up(3) + sgr(31) + "x" + RESET) == sgr(31) + "x" + RESET
    True
    """
    if not _CONTROL.search(text):
        return text
    if "\t" not in text:
        return _UNPRINTABLE.sub(_colour_only, text)
    kept = []
    for token in tokens(text):
        if token == "\n":
            column = 0
        elif token == "\t":
            token = " " * (TAB_STOP - column % TAB_STOP)
            column += len(token)
        elif _CONTROL.match(token):
            token = token if SGR.fullmatch(token) else ""
        else:
            column += cell_width(token)
        kept.append(token)
    return "".join(kept)


def _colour_only(found: re.Match[str]) -> str:
    return found[0] if SGR.fullmatch(found[0]) else ""
