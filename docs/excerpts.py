"""Excerpts of a training run in a dialect: its first lines, its first steps, its end, and what Ctrl-C leaves."""

import re
from collections.abc import Iterator
from typing import Any

from fakeact import ansi
from fakeact.plugins import discover
from fakeact.testing import perform

RUN: dict[str, Any] = {"gpus": 8, "steps": 20, "epochs": 1, "faults": "none", "tone": "serious"}
RUN |= {"model": "llama-3.1-8b", "gpu": "h100"}
WIDEST = 118
"""Columns of a page; longer lines are cut short."""
STEP = re.compile(r"iteration +\d+/|step: +\d+ |'loss'|Training epoch|step=[1-9]|step +\d+/\d+ \|")
HEAD, AROUND, TAIL, LAST = 8, (2, 4), 8, 6


def excerpt(words: list[str], _before: str) -> str:
    """A run as in a file, with the options that the block names; "..." where something is left out."""
    options = RUN | {key: int(value) if value.isdigit() else value for key, value in (w.split("=") for w in words)}
    whole = _lines(options)
    first = next(at for at, line in enumerate(whole) if STEP.search(line))
    parts = whole[:HEAD], whole[first - AROUND[0] : first + AROUND[1]], whole[-TAIL:]
    cut = _lines(options, interrupt=_moment_of_steps(options))[-LAST:]
    shown = "\n...\n".join("\n".join(map(_fitted, part)) for part in parts)
    return f"```text\n{shown}\n```\nCtrl-C among its steps:\n```text\n...\n" + "\n".join(map(_fitted, cut)) + "\n```\n"


def _played(options: dict[str, Any], **settings: Any) -> Any:
    module = discover().modules["llm_training"]
    played = perform(module, seed=1, seconds=7200, motion=False, color=False, **settings, **options)
    if played.error:
        raise played.error
    return played


def _lines(options: dict[str, Any], **settings: Any) -> list[str]:
    return list(_played(options, **settings).raw.splitlines())


def _moment_of_steps(options: dict[str, Any]) -> float:
    """A moment behind the first step's line."""
    moment: float = next(frame.at for frame in _played(options).frames if STEP.search(frame.text)) + 1
    return moment


def _fitted(line: str) -> str:
    line = line.rstrip()
    return line if ansi.width(line) <= WIDEST else line[: WIDEST - 1] + "…"


def same_form(one: str, other: str) -> bool:
    """Whether two excerpts are alike but for their figures, which numpy does not promise from release to release."""
    return list(_form(one)) == list(_form(other))


def _form(text: str) -> Iterator[str]:
    for line in text.splitlines():
        figures = re.sub(r"[\d.,:eE+-]*\d[\d.,:eE+-]*|[█▏▎▍▌▋▊▉…]+", "0", line)
        # Where a long line is cut short depends on its figures.
        yield re.sub(r" +", " ", figures)[:60]
