"""From a row of a live region to the next one in its place: what has to be sent, from its first cell on."""

from itertools import compress, count
from operator import ne

from fakeact import ansi

JUMP = 5
"""Bytes of moving the cursor to the right."""


def whole(new: str, _old: str) -> str:
    """The row itself, and nothing left of what was longer."""
    return new + ansi.ERASE_RIGHT


def change(new: str, old: str) -> str:
    """What turns a row into another one from its first cell on: the stretches that differ, and jumps between them.

    What is closer together than a jump is long is one stretch.

    >>> change("step 12/90", "step 11/90") == ansi.right(6) + "2"
    True
    """
    if not (ansi.plain(new) and ansi.plain(old)):
        return whole(new, old)
    text, shown, begin, end = "", 0, 0, 0
    for place in compress(count(), map(ne, new, old)):
        if place - end >= JUMP:
            text += ansi.right(begin - shown) + new[begin:end]
            shown, begin = end, place
        end = place + 1
    text += ansi.right(begin - shown) + new[begin:end]
    if len(new) < len(old):
        return text + ansi.right(len(new) - end) + ansi.ERASE_RIGHT
    return text + (ansi.right(len(old) - end) + new[len(old) :] if len(new) > len(old) else "")
