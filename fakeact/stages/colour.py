"""How many colours a stage shows, and how text is made to fit that."""

import re
from collections.abc import Mapping
from enum import IntEnum
from functools import lru_cache

from fakeact import ansi


class Depth(IntEnum):
    """Colours a terminal can show."""

    NONE = 0
    ANSI = 16
    PALETTE = 256
    TRUE = 1 << 24


def choose_depth(when: str, env: Mapping[str, str], tty: bool) -> Depth:
    """Colours to use: by option, NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, TERM=dumb, CLICOLOR, and the tty."""
    return _capable(env) if _wanted(when, env, tty) else Depth.NONE


def _wanted(when: str, env: Mapping[str, str], tty: bool) -> bool:
    if when != "auto":
        return when == "always"
    if env.get("NO_COLOR"):
        return False
    if env.get("FORCE_COLOR") or env.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return tty and env.get("TERM") != "dumb" and env.get("CLICOLOR") != "0"


def _capable(env: Mapping[str, str]) -> Depth:
    if env.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return Depth.TRUE
    return Depth.PALETTE if env.get("TERM", "").endswith("-256color") else Depth.ANSI


def fit(text: str, depth: Depth) -> str:
    """Text with its colours brought down to what can be shown.

    >>> fit(ansi.sgr(38, 2, 255, 0, 0) + "x", Depth.ANSI) == ansi.sgr(91) + "x"
    True
    """
    if depth is Depth.TRUE or ansi.ESC not in text:
        return text
    return ansi.SGR.sub(lambda match: _fit_sgr(match.group(1), depth), text)


@lru_cache(maxsize=4096)
def _fit_sgr(codes: str, depth: Depth) -> str:
    if depth is Depth.NONE:
        return ""
    fitted = re.sub(r"\b([34])8;2;(\d+);(\d+);(\d+)", lambda m: _fit_rgb(m, depth), codes)
    if depth is Depth.ANSI:
        fitted = re.sub(r"\b([34])8;5;(\d+)", lambda m: _nearest(m.group(1), palette_rgb(int(m.group(2)))), fitted)
    return f"{ansi.ESC}[{fitted}m"


def _fit_rgb(match: re.Match[str], depth: Depth) -> str:
    r, g, b = (int(part) for part in match.groups()[1:])
    if depth is Depth.PALETTE:
        return f"{match.group(1)}8;5;{_palette_index(r, g, b)}"
    return _nearest(match.group(1), (r, g, b))


_CUBE = (0, 95, 135, 175, 215, 255)
# xterm's defaults for the sixteen colours every terminal has.
_SIXTEEN = (
    *((0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0)),
    *((0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229)),
    *((127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0)),
    *((92, 92, 255), (255, 0, 255), (0, 255, 255), (255, 255, 255)),
)


def palette_rgb(index: int) -> tuple[int, int, int]:
    """The colour of a palette entry: sixteen named ones, a 6x6x6 cube, 24 greys."""
    if index < 16:
        return _SIXTEEN[index]
    if index > 231:
        grey = 8 + 10 * (index - 232)
        return grey, grey, grey
    cube = index - 16
    return _CUBE[cube // 36], _CUBE[cube // 6 % 6], _CUBE[cube % 6]


def _distance(a: tuple[int, int, int], b: tuple[int, int, int]) -> int:
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))


def _palette_index(r: int, g: int, b: int) -> int:
    return min(range(16, 256), key=lambda index: _distance(palette_rgb(index), (r, g, b)))


def _nearest(layer: str, rgb: tuple[int, int, int]) -> str:
    index = min(range(16), key=lambda i: _distance(_SIXTEEN[i], rgb))
    base = {"3": (30, 90), "4": (40, 100)}[layer][index > 7]
    return str(base + index % 8)
