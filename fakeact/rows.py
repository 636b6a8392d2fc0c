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

    >>> change("step 12/90", "step 11/90") == ansi.right(6) + "2"
    True
    """
    if ansi.ESC in new or ansi.ESC in old or not (ansi.narrow(new) and ansi.narrow(old)):
        return whole(new, old)
    text, at = "", 0
    for begin, end in _stretches(new, old):
        text += ansi.right(begin - at) + new[begin:end]
        at = end
    if len(new) < len(old):
        return text + ansi.right(len(new) - at) + ansi.ERASE_RIGHT
    return text + (ansi.right(len(old) - at) + new[len(old) :] if len(new) > len(old) else "")


def _stretches(new: str, old: str) -> list[list[int]]:
    """Where two rows differ, from and to; what is closer together than a jump is long is one stretch."""
    found: list[list[int]] = []
    for place in compress(count(), map(ne, new, old)):
        if found and place - found[-1][1] < JUMP:
            found[-1][1] = place + 1
        else:
            found.append([place, place + 1])
    return found
