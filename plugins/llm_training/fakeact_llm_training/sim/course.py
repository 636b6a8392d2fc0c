"""How the loss moves in pre-training: a law in tokens and parameters, and the way down to it."""

import math

import numpy as np

from fakeact_llm_training.sim.model import active_parameters, total_parameters
from fakeact_llm_training.sim.noise import Array
from fakeact_llm_training.sim.scenario import Scenario

# Besiroglu et al. 2024 (arXiv 2404.10102), refit of Hoffmann et al.: L = E + A/N^a + B/D^b.
E, A, B, ALPHA, BETA = 1.8172, 482.01, 2085.43, 0.3478, 0.3658
# The law holds from some 10^8 tokens on; with this many added it stays finite before. With a web corpus' 0.25
# above MassiveText it meets llm.c's GPT-2 124M log from step 1,000 to 20,000 within 0.06.
EARLY_TOKENS, WEB_SHIFT = 50e6, 0.25
# Fitted to the same log and torchtitan's Llama-3 8B, in steps at peak learning rate: the plunge to unigram
# statistics goes with exp(-(s/s1)^0.5), the shoulder after it gives way with exp(-(s/100)^0.58).
PLUNGE_STEPS, PLUNGE_POWER, SHOULDER_STEPS, SHOULDER_POWER = 1.7, 0.5, 100.0, 0.58
# What batches differ in at first is how often common tokens occur, which a few steps teach (an estimate).
TOLD_APART_POWER = 0.6
# Gradient norm of the same log over steps at peak learning rate.
NORM_AT = (0.0007, 0.018, 0.071, 0.286, 1.79, 7.1, 28.6, 64.0, 178.0, 350.0, 650.0, 1650.0, 4650.0, 19000.0)
NORM = (15.2, 8.5, 3.85, 2.18, 1.52, 1.03, 1.08, 1.12, 0.76, 0.62, 0.42, 0.29, 0.25, 0.22)


class Pretraining:
    """Expected loss, what repetition takes off it, noise and gradient norm of a run from scratch."""

    def __init__(self, scenario: Scenario, individual: float) -> None:
        self._scenario = scenario
        self._individual = individual

    def expected(self, steps_done: Array, progress: Array, rates: Array) -> Array:
        """Loss without noise after `steps_done` steps, of which `progress` at full learning rate."""
        start, shoulder = initial_loss(self._scenario), shoulder_loss(self._scenario)
        law = self._law(steps_done * self._scenario.tokens_per_step)
        # Annealing buys another 0.05 to 0.15 nats below the law's constant-rate course.
        warm = steps_done >= self._scenario.warmup_steps
        annealed = 0.09 * (1 - rates / self._scenario.schedule.peak) * warm
        path = law - annealed + (shoulder - law) * np.exp(-((progress / SHOULDER_STEPS) ** SHOULDER_POWER))
        # Wider models plunge faster; nothing larger than 8B is on record.
        pace = max(0.5, PLUNGE_STEPS * (_effective_parameters(self._scenario) / 124e6) ** -0.29)
        settled: Array = path + (start - shoulder) * np.exp(-((progress / pace) ** PLUNGE_POWER))
        return settled

    def _law(self, tokens: Array) -> Array:
        base = E + A / _effective_parameters(self._scenario) ** ALPHA + B / (tokens + EARLY_TOKENS) ** BETA
        shift = WEB_SHIFT + self._scenario.dataset.loss_shift + self._individual
        # A larger vocabulary has longer tokens, so more nats in each.
        longer = 1 + 0.058 * math.log2(self._scenario.model.vocab / 50257)
        law: Array = (base + shift) * longer
        return law

    def memorised(self, steps: Array, _expected: Array) -> Array:
        """What seeing the data again takes off the training loss: a step down at each epoch's start."""
        seen_before = (steps - 1) // self._scenario.steps_per_epoch
        drop = 0.018 + 0.014 * max(0.0, math.log10(total_parameters(self._scenario.model) / 1e8))
        taken_off: Array = drop * seen_before
        return taken_off

    def noise_size(self, expected: Array) -> Array:
        """Standard deviation c/sqrt(tokens); smaller while the model still says the same for every token."""
        start, shoulder = initial_loss(self._scenario), shoulder_loss(self._scenario)
        told_apart = ((start - expected) / (start - shoulder)).clip(0.02, 1.0) ** TOLD_APART_POWER
        size: Array = self._scenario.dataset.noise / math.sqrt(self._scenario.tokens_per_step) * told_apart
        return size

    def gap(self, step: int, _expected: float) -> float:
        """Validation above the loss on unseen data: another sample, and what repetition spoils."""
        return 0.012 + 0.006 * max(0.0, step / self._scenario.steps_per_epoch - 1)

    def norms(self, progress: Array) -> Array:
        """Gradient norm of GPT-2 124M after `progress` steps at full learning rate."""
        table: Array = np.exp(np.interp(np.log(progress + NORM_AT[0]), np.log(NORM_AT), np.log(NORM)))
        return table


def _effective_parameters(scenario: Scenario) -> float:
    # A mixture of experts does as well as a dense model between its active and its total size.
    return math.sqrt(total_parameters(scenario.model) * active_parameters(scenario.model))


def initial_loss(scenario: Scenario) -> float:
    """Loss of the untrained model: ln(vocabulary) and half the variance of its first logits."""
    # Initial weights of 0.02: GPT-2 124M begins 0.18 above ln V, torchtitan's Llama-3 8B 0.48.
    return math.log(scenario.model.vocab) + min(0.06 + 1.1e-4 * scenario.model.hidden, 0.7)


def shoulder_loss(scenario: Scenario) -> float:
    """Where the plunge slows down, near the entropy of single tokens: 7.0 for GPT-2's vocabulary."""
    return 2.15 + 0.45 * math.log(scenario.model.vocab) + 0.5 * min(scenario.dataset.loss_shift, 0.5)
