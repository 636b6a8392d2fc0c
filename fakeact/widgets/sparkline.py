"""A course of values as one row of blocks."""

import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.,-=+*#"


def sparkline(values: Sequence[float], width: int = 40, *, ascii: bool = False) -> str:
    """Values between their least and greatest, as wandb ends a run with; blank where not finite.

    More values than cells are thinned out; the first and the last stay.

    >>> sparkline([5, 3.2, 2.1, 1.6, 1.4, 1.3]), sparkline(range(100), 8), sparkline([1, 2, 3], ascii=True)
    ('█▅▃▂▁▁', '▁▂▃▄▅▆▇█', '_=#')
    """
    symbols = ASCII if ascii else BLOCKS
    shown = _thin(values, width)
    finite = [value for value in shown if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    return "".join(_block(value, low, high, symbols) for value in shown)


def _thin(values: Sequence[float], width: int) -> list[float]:
    if len(values) <= width:
        return list(values)
    if width < 2:
        return list(values[len(values) - width :])
    # wandb rounds the index down.
    ratio = (len(values) - 1) / (width - 1)
    return [values[int(i * ratio)] for i in range(width)]


def _block(value: float, low: float, high: float, symbols: str) -> str:
    if not math.isfinite(value):
        return " "
    # Halves, because the range of two finite numbers may be infinite.
    span = high / 2 - low / 2
    share = (value / 2 - low / 2) / span if span else 0.0
    return symbols[round(share * (len(symbols) - 1))]
