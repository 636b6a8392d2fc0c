"""How launchers and the scheduler bring a broken job to its end, alike in all dialects that torchrun starts."""

import random
import re
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from fakeact_llm_training.sim import faults
from fakeact_llm_training.sim.aftermath import draw_aftermath
from fakeact_llm_training.sim.crew import Crew
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.fault_events import LauncherLeft, RankFailed, Teardown
from fakeact_llm_training.sim.faults import Fate

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


def test_a_run_has_one_python() -> None:
    """DeepSpeed's launcher, too, names one place and one version of Python; runs have different ones."""
    runs = [log("deepspeed", seed) for seed in (5, 6)] + [log(dialect, seed) for dialect in DIALECTS for seed in (5, 6)]
    assert not [found for lines in runs for found in checker.strange_paths(list(lines))]
    found = [match for lines in runs if (match := checker.PROGRAM.search("\n".join(lines)))]
    assert len(found) > 6
    assert len({match[1] for match in found}) > 2


def _without(pattern: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [line for line in lines if not re.search(pattern, line)]


def _requeued_at_once(lines: list[str]) -> list[str]:
    at = next(i for i, line in enumerate(lines) if re.search(r"JOB \d+ ON .* DUE TO JOB REQUEUE", line))
    return [*lines[: at - 1], re.sub(r"T\d\d:\d\d:\d\d DUE", "T00:00:00 DUE", lines[at]), *lines[at + 1 :]]


def _in_a_row(lines: list[str]) -> list[str]:
    return [re.sub(r"000 (\d+) (torch.*Sending process) \d+", _six_behind, line) for line in lines]


def _six_behind(match: re.Match[str]) -> str:
    return f"000 {match[1]} {match[2]} {int(match[1]) + 6}"


def _moved(pattern: str, root: str) -> Callable[[list[str]], list[str]]:
    """One path of the run is elsewhere."""

    def moved(lines: list[str]) -> list[str]:
        at = next(i for i, line in enumerate(lines) if re.search(pattern, line))
        return [*lines[:at], re.sub(pattern, root, lines[at]), *lines[at + 1 :]]

    return moved


SLIPS = {
    "requeued at once": _requeued_at_once,
    "no launcher hears": _without("death signal"),
    "left without a word": _without("SignalException: Process"),
    "pids in a row": _in_a_row,
    "a step goes on": _without(r"\*\*\* STEP .* DUE TO"),
    "srun does not wait": _without("Job step aborted"),
    "another's packages": _moved(r"/[^ \"]*/lib/python", "/opt/another/lib/python"),
    "another's script": _moved(r"/[^ \"]*/bin/torchrun", "/opt/another/bin/torchrun"),
    "another interpreter": _moved(r"/\S*/bin/python", "/opt/another/bin/python"),
    "another Python": _moved(r"lib/python3\.\d+", "lib/python3.9"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_found(slip: str) -> None:
    """A planted error in what launchers say is found."""
    lines = next(found for found in map(list, map(log, DIALECTS)) if any("JOB REQUEUE" in line for line in found))
    assert list(checker.faults(SLIPS[slip](lines)))


def test_an_abort_without_a_reason_is_found() -> None:
    """Exit code -6 needs a watchdog's words before it."""
    assert list(checker.faults(["failed (exitcode: -6) local_rank: 7 (pid: 680972) of binary: python3"]))


def _preempted(seed: int) -> tuple[Teardown | LauncherLeft | RankFailed, ...]:
    scenario = draw(random.Random(2), gpu="h100", gpus=32, dialect="pytorch")
    generator, crew = np.random.default_rng(seed), Crew(scenario)
    fault = Fate(scenario, generator).fault(50.0, 40, crew)
    events = draw_aftermath(fault, scenario, crew, 39, generator).events
    return tuple(event for event in events if isinstance(event, Teardown | LauncherLeft | RankFailed))


def test_a_launcher_leaves_when_its_workers_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a preemption each node takes a time of its own, as processes with GPUs do, and the slowest worker counts."""
    monkeypatch.setattr(faults, "MIX", {"preemption": 1.0})
    for seed in range(8):
        events = _preempted(seed)
        told = {event.node: event.at for event in events if isinstance(event, Teardown)}
        left = {event.node: event.at for event in events if isinstance(event, LauncherLeft)}
        spent = [left[node] - at for node, at in told.items()]
        assert set(told) == set(left) == set(range(4))
        assert 0.25 < min(spent) < max(spent) < 30
        assert len({round(seconds, 2) for seconds in spent}) > 1
        assert max(event.at for event in events if isinstance(event, RankFailed)) < left[0]
