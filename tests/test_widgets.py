"""Widgets, held against the programs that they look like; and their manners at any width."""

import io
import logging
import math
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import Color
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressSample,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress_bar import ProgressBar
from rich.text import Text
from tqdm import tqdm

from fakeact import widgets
from fakeact.ansi import strip, width
from fakeact.style import green, red
from fakeact.widgets import bars
from fakeact.widgets.spinner import SPINNERS

SHARES = st.floats(0, 1) | st.sampled_from([math.nan, math.inf, -math.inf, -1.0, 2.0])
LABELS = st.text("abc XYZ:|%損失モデル🚀", max_size=12)
# To the millionth: tqdm itself overflows on rates next to nothing.
AMOUNTS = st.floats(0, 1e6).map(lambda amount: round(amount, 6))
COUNTS = st.integers(0, 10**12) | AMOUNTS
# On every machine the same examples, and no limit to how long one takes.
steady = settings(deadline=None, derandomize=True)


@pytest.mark.filterwarnings("ignore::tqdm.TqdmWarning")
@settings(steady, max_examples=400)
@given(
    n=COUNTS,
    total=st.none() | COUNTS | st.just(math.inf),
    elapsed=AMOUNTS,
    ncols=st.none() | st.integers(0, 120),
    desc=LABELS | st.just("Epoch 1: "),
    unit=st.sampled_from(["it", "B", " examples"]),
    rate=st.none() | st.floats(1e-3, 1e9),
    postfix=LABELS,
    ascii=st.sampled_from([False, True, " #", ".oO"]),
    unit_scale=st.sampled_from([False, True, 8, 0.5]),
    unit_divisor=st.sampled_from([1000, 1024]),
    initial=st.sampled_from([0, 1000]),
)
def test_the_meter_is_tqdms(n, total, elapsed, *, ncols, desc, unit, rate, postfix, ascii, **scaling) -> None:
    """The line equals tqdm's to the byte, with and without a total, at every width."""
    theirs = tqdm.format_meter(
        n, total, elapsed, ncols, desc, ascii=ascii, unit=unit, rate=rate, postfix=postfix, **scaling
    )
    assert widgets.tqdm_meter(n, total, elapsed, ncols, desc, unit, rate, postfix, ascii, **scaling) == theirs


@pytest.mark.filterwarnings("ignore::tqdm.TqdmWarning")
@pytest.mark.parametrize("n", [9.99, 10, 10.4, 10.5, 11])
def test_the_meter_forgives_what_tqdm_forgives(n: float) -> None:
    """Just past the total the bar is full; half a unit on, the total is taken for wrong."""
    assert widgets.tqdm_meter(n, 10, 5, 60) == tqdm.format_meter(n, 10, 5, 60)


@steady
@given(SHARES, st.integers(0, 80), st.booleans())
def test_rich_bar_is_richs(share: float, cells: int, ascii: bool) -> None:
    """Every cell has the symbol and the colour that rich draws there."""
    share = min(max(share, 0.0), 1.0) if math.isfinite(share) else 0.5
    console = Console(
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        width=max(cells, 1),
        legacy_windows=False,
    )
    options = console.options.update(max_width=cells)
    options.encoding = "ascii" if ascii else "utf-8"
    theirs = [
        (symbol, segment.style.color if segment.style else None)
        for segment in ProgressBar(1.0, share).__rich_console__(console, options)
        for symbol in segment.text
    ]
    parsed = Text.from_ansi(widgets.rich_bar(share, cells, ascii=ascii))
    ours = [(symbol, parsed.get_style_at_offset(console, i).color) for i, symbol in enumerate(parsed.plain)]
    assert list(map(_unnamed, ours)) == list(map(_unnamed, theirs))


def _unnamed(cell: tuple[str, Color | None]) -> tuple[object, ...]:
    """Symbol and colour without the name that the colour has in rich's theme."""
    symbol, colour = cell
    return (symbol, colour.number, colour.triplet) if colour else (symbol,)


@steady
@given(st.integers(1, 10**12), SHARES, st.none() | st.integers(1, 10**10))
def test_pip_meter_is_what_rich_draws_for_pip(total: int, share: float, speed: int | None) -> None:
    """The line equals that of pip's columns in rich."""
    completed = int(total * min(max(share, 0.0), 1.0)) if math.isfinite(share) else 0
    out = io.StringIO()
    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
        TextColumn("eta"), TimeRemainingColumn(),
    )  # fmt: skip
    progress = Progress(
        *columns,
        console=Console(file=out, width=200, force_terminal=True, color_system="truecolor"),
        get_time=lambda: 1.0,
    )
    progress.add_task("  ", total=total)
    task = progress.tasks[0]
    task.completed = completed
    if speed:
        task._progress.extend([ProgressSample(0.0, 0), ProgressSample(1.0, speed)])
    progress.console.print(progress.get_renderable())
    theirs = Text.from_ansi(out.getvalue()).plain.rstrip()
    assert strip(widgets.pip_meter(completed, total, speed)) == theirs


@steady
@given(LABELS, st.integers(0, 120), st.booleans())
def test_meters_are_no_wider_than_asked(desc: str, ncols: int, ascii: bool) -> None:
    """Meters are cut to the width, also inside a wide character; for tqdm's 0 means no bar instead."""
    assert width(widgets.pip_meter(21, 49, 5, ncols, ascii=ascii)) <= ncols
    drawn = widgets.tqdm_meter(21, 49, 5, ncols, desc, ascii=ascii)
    assert ("|" not in drawn.removeprefix(desc)) if ncols == 0 else width(drawn) <= ncols


@steady
@given(SHARES, st.integers(0, 60))
def test_bars_are_exactly_as_wide_as_asked(share: float, cells: int) -> None:
    """No share, not even one that is no number, makes a bar longer or shorter."""
    for one in (
        widgets.bar(share, cells),
        widgets.bar(share, cells, bars.SHADES),
        widgets.bar(share, cells, ascii=True),
        widgets.arrow_bar(share, cells),
        widgets.rich_bar(share, cells),
        widgets.rich_bar(share, cells, track=False, ascii=True),
    ):
        assert width(one) == cells


@steady
@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 60))
def test_a_bar_never_goes_back(one: float, other: float, cells: int) -> None:
    """A greater share never fills fewer cells, and only the whole fills them all."""
    less, more = sorted((one, other))
    eighths = [sum(map(bars.EIGHTHS.index, widgets.bar(share, cells))) for share in (less, more)]
    assert eighths[0] <= eighths[1]
    assert widgets.bar(1, cells) == "█" * cells
    assert widgets.arrow_bar(more, cells).count("=") >= widgets.arrow_bar(less, cells).count("=")


def test_a_bar_without_track_can_be_read_without_colour() -> None:
    """With the rest left blank the colours add nothing that the text does not say."""
    drawn = [strip(widgets.rich_bar(share, 8, track=False)) for share in (0, 0.25, 0.5, 1)]
    assert drawn == [" " * 8, "━━      ", "━━━━    ", "━" * 8]


@pytest.mark.parametrize("style", SPINNERS)
def test_a_spinner_stands_still(style: str) -> None:
    """All frames of a style are equally wide, differ from the one before, and come round again."""
    count = len(SPINNERS[style])
    frames = [widgets.spinner(i, style) for i in range(count + 1)]
    assert len(set(map(width, frames))) == 1
    assert all(before != after for before, after in pairwise(frames))
    assert frames[0] == frames[-1] == widgets.spinner(-count, style)
    assert widgets.spinner(1, style, ascii=True).isascii()


@steady
@given(st.lists(st.floats(), max_size=100), st.integers(0, 60), st.booleans())
def test_a_sparkline_fits(values: list[float], cells: int, ascii: bool) -> None:
    """Any floats give a cell each, or as many as there is room for; those not finite are blank."""
    drawn = widgets.sparkline(values, cells, ascii=ascii)
    assert len(drawn) == min(len(values), cells)
    assert width(drawn) == len(drawn)
    assert drawn.isascii() or not ascii
    if len(values) <= cells:
        assert [symbol == " " for symbol in drawn] == [not math.isfinite(value) for value in values]


def test_a_sparkline_shows_the_course() -> None:
    """Least is lowest, greatest is highest, equal is flat, and both ends of a long course are there."""
    assert widgets.sparkline([0, 7, 3, math.nan, 0]) == "▁█▄ ▁"
    assert widgets.sparkline([4.2] * 3) == "▁▁▁"
    long = widgets.sparkline([9.0, *[5.0] * 998, 11.0, 1.0])
    assert (len(long), long[0], long[20], long[-1]) == (40, "█", "▅", "▁")
    assert widgets.sparkline([*[5.0] * 999, 9.0])[-1] == "█"
    assert widgets.sparkline([1e308, -1e308]) == "█▁"


CELLS = st.text("ab 損é🚀", max_size=5) | st.just(green("ok"))


@steady
@given(
    st.lists(st.lists(CELLS, max_size=4), max_size=4),
    st.lists(CELLS, max_size=4),
    st.booleans(),
    st.integers(0, 40),
)
def test_tables_are_straight_and_fit(rows: list[list[str]], header: list[str], ascii: bool, ncols: int) -> None:
    """Ragged rows, wide characters and colours leave a frame straight; no line is longer than asked."""
    lines = widgets.box_table(rows, header, ascii=ascii)
    assert len(set(map(width, lines))) <= 1
    for kind in (widgets.table, widgets.box_table):
        assert all(width(line) <= ncols for line in kind(rows, header, ascii=ascii, ncols=ncols))
    lines = widgets.markdown_table(rows, header or ["a"])
    assert len(set(map(width, lines))) == 1
    assert all(width(line) <= ncols for line in widgets.markdown_table(rows, header or ["a"], ncols=ncols))


def test_an_ascii_table_is_ascii() -> None:
    """The frame and the rule have an ASCII form."""
    rows, header = [["a", "1"]], ["name", "n"]
    lines = widgets.box_table(rows, header, ascii=True) + widgets.table(rows, header, ruled=True, ascii=True)
    assert "".join([*lines, widgets.rule(20, "x", ascii=True)]).isascii()


def test_columns_are_aligned_as_asked() -> None:
    """Left, right and centre hold for header and cells, counted in display cells."""
    lines = widgets.table([["損失", "1", "x"], ["b", "22", "yyy"]], ["name", "n", "mid"], align="lrc", ruled=True)
    assert lines == ["name   n  mid", "────  ──  ───", "損失   1   x", "b     22  yyy"]


def test_a_markdown_table_without_margin_is_lm_evals() -> None:
    """Columns are at least three dashes wide and right alignment shows in the rule."""
    lines = widgets.markdown_table([["piqa", "↑", "0.7889"]], ["Tasks", "", "Value"], align="llr", margin=0)
    assert lines == ["|Tasks|   | Value|", "|-----|---|-----:|", "|piqa |↑  |0.7889|"]


@steady
@given(st.integers(0, 60), LABELS, st.booleans())
def test_a_rule_is_exactly_as_wide_as_asked(cells: int, title: str, ascii: bool) -> None:
    """A title is cut rather than the rule made longer; half a wide character leaves its cell to the line."""
    assert width(widgets.rule(cells, title, ascii=ascii)) == cells


@steady
@given(st.lists(st.floats(), max_size=40), st.booleans())
def test_a_heat_map_has_a_cell_a_value(values: list[float], ascii: bool) -> None:
    """Values beyond the range, and those that are no number, take their cell too."""
    row = strip(widgets.heat(values, 0, 100, ascii=ascii))
    assert len(row) == len(values)
    assert not ascii or row.isascii()


def test_a_heat_map_colours_from_low_to_high() -> None:
    """The ends of the range have the ends of the ramp, and neighbours of one colour share its sequences."""
    row = widgets.heat([20, 30, 80, 90, math.nan], 30, 80, ramp=(green, red), missing="x")
    assert row == green("██") + red("██") + "x"
    assert widgets.heat([5, 5], 5, 5, ramp=(green, red)) == green("██")


@steady
@given(st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)))
def test_asctime_is_loggings(when: datetime) -> None:
    """The time reads as Python's logging writes it."""
    record = logging.makeLogRecord({})
    record.created, record.msecs = when.replace(tzinfo=UTC).timestamp(), when.microsecond // 1000
    formatter = logging.Formatter()
    formatter.converter = lambda seconds: datetime.fromtimestamp(math.floor(seconds or 0), UTC).timetuple()
    assert widgets.asctime(when) == formatter.formatTime(record)


@steady
@given(st.datetimes(), st.integers(0, 999_999_999), st.integers(0, 2**22))
def test_torchs_prefixes_have_torchs_shape(when: datetime, nanoseconds: int, pid: int) -> None:
    """Python's side ends in 000 microseconds; C++'s has nine digits and no zero before the month."""
    python = widgets.torch_log(when, "W", pid, "torch/distributed/run.py", 803)
    assert python[1:5] == f"{when:%m%d}"
    assert python.split()[1].endswith("000")
    assert python.endswith(f" {pid} torch/distributed/run.py:803] ")
    native = widgets.c10(when, nanoseconds, "E", "ProcessGroupNCCL.cpp", 683)
    assert native.startswith(f"[E{when.month * 100 + when.day} ")
    assert int(native.split()[1].partition(".")[2]) == nanoseconds
    assert len(native.split()[1]) == len("03:04:11.061727749")


def test_the_demo_paints_every_widget() -> None:
    """``python -m fakeact.widgets`` runs to its end."""
    command = [sys.executable, "-m", "fakeact.widgets"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env={"PYTHONUTF8": "1"}, check=True)
    assert all(f" {title} " in done.stdout for title in ("bars", "courses", "tables", "prefixes"))
