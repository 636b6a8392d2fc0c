"""Loss and gradient norm: level, noise, spikes."""

import math
import random
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from fakeact_llm_training.sim.course import initial_loss
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.noise import Array, skewed
from fakeact_llm_training.sim.optim import Learning
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.schedule import Schedule
from scipy import special

LAGS = (1, 2, 5, 10)


def learning(scenario: Scenario, seed: int = 1) -> Learning:
    return Learning(scenario, np.random.default_rng(seed), special)


@cache
def long_run() -> tuple[Scenario, Learning, Array, Array]:
    """24,000 steps of GPT-2 in one epoch: scenario, learning, losses, gradient norms."""
    scenario = draw(random.Random(4), model="gpt2", gpu="h100", gpus=8, steps=24_000, epochs=1, dataset="fineweb")
    course = learning(scenario, 5)
    figures = [course.at(step) for step in range(1, scenario.total_steps + 1)]
    losses, norms = (np.array(column) for column in zip(*((f.loss, f.grad_norm) for f in figures), strict=True))
    return scenario, course, losses, norms


@cache
def residuals() -> Array:
    """Batch noise of the long run's settled part: loss minus what is expected, without spikes."""
    _, course, losses, _ = long_run()
    smooth = np.convolve(losses, np.ones(201) / 201, "same")
    kept = np.ones(len(losses), bool)
    kept[:6000] = kept[-200:] = False
    for spike in course.spikes:
        kept[max(spike.step - 150, 0) : spike.step + 450] = False
    return (losses - smooth)[kept]


def test_the_first_loss_is_that_of_guessing() -> None:
    """The untrained model's loss is ln(vocabulary) and a bit, whatever the model."""
    for seed in range(25):
        scenario = draw(random.Random(seed))
        first = learning(scenario, seed).at(1).loss
        assert first == pytest.approx(initial_loss(scenario), abs=0.03)
        assert 0.05 < first - math.log(scenario.model.vocab) < 0.75


def test_the_loss_does_not_plunge_below_guessing_at_once() -> None:
    """Five steps into the warm-up most of the way is still to go."""
    for seed in range(25):
        scenario = draw(random.Random(seed))
        course = learning(scenario, seed)
        assert course.at(5).loss > 0.68 * course.at(1).loss


def test_no_loss_is_below_zero() -> None:
    """Small batches scatter widely, and what is seen again is known by heart, but a loss stays one."""
    for seed in (30, 279, 313, 341):
        scenario = draw(random.Random(seed), dialect="nemo", scenario="finetune", steps=120)
        course = learning(scenario, seed)
        assert min(course.at(step).loss for step in range(1, scenario.total_steps + 1)) > 0.05


def test_gpt2_follows_the_public_log() -> None:
    """With llm.c's recipe the loss meets its log of GPT-2 124M on FineWeb within a tenth, once it is settled."""
    scenario = draw(random.Random(4), model="gpt2", gpu="h100", gpus=8, steps=12_000, epochs=1, dataset="fineweb")
    scenario = replace(
        scenario,
        schedule=Schedule("cosine", 6e-4, 0.0, 700, 19_560),
        layout=scenario.layout._replace(grad_accum=1, micro_batch=64),
        data=scenario.data._replace(samples=19_560 * 512),
    )
    assert scenario.tokens_per_step == 524_288
    course = learning(scenario)
    seen = {}
    for end in (100, 200, 500, 1000, 2000, 5000, 10_000):
        seen[end] = float(np.mean([course.at(step).loss for step in range(end - 20, end + 1)]))
    published = {100: 7.09, 200: 6.35, 500: 5.40, 1000: 4.32, 2000: 3.87, 5000: 3.555, 10_000: 3.416}
    for step, loss in published.items():
        assert seen[step] == pytest.approx(loss, abs=0.3 if step < 1000 else 0.1), step


def test_batch_noise_is_white() -> None:
    """Neighbouring losses know nothing of one another."""
    noise = residuals()
    for lag in LAGS:
        assert abs(np.corrcoef(noise[:-lag], noise[lag:])[0, 1]) < 0.035


def test_batch_noise_has_the_size_of_the_batch() -> None:
    """Its standard deviation is c over the square root of the tokens in a step."""
    scenario = long_run()[0]
    expected = scenario.dataset.noise / math.sqrt(scenario.tokens_per_step)
    assert residuals().std() == pytest.approx(expected, rel=0.06)


def test_noise_is_standardised_and_leans_upward() -> None:
    """Mean 0, variance 1, skewness about 0.9, excess kurtosis between 2.4 and 4.5."""
    noise = skewed(np.random.default_rng(3).random((400_000, 3)), special)
    assert noise.mean() == pytest.approx(0, abs=0.006)
    assert noise.std() == pytest.approx(1, abs=0.006)
    assert 0.75 < (noise**3).mean() < 1.1
    assert 2.4 < (noise**4).mean() - 3 < 4.5


def test_there_is_no_floor() -> None:
    """The loss is never twice the same and still falls at the end."""
    losses = long_run()[2]
    assert len(np.unique(losses[-4000:])) == 4000
    assert losses[-2000:].mean() < losses[-4000:-2000].mean() - 1e-3


def test_spikes_are_announced_by_the_gradient_and_recover() -> None:
    """The norm rises before the loss does, and 40 steps later nearly all is over."""
    scenario, course, losses, norms = long_run()
    alone = [s for s in course.spikes if all(s is o or abs(s.step - o.step) > 600 for o in course.spikes)]
    alone = [s for s in alone if 1000 < s.step < scenario.total_steps - 400 and s.height > 0.08]
    assert alone
    for spike in alone:
        at = spike.step - 1
        before = losses[at - 60 : at - 5].mean()
        assert losses[at] - before > 0.6 * spike.height
        assert losses[at + 38 : at + 48].mean() - before < 0.2 * spike.height
        assert norms[at - spike.lead + 1] > 1.5 * np.median(norms[at - 60 : at - 5])
        assert losses[at - spike.lead : at].mean() - before < 0.4 * spike.height
    assert len(course.spikes) < 3e-4 * scenario.total_steps + 6


def test_gradient_norms_fall_and_scatter_a_little() -> None:
    """High at first, a fraction of it later, 7 % of scatter, a few lone outliers."""
    norms = long_run()[3]
    settled = norms[12_000:13_000]
    assert norms[0] > 10 * np.median(settled)
    low, high = np.quantile(settled / np.median(settled), (0.16, 0.84))
    assert 0.05 < (high - low) / 2 < 0.1
    assert norms[6000:].max() > 2 * np.median(norms[6000:])


def test_loss_and_gradient_norm_are_weakly_tied() -> None:
    """Their residuals correlate at about +0.12."""
    _, course, losses, norms = long_run()
    kept = np.ones(len(losses), bool)
    kept[:6000] = kept[-200:] = False
    for spike in course.spikes:
        kept[max(spike.step - 150, 0) : spike.step + 450] = False
    loss = (losses - np.convolve(losses, np.ones(201) / 201, "same"))[kept]
    norm = np.log(norms)
    norm = (norm - np.convolve(norm, np.ones(201) / 201, "same"))[kept]
    plain = np.abs(norm) < 0.4
    assert 0.06 < np.corrcoef(loss[plain], norm[plain])[0, 1] < 0.18


def test_repeated_data_steps_the_training_loss_down() -> None:
    """At an epoch's start the training loss drops; validation, which never saw the data twice, is above it."""
    scenario = draw(random.Random(9), model="llama-3.1-8b", gpu="h100", steps=2000, epochs=2)
    drops, last = [], scenario.steps_per_epoch
    for seed in range(6):
        course = learning(scenario, seed)
        before = np.mean([course.at(step).loss for step in range(last - 59, last + 1)])
        after = np.mean([course.at(step).loss for step in range(last + 1, last + 61)])
        drops.append(before - after)
        final = [course.at(step).loss for step in range(scenario.total_steps - 100, scenario.total_steps + 1)]
        assert course.validation(scenario.total_steps) > np.median(final)
    assert np.median(drops) > 0.03


def test_the_same_seed_gives_the_same_course() -> None:
    """Blocks come out alike however they are asked for."""
    scenario = draw(random.Random(6))
    one, other = learning(scenario, 8), learning(scenario, 8)
    assert [one.at(step) for step in range(1, 1500)][-1] == other.at(1499)
