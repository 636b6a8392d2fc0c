"""What a plugin offers: a module, that is one show and what it is called."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Run = Callable[..., Awaitable[None]]
"""``async def run(io, rng, *, option=default)``"""


@dataclass(frozen=True)
class Module:
    """A show.

    *name* is what ``-m`` takes. *signature* is the command line that the show pretends was typed.
    *run* is a coroutine function ``run(io, rng, *, option=default, ...)``: its keyword-only parameters
    are the options people may set. *summary* is one line for the listing; by default the first of
    *run*'s docstring. *check* takes the same options and raises ``ValueError``, with one line for the
    user, if they don't go together; it is called before anything plays and must be cheap.
    """

    name: str
    signature: str
    run: Run
    summary: str = ""
    check: Callable[..., object] | None = None

    def __post_init__(self) -> None:
        if not self.summary:
            first = (inspect.getdoc(self.run) or "").partition("\n")[0]
            object.__setattr__(self, "summary", first.rstrip("."))


def problem(candidate: Any) -> str:
    """Why this is no module that could be played, or nothing."""
    if not isinstance(candidate, Module):
        return f"fakeact_modules() gave {type(candidate).__name__!r} where a Module was expected"
    if not candidate.name.replace("_", "").replace("-", "").isalnum() or not candidate.name.isascii():
        return f"module name {candidate.name!r} has something else than letters, digits, - and _"
    if not inspect.iscoroutinefunction(candidate.run):
        return f"module {candidate.name!r}: run is no 'async def'"
    return ""
