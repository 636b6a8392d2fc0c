"""The colours that recordings are shown in, as a terminal's theme."""

import re
from functools import lru_cache

from fakeact.stages.colour import palette_rgb

BACKGROUND, FOREGROUND = "#12161d", "#d3d7de"
SIXTEEN = (
    *("#2b303b", "#e0626c", "#7fbf6a", "#d9b45f", "#5c9fe8", "#b983d8", "#4fb8c2", "#c8cdd6"),
    *("#6b7484", "#f2838b", "#9bd886", "#efcf7f", "#82b8f5", "#d0a2ea", "#76d3db", "#f4f6f9"),
)
"""Black, red, green, yellow, blue, magenta, cyan, white, and the same brighter."""
_EXTENDED = re.compile(r"[34]8;(?:5;(\d+)|2;(\d+);(\d+);(\d+))")


@lru_cache(maxsize=4096)
def colour(code: str) -> str:
    """The colour an SGR code selects, as ``#rrggbb``.

    >>> colour("31"), colour("102"), colour("38;5;196"), colour("48;2;1;2;3")
    ('#e0626c', '#9bd886', '#ff0000', '#010203')
    """
    if found := _EXTENDED.fullmatch(code):
        index, *parts = found.groups()
        if index is not None and int(index) < 16:
            return SIXTEEN[int(index)]
        rgb = palette_rgb(int(index)) if index is not None else tuple(map(int, parts))
        return "#" + "".join(f"{part:02x}" for part in rgb)
    number = int(code)
    return SIXTEEN[number % 10 + (8 if number >= 90 else 0)]
