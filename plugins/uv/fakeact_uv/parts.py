"""Lines as coloured parts, cut or folded at a width as a terminal does with what does not fit."""

from collections.abc import Sequence

from fakeact.style import Style

Parts = Sequence[tuple[str, Style]]
"""Pieces of a line, in ASCII or spinner frames, so one cell a character."""


def plain(text: str) -> str:
    """Text without a colour."""
    return text


def fold(parts: Parts, cells: int) -> list[str]:
    """The screen rows that a line takes at a width of 1 or more.

    >>> fold([("langdetect", plain), ("==1.0.9", plain)], 12)
    ['langdetect==', '1.0.9']
    """
    rows, row, room = [], "", cells
    for text, style in parts:
        while text:
            if not room:
                rows.append(row)
                row, room = "", cells
            piece, text = text[:room], text[room:]
            row, room = row + style(piece), room - len(piece)
    return [*rows, row]


def cut(parts: Parts, cells: int) -> str:
    """As much of a line as fits in a row.

    >>> cut([("langdetect", plain), ("==1.0.9", plain)], 12)
    'langdetect=='
    """
    return fold(parts, cells)[0]
