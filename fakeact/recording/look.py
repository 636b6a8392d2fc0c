"""How a cell looks: a terminal's style as colours and emphasis, for formats that have no escape sequences."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from fakeact.recording.theme import BACKGROUND, FOREGROUND, colour


class Look(NamedTuple):
    """Colours as ``#rrggbb``; the background is None where the terminal's own shows through."""

    ink: str = FOREGROUND
    paper: str | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False


PLAIN = Look()


@lru_cache(maxsize=4096)
def look(style: frozenset[str]) -> Look:
    """The look of a cell whose SGR codes these are; reversed colours are exchanged, concealed text has its paper's.

    >>> look(frozenset({"1", "32"})).bold, look(frozenset({"7"}))[:2] == (BACKGROUND, FOREGROUND)
    (True, True)
    """
    ink = next((colour(code) for code in style if _is_foreground(code)), FOREGROUND)
    paper = next((colour(code) for code in style if _is_background(code)), None)
    if "7" in style:
        ink, paper = paper or BACKGROUND, ink
    if "8" in style:
        ink = paper or BACKGROUND
    return Look(ink, paper, *(code in style for code in ("1", "2", "3", "4", "9")))


def _is_foreground(code: str) -> bool:
    return code[0] in "39" and len(code) > 1


def _is_background(code: str) -> bool:
    return code[0] in "41" and len(code) > 1


def runs(cells: Iterable[tuple[str, frozenset[str]]]) -> list[tuple[str, Look]]:
    """Cells of a row as stretches of text that look alike.

    >>> runs([("a", frozenset()), ("b", frozenset()), ("c", frozenset({"31"}))])[0]
    ('ab', Look(ink='#d3d7de', paper=None, bold=False, dim=False, italic=False, underline=False, strike=False))
    """
    alike = groupby(cells, lambda cell: look(cell[1]))
    return [("".join(character for character, _ in run), each) for each, run in alike]
