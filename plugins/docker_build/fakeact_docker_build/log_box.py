"""The tail of a running step's output, as the small terminal inside BuildKit's display shows it."""

from collections.abc import Iterable

from fakeact.ansi import fold

HEIGHT = 6
"""Rows of that terminal, unless `BUILDKIT_TTY_LOG_LINES` says otherwise."""


def tail(lines: Iterable[str], width: int) -> list[str]:
    """The rows it shows after these lines; an empty row keeps its place but is not drawn.

    Line feeds at its lower edge do not scroll it by themselves, only the next text does.

    >>> tail(["one", "", "a long line"], 6)
    ['one', 'a long', ' line']
    """
    rows = [""] * HEIGHT
    y = 0
    for line in lines:
        for part in fold(line.expandtabs(), width):
            if part and y >= HEIGHT:
                del rows[0]
                rows.append(part)
                y = HEIGHT
            elif part:
                rows[y] = part
                y += 1
            else:
                y += 1
    return [row for row in rows if row.strip()]
