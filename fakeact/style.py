"""Colours and emphasis as functions from text to text: ``red("x")``, ``bold(green("x"))``.

Modules always colour; the stage takes out what the terminal can't show. Each style closes only
itself, so styles nest: ``red("a" + blue("b") + "c")`` is red again at the c. The codes are the
ones colorama lists; its tables are compared with these in the tests, but not imported, because
that costs as much as starting Python does.
"""

from collections.abc import Callable

from fakeact.ansi import sgr

Style = Callable[[str], str]


def _style(opening: str, closing: str) -> Style:
    def apply(text: str) -> str:
        if closing in text:
            text = text.replace(closing, closing + opening)
        return f"{opening}{text}{closing}"

    return apply


_FOREGROUND_OFF, _BACKGROUND_OFF = sgr(39), sgr(49)
# Bold and dim share their off switch (22), as in every terminal.
bold, dim = _style(sgr(1), sgr(22)), _style(sgr(2), sgr(22))
italic, underline, reverse = _style(sgr(3), sgr(23)), _style(sgr(4), sgr(24)), _style(sgr(7), sgr(27))

black, red, green, yellow, blue, magenta, cyan, white = (_style(sgr(30 + n), _FOREGROUND_OFF) for n in range(8))
(
    bright_black,
    bright_red,
    bright_green,
    bright_yellow,
    bright_blue,
    bright_magenta,
    bright_cyan,
    bright_white,
) = (_style(sgr(90 + n), _FOREGROUND_OFF) for n in range(8))
on_black, on_red, on_green, on_yellow, on_blue, on_magenta, on_cyan, on_white = (
    _style(sgr(40 + n), _BACKGROUND_OFF) for n in range(8)
)


def palette(index: int) -> Style:
    """A colour of the 256-colour palette, 0 to 255.

    >>> palette(208)("warm") == sgr(38, 5, 208) + "warm" + sgr(39)
    True
    """
    return _style(sgr(38, 5, index), _FOREGROUND_OFF)


def on_palette(index: int) -> Style:
    """A background of the 256-colour palette, 0 to 255."""
    return _style(sgr(48, 5, index), _BACKGROUND_OFF)


def rgb(r: int, g: int, b: int) -> Style:
    """A 24-bit colour, each part 0 to 255; shown as near as the terminal can."""
    return _style(sgr(38, 2, r, g, b), _FOREGROUND_OFF)


def on_rgb(r: int, g: int, b: int) -> Style:
    """A 24-bit background, each part 0 to 255."""
    return _style(sgr(48, 2, r, g, b), _BACKGROUND_OFF)
