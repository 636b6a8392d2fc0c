"""Whole progress lines, with numbers and times, as well-known programs write them."""

import math

from fakeact.ansi import crop, width
from fakeact.style import cyan, green, red
from fakeact.units import byte_rate, hours_clock, tqdm_interval, tqdm_rate, tqdm_size
from fakeact.widgets.bars import DIGITS, EIGHTHS, bar, rich_bar

_DOWNLOAD_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def tqdm_meter(  # noqa: PLR0917 - tqdm's own parameters, in their order
    n: float,
    total: float | None,
    elapsed: float,
    ncols: int | None = None,
    desc: str = "",
    unit: str = "it",
    rate: float | None = None,
    postfix: str = "",
    ascii: bool | str = False,
    *,
    unit_scale: bool | float = False,
    unit_divisor: float = 1000,
    initial: float = 0,
) -> str:
    """A line as tqdm writes it (`tqdm.format_meter`, version 4.70).

    ``elapsed`` is in seconds and ``rate`` in units a second, by default their mean; without a total,
    or past it, there is no bar. ``ncols`` is the width; None gives a bar of ten cells and 0 none at all.

    >>> tqdm_meter(45, 100, 10, desc="train")
    'train:  45%|████▌     | 45/100 [00:10<00:12,  4.50it/s]'
    >>> tqdm_meter(2.1e9, 4.98e9, 35, 60, unit="B", unit_scale=True, ascii=True)
    ' 42%|#######5          | 2.10G/4.98G [00:35<00:48, 60.0MB/s]'
    """
    if total and (n >= total + 0.5 or total == math.inf):
        total = None
    if unit_scale not in (False, True, 0, 1):
        n, total = n * unit_scale, total and total * unit_scale
        rate = rate and rate * unit_scale
    scale = unit_scale in (True, 1)
    if rate is None and elapsed:
        rate = (n - initial) / elapsed
    count = tqdm_size(n, divisor=unit_divisor) if scale else str(n)
    speed = tqdm_rate(rate, unit, scale=scale) + (f", {postfix}" if postfix else "")
    if not total:
        label = f"{desc}: " if desc else ""
        return _trim(f"{label}{count}{unit} [{tqdm_interval(elapsed)}, {speed}]", ncols)
    whole = tqdm_size(total, divisor=unit_divisor) if scale else str(total)
    left = tqdm_interval((total - n) / rate) if rate else "?"
    label = desc if desc.endswith(": ") or not desc else f"{desc}: "
    before = f"{label}{n / total * 100:3.0f}%"
    after = f" {count}/{whole} [{tqdm_interval(elapsed)}<{left}, {speed}]"
    return _around_bar(before, after, n / total, ncols, DIGITS if ascii is True else ascii or EIGHTHS)


def _around_bar(before: str, after: str, share: float, ncols: int | None, symbols: str) -> str:
    if ncols == 0:
        return before + after
    room = ncols - width(f"{before}||{after}") if ncols else 10
    line = f"{before}|{bar(share, max(1, room), symbols)}|{after}"
    return line if room > 0 else _trim(line, ncols)


def _trim(line: str, ncols: int | None) -> str:
    return crop(line, ncols) if ncols else line


def pip_meter(
    completed: int,
    total: int,
    speed: float | None,
    ncols: int | None = None,
    *,
    track: bool = True,
    ascii: bool = False,
) -> str:
    """A line as pip shows it for a download: bytes of bytes, bytes a second, time left.

    The bar has 40 cells, rich's default; ``ncols`` cuts the line.

    >>> from fakeact.ansi import strip
    >>> strip(pip_meter(2_100_000, 4_900_000, 5_300_000))
    '   ━━━━━━━━━━━━━━━━━╺━━━━━━━━━━━━━━━━━━━━━━ 2.1/4.9 MB 5.3 MB/s eta 0:00:01'
    """
    power = min((len(str(total)) - 1) // 3, len(_DOWNLOAD_UNITS) - 1)
    done, whole = (f"{size / 1000**power:,.{1 if power else 0}f}" for size in (completed, total))
    left = hours_clock(math.ceil((total - completed) / speed)) if speed else "-:--:--"
    line = " ".join(
        [
            "  ",
            rich_bar(completed, 40, total, track=track, ascii=ascii),
            green(f"{done}/{whole} {_DOWNLOAD_UNITS[power]}"),
            red(byte_rate(speed) if speed else "?"),
            f"eta {cyan(left)}",
        ]
    )
    return line if ncols is None else crop(line, ncols)
