"""The command that plays a show again."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from fakeact import __version__
from fakeact.outputs import Output
from fakeact.runner import Programme


def command(programme: Programme, speed: float = 1.0, sources: Sequence[str] = ()) -> str:
    """A command line that plays this programme again; *sources* are arguments that modules come from.

    What was written to files on request is not part of a show, and is left out.

    >>> from fakeact.module import Module
    >>> async def run(io, rng, *, gpus=8): ...
    >>> command(Programme([Module("llm", "", run)], 7, {"llm": {"gpus": 64}}, most_seconds=90.0))
    'fakeact -m llm --seed 7 -o gpus=64 --exit-after-time 90s'
    """
    words = ["fakeact", *sources, "-m", ",".join(module.name for module in programme.modules)]
    words += ["--seed", str(programme.seed), *_options(programme)]
    for flag, value in _pace(programme, speed).items():
        words += [flag, value]
    return shlex.join([*words, "--prompt"] if programme.prompt else words)


def line(
    programme: Programme, speed: float = 1.0, sources: Sequence[str] = (), size: tuple[int, int] | None = None
) -> str:
    """The sentence that tells it, with the version it holds for, and the terminal's *size* if that was chosen."""
    weights = ", ".join(f"{name} = {weight}" for name, weight in programme.weights.items())
    note = f", with the weights {weights} in the configuration file" if weights else ""
    where = f" on a terminal of {size[0]}x{size[1]}" if size else ""
    return f"The same show again, with fakeact {__version__}{where}: {command(programme, speed, sources)}{note}"


def _options(programme: Programme) -> list[str]:
    alone = len(programme.modules) == 1
    words = []
    for module in programme.modules:
        for name, value in programme.options.get(module.name, {}).items():
            if value is not None and not isinstance(value, Output):
                words += ["-o", f"{'' if alone else f'{module.name}.'}{name}={typed(value)}"]
    return words


def typed(value: Any) -> str:
    """A value as it is typed after ``-o``."""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _pace(programme: Programme, speed: float) -> Mapping[str, str]:
    told = {
        "--speed-factor": f"{speed:.12g}" if speed != 1.0 else "",
        "--instant-print-lines": str(programme.instant_lines or ""),
        "--exit-after-time": _seconds(programme.most_seconds),
        "--exit-after-modules": str(programme.most_modules or ""),
        "--max-module-time": _seconds(programme.module_seconds),
    }
    return {flag: value for flag, value in told.items() if value}


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".") + "s"
