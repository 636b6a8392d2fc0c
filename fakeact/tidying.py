"""After a show: what it took is given back, so that a week of shows takes little more memory than the first."""

import gc
from contextlib import suppress


def give_back() -> None:
    """Free what only refers to itself, as a show's objects do, and return empty pages to the system.

    Left alone Python waits until a quarter of all objects are new, and glibc keeps pages that lie between others.
    Other C libraries have no such call.
    """
    from ctypes import CDLL

    gc.collect()
    with suppress(AttributeError, TypeError, OSError):
        CDLL(None).malloc_trim(0)
