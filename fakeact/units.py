"""Numbers, sizes, rates and durations as people write them: pure functions from values to strings."""

import math
import re

SI = "kMGTPEZY"
SHORT_SCALE = "KMBT"  # thousand, million, billion, trillion: how parameters and tokens are counted
_DECIMAL = ("kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
_BINARY = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")

MINUTE, HOUR, DAY = 60, 3600, 86400
_SECONDS_IN = {
    "ms": 0.001,
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), float(MINUTE)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), float(HOUR)),
    **dict.fromkeys(("d", "day", "days"), float(DAY)),
}
_PART = r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*([a-z]+)\s*"


def si(value: float, digits: int = 3, *, prefixes: str = SI) -> str:
    """A number with so many significant digits and a prefix; below 1000 without either's padding.

    >>> si(1234567), si(999_999), si(8_030_261_248, prefixes=SHORT_SCALE), si(640), si(0.25)
    ('1.23M', '1.00M', '8.03B', '640', '0.25')
    """
    power = 0
    while power < len(prefixes) and _rounded(value, digits) >= 1000:
        value, power = value / 1000, power + 1
    if not power:
        return f"{value:.{max(digits, 3)}g}"
    decimals = max(0, digits - len(str(int(_rounded(value, digits)))))
    return f"{value:.{decimals}f}{prefixes[power - 1]}"


def _rounded(value: float, digits: int) -> float:
    return float(f"{abs(value):.{digits}g}")


def grouped(value: int) -> str:
    """A whole number in groups of three.

    >>> grouped(8030261248)
    '8,030,261,248'
    """
    return f"{value:,}"


def decimal_bytes(size: int, precision: int = 1, separator: str = " ") -> str:
    """Bytes in powers of 1000, as rich and pip write them.

    >>> decimal_bytes(4_976_698_672, 2), decimal_bytes(512), decimal_bytes(1)
    ('4.98 GB', '512 bytes', '1 byte')
    """
    return _bytes(size, 1000, _DECIMAL, precision, separator)


def binary_bytes(size: int, precision: int = 1, separator: str = " ") -> str:
    """Bytes in powers of 1024, with IEC 80000-13 prefixes.

    >>> binary_bytes(85_899_345_920), binary_bytes(1536, 2, "")
    ('80.0 GiB', '1.50KiB')
    """
    return _bytes(size, 1024, _BINARY, precision, separator)


def _bytes(size: int, base: int, names: tuple[str, ...], precision: int, separator: str) -> str:
    if size < base:
        return "1 byte" if size == 1 else f"{size:,} bytes"
    power = 1
    while power < len(names) and size >= base ** (power + 1):
        power += 1
    return f"{size / base**power:,.{precision}f}{separator}{names[power - 1]}"


def byte_rate(per_second: float) -> str:
    """Bytes a second, as rich and pip write them.

    >>> byte_rate(53_412_880.2)
    '53.4 MB/s'
    """
    return f"{decimal_bytes(int(per_second))}/s"


def tqdm_size(value: float, suffix: str = "", divisor: float = 1000) -> str:
    """A number in tqdm's ``unit_scale`` form (`format_sizeof`), which Hugging Face's bars show for bytes.

    >>> tqdm_size(4_976_698_672), tqdm_size(1536, "B", 1024), tqdm_size(640)
    ('4.98G', '1.50kB', '640')
    """
    for prefix in ("", *SI[:-1]):
        # The bounds are what rounds up to one digit more, so that three digits are the most.
        if abs(value) < 999.5:
            decimals = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
            return f"{value:.{decimals}f}{prefix}{suffix}"
        value /= divisor
    return f"{value:.1f}Y{suffix}"


def tqdm_rate(per_second: float | None, unit: str = "it", *, scale: bool = False) -> str:
    """A rate as tqdm shows it: its inverse when slower than one a second, ``?`` when not known.

    >>> tqdm_rate(59.4), tqdm_rate(0.353), tqdm_rate(5.98e7, "B", scale=True), tqdm_rate(None)
    ('59.40it/s', ' 2.83s/it', '59.8MB/s', '?it/s')
    """
    if not per_second:
        return f"?{unit}/s"
    slow = 1 / per_second > 1
    value = 1 / per_second if slow else per_second
    number = tqdm_size(value) if scale else f"{value:5.2f}"
    return f"{number}s/{unit}" if slow else f"{number}{unit}/s"


def tqdm_interval(seconds: float) -> str:
    """Seconds as ``MM:SS`` or ``H:MM:SS``, as tqdm shows them; hours go on past a day.

    >>> tqdm_interval(83), tqdm_interval(3723), tqdm_interval(100 * HOUR)
    ('01:23', '1:02:03', '100:00:00')
    """
    sign = "-" if seconds < 0 else ""
    whole = abs(int(seconds))
    return sign + (hours_clock(whole) if whole >= HOUR else f"{whole // MINUTE:02}:{whole % 60:02}")


def clock_time(seconds: float) -> str:
    """Whole seconds as ``H:MM:SS`` with days in words, as a printed ``timedelta``: the form of most logs.

    >>> clock_time(100), clock_time(98530), clock_time(3 * DAY)
    ('0:01:40', '1 day, 3:22:10', '3 days, 0:00:00')
    """
    days, rest = divmod(int(seconds), DAY)
    plural = "" if abs(days) == 1 else "s"
    prefix = f"{days} day{plural}, " if days else ""
    return prefix + hours_clock(rest)


def hours_clock(seconds: float) -> str:
    """Whole seconds, 0 or more, as ``H:MM:SS``; hours go on past a day, as in rich and pip.

    >>> hours_clock(100), hours_clock(98530)
    ('0:01:40', '27:22:10')
    """
    whole = int(seconds)
    return f"{whole // HOUR}:{whole // MINUTE % 60:02}:{whole % 60:02}"


def days_clock(seconds: float) -> str:
    """Whole seconds, 0 or more, as ``HH:MM:SS`` with days in front once there are some.

    >>> days_clock(11565), days_clock(DAY + 11565)
    ('03:12:45', '1d 03:12:45')
    """
    days, rest = divmod(int(seconds), DAY)
    clock = hours_clock(rest).zfill(8)
    return f"{days}d {clock}" if days else clock


def brief(seconds: float) -> str:
    """A duration, 0 or more, in its two largest units, rounded down, for people.

    >>> brief(7850), brief(98530), brief(90), brief(45.8)
    ('2h 10m', '1d 3h', '1m 30s', '45s')
    """
    parts = _split(int(seconds))
    first = next((i for i, (amount, _) in enumerate(parts) if amount), len(parts) - 1)
    return " ".join(f"{amount}{unit}" for amount, unit in parts[first : first + 2])


def compact(seconds: float) -> str:
    """A duration, 0 or more, as `parse_duration` reads it; below a second in milliseconds.

    >>> compact(90), compact(7800), compact(0.25), compact(0)
    ('1m30s', '2h10m', '250ms', '0s')
    """
    milliseconds = round(seconds * 1000)
    if 0 < milliseconds < 1000:
        return f"{milliseconds}ms"
    return "".join(f"{amount}{unit}" for amount, unit in _split(round(seconds)) if amount) or "0s"


def _split(seconds: int) -> list[tuple[int, str]]:
    minutes, s = divmod(seconds, 60)
    hours, m = divmod(minutes, 60)
    return [(hours // 24, "d"), (hours % 24, "h"), (m, "m"), (s, "s")]


def parse_duration(text: str) -> float:
    """Seconds in a duration like ``2h10min``, ``90s``, ``1.5h``, ``250ms`` or ``1d``; raises ValueError.

    >>> parse_duration("2h10min"), parse_duration("1m 30s"), parse_duration("250ms")
    (7800.0, 90.0, 0.25)
    >>> parse_duration("90")
    Traceback (most recent call last):
    ValueError: '90' is not a duration; write it like 90s, 1m30s, 1.5h or 2h10min
    """
    given = text.strip().lower()
    parts = re.findall(_PART, given) if re.fullmatch(f"(?:{_PART})+", given) else []
    seconds = sum(float(amount) * _SECONDS_IN.get(unit, math.nan) for amount, unit in parts)
    if not parts or not math.isfinite(seconds):
        raise ValueError(f"{text!r} is not a duration; write it like 90s, 1m30s, 1.5h or 2h10min")
    return seconds
