"""XMRig's tones: its bold colours, its tags, and how it writes difficulties and hash rates."""

from fakeact.style import (
    Style,
    bold,
    bright_black,
    cyan,
    green,
    magenta,
    on_blue,
    on_cyan,
    on_green,
    on_magenta,
    on_yellow,
    red,
    white,
    yellow,
)
from fakeact_cryptomining.sim.hashing import Rate


def bolder(style: Style) -> Style:
    """A colour, and bold."""
    return lambda text: bold(style(text))


WHITE, CYAN, GREEN, RED = map(bolder, (white, cyan, green, red))
YELLOW, MAGENTA = map(bolder, (yellow, magenta))
# XMRig asks for bold black, which terminals show as grey, or not at all: grey is what it means.
GREY = bright_black


def _tag(name: str, ground: Style) -> str:
    return bold(ground(white(f" {name:<8}")))


NET, CPU, MINER = _tag("net", on_blue), _tag("cpu", on_cyan), _tag("miner", on_magenta)
NVIDIA = _tag("nvidia", on_green)
MSR, RANDOMX, SIGNAL = _tag("msr", on_yellow), _tag("randomx", on_blue), _tag("signal", on_yellow)


def human(difficulty: int) -> str:
    """A difficulty as XMRig writes it, cut, not rounded.

    >>> human(999_999), human(1_234_567), human(123_456_789), human(200_000_000_000)
    ('999999', '1234K', '123M', '200G')
    """
    for least, unit, letter in ((10**11, 10**9, "G"), (10**8, 10**6, "M"), (10**6, 10**3, "K")):
        if difficulty >= least:
            return f"{difficulty // unit}{letter}"
    return str(difficulty)


def rate(value: Rate, scale: float = 1.0) -> str:
    """A hash rate as XMRig writes it.

    >>> rate(None), rate(0.0), rate(99.994), rate(22345.678), rate(46.3e6, 1e-6)
    ('n/a', '0.00', '99.99', '22345.7', '46.30')
    """
    if value is None:
        return "n/a"
    value *= scale
    return f"{value:.2f}" if value < 100 else f"{value:.1f}"
