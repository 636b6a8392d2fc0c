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
    *run*'s docstring. *check* is a function that gets the options it has parameters for, by name, with
    defaults where nothing was said, and raises ``ValueError``, with one line for the user, if they don't go
    together. It is called before anything plays, if an option of the module was set, and must be cheap.

    ::

        from random import Random

        from fakeact import IO, Module


        async def greet(io: IO, rng: Random, *, racks: int = 2, hosts: int = 12) -> None:
            await io.print(f"{hosts} hosts in {racks} racks")


        def fits(*, racks: int, hosts: int) -> None:
            if racks > hosts:
                raise ValueError(f"{racks} racks for {hosts} hosts: each rack needs one")


        module = Module("greet", "./greet.sh", greet, check=fits)
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
    name: Any = candidate.name
    signature: Any = candidate.signature
    run = candidate.run
    if not isinstance(name, str) or not name.isascii() or not name.replace("_", "").replace("-", "").isalnum():
        return f"module name {name!r} has something else than letters, digits, - and _"
    if not isinstance(signature, str):
        return f"module {name!r}: signature is {type(signature).__name__!r} where a command line was expected"
    if inspect.isasyncgenfunction(run):
        return f"module {name!r}: run has a 'yield' in it; it prints with io.print() and waits with io.csleep()"
    if not inspect.iscoroutinefunction(run):
        return f"module {name!r}: run is no 'async def'"
    return _misfit(name, inspect.signature(run))


def _misfit(name: str, signature: inspect.Signature) -> str:
    """Why this signature is not ``run(io, rng, *, option=default)``, or nothing."""
    parameters = signature.parameters.values()
    options = [parameter for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
    try:
        signature.bind("io", "rng", **{option.name: None for option in options})
    except TypeError:
        shown = ", ".join(signature.parameters)
        return f"module {name!r}: run({shown}) can't be called as run(io, rng, *, option=default, ...)"
    for extra in list(signature.parameters.values())[2:]:
        if extra.kind in (extra.POSITIONAL_ONLY, extra.POSITIONAL_OR_KEYWORD):
            return (
                f"module {name!r}: {extra.name!r} is no option yet: write run(io, rng, *, {extra.name}=...), with the *"
            )
    for option in options:
        if option.default is option.empty:
            return f"module {name!r}: option {option.name!r} has no default"
        if not isinstance(option.default, str | int | float | None):
            kind = type(option.default).__name__
            return f"module {name!r}: option {option.name!r} is a {kind}; possible are bool, int, float, str and None"
    return ""
