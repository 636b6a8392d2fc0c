"""The run: exact in time, arithmetic that closes, things that happen with a cause."""

import math
import random
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.events import (
    CheckpointSaved,
    CheckpointStarted,
    EpochDone,
    Event,
    GradientSpike,
    LinkFlap,
    LoaderStall,
    RunDone,
    StepDone,
    Straggler,
    ThermalAlert,
    ValidationDone,
    ValidationStarted,
)
from fakeact_llm_training.sim.run import TrainingRun
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.story import TURN_SECONDS
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special


def run_of(scenario: Scenario, seed: int = 0) -> TrainingRun:
    return TrainingRun(scenario, np.random.default_rng(seed), special)


def play(run: TrainingRun) -> list[Event]:
    """All events, taken one by one."""
    events: list[Event] = []
    while not run.is_done:
        events += run.advance(run.until_next_event())
    return events


@cache
def played(seed: int) -> tuple[Scenario, list[Event]]:
    """A run of three epochs from its first step to its last."""
    plain = {"async_checkpoints": False, "validation_interval": 0, "keep_checkpoints": None}
    scenario = replace(draw(random.Random(seed), steps=500, epochs=3), **plain)
    return scenario, play(run_of(scenario, seed))


@cache
def troubled(seed: int) -> tuple[Scenario, list[Event]]:
    """The same with what slows a run down, but with nothing that ends it."""
    scenario = replace(played(seed)[0], faults="some")
    run = run_of(scenario, seed)
    run._story.fate.due = math.inf
    return scenario, play(run)


def of(kind: type, events: list[Event]) -> list:  # type: ignore[type-arg]
    return [event for event in events if isinstance(event, kind)]


@cache
def short() -> Scenario:
    """A few steps, many checkpoints."""
    scenario = draw(random.Random(3), steps=30, epochs=2)
    return replace(scenario, checkpoint_interval=7, async_checkpoints=False, validation_interval=11)


@given(st.lists(st.floats(0.0, 9.0), min_size=1, max_size=40), st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_time_can_be_cut_up_in_any_way(cuts: list[float], seed: int) -> None:
    """Many small advances give the events, and the times, of one large one."""
    whole, pieces = run_of(short(), seed), run_of(short(), seed)
    together = whole.advance(sum(cuts))
    apart = [event for cut in cuts for event in pieces.advance(cut)]
    assert apart == together
    assert pieces.step == whole.step
    assert pieces.elapsed == pytest.approx(whole.elapsed)


def test_event_by_event_is_the_same_as_all_at_once() -> None:
    """Sleeping until each next event plays the very run that one leap plays."""
    assert play(run_of(short(), 4)) == run_of(short(), 4).advance(1e9)


def test_readings_do_not_depend_on_the_frame_rate() -> None:
    """The GPUs are the same at a moment however it was reached."""
    once, often = run_of(short(), 1), run_of(short(), 1)
    once.advance(6.25)
    for _ in range(25):
        often.advance(0.25)
        often.cluster.readings(often.elapsed)
    one, other = once.cluster.readings(once.elapsed), often.cluster.readings(often.elapsed)
    assert (one.power == other.power).all()
    assert (one.temperature == other.temperature).all()


def test_a_nap_shorter_than_rounding_still_gets_on() -> None:
    """Being an ulp before an event counts as being there."""
    run = run_of(short(), 2)
    for _ in range(3000):
        run.advance(run.until_next_event() * (1 - 1e-16))
        if run.is_done:
            break
    assert run.is_done


@pytest.mark.parametrize("seed", range(5))
def test_figures_of_each_step_close(seed: int) -> None:
    """Tokens a second, MFU and TFLOP/s follow from the step time; counters count; rates follow the schedule."""
    scenario, events = played(seed)
    steps = of(StepDone, events)
    assert [done.step for done in steps] == list(range(1, scenario.total_steps + 1))
    for done in steps:
        assert done.tokens_per_second * done.step_time == pytest.approx(scenario.tokens_per_step, rel=1e-12)
        flops = done.tokens_per_second * scenario.flops_per_token
        assert done.mfu == pytest.approx(flops / scenario.peak_flops, rel=1e-12)
        assert done.tflops_per_gpu * 1e12 * scenario.world_size == pytest.approx(flops, rel=1e-12)
        assert done.learning_rate == scenario.schedule.learning_rate(done.step)
        assert done.consumed_samples == done.step * scenario.global_batch
        assert done.perplexity == math.exp(done.loss)
        assert (done.epoch - 1) * scenario.steps_per_epoch + done.step_in_epoch == done.step
        assert done.clipped == (done.grad_norm > scenario.optimizer.clip)


@pytest.mark.parametrize("seed", range(5))
def test_elapsed_time_is_the_sum_of_what_happened(seed: int) -> None:
    """Steps, validations and checkpoints, and milliseconds between the two, are the run's time, which goes forward."""
    _, events = played(seed)
    parts = (StepDone, ValidationDone, CheckpointSaved)
    spent = sum(e.step_time if isinstance(e, StepDone) else e.seconds for e in events if isinstance(e, parts))
    turns = sum(isinstance(a, ValidationDone) and isinstance(b, CheckpointStarted) for a, b in pairwise(events))
    assert turns * TURN_SECONDS[0] <= events[-1].at - spent + 1e-6 <= turns * TURN_SECONDS[1] + 2e-6
    assert all(a.at <= b.at + 1e-9 for a, b in pairwise(events))


@pytest.mark.parametrize("seed", range(5))
def test_epochs_end_in_order(seed: int) -> None:
    """Each epoch ends with validation, checkpoint and summary; the run with its own."""
    scenario, events = played(seed)
    tail = [type(e) for e in events if isinstance(e, ValidationStarted | ValidationDone | EpochDone | RunDone)]
    assert tail == [ValidationStarted, ValidationDone, EpochDone] * scenario.epochs + [RunDone]
    assert [type(e) for e in events[-4:]] == [CheckpointStarted, CheckpointSaved, EpochDone, RunDone]


@pytest.mark.parametrize("seed", range(5))
def test_summaries_are_those_of_the_steps(seed: int) -> None:
    """Epoch means, best validation and totals are recomputed from the single events."""
    scenario, events = played(seed)
    steps, last = of(StepDone, events), of(RunDone, events)[0]
    for summary in of(EpochDone, events):
        own = [done for done in steps if done.epoch == summary.epoch]
        assert summary.mean_loss == pytest.approx(np.mean([done.loss for done in own]))
        assert summary.mean_step_time == pytest.approx(np.mean([done.step_time for done in own]))
        assert summary.tokens_per_second * summary.mean_step_time == pytest.approx(scenario.tokens_per_step)
    assert sum(summary.seconds for summary in of(EpochDone, events)) == pytest.approx(last.seconds)
    losses = [done.loss for done in of(ValidationDone, events)]
    assert last.best_validation_loss == min(losses)
    assert [done.best for done in of(ValidationDone, events)] == [
        loss < min(losses[:i], default=math.inf) for i, loss in enumerate(losses)
    ]
    assert last.tokens == scenario.total_tokens == steps[-1].consumed_tokens
    assert last.checkpoints == len(of(CheckpointSaved, events))


@pytest.mark.parametrize("seed", range(5))
def test_the_pace_is_steady(seed: int) -> None:
    """The first step is slow; later ones scatter by half a percent or less but for what has a cause."""
    scenario, events = played(seed)
    times = np.array([done.step_time for done in of(StepDone, events)])
    assert times[0] > 3 * np.median(times)
    middle = np.quantile(times[20:] / np.median(times), (0.16, 0.84))
    slowed = sum(1 for event in of(Straggler, events) if event.began)
    assert (middle[1] - middle[0]) / 2 < (0.006 if not slowed else 0.15)
    assert times[20:].min() > 0.97 * scenario.step_time


def test_incidents_have_their_consequences() -> None:
    """A straggler slows all steps until it ends; a stall is in the step that waited."""
    stragglers = stalls = flaps = 0
    for seed in range(12):
        scenario, events = troubled(seed)
        steps = of(StepDone, events)
        for event in of(Straggler, events):
            assert event.host == scenario.host_of(event.rank)
            after = [done.step_time for done in steps if done.at > event.at][1:4]
            if event.began and after:
                stragglers += 1
                assert min(after) > (1 + 0.7 * event.slowdown) * scenario.step_time * 0.985
        for event in events:
            if isinstance(event, LoaderStall | LinkFlap):
                step = next(done for done in steps if done.at > event.at)
                assert step.waited >= event.seconds * 0.999
                stalls, flaps = stalls + isinstance(event, LoaderStall), flaps + isinstance(event, LinkFlap)
    assert min(stragglers, stalls, flaps) > 0


def test_one_gpu_alone_has_no_network_trouble() -> None:
    """Causes need a place to be: no stragglers or links where there is nobody to wait for."""
    scenario = replace(draw(random.Random(2), gpus=1, steps=3000), faults="some")
    run = run_of(scenario, 3)
    run._story.fate.due = math.inf
    events = play(run)
    assert not of(Straggler, events)
    assert not of(LinkFlap, events)


def test_gradient_warnings_are_about_gradients() -> None:
    """A warning names a norm that the step had, well above the usual."""
    warned = 0
    for seed in range(12):
        _, events = played(seed)
        norms = {done.step: done.grad_norm for done in of(StepDone, events)}
        for event in of(GradientSpike, events):
            warned += 1
            assert event.grad_norm == norms[event.step] > 2.4 * event.usual
    assert 0 < warned < 40


def test_checkpoints_take_the_time_of_their_bytes() -> None:
    """Path, shards and rate follow from the run; steps stand still meanwhile."""
    scenario, events = played(1)
    steps = of(StepDone, events)
    for saved in of(CheckpointSaved, events):
        assert saved.bytes == scenario.checkpoint_bytes
        assert saved.rate == pytest.approx(saved.bytes / saved.seconds)
        assert saved.path == scenario.site.paths.checkpoint(saved.step)
        assert not [done for done in steps if saved.at - saved.seconds < done.at <= saved.at]


def test_gpus_idle_while_a_checkpoint_is_written() -> None:
    """Within a checkpoint utilisation is 0 and progress runs from 0 to 1."""
    run = run_of(short(), 1)
    while run.phase != "checkpoint" or run.until_next_event() == 0:
        run.advance(run.until_next_event())
    seconds, step = run.until_next_event(), run.step
    run.advance(seconds / 2)
    assert run.phase == "checkpoint"
    assert run.fraction == pytest.approx(0.5)
    assert run.step == step
    assert (run.cluster.readings(run.elapsed).utilisation == 0).all()


def test_memory_settles_with_the_second_step() -> None:
    """The optimizer's moments come at the end of step 1; then nothing moves, and the share is of the card."""
    scenario, events = played(0)
    steps = of(StepDone, events)
    assert steps[0].memory_reserved < steps[1].memory_reserved
    assert len({done.memory_reserved for done in steps[1:]}) == 1
    assert steps[1].memory_share == pytest.approx(steps[1].memory_reserved / scenario.gpu.memory_gib)


def test_what_views_read_is_consistent_at_any_time() -> None:
    """Epoch, step and progress agree with one another at odd moments and at the end."""
    run, scenario = run_of(short(), 5), short()
    while not run.is_done:
        run.advance(0.37 * scenario.step_time)
        assert 0 <= run.step_in_epoch <= scenario.steps_per_epoch
        assert (run.epoch - 1) * scenario.steps_per_epoch + run.step_in_epoch == run.step
        assert 0 <= run.micro_step <= scenario.grad_accum
        assert 0 <= run.fraction <= 1
        assert run.remaining == pytest.approx((scenario.total_steps - run.step) * run.mean_step_time)
    assert run.until_next_event() == math.inf
    assert (run.step, run.epoch, run.phase) == (scenario.total_steps, scenario.epochs, "done")
    assert run.advance(100.0) == []


def test_a_failing_cooler_is_reported_once() -> None:
    """A GPU that nears its limit is named with its temperature, and slows the job."""
    run = run_of(draw(random.Random(3), gpu="h100", steps=600, epochs=1), 2)
    run.cluster._resistance[9] *= 2.6
    run.cluster.set_drag(0.0, 9, 0.0)
    alerts = of(ThermalAlert, play(run))
    assert [alert.rank for alert in alerts] == [9]
    assert alerts[0].temperature > alerts[0].limit - 3


def test_the_shortest_run_there_is() -> None:
    """One step of one epoch on one GPU still has everything."""
    events = play(run_of(draw(random.Random(1), gpus=1, steps=1, epochs=1), 1))
    assert {StepDone, ValidationDone, CheckpointSaved, EpochDone, RunDone} <= {type(event) for event in events}


@pytest.mark.parametrize("seed", range(4))
def test_no_step_stays_slow(seed: int) -> None:
    """Without a fault, whatever lengthens steps is over within two minutes."""
    scenario = replace(draw(random.Random(seed), gpus=64, scenario="pretrain", steps=1500, epochs=1), faults="some")
    run = run_of(scenario, seed)
    run._story.fate.due = math.inf
    run._story.cluster._resistance[3] *= 1.9
    steps = [done for done in of(StepDone, play(run)) if done.step > 20]
    slow_since = None
    for done in steps:
        slow = done.step_time - done.waited > 1.025 * scenario.step_time
        slow_since = (slow_since or done.at) if slow else None
        assert slow_since is None or done.at - slow_since < 120
