"""Numbers and durations, held against the programs whose forms they take."""

import math
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich import filesize
from tqdm import tqdm

from fakeact import units

SECONDS = st.integers(0, 10**9)
# On every machine the same examples, and no limit to how long one takes.
steady = settings(deadline=None, derandomize=True)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (999.4, "999"),
        (999.6, "1.00k"),
        (1000, "1.00k"),
        (99_950, "100k"),
        (1_234_567, "1.23M"),
        (999_999_999, "1.00G"),
        (-45_600, "-45.6k"),
        (1.5e27, "1500Y"),
    ],
)
def test_si_numbers_have_three_digits(value: float, text: str) -> None:
    """A number that rounds up to 1000 takes the next prefix, until there is none."""
    assert units.si(value) == text


@steady
@given(st.floats(0.001, 1e20), st.integers(1, 6))
def test_si_numbers_keep_their_value(value: float, digits: int) -> None:
    """What is written is within half a unit of its last digit of the value."""
    text = units.si(value, digits)
    power = (units.SI.find(text[-1]) + 1) if text[-1].isalpha() else 0
    shown = float(text.rstrip(units.SI)) * 1000**power
    assert shown == pytest.approx(value, rel=0.51 * 10 ** (1 - digits))


@steady
@given(st.integers(0, 10**28), st.integers(0, 3))
def test_decimal_bytes_are_richs(size: int, precision: int) -> None:
    """Sizes in powers of 1000 read as in rich, to the last digit."""
    assert units.decimal_bytes(size, precision, "") == filesize.decimal(size, precision=precision, separator="")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (1, "1 byte"),
        (1023, "1,023 bytes"),
        (1024, "1.0 KiB"),
        (1024**2 - 1, "1,024.0 KiB"),
        (1024**2, "1.0 MiB"),
        (80 * 1024**3, "80.0 GiB"),
        (1024**9, "1,024.0 YiB"),
    ],
)
def test_binary_bytes_change_prefix_at_powers_of_1024(size: int, text: str) -> None:
    """IEC prefixes begin at exactly 1024 of the one before."""
    assert units.binary_bytes(size) == text


@steady
@given(st.floats(-1e26, 1e26), st.sampled_from(["", "B"]), st.sampled_from([1000, 1024]))
def test_tqdm_sizes_are_tqdms(value: float, suffix: str, divisor: int) -> None:
    """Scaled numbers equal tqdm's for every size, sign and divisor."""
    assert units.tqdm_size(value, suffix, divisor) == tqdm.format_sizeof(value, suffix, divisor)


@steady
@given(st.floats(-1e7, 1e9))
def test_tqdm_intervals_are_tqdms(seconds: float) -> None:
    """Intervals equal tqdm's, negative ones too."""
    assert units.tqdm_interval(seconds) == tqdm.format_interval(seconds)


@steady
@given(SECONDS)
def test_clock_time_is_a_printed_timedelta(seconds: int) -> None:
    """Log-style durations read as Python prints them."""
    assert units.clock_time(seconds + 0.75) == str(timedelta(seconds=seconds))


@steady
@given(SECONDS)
def test_days_clock_adds_up(seconds: int) -> None:
    """Days, hours, minutes and seconds give the duration back."""
    *days, clock = units.days_clock(seconds).split("d ")
    h, m, s = map(int, clock.split(":"))
    assert int(days[0] if days else 0) * 86400 + h * 3600 + m * 60 + s == seconds
    assert h < 24
    assert len(clock) == 8


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.9, "59s"), (60, "1m 0s"), (3600, "1h 0m"), (7850, "2h 10m"), (90_000, "1d 1h")],
)
def test_brief_durations_have_two_units(seconds: float, text: str) -> None:
    """Seconds fall away once there are hours; nothing is rounded up to a time not yet reached."""
    assert units.brief(seconds) == text


@steady
@given(SECONDS)
def test_compact_durations_are_read_back(seconds: int) -> None:
    """What compact writes, parse_duration reads."""
    assert units.parse_duration(units.compact(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "250ms"), (0.999, "999ms"), (0.0001, "0s"), (0.9996, "1s"), (90, "1m30s"), (3605, "1h5s")],
)
def test_compact_durations_leave_zeros_out(seconds: float, text: str) -> None:
    """Units without an amount are not written, and a thousand milliseconds are a second."""
    assert units.compact(seconds) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("1m30s", 90),
        ("2h10min", 7800),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("250ms", 0.25),
        ("1d", 86400),
        (" 2 hours 10 minutes ", 7800),
        ("1D2H", 93600),
        ("0s", 0),
    ],
)
def test_durations_are_read_in_the_usual_spellings(text: str, seconds: float) -> None:
    """Units may be short or spelt out, apart or together, in either case."""
    assert units.parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "90", "s", "-5s", "1h-5m", "nan", "nans", "inf", "1e3s",
        "1,5h", "5parsecs", "1h30", "1.s", "٣s",
        "9" * 400 + "s",
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_one_line(text: str) -> None:
    """A text that is no duration raises an error that quotes it and shows how to write one."""
    with pytest.raises(ValueError, match="write it like 90s") as caught:
        units.parse_duration(text)
    assert repr(text) in str(caught.value)
    assert "\n" not in str(caught.value)


@steady
@given(st.text("0123456789.-+ dhmsineoc", max_size=12))
def test_reading_gives_a_time_or_says_no(text: str) -> None:
    """Whatever is typed, the outcome is a finite duration of 0 or more, or a ValueError."""
    try:
        seconds = units.parse_duration(text)
    except ValueError:
        return
    assert math.isfinite(seconds)
    assert seconds >= 0
