"""Blocks and lines drawn as shapes, as terminals do: fonts leave gaps between them, and not all have them."""

import re
import unicodedata
from functools import lru_cache

Rectangle = tuple[float, float, float, float]
"""Left, top, width and height, in eighths of a cell."""

_SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}
# Quadrants by character: upper left, upper right, lower left, lower right.
_QUADRANTS = {
    "▖": "2", "▗": "3", "▘": "0", "▙": "023", "▚": "03",
    "▛": "012", "▜": "013", "▝": "1", "▞": "12", "▟": "123",
}  # fmt: skip
_SIDES = {"UP": "u", "DOWN": "d", "LEFT": "l", "RIGHT": "r", "VERTICAL": "ud", "HORIZONTAL": "lr"}
_LINE = re.compile(r"BOX DRAWINGS (LIGHT|HEAVY)(?: ARC)? ([A-Z]+)(?: AND ([A-Z]+))?")
THICKNESS = {"LIGHT": 1.0, "HEAVY": 2.0}
"""Of a line, in eighths of a cell's width."""


@lru_cache(maxsize=1024)
def rectangles(character: str) -> tuple[Rectangle, ...]:
    """The shape of a block or of a line, empty for characters that are better left to a font.

    >>> rectangles("▄"), rectangles("a")
    (((0, 4, 8, 4),), ())
    >>> rectangles("─")
    ((0, 3.75, 8, 0.5),)
    """
    if "▀" <= character <= "▟":
        return _block(character)
    if "─" <= character <= "╿" and (line := _LINE.fullmatch(unicodedata.name(character))):
        weight, *directions = line.groups()
        sides = "".join(_SIDES.get(direction, "?") for direction in directions if direction)
        return () if "?" in sides else tuple(_arms(sides, THICKNESS[weight]))
    return ()


def opacity(character: str) -> float:
    """How much of a shade's cell is covered, from 0 to 1; 1 for what is no shade."""
    return _SHADES.get(character, 1.0)


_HALVES: dict[str, Rectangle] = {"▀": (0, 0, 8, 4), "▐": (4, 0, 4, 8), "▔": (0, 0, 8, 1), "▕": (7, 0, 1, 8)}


def _block(character: str) -> tuple[Rectangle, ...]:
    code = ord(character)
    if 0x2581 <= code <= 0x2588:  # lower eighths, up to the full block
        return ((0, 8 - (code - 0x2580), 8, code - 0x2580),)
    if 0x2589 <= code <= 0x258F:  # left eighths, from seven down to one
        return ((0, 0, 0x2590 - code, 8),)
    if quadrants := _QUADRANTS.get(character):
        return tuple((4 * (int(quarter) % 2), 4 * (int(quarter) // 2), 4, 4) for quarter in quadrants)
    return (_HALVES.get(character, (0, 0, 8, 8)),)


def _arms(sides: str, across: float) -> list[Rectangle]:
    """Lines from the middle to the sides; a cell is about twice as high as wide, so a row's line is thinner."""
    along = across / 2
    left, right = 0 if "l" in sides else 4 - across / 2, 8 if "r" in sides else 4 + across / 2
    top, bottom = 0 if "u" in sides else 4 - along / 2, 8 if "d" in sides else 4 + along / 2
    arms: list[Rectangle] = []
    if set("lr") & set(sides):
        arms.append((left, 4 - along / 2, right - left, along))
    if set("ud") & set(sides):
        arms.append((4 - across / 2, top, across, bottom - top))
    return arms
