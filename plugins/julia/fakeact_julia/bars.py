"""Pkg's progress bars, as `MiniProgressBars.jl` draws them since Julia 1.12."""

from fakeact.ansi import width
from fakeact.style import Style, bold, bright_black, cyan, green

WIDTH = 40
"""Cells of a bar where there is room."""
_MARGIN = 10
"""What Pkg leaves free besides header and figures."""
_SIZES = ("bytes", "KiB", "MiB", "GiB")


def count(header: str, done: int, total: int, columns: int, *, indent: int, colour: Style = green) -> str:
    """A bar that counts: the first word of the header is set off.

    >>> from fakeact.ansi import strip
    >>> strip(count("Downloading packages", 3, 12, 60, indent=1))
    ' Downloading packages ━━━━━━╺━━━━━━━━━━━━━━━━━━━ 3/12'
    """
    first, _, rest = header.partition(" ")
    bar = _bar(header, done / max(total, 1), f"{done}/{total}", columns, colour)
    return f"{' ' * indent}{bold(green(first))} {rest} {bar}"


def transfer(name: str, received: float, size: int, columns: int) -> str:
    """The bar of one file: bytes that are there, and how many they will be.

    >>> from fakeact.ansi import strip
    >>> strip(transfer("Cairo ", 700_000, 1_413_120, 60))
    '  Cairo  ━━━━━━━━━━━╸━━━━━━━━━━━━    683.6 KiB/1.3 MiB'
    """
    return f"  {name} {_bar(name, received / size, f'{data(received)}/{data(size)}'.rjust(20), columns, cyan)}"


def _bar(header: str, share: float, figures: str, columns: int, colour: Style) -> str:
    cells = max(0, min(columns - width(header) - width(figures) - _MARGIN, WIDTH))
    filled = int(cells * share)
    left = cells - filled
    tip = (colour("╸") if cells * share - filled > 0.5 else bright_black("╺")) if left else ""
    return f"{colour('━' * filled)}{tip}{bright_black('━' * max(0, left - 1))} {figures}"


def data(size: float) -> str:
    """Bytes with one digit after the point, as Pkg's bars have them.

    >>> data(512), data(1536), data(1), data(14_870 * 1024)
    ('512 bytes', '1.5 KiB', '1 byte', '14.5 MiB')
    """
    return _sized(size, 1)


def precise(size: float) -> str:
    """Bytes with three digits after the point, as ``gc`` has them.

    >>> precise(52.2134 * 2**20)
    '52.213 MiB'
    """
    return _sized(size, 3)


def _sized(size: float, digits: int) -> str:
    value, unit = float(size), 0
    while value >= 1024 and unit < len(_SIZES) - 1:
        value, unit = value / 1024, unit + 1
    if unit:
        return f"{value:.{digits}f} {_SIZES[unit]}"
    return f"{int(size)} byte{'' if int(size) == 1 else 's'}"
