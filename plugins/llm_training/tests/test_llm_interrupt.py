"""Ctrl-C in a run: what a real launcher would print, at once, whatever goes on."""

import re
from functools import cache
from typing import Any

import pytest
from fakeact_llm_training import dialects, fakeact_modules

from fakeact.testing import Performance, perform

(MODULE,) = fakeact_modules()
SHORT: dict[str, Any] = {"steps": 25, "epochs": 2, "faults": "none"}
LAST = re.compile(
    r"(.*SignalException: Process \d+ got signal: (2|Signals.SIGINT))|(.*Main process received SIGINT, exiting)"
)


def interrupted(seconds: float, seed: int = 3, **options: Any) -> Performance:
    """A show in which Ctrl-C is pressed after so many seconds."""
    return perform(MODULE, seed=seed, seconds=7200, motion=False, interrupt=seconds, **(SHORT | options))


STEP = re.compile(r"iteration +\d+/|step: +\d+ |'loss'|Training epoch|step=[1-9]|steps: \d+ loss|step +\d+/\d+ \|")


@cache
def last_step(**options: Any) -> float:
    """The second at which a run that nobody interrupts speaks of its last step."""
    played = perform(MODULE, seed=3, seconds=7200, motion=False, **(SHORT | options))
    return max(frame.at for frame in played.frames if STEP.search(frame.text))


@cache
def end(**options: Any) -> float:
    """The second at which such a show is over."""
    return perform(MODULE, seed=3, seconds=7200, motion=False, **(SHORT | options)).seconds


@pytest.mark.parametrize("dialect", dialects.NAMES)
@pytest.mark.parametrize("gpus", [8, 16])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 1.0])
def test_the_launcher_has_the_last_word(dialect: str, gpus: int, share: float) -> None:
    """In every dialect and phase its last lines come within the frame in which Ctrl-C is pressed."""
    wishes = {"dialect": dialect, "gpus": gpus, "scenario": "pretrain"}
    moment = share * last_step(**wishes)
    played = interrupted(moment, **wishes)
    assert (played.error, played.ended) == (None, "stopped")
    assert played.seconds == pytest.approx(moment, abs=1e-3)
    last = played.raw.splitlines()[-1]
    assert LAST.fullmatch(last) or re.fullmatch(r"pdsh@\S+: interrupt, aborting\.", last), played.raw[-300:]


@pytest.mark.parametrize("dialect", dialects.NAMES)
def test_it_is_that_runs_launcher(dialect: str) -> None:
    """Under torchrun each worker of a node is told to end once, the shown ones say where, and no bar is in the way."""
    played = interrupted(60, dialect=dialect, gpus=8, scenario="pretrain", steps=400)
    text = played.raw
    told = re.findall(r"Sending process (\d+) closing signal SIGINT|Killing subprocess (\d+)", text)
    assert len(set(told)) == len(told) == 8
    assert "KeyboardInterrupt" in text
    interrupts = re.findall(r"^(?:\[rank0\]:)?\[rank(\d)\]: KeyboardInterrupt$", text, re.M)
    shown = {"nemo": "", "torchtitan": "0"}.get(dialect, "01234567")
    assert sorted(interrupts) == list(shown)
    if dialect == "deepspeed":
        # Its runner shares the terminal, and does not handle the signal.
        assert re.search(
            r'/runner\.py", line \d+, in main\n    result\.wait\(\)\n(.*\n)+^KeyboardInterrupt$', text, re.M
        )
        return
    launcher = re.search(
        r"\S+ \S+ (\d+) torch/\S+\] Received (2|Signals.SIGINT) death signal, shutting down workers", text
    )
    assert launcher
    assert f"Process {launcher[1]} got signal: {launcher[2]}" in played.raw.splitlines()[-1]


@pytest.mark.parametrize("dialect", dialects.NAMES)
def test_the_terminal_is_left_right(dialect: str) -> None:
    """The last lines stand where rows were pinned, and the cursor below them."""
    played = perform(MODULE, seed=3, seconds=99, interrupt=30, columns=80, dialect=dialect, gpus=8, **SHORT)
    assert re.search("got signal|SIGINT, exiting", played.lines[-2] + played.lines[-1])
    assert played.screen.cursor_shown
    assert played.screen.cursor[0] == 0
    assert not any("●" in line for line in played.lines)


@pytest.mark.parametrize("dialect", dialects.NAMES)
def test_a_deadline_is_no_interrupt(dialect: str) -> None:
    """When the time that was asked for is up, nothing of that is printed."""
    played = perform(MODULE, seed=3, seconds=40, motion=False, dialect=dialect, gpus=8, **SHORT)
    assert "SIGINT" not in played.raw
    assert "KeyboardInterrupt" not in played.raw


@pytest.mark.parametrize("dialect", dialects.NAMES)
def test_behind_the_end_there_is_nobody_to_interrupt(dialect: str) -> None:
    """In the last look at a finished run all processes are gone."""
    wishes = {"dialect": dialect, "gpus": 8, "scenario": "pretrain"}
    played = interrupted(end(**wishes) - 4, **wishes)
    assert "SIGINT" not in played.raw


@pytest.mark.parametrize("dialect", dialects.NAMES)
def test_between_two_attempts_no_worker_is_left(dialect: str) -> None:
    """While a job that lost its workers is down, none of them is told to end a second time."""
    wishes: dict[str, Any] = {"dialect": dialect, "gpus": 8, "scenario": "pretrain", "faults": "drama", "steps": 300}
    lost = re.compile(r"failed \(exitcode|with return code")
    seed, gone = next(
        (seed, frame.at)
        for seed in range(20)
        for frame in perform(MODULE, seed=seed, seconds=7200, motion=False, **wishes).frames
        if lost.search(frame.text)
    )
    played = perform(MODULE, seed=seed, seconds=7200, motion=False, interrupt=gone + 0.3, **wishes)
    assert played.ended == "stopped"
    assert not re.search("closing signal SIGINT|received SIGINT", played.raw)
