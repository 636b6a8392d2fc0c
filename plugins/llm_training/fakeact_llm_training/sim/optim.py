"""How loss and gradient norm move: law, transient, batch noise, spikes; computed in blocks of steps."""

import math
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from fakeact_llm_training.sim.model import active_parameters, total_parameters
from fakeact_llm_training.sim.noise import Array, skewed
from fakeact_llm_training.sim.scenario import Scenario

BLOCK = 1024
# Besiroglu et al. 2024 (arXiv 2404.10102), refit of Hoffmann et al.: L = E + A/N^a + B/D^b.
E, A, B, ALPHA, BETA = 1.8172, 482.01, 2085.43, 0.3478, 0.3658
# The law holds from some 10^8 tokens on; with this many added it stays finite before. With a web corpus' 0.25
# above MassiveText it meets llm.c's GPT-2 124M log from step 1,000 to 20,000 within 0.06.
EARLY_TOKENS, WEB_SHIFT = 50e6, 0.25
# Fitted to the same log and torchtitan's Llama-3 8B, in steps at peak learning rate: the plunge to unigram
# statistics goes with exp(-(s/s1)^0.5), the shoulder after it gives way with exp(-(s/100)^0.58).
PLUNGE_STEPS, PLUNGE_POWER, SHOULDER_STEPS, SHOULDER_POWER = 1.7, 0.5, 100.0, 0.58
# Gradient norm of the same log over steps at peak learning rate.
NORM_AT = (0.0007, 0.018, 0.071, 0.286, 1.79, 7.1, 28.6, 64.0, 178.0, 350.0, 650.0, 1650.0, 4650.0, 19000.0)
NORM = (15.2, 8.5, 3.85, 2.18, 1.52, 1.03, 1.08, 1.12, 0.76, 0.62, 0.42, 0.29, 0.25, 0.22)
SPIKES_PER_STEP, OUTLIERS_PER_STEP = 2e-4, 2e-4
SPIKE_TAIL = 160


@dataclass(frozen=True)
class StepFigures:
    """One optimizer step: loss in nats per token, gradient norm before clipping, learning rate."""

    loss: float
    grad_norm: float
    learning_rate: float
    clipped: bool


@dataclass(frozen=True)
class Spike:
    """The loss jumps by `height` nats at `step`; the gradient norm runs ahead by `lead` steps."""

    step: int
    height: float
    lead: int
    recovery: float


class Learning:
    """The course of loss and gradient norm; ask for blocks in order, for the steps of a block in any."""

    def __init__(self, scenario: Scenario, generator: np.random.Generator, special: ModuleType) -> None:
        self.scenario = scenario
        self.spikes: list[Spike] = []
        self._generator = generator
        self._special = special
        self._first = 1
        self._progress = 0.0
        self._individual = float(generator.normal(0, 0.02))
        self._norm_scale = _norm_scale(scenario, generator)
        self._loss, self._norm, self._rate = self._block(1)

    def at(self, step: int) -> StepFigures:
        """Figures of optimizer step `step`, counted from 1."""
        while step >= self._first + BLOCK:
            self._first += BLOCK
            self._loss, self._norm, self._rate = self._block(self._first)
        i = step - self._first
        norm = float(self._norm[i])
        clipped = norm > self.scenario.optimizer.clip
        return StepFigures(float(self._loss[i]), norm, float(self._rate[i]), clipped)

    def spike_at(self, step: int) -> Spike | None:
        """The spike whose loss jumps at this step, if any."""
        return next((spike for spike in self.spikes if spike.step == step), None)

    def validation(self, step: int) -> float:
        """Loss on held-out sequences after `step` steps: no batch noise, no benefit from repeated data."""
        one = np.array([float(step)])
        progress = np.array([self._progress_at(step)])
        epochs = step / self.scenario.steps_per_epoch
        expected = self._expected(one, progress, np.array([self.scenario.schedule.learning_rate(step)]))
        gap = 0.012 + 0.006 * max(0.0, epochs - 1)
        return float(expected[0]) + gap + float(self._generator.normal(0, 6e-4))

    def _progress_at(self, step: int) -> float:
        return float(self._after[min(max(step - self._first, 0), BLOCK - 1)])

    def _block(self, first: int) -> tuple[Array, Array, Array]:
        steps = np.arange(first, first + BLOCK, dtype=np.float64)
        rates = np.array([self.scenario.schedule.learning_rate(int(step)) for step in steps])
        self._after = self._progress + np.cumsum(rates) / self.scenario.schedule.peak
        before = np.concatenate(([self._progress], self._after[:-1]))
        self._progress = float(self._after[-1])
        uniform = self._generator.random((BLOCK, 6)).clip(1e-12, 1 - 1e-12)
        residual = skewed(uniform[:, :3], self._special)
        self._draw_spikes(first, uniform[:, 5])
        expected = self._expected(steps - 1, before, rates)
        noise = residual * self._noise_size(expected)
        loss = expected - self._memorised(steps) + noise + self._spike_loss(steps)
        return loss, self._norms(steps, before, residual, uniform[:, 3:5]), rates

    def _expected(self, steps_done: Array, progress: Array, rates: Array) -> Array:
        """Loss without noise after `steps_done` steps, of which `progress` at full learning rate."""
        start, shoulder = initial_loss(self.scenario), shoulder_loss(self.scenario)
        law = self._law(steps_done * self.scenario.tokens_per_step)
        # Annealing buys another 0.05 to 0.15 nats below the law's constant-rate course.
        warm = steps_done >= self.scenario.warmup_steps
        annealed = 0.09 * (1 - rates / self.scenario.schedule.peak) * warm
        path = law - annealed + (shoulder - law) * np.exp(-((progress / SHOULDER_STEPS) ** SHOULDER_POWER))
        # Wider models plunge faster; nothing larger than 8B is on record.
        pace = max(0.5, PLUNGE_STEPS * (_effective_parameters(self.scenario) / 124e6) ** -0.29)
        settled: Array = path + (start - shoulder) * np.exp(-((progress / pace) ** PLUNGE_POWER))
        return settled

    def _law(self, tokens: Array) -> Array:
        base = E + A / _effective_parameters(self.scenario) ** ALPHA + B / (tokens + EARLY_TOKENS) ** BETA
        shift = WEB_SHIFT + self.scenario.dataset.loss_shift + self._individual
        # A larger vocabulary has longer tokens, so more nats in each.
        longer = 1 + 0.058 * math.log2(self.scenario.model.vocab / 50257)
        law: Array = (base + shift) * longer
        return law

    def _memorised(self, steps: Array) -> Array:
        """What seeing the data again takes off the training loss: a step down at each epoch's start."""
        seen_before = (steps - 1) // self.scenario.steps_per_epoch
        drop = 0.018 + 0.014 * max(0.0, math.log10(total_parameters(self.scenario.model) / 1e8))
        taken_off: Array = drop * seen_before
        return taken_off

    def _noise_size(self, expected: Array) -> Array:
        """Standard deviation c/sqrt(tokens); smaller while the model still says the same for every token."""
        start, shoulder = initial_loss(self.scenario), shoulder_loss(self.scenario)
        told_apart = ((start - expected) / (start - shoulder)).clip(0.05, 1.0)
        size: Array = self.scenario.dataset.noise / math.sqrt(self.scenario.tokens_per_step) * told_apart
        return size

    def _draw_spikes(self, first: int, uniform: Array) -> None:
        settled = 1.5 * self.scenario.warmup_steps
        for offset in np.flatnonzero(uniform < SPIKES_PER_STEP).tolist():
            step = first + max(int(offset), 8)
            if step > settled:
                size = float(self._generator.random())
                # Mostly +0.05 to +0.5; one in ten larger, as BLOOM's of 12 April 2022.
                height = 0.05 * 10**size if size < 0.9 else 1.6
                self.spikes.append(Spike(step, height, 2 + int(size * 30) % 3, 7.0 + 6.0 * size))

    def _spike_loss(self, steps: Array) -> Array:
        total = np.zeros_like(steps)
        for spike in self.spikes:
            age = steps - spike.step
            # Back within 20 to 40 steps; some 0.02 of it stays for about a hundred.
            fall = (1 - 0.05) * np.exp(-age.clip(0) / spike.recovery) + 0.05 * np.exp(-age.clip(0) / 45)
            total += np.where((age >= 0) & (age < SPIKE_TAIL * 2), spike.height * fall, 0.0)
        return total

    def _norms(self, steps: Array, progress: Array, residual: Array, uniform: Array) -> Array:
        table = np.interp(np.log(progress + NORM_AT[0]), np.log(NORM_AT), np.log(NORM))
        # Scatter of 7 %, weakly tied to the loss (correlation 0.12); rare lone outliers of 3 to 8 times.
        scatter = 0.12 * residual + math.sqrt(1 - 0.12**2) * self._special.ndtri(uniform[:, 0])
        lone = np.where(uniform[:, 1] < OUTLIERS_PER_STEP, 3 + 5 * uniform[:, 0], 1.0)
        norms: Array = self._norm_scale * np.exp(table + 0.07 * scatter) * lone
        return norms * self._spike_norm(steps)

    def _spike_norm(self, steps: Array) -> Array:
        factor = np.ones_like(steps)
        for spike in self.spikes:
            top = 6 + 60 * spike.height
            ahead = steps - (spike.step - spike.lead)
            rise = np.exp(np.log(top) * (ahead + 1).clip(0, spike.lead + 1) / (spike.lead + 1))
            age = (steps - spike.step).clip(0)
            shape = np.where(age > 0, 1 + (top - 1) * np.exp(-age / (0.7 * spike.recovery)), rise)
            factor *= np.where((ahead >= 0) & (age < SPIKE_TAIL), shape, 1.0)
        return factor


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


def _norm_scale(scenario: Scenario, generator: np.random.Generator) -> float:
    """Gradient norm relative to GPT-2 124M at 0.5M tokens: wider models lower, smaller batches noisier."""
    size = (total_parameters(scenario.model) / 124e6) ** -0.08
    batch = (524_288 / scenario.tokens_per_step) ** 0.2
    return float(size * min(max(batch, 0.8), 2.0) * math.exp(generator.normal(0, 0.15)))
