"""How uv writes durations, sizes and counts."""

_UNITS = ("KiB", "MiB", "GiB", "TiB")


def elapsed(seconds: float) -> str:
    """A duration as uv ends a line with, rounded down.

    >>> elapsed(0.000843), elapsed(0.382), elapsed(25.256), elapsed(83.9)
    ('0.84ms', '382ms', '25.25s', '1m 23s')
    """
    microseconds = round(seconds * 1e6)
    whole, rest = divmod(microseconds, 1_000_000)
    if whole >= 60:
        return f"{whole // 60}m {whole % 60:02}s"
    if whole:
        return f"{whole}.{rest // 10_000:02}s"
    return f"{rest // 1000}ms" if rest >= 1000 else f"{rest / 1000:.2f}ms"


def binary(size: int) -> str:
    """Bytes as indicatif's bars show them.

    >>> binary(0), binary(16_384), binary(539_112_233)
    ('0 B', '16.00 KiB', '514.14 MiB')
    """
    value, unit = float(size), "B"
    for unit_above in _UNITS:
        if value < 1024:
            break
        value, unit = value / 1024, unit_above
    return f"{size} B" if unit == "B" else f"{value:.2f} {unit}"


def short(size: int) -> str:
    """Bytes as uv itself writes them, in lines that stay.

    >>> short(16_890_000), short(2_500_000_000)
    ('16.1MiB', '2.3GiB')
    """
    value = float(size)
    for unit in ("B", *_UNITS):
        if value < 1024 or unit == _UNITS[-1]:
            break
        value /= 1024
    return f"{value:.1f}{unit}"


def packages(count: int) -> str:
    """A count of packages.

    >>> packages(1), packages(127)
    ('1 package', '127 packages')
    """
    return "1 package" if count == 1 else f"{count} packages"
