"""wget2's progress rows as strings, and the ring its speeds come from."""

FILE, DECORATION = 20, 49
"""Cells of a file's name, and of everything in a row but the meter."""
SHORTEST = 4
"""Cells that are left of a name on the narrowest terminals, where the end of a row is cut off."""
RING = 24
"""How many looks back a row's speed reaches."""


def human(number: int) -> str:
    """A number of bytes: powers of 1024, of which the lower digits are cut off at each.

    >>> human(5), human(835584), human(1024000), human(3072000)
    ('5 ', '816.00K', '1000K', '2.92M')
    """
    if number < 1024:
        return f"{number} "
    letters = iter("KMGTPEZY")
    letter = next(letters)
    while number // 1024 >= 1024:
        number, letter = number // 1024, next(letters)
    value = number / 1024
    return f"{int(value)}.{int(value * 100) % 100:02}{letter}" if value < 1000 else f"{int(value + 0.5)}{letter}"


def name_width(columns: int) -> int:
    """Cells of a file's name.

    wget2 draws no rows on 50 columns or fewer, and nothing moves there. Here the name gives way.
    """
    return min(FILE, max(SHORTEST, columns - 2 - DECORATION + FILE))


def meter_width(columns: int) -> int:
    """Cells between a row's brackets."""
    return max(columns - 1 - DECORATION, 1)


def meter(done: int, size: int, width: int) -> str:
    """An arrow as long as what is done.

    >>> meter(40, 100, 10), meter(0, 100, 10)
    ('===>      ', '>         ')
    """
    cells = min(max(int(done / size * width), 1), width)
    return f"{'=' * (cells - 1)}>".ljust(width)[:width]


def row(name: str, done: int, size: int, speed: str, columns: int) -> str:
    """A file's row on a terminal of so many columns.

    >>> row("gcc-15.2.0.tar.xz", 835584, 2048000, "882.02K", 58)
    'gcc-15.2.0.tar.xz     40% [==>     ]  816.00K  882.02KB/s'
    >>> row("gcc-15.2.0.tar.xz", 835584, 2048000, "882.02K", 40)
    'gcc-15.2.  40% [>]  816.00K  882.02KB/s'
    """
    room, ratio = name_width(columns), min(100 * done // size, 100)
    bar = meter(done, size, meter_width(columns))
    return f"{name[:room]:<{room}} {ratio:3}% [{bar}] {human(done):>8} {speed:>8}B/s"


class Speed:
    """A row's speed: between its newest look and its oldest, of the last two dozen that saw a change."""

    def __init__(self) -> None:
        self.text = ""
        self.begin()

    def begin(self) -> None:
        """Forget the looks but not the text: that is what a row shows until bytes come."""
        self._looks: list[tuple[int, int]] = []
        self._last = 0

    def look(self, done: int, milliseconds: int) -> None:
        """See how many bytes there are at a time."""
        if done == self._last:
            return
        self._last = done
        self._looks = [*self._looks[1 - RING :], (done, milliseconds)]
        if len(self._looks) < 2:
            self.text = " --.-K"
            return
        (first, begun), (last, ended) = self._looks[0], self._looks[-1]
        self.text = human((last - first) * 1000 // ((ended - begun) or 1))
