"""Progress bars: a share of the whole, from 0 to 1, as a row of cells."""

from fakeact.ansi import crop
from fakeact.style import palette, rgb

# From empty to full, one symbol a step: a bar moves on in so many steps a cell.
EIGHTHS = " ▏▎▍▌▋▊▉█"
DIGITS = " 123456789#"  # tqdm's form where there is only ASCII
SHADES = "░▒▓█"
HASHES = ".#"

# rich's default theme: bar.complete, bar.finished and bar.back (grey23).
_COMPLETE, _FINISHED, _TRACK = rgb(249, 38, 114), rgb(114, 156, 31), palette(237)


def bar(share: float, width: int, symbols: str = EIGHTHS, *, ascii: bool = False) -> str:
    """A bar of ``width`` cells; ``symbols`` go from an empty cell to a full one, each one cell wide.

    A share outside 0 to 1 is drawn as the nearer end, one that is not a number as empty.

    >>> bar(0.45, 10), bar(0.45, 10, ascii=True), bar(0.5, 8, HASHES), bar(0.4, 8, SHADES)
    ('████▌     ', '####5     ', '####....', '███░░░░░')
    """
    symbols = DIGITS if ascii else symbols
    steps = len(symbols) - 1
    # tqdm's order of operations: any other rounds differently at some shares.
    full, part = divmod(int(_clamp(share) * width * steps), steps)
    if full >= width:
        return symbols[-1] * width
    return symbols[-1] * full + symbols[part] + symbols[0] * (width - full - 1)


def arrow_bar(share: float, width: int, body: str = "=", tip: str = ">", gap: str = " ") -> str:
    """A bar in brackets with a tip, as wget and cargo draw it; ``width`` counts the brackets.

    >>> arrow_bar(0.6, 12), arrow_bar(1, 12), arrow_bar(0.6, 12, "#", "#", "-")
    ('[=====>    ]', '[==========]', '[######----]')
    """
    cells = max(width - 2, 0)
    done = int(_clamp(share) * cells)
    head = body * done if done == cells else body * (done - 1) + tip * min(done, 1)
    return crop(f"[{head}{gap * (cells - done)}]", width)


def rich_bar(completed: float, width: int, total: float = 1.0, *, track: bool = True, ascii: bool = False) -> str:
    """A thin bar in the colours of rich's progress bars: half cells, the rest as a grey track.

    Where colour may be missing choose ``track=False``, which leaves the rest blank, as rich does there.

    >>> from fakeact.ansi import strip
    >>> strip(rich_bar(0.5, 9)), strip(rich_bar(0.5, 8)), strip(rich_bar(0.5, 9, track=False, ascii=True))
    ('━━━━╸━━━━', '━━━━╺━━━', '----     ')
    """
    line, right_half, left_half = ("-", " ", " ") if ascii else ("━", "╸", "╺")
    halves = int(width * 2 * min(total, max(0.0, completed)) / total) if total else width * 2
    full, half = divmod(halves, 2)
    gap = left_half if full and not half else line
    rest = width - full - half
    colour = _FINISHED if completed >= total else _COMPLETE
    done, remaining = line * full + right_half * half, (gap + line * (rest - 1))[:rest]
    return (colour(done) if done else "") + (_TRACK(remaining) if track and rest else " " * rest)


def _clamp(share: float) -> float:
    return min(share, 1.0) if share > 0 else 0.0
