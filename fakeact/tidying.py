"""Between two shows: what the first took goes back to the system, so that a week takes hardly more than a minute."""

import gc
from contextlib import suppress


def give_back() -> None:
    """Collect objects, then return the empty pages that glibc keeps between others.

    A show's objects refer to each other; left alone Python collects them only when a quarter of all objects are new.
    Where the C library has no such call, as musl and macOS's, objects are collected only.
    """
    from ctypes import CDLL

    gc.collect()
    with suppress(AttributeError, TypeError, OSError):
        CDLL(None).malloc_trim(0)
