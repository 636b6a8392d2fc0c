"""Plays that rules are asked about: whole, watched, and kept, as several rules look at the same one."""

import random
import sys
import warnings
from collections.abc import Mapping
from contextlib import redirect_stdout
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

from fakeact.clock import NeverSleeps
from fakeact.module import Module
from fakeact.outputs import Output
from fakeact.testing.inert import acts, naps
from fakeact.testing.performance import Performance, perform
from fakeact.watchdog import Blocked

LONGEST = 4 * 3600.0
"""Seconds of show time after which a module is said never to end."""


class BrokenRule(AssertionError):
    """A module does not hold a rule."""


class Restless(BrokenRule):
    """A module that can't be played to any moment: no other rule can be asked about it."""


def require(holds: object, otherwise: str) -> None:
    """Raise BrokenRule with a line if something does not hold."""
    if not holds:
        raise BrokenRule(otherwise)


Options = tuple[tuple[str, Any], ...]

_RESTLESS: dict[tuple[Module, Options], str] = {}
"""What was found about modules that never sleep: once is enough."""


def play(
    module: Module, options: Mapping[str, Any], blocked: list[float] | None = None, **settings: Any
) -> Performance:
    """A play in which time.sleep takes no time, and is noted in *blocked*; raises for one that never lets time pass."""
    key = (module, tuple(sorted(options.items())))
    if key not in _RESTLESS:
        with naps(getattr(module.run, "__module__", None) or "__main__", [] if blocked is None else blocked):
            played = perform(module, **settings, **options)
        if not isinstance(played.error, NeverSleeps | Blocked):
            return played
        _RESTLESS[key] = str(played.error)
    raise Restless(_RESTLESS[key])


@lru_cache(maxsize=8)
def whole(module: Module, options: Options, **settings: Any) -> tuple[Performance, list[str], list[float]]:
    """A play from the first to the last line, what Python has warned of meanwhile, and how long it has blocked."""
    blocked: list[float] = []
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", RuntimeWarning)
        played = play(module, dict(options), blocked, seconds=LONGEST, seed=1, **settings)
    return played, [f"{warning.message} ({Path(warning.filename).name}:{warning.lineno})" for warning in said], blocked


def played_whole(module: Module, options: dict[str, Any], **settings: Any) -> Performance:
    """A play from the first to the last line; kept, because several rules look at the same one."""
    return whole(module, tuple(sorted(options.items())), **settings)[0]


@lru_cache(maxsize=8)
def watched(module: Module, options: Options) -> tuple[list[str], bool]:
    """What a play has done to the machine, and whether it rolled anybody else's dice."""
    before = _shared_dice()
    paths = [value.path for value in dict(options).values() if isinstance(value, Output)]
    with acts(paths) as seen, redirect_stdout(StringIO()) as printed:
        play(module, dict(options), seconds=120, seed=3)
    if printed.getvalue():
        seen.append("print() instead of io.print()")
    return seen, _shared_dice() != before


def _shared_dice() -> list[str]:
    numpy = sys.modules.get("numpy")
    state = [str(random.getstate())]
    return [*state, str(numpy.random.get_state(legacy=False))] if numpy else [*state, ""]
