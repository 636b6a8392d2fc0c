"""Heat maps: each value a coloured cell."""

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TypeVar

from fakeact.style import Style, palette

_T = TypeVar("_T")

# Paths along the edges of the 256-colour cube, whose index is 16 + 36 r + 6 g + b with parts of 0 to 5.
_COLD = (21, 27, 33, 39, 45, 51, 50, 49, 48, 47)  # blue over cyan to green
_WARM = (46, 82, 118, 154, 190, 226, 220, 214, 208, 202, 196)  # green over yellow to red
THERMAL = tuple(map(palette, _COLD + _WARM))
LOAD = tuple(map(palette, _WARM))
GREYS = tuple(map(palette, range(232, 256)))
DENSITY = " .:-=+*#%@"


def heat(
    values: Iterable[float],
    low: float,
    high: float,
    *,
    ramp: Sequence[Style] = THERMAL,
    glyphs: str = "█",
    missing: str = " ",
    ascii: bool = False,
) -> str:
    """A row of a heat map, one cell a value, coloured from ``low`` to ``high``; nan is ``missing``.

    With several ``glyphs``, from cold to hot, it can be read without colour too, as it can in ASCII.

    >>> from fakeact.ansi import strip
    >>> strip(heat([30, 50, math.nan, 90], 30, 90, glyphs="░▒▓█", missing="x"))
    '░▒x█'
    >>> strip(heat([0.0, 0.5, 1.0], 0, 1, ascii=True))
    ' +@'
    """
    glyphs = DENSITY if ascii else glyphs
    cells = [
        (None, missing) if math.isnan(value) else _cell(_share(value, low, high), ramp, glyphs) for value in values
    ]
    # Neighbours of one colour share its sequences: a large map is mostly that.
    runs = groupby(cells, lambda cell: cell[0])
    texts = ((style, "".join(glyph for _, glyph in run)) for style, run in runs)
    return "".join(style(text) if style else text for style, text in texts)


def _cell(share: float, ramp: Sequence[Style], glyphs: str) -> tuple[Style | None, str]:
    return _at(ramp, share), _at(glyphs, share)


def _share(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0) if high > low else 0.0


def _at(levels: Sequence[_T], share: float) -> _T:
    return levels[min(int(share * len(levels)), len(levels) - 1)]
