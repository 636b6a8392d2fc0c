"""Checkpoints: behind the steps or before them, kept or deleted; and the loss scale that they hold."""

import itertools
import math
import random
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.events import (
    CheckpointPruned,
    CheckpointSaved,
    CheckpointScheduled,
    CheckpointStarted,
    Event,
    RunDone,
    StepDone,
)
from fakeact_llm_training.sim.fault_events import Resumed
from fakeact_llm_training.sim.kinds import LossScaling
from fakeact_llm_training.sim.run import TrainingRun
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.tally import Tally
from scipy import special


@cache
def base() -> Scenario:
    """A run with a large enough model that saving takes a while."""
    scenario = draw(random.Random(3), model="olmo-2-7b", gpu="h100", steps=120, epochs=1, dialect="megatron")
    return replace(scenario, checkpoint_interval=30, keep_checkpoints=2, io_per_node=1e9, validation_interval=0)


def run_of(scenario: Scenario, seed: int = 1) -> TrainingRun:
    return TrainingRun(scenario, np.random.default_rng(seed), special)


def of(kind: type, events: list[Event]) -> list:  # type: ignore[type-arg]
    return [event for event in events if isinstance(event, kind)]


@cache
def behind() -> list[Event]:
    return run_of(replace(base(), async_checkpoints=True)).advance(1e9)


def test_saves_behind_the_steps_block_only_for_the_copy() -> None:
    """Steps stand still for a second or few, then several are done before the save is complete."""
    events = behind()
    steps = of(StepDone, events)
    for started, scheduled, saved in zip(
        *(of(kind, events) for kind in (CheckpointStarted, CheckpointScheduled, CheckpointSaved)), strict=True
    ):
        assert started.asynchronous
        assert started.path == scheduled.path == saved.path
        assert scheduled.at == pytest.approx(started.at + started.blocking)
        assert saved.at == pytest.approx(started.at + started.seconds)
        assert 0.3 < started.blocking < 6.01
        assert saved.rate * saved.seconds == pytest.approx(saved.bytes)
        meanwhile = [done for done in steps if scheduled.at < done.at < saved.at]
        assert len(meanwhile) > 5 or started.step == base().total_steps
        assert not [done for done in steps if started.at < done.at <= scheduled.at]


def test_steps_are_a_little_slower_meanwhile() -> None:
    """One to three per cent, until the save is complete."""
    plain = {done.step: done for done in of(StepDone, run_of(replace(base(), checkpoint_interval=120)).advance(1e9))}
    saves = list(zip(of(CheckpointScheduled, behind()), of(CheckpointSaved, behind()), strict=True))
    slowed = [
        done.step_time / plain[done.step].step_time
        for done in of(StepDone, behind())
        if any(begin.at < done.at - done.step_time and done.at < end.at for begin, end in saves)
    ]
    assert len(slowed) > 15
    assert 1.005 < np.median(slowed) < 1.035


def test_a_run_waits_for_its_last_save() -> None:
    """It is not done before the last checkpoint is complete."""
    events = behind()
    assert isinstance(events[-1], RunDone)
    assert of(CheckpointSaved, events)[-1].step == base().total_steps
    assert events[-1].checkpoints == len(of(CheckpointSaved, events)) == len(of(CheckpointStarted, events))


def test_a_save_behind_the_steps_can_be_watched() -> None:
    """Its progress runs from 0 to 1 while the run's phase is a step's."""
    run = run_of(replace(base(), async_checkpoints=True))
    while not run.saving:
        run.advance(run.until_next_event())
    saving = run.saving
    assert run.saving_fraction == pytest.approx(0.0, abs=1e-6)
    run.advance((saving.seconds - saving.blocking) / 2)
    assert run.phase in {"step", "stall"}
    assert run.saving_fraction == pytest.approx(0.5, abs=0.01)
    run.advance((saving.seconds - saving.blocking) / 2 + 0.01)
    assert run.saving is None
    assert run.last_checkpoint == saving.path


def test_steps_stand_still_for_a_plain_save() -> None:
    """It blocks for all the time that it takes."""
    events = run_of(replace(base(), async_checkpoints=False)).advance(1e9)
    assert not of(CheckpointScheduled, events)
    assert all(one.blocking == one.seconds and not one.asynchronous for one in of(CheckpointSaved, events))


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("keep", [1, 2, None])
def test_old_checkpoints_are_deleted(keep: int | None, asynchronous: bool) -> None:
    """As many as are kept remain, the newest; each is deleted only once a newer one is complete."""
    scenario = replace(base(), keep_checkpoints=keep, async_checkpoints=asynchronous)
    there: list[str] = []
    for event in run_of(scenario).advance(1e9):
        if isinstance(event, CheckpointSaved):
            there.append(event.path)
        elif isinstance(event, CheckpointPruned):
            assert len(there) > (keep or math.inf)
            assert there.pop(0) == event.path
    assert len(there) == (keep or 4)


def test_a_save_that_is_not_complete_is_not_resumed_from() -> None:
    """A fault in the middle of a background save falls back to the one before."""
    run = run_of(replace(base(), async_checkpoints=True, faults="some", max_restarts=3))
    run._story.fate.due = math.inf
    while not (run.saving and run.step == 60):
        run.advance(run.until_next_event())
    run._story.fate.due = run.elapsed + 1.0
    events = run.advance(600.0)
    resumed = of(Resumed, events)[0]
    assert resumed.step == 30
    assert not [one for one in of(CheckpointSaved, events) if one.step == 60 and one.at < resumed.at]


def test_a_validation_behind_its_checkpoint_counts_after_a_restart() -> None:
    """It follows the same step, and nobody repeats it; what came later is forgotten."""
    tally, (first, second, *_) = Tally(base()), of(StepDone, behind())
    tally.add(first)
    saved = tally.save()
    tally.validated(1, first.step, 2.0)
    tally.add(second)
    tally.validated(1, second.step, 1.5)
    tally.validated(1, second.step + 1, 1.7)
    assert (tally.best.loss, tally.stale) == (1.5, 1)
    tally.restore(saved)
    assert (tally.best, tally.stale, tally.restarts) == ((1, first.step, 2.0), 0, 1)
    assert tally.recent_loss == first.loss


# The loss scale
@cache
def half(dialect: str, initial: float) -> tuple[Scenario, list[StepDone]]:
    """An fp16 run without faults and its steps."""
    scenario = draw(random.Random(5), model="pythia-1.4b", gpu="a100-80g", steps=400, epochs=1, dialect=dialect)  # type: ignore[arg-type]
    scenario = replace(scenario, loss_scaling=LossScaling(initial, 100), faults="none")
    return scenario, of(StepDone, run_of(scenario).advance(1e9))


@pytest.mark.parametrize(("dialect", "initial"), [("megatron", 2.0**32), ("deepspeed", 2.0**16)])
def test_the_scale_comes_down_by_halves_at_first(dialect: str, initial: float) -> None:
    """Steps are skipped, the first forgiven, each later one halving the scale, until gradients fit."""
    scenario, steps = half(dialect, initial)
    assert scenario.precision == "fp16"
    skipped = next(index for index, done in enumerate(steps) if not done.skipped)
    assert skipped >= (10 if initial > 2**30 else 1)
    assert [done.attempted_loss_scale for done in steps[:2]] == [initial, initial]
    for index, done in enumerate(steps[1:skipped], 1):
        assert done.loss_scale == initial / 2**index
    assert steps[skipped].loss_scale == steps[skipped].attempted_loss_scale == steps[skipped - 1].loss_scale


def test_skipped_steps_teach_nothing() -> None:
    """They have no loss and do not move the learning rate on; samples are consumed all the same."""
    scenario, steps = half("megatron", 2.0**32)
    updates = 0
    for done in steps:
        assert done.consumed_samples == done.step * scenario.global_batch
        if done.skipped:
            assert math.isnan(done.loss)
            assert math.isinf(done.grad_norm)
        else:
            updates += 1
            assert done.loss > 1
        assert done.learning_rate == (scenario.schedule.learning_rate(updates) if updates else 0.0)
        assert done.skipped_steps == done.step - updates


def test_the_scale_rises_again_and_overflows_again() -> None:
    """After a hundred good steps (the window here) it doubles, in the end too far."""
    _, steps = half("megatron", 2.0**32)
    late = steps[60:]
    assert any(b.attempted_loss_scale > a.attempted_loss_scale for a, b in itertools.pairwise(late))  # type: ignore[operator]
    assert any(done.skipped for done in late)
    assert sum(done.skipped for done in late) < 0.06 * len(late)


def test_runs_in_bf16_have_no_scale() -> None:
    """Nothing is scaled and nothing skipped where the exponent suffices."""
    assert all(done.loss_scale is None and not done.skipped for done in of(StepDone, behind()))


def test_half_precision_is_for_models_of_its_time() -> None:
    """Some runs of Pythia, GPT-NeoX, OPT and GPT-2 on A100s are in fp16, no others."""
    runs = [draw(random.Random(seed), gpu="a100-80g", dialect="megatron") for seed in range(60)]
    halves = [run for run in runs if run.precision == "fp16"]
    assert halves
    assert all(run.model.slug.startswith(("pythia", "opt", "gpt")) for run in halves)
