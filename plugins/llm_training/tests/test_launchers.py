"""How launchers and the scheduler bring a broken job to its end, alike in all dialects that torchrun starts."""

import re
from collections.abc import Callable
from functools import cache

import pytest

from fakeact.plugins import discover
from fakeact.testing import perform

from . import checker_launcher as checker

DIALECTS = ("pytorch", "hf", "torchtitan", "megatron", "nemo")


@cache
def log(dialect: str, seed: int = 5) -> tuple[str, ...]:
    """The lines of a run on three nodes in which much breaks."""
    module = discover().modules["llm_training"]
    options = {"dialect": dialect, "gpus": 24, "faults": "drama", "steps": 400, "epochs": 1}
    played = perform(module, seed=seed, seconds=3600, motion=False, color=False, **options)
    assert played.error is None
    return tuple(played.raw.splitlines())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_launchers_do_as_torchrun_does(dialect: str) -> None:
    """Restart, death signal, traceback and requeue come in their order; who aborts has said why."""
    for seed in (5, 6):
        assert list(checker.faults(list(log(dialect, seed)))) == []


def _without(pattern: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [line for line in lines if not re.search(pattern, line)]


def _requeued_at_once(lines: list[str]) -> list[str]:
    at = next(i for i, line in enumerate(lines) if "DUE TO JOB REQUEUE" in line)
    return [*lines[: at - 1], re.sub(r"T\d\d:\d\d:\d\d DUE", "T00:00:00 DUE", lines[at]), *lines[at + 1 :]]


def _in_a_row(lines: list[str]) -> list[str]:
    return [re.sub(r"000 (\d+) (torch.*Sending process) \d+", _six_behind, line) for line in lines]


def _six_behind(match: re.Match[str]) -> str:
    return f"000 {match[1]} {match[2]} {int(match[1]) + 6}"


SLIPS = {
    "requeued at once": _requeued_at_once,
    "no launcher hears": _without("death signal"),
    "left without a word": _without("SignalException: Process"),
    "pids in a row": _in_a_row,
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_found(slip: str) -> None:
    """A planted error in what launchers say is found."""
    lines = next(found for found in map(list, map(log, DIALECTS)) if any("JOB REQUEUE" in line for line in found))
    assert list(checker.faults(SLIPS[slip](lines)))


def test_an_abort_without_a_reason_is_found() -> None:
    """Exit code -6 needs a watchdog's words before it."""
    assert list(checker.faults(["failed (exitcode: -6) local_rank: 7 (pid: 680972) of binary: python3"]))
