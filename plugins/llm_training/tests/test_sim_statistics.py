"""Long runs have the statistics that were measured on public logs."""

import math
import random
from collections.abc import Iterator
from functools import cache
from itertools import count

import numpy as np
import numpy.typing as npt
import pytest
from fakeact_llm_training.sim.cluster import TRAINING, WAITING, Cluster
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.events import RunDone, StepDone, ValidationDone
from fakeact_llm_training.sim.fault_events import Fault, Restarted, Resumed
from fakeact_llm_training.sim.optim import Learning, Spike
from fakeact_llm_training.sim.run import TrainingRun
from fakeact_llm_training.sim.scenario import Scenario
from scipy import special

Array = npt.NDArray[np.float64]
LAGS, STEPS = (1, 2, 5, 10, 50), 12_000


@cache
def long_run(seed: int) -> tuple[Scenario, list[Spike], Array, Array]:
    """12,000 steps in the middle of a run that is drawn: losses and gradient norms, after the warm-up."""
    runs = (draw(random.Random(100 * seed + one), scenario="resume", dialect="megatron") for one in count())
    scenario = next(run for run in runs if run.total_steps - run.start_step > STEPS)
    course = Learning(scenario, np.random.default_rng(seed), special)
    figures = [course.at(step) for step in range(scenario.first_step, scenario.first_step + STEPS)]
    return scenario, course.spikes, np.array([f.loss for f in figures]), np.array([f.grad_norm for f in figures])


def detrended(seed: int, values: Array) -> Array:
    """Values over their moving mean, away from spikes and ends."""
    scenario, spikes, *_ = long_run(seed)
    kept = np.ones(len(values), bool)
    kept[:150] = kept[-150:] = False
    for spike in spikes:
        at = spike.step - scenario.first_step
        kept[max(at - 150, 0) : max(at + 450, 0)] = False
    off: Array = (values - np.convolve(values, np.ones(201) / 201, "same"))[kept]
    return off


def residuals(seed: int) -> Array:
    """Batch noise: the loss without its trend."""
    return detrended(seed, long_run(seed)[2])


def check_noise(seed: int) -> None:
    """Whiteness, size, skewness and kurtosis of one run's batch noise."""
    scenario, noise = long_run(seed)[0], residuals(seed)
    for lag in LAGS:
        assert abs(np.corrcoef(noise[:-lag], noise[lag:])[0, 1]) < 0.04, lag
    expected = scenario.dataset.noise / math.sqrt(scenario.tokens_per_step)
    assert noise.std() == pytest.approx(expected, rel=0.06)
    scaled = noise / noise.std()
    assert 0.6 < (scaled**3).mean() < 1.3
    assert 1.8 < (scaled**4).mean() - 3 < 6.0
    assert 5 < scaled.max() < 12
    assert -5.5 < scaled.min() < -3


@pytest.mark.parametrize("seed", range(3))
def test_batch_noise_is_that_of_public_logs(seed: int) -> None:
    """White at lags 1 to 50, c/sqrt(tokens) in size, skewed by 0.8 to 1.0, excess kurtosis 2.4 to 3.9."""
    check_noise(seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3, 60))
def test_batch_noise_of_many_runs(seed: int) -> None:
    """The same over the whole catalogue."""
    check_noise(seed)


@pytest.mark.parametrize("seed", range(3))
def test_gradient_norms_scatter_as_in_public_logs(seed: int) -> None:
    """Some 7 %, with lone outliers of 3 to 8 times the usual norm about every 5,000 steps."""
    off = detrended(seed, np.log(long_run(seed)[3]))
    low, high = np.quantile(off, (0.16, 0.84))
    assert 0.055 < (high - low) / 2 < 0.085
    assert (off > math.log(2.5)).sum() <= 10
    assert (off < -math.log(1.6)).sum() == 0


def spikes_with_room(seeds: range) -> Iterator[tuple[float, Array, Array, Spike]]:
    """Spikes that stand alone, with what the losses and the norms did around them, and the noise's size."""
    for seed in seeds:
        scenario, spikes, losses, norms = long_run(seed)
        for spike in spikes:
            at = spike.step - scenario.first_step
            others = [one for one in spikes if one is not spike]
            alone = all(abs(one.step - spike.step) > 600 for one in others)
            size = scenario.dataset.noise / math.sqrt(scenario.tokens_per_step)
            if alone and 200 < at < len(losses) - 400 and spike.height > 6 * size:
                yield size, losses[at - 100 : at + 300], norms[at - 100 : at + 300], spike


def test_spikes_are_led_by_the_norm_and_recover() -> None:
    """The norm rises 2 to 4 steps before the loss, which is back after some 40 steps and stays back."""
    seen = 0
    for size, losses, norms, spike in spikes_with_room(range(8)):
        seen += 1
        before, usual = losses[:90].mean(), np.median(norms[:90])
        assert losses[100] - before > 0.6 * spike.height
        assert norms[100 - spike.lead + 1] > 1.4 * usual
        assert losses[100 - spike.lead : 100].mean() - before < 0.4 * spike.height + 3 * size
        assert losses[140:150].mean() - before < 0.25 * spike.height + 2 * size
        assert abs(losses[250:300].mean() - before) < 0.05 * spike.height + size
    assert seen >= 5


def test_spikes_are_rare() -> None:
    """0 to 3 in ten thousand steps, seldom more."""
    counts = [len(long_run(seed)[1]) for seed in range(8)]
    assert 0.5 < np.mean(counts) < 5


@pytest.mark.parametrize("seed", range(2))
def test_validations_scatter_little(seed: int) -> None:
    """On a fixed set the loss moves by thousandths from one evaluation to the next, and goes down."""
    scenario = draw(random.Random(seed), scenario="resume", faults="none")
    course = Learning(scenario, np.random.default_rng(seed), special)
    losses = np.array([course.validation(scenario.start_step + 50 * i) for i in range(40)])
    assert np.abs(np.diff(losses)).max() < 0.4
    assert np.median(np.abs(np.diff(losses))) < 0.003


# The fleet
@cache
def fleet(gpu: str, size: int = 512) -> Cluster:
    cluster = Cluster(draw(random.Random(1), gpu=gpu, gpus=size), np.random.default_rng(4))
    cluster.set_load(0.0, TRAINING)
    return cluster


@pytest.mark.parametrize("gpu", ["a100-80g", "h100", "h200", "b200", "mi300x"])
def test_snapshots_correlate_and_gpus_differ(gpu: str) -> None:
    """Temperatures of minutes apart agree GPU by GPU, power and clocks nearly so; yet no two are alike."""
    one, other = fleet(gpu).readings(400.0), fleet(gpu).readings(700.0)
    for name, least in (("temperature", 0.98), ("hbm_temperature", 0.98), ("power", 0.6), ("sm_clock", 0.6)):
        assert np.corrcoef(getattr(one, name), getattr(other, name))[0, 1] > least, name
    assert 5 < np.ptp(one.temperature) < 50
    assert one.temperature.std() > 2


def test_a_slot_is_hot_in_every_node() -> None:
    """Which slots are hot is the chassis': half of the variance is explained by them."""
    warmth = fleet("h100").readings(400.0).temperature.reshape(-1, 8)
    assert warmth.mean(axis=0).var() > 0.4 * warmth.var()


def test_rooms_have_warm_and_cool_places() -> None:
    """Neighbouring racks are alike, far ones are not: node means correlate over a rack's width."""
    cluster = fleet("h100", 8192)
    nodes = cluster.readings(400.0).temperature.reshape(-1, 8).mean(axis=1)
    nodes = nodes - nodes.mean()
    assert np.corrcoef(nodes[:-8], nodes[8:])[0, 1] > 0.3
    assert 0.8 < nodes.std() < 4


@pytest.mark.parametrize("gpu", ["a100-80g", "h100", "b200", "gb200"])
def test_power_lags_by_seconds_and_temperature_by_tens(gpu: str) -> None:
    """Nine tenths of the power are there within 3 s, of the core's warming after some 90 s, or 25 s in liquid."""
    cluster = fleet(gpu)
    start, end = cluster.readings(0.0), cluster.readings(2000.0)
    moments = np.concatenate((np.arange(0, 10, 0.1), np.arange(10, 400, 1.0)))

    def until(name: str, share: float) -> float:
        first, last = getattr(start, name).mean(), getattr(end, name).mean()
        course = ((getattr(cluster.readings(at), name).mean() - first) / (last - first) for at in moments)
        return float(next(at for at, done in zip(moments, course, strict=True) if done > share))

    assert until("power", 0.87) < 4
    air = cluster.scenario.gpu.cooling == "air"
    assert (60 if air else 15) < until("temperature", 0.9) < (120 if air else 45)
    assert until("hbm_temperature", 0.9) > until("temperature", 0.9)


def test_power_creeps_while_chips_warm() -> None:
    """Leakage adds some percents from the fifth second to the second minute (measured: 6 to 7 % of a node)."""
    cluster = fleet("h100")
    early, late = cluster.readings(5.0).power.mean(), cluster.readings(150.0).power.mean()
    assert 1.02 < late / early < 1.1


def test_waiting_h100s_draw_what_was_measured() -> None:
    """With a context, 105 to 130 W."""
    cluster = Cluster(draw(random.Random(1), gpu="h100", gpus=64), np.random.default_rng(4))
    cluster.set_load(0.0, WAITING)
    assert 105 < cluster.readings(60.0).power.mean() < 130


# Faults
@cache
def watched(seed: int) -> list[object]:
    """What happens in twenty minutes of a run with some faults."""
    scenario = draw(random.Random(seed), scenario="pretrain", dialect=None, faults="some")
    return list(TrainingRun(scenario, np.random.default_rng(seed), special).advance(1200.0))


def test_some_faults_show_within_minutes_now_and_then() -> None:
    """In a quarter of an hour about every other run has one; few have more than three."""
    early = [sum(isinstance(event, Fault) and event.at < 900 for event in watched(seed)) for seed in range(24)]
    assert 0.35 < np.mean([found > 0 for found in early]) < 0.97
    assert np.mean([found > 3 for found in early]) < 0.15


def test_faults_take_back_to_the_last_checkpoint_and_no_further() -> None:
    """Whatever was done since is lost: some minutes at the most, and the run gets on all the same."""
    for seed in range(24):
        events = watched(seed)
        for event in events:
            if isinstance(event, Resumed):
                before = [done for done in events if isinstance(done, StepDone) and done.at < event.at]
                done_before = max((done.step for done in before), default=event.step)
                assert event.step <= done_before
                assert event.lost_steps >= 0
        restarts = [event for event in events if isinstance(event, Restarted)]
        assert len({event.comm_id for event in restarts}) == len(restarts)
        assert len({event.pids for event in restarts}) == len(restarts)


def campaign(seed: int) -> None:
    """A run to its end: no value out of range, at any time."""
    scenario = draw(random.Random(seed), scenario=None, dialect=None, faults=("none", "some", "drama")[seed % 3])
    run, card = TrainingRun(scenario, np.random.default_rng(seed), special), scenario.gpu
    events: list[object] = []
    while not run.is_done:
        events += run.advance(20.0)
        now = run.cluster.readings(run.elapsed)
        assert (now.temperature > 15).all()
        assert (now.temperature < card.slowdown_c + 5).all()
        assert (now.hbm_temperature < 115).all()
        assert (now.power < 1.01 * card.power_limit_w).all()
        assert (now.sm_clock <= card.max_sm_mhz).all()
        assert (now.memory_used <= card.memory_mib).all()
    losses = [event.loss for event in events if isinstance(event, StepDone) and not event.skipped]
    assert all(0.2 < loss < 16 for loss in losses)
    assert all(0.2 < event.loss < 16 for event in events if isinstance(event, ValidationDone))
    assert all(event.mfu < 0.6 for event in events if isinstance(event, RunDone))


@pytest.mark.parametrize("seed", range(4))
def test_nothing_leaves_its_range(seed: int) -> None:
    """Temperatures, watts, clocks, memory and losses of a whole run are possible ones."""
    campaign(seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(4, 300))
def test_nothing_leaves_its_range_in_three_hundred_runs(seed: int) -> None:
    """The campaign."""
    campaign(seed)
