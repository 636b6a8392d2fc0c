"""What Julia greets with, in the size that fits."""

from fakeact.style import Style, blue, bold, green, magenta, red

VERSION = "1.12.7 (2026-08-15)"
BUILD = "Official https://julialang.org release"


def banner(columns: int) -> list[str]:
    """The logo where it fits, else what ``--banner=short`` shows, else nothing, as ``-q`` has it."""
    if columns >= 69:
        return _full()
    return _short() if columns >= 47 else []


def _full() -> list[str]:
    b, r, g, m = (_dot(colour) for colour in (blue, red, green, magenta))
    ring = "(_)"
    return [
        f"               {g('_')}",
        f"   {b('_')}       _ {r('_')}{g(ring)}{m('_')}     |  Documentation: https://docs.julialang.org",
        f"  {b(ring)}     | {r(ring)} {m(ring)}    |",
        '   _ _   _| |_  __ _   |  Type "?" for help, "]?" for Pkg help.',
        "  | | | | | | |/ _` |  |",
        f"  | | |_| | | | (_| |  |  Version {VERSION}",
        f" _/ |\\__'_|_|_|\\__'_|  |  {BUILD}",
        "|__/                   |",
        "",
    ]


def _short() -> list[str]:
    r, g, m = (_dot(colour) for colour in (red, green, magenta))
    return [f"  {g('o')}  | Version {VERSION}", f" {r('o')} {m('o')} | {BUILD}"]


def _dot(colour: Style) -> Style:
    return lambda text: bold(colour(text))
