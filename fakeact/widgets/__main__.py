"""Every widget once, with the code that made it: ``python -m fakeact.widgets``."""

import math
from collections.abc import Iterator
from datetime import datetime

from fakeact.style import bold
from fakeact.widgets import (
    arrow_bar,
    asctime,
    bar,
    box_table,
    c10,
    dmesg,
    glog,
    heat,
    klog,
    markdown_table,
    pip_meter,
    rich_bar,
    rule,
    sparkline,
    spinner,
    syslog,
    table,
    torch_log,
    tqdm_meter,
)
from fakeact.widgets.bars import SHADES
from fakeact.widgets.heat import GREYS, LOAD
from fakeact.widgets.spinner import SPINNERS

_WHEN = datetime(2026, 11, 3, 18, 32, 6, 961000)
_ROWS = [["llama-8b", "8.03B", "4.98 GB"], ["模型", "671B", "1.34 TB"]]
_HEADER = ["model", "parameters", "size"]


def _bars() -> Iterator[str]:
    for share in (0.0, 0.37, 0.82, 1.0):
        yield f"{bar(share, 24)} {bar(share, 24, SHADES)} {rich_bar(share, 24)} {arrow_bar(share, 24)}"
    yield tqdm_meter(450, 1000, 83.2, 72, desc="train", postfix="loss=2.31")
    yield tqdm_meter(2.1e9, 4.98e9, 35, 72, desc="shard", unit="B", unit_scale=True)
    yield pip_meter(2_100_000, 4_900_000, 5_300_000)


def _courses() -> Iterator[str]:
    decay = [2 + 9 * math.exp(-i / 90) + 0.3 * math.sin(i) for i in range(400)]
    yield f"loss {sparkline(decay)}"
    yield f"loss {sparkline(decay, ascii=True)}"
    for ramp in (LOAD, GREYS):
        yield heat(range(72), 0, 71, ramp=ramp)
    yield heat(range(72), 0, 71, ascii=True)
    yield "   ".join(f"{style} {spinner(2, style)}" for style in SPINNERS)


def _tables() -> Iterator[str]:
    yield from table(_ROWS, _HEADER, align="lrr", ruled=True)
    yield from box_table(_ROWS, _HEADER, align="lrr")
    yield from markdown_table(_ROWS, _HEADER, align="lrr")


def _prefixes() -> Iterator[str]:
    yield glog(_WHEN, "I", 1923, "server.cc", 30)
    yield klog(_WHEN, "E", 1, "reconcile.go", 30)
    yield torch_log(_WHEN, "W", 1923, "torch/distributed/run.py", 803)
    yield c10(_WHEN, 61727749, "E", "ProcessGroupNCCL.cpp", 683, rank=1)
    yield asctime(_WHEN)
    yield syslog(_WHEN, "node-01", "systemd", 1)
    yield dmesg(12.345679)


def main() -> None:
    """Print every widget."""
    rooms = {"bars": _bars(), "courses": _courses(), "tables": _tables(), "prefixes": _prefixes()}
    for title, lines in rooms.items():
        print(bold(rule(99, title)), *lines, "", sep="\n")


if __name__ == "__main__":
    main()
