"""The run that a test needs: looked for, as a seed stands for another run whenever something else is drawn."""

import re
from collections.abc import Callable, Sequence
from typing import Any

MOST = 60
"""Seeds that are looked at before none is said to be there."""

TRIED = 16
"""Seeds that a planted error is tried on: a rule may need more of a run than what the error changes."""

Lines = list[str]
Check = Callable[[Lines], Sequence[str]]


def first(log: Callable[..., Sequence[str]], *patterns: str, **wishes: Any) -> Lines:
    """The lines of the first run in which each of these patterns is found."""
    for seed in range(MOST):
        lines = list(log(seed, **wishes))
        text = "\n".join(lines)
        if all(re.search(pattern, text, re.MULTILINE) for pattern in patterns):
            return lines
    raise AssertionError(f"no run of the first {MOST} has {' and '.join(patterns)}")


def caught(
    log: Callable[..., Sequence[str]], rule: str, slip: Callable[[Lines], Lines], check: Check, **wishes: Any
) -> bool:
    """Whether a rule finds a planted error in one of the first runs that have what the slip changes."""
    for lines in (list(log(seed, **wishes)) for seed in range(TRIED)):
        try:
            spoiled = slip(list(lines))
        except (LookupError, StopIteration, ValueError):  # nothing there that it could change
            continue
        if spoiled != lines and any(fault.startswith(rule) for fault in check(spoiled)):
            return True
    return False
