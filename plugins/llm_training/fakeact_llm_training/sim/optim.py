"""How loss and gradient norm move: law, transient, batch noise, spikes; computed in blocks of steps."""

import math
from collections import deque
from dataclasses import dataclass
from types import ModuleType
from typing import NamedTuple

import numpy as np

from fakeact_llm_training.sim.course import Pretraining
from fakeact_llm_training.sim.model import total_parameters
from fakeact_llm_training.sim.noise import Array, skewed
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.tuning import Tuning

BLOCK = 1024
SPIKES_PER_STEP, OUTLIERS_PER_STEP = 2e-4, 2e-4
SPIKE_TAIL = 160
# A step that is done again differs in the third decimal of its loss.
ECHO = 8e-4
OWN_LEVEL = 0.035


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


class Block(NamedTuple):
    """Figures of `BLOCK` optimizer steps from step `first` on; `after` is the progress after each."""

    first: int
    loss: Array
    norm: Array
    rate: Array
    after: Array


class Learning:
    """The course of loss and gradient norm; steps may be asked for in any order, but for those forgotten."""

    def __init__(self, scenario: Scenario, generator: np.random.Generator, special: ModuleType) -> None:
        self.scenario = scenario
        self.spikes: list[Spike] = []
        self._generator = generator
        self._special = special
        # Recipe, data order and initial weights make a run a percent or two better or worse than the law for good.
        individual = float(generator.normal(0, OWN_LEVEL))
        self._course: Tuning | Pretraining
        self._course = (Tuning if scenario.kind == "finetune" else Pretraining)(scenario, individual)
        self._norm_scale = _norm_scale(scenario, generator)
        self._blocks: deque[Block] = deque()
        self._echo = scenario.site.pid_seed
        self._begun = progress_before(scenario)

    def at(self, step: int, attempt: int = 0) -> StepFigures:
        """Figures of optimizer step `step`, counted from 1, when it is done in that attempt.

        The same data in the same order give nearly the same loss again: sums of other order round differently.
        """
        block = self._block_of(step)
        i = step - block.first
        norm = float(block.norm[i])
        rounding = 0.0
        if attempt:
            rounding = ECHO * float(np.random.default_rng((self._echo, attempt, step)).standard_normal())
        clipped = norm > self.scenario.optimizer.clip
        return StepFigures(float(block.loss[i]) + rounding, norm * (1 + rounding), float(block.rate[i]), clipped)

    def forget(self, step: int) -> None:
        """Steps before this one will not be asked for again."""
        while len(self._blocks) > 1 and self._blocks[0].first + BLOCK <= step:
            self._blocks.popleft()
        self.spikes = [spike for spike in self.spikes if step < spike.step + 2 * SPIKE_TAIL]

    def validation(self, step: int) -> float:
        """Loss on held-out sequences after `step` steps: no batch noise, no benefit from repeated data."""
        rates = np.array([self.scenario.schedule.learning_rate(step)])
        progress = np.array([self._progress_after(step)])
        expected = float(self._course.expected(np.array([float(step)]), progress, rates)[0])
        return expected + self._course.gap(step, expected) + float(self._generator.normal(0, 6e-4))

    def _progress_after(self, step: int) -> float:
        if step < self.scenario.first_step:
            return self._begun
        block = self._block_of(step)
        return float(block.after[step - block.first])

    def _block_of(self, step: int) -> Block:
        while not self._blocks or step >= self._blocks[-1].first + BLOCK:
            self._blocks.append(self._next_block())
        return self._blocks[(step - self._blocks[0].first) // BLOCK]

    def _next_block(self) -> Block:
        first = self._blocks[-1].first + BLOCK if self._blocks else self.scenario.first_step
        steps = np.arange(first, first + BLOCK, dtype=np.float64)
        rates = np.array([self.scenario.schedule.learning_rate(int(step)) for step in steps])
        begun = float(self._blocks[-1].after[-1]) if self._blocks else self._begun
        after = begun + np.cumsum(rates) / self.scenario.schedule.peak
        before = np.concatenate(([begun], after[:-1]))
        uniform = self._generator.random((BLOCK, 6)).clip(1e-12, 1 - 1e-12)
        residual = skewed(uniform[:, :3], self._special)
        self._draw_spikes(first, uniform[:, 5])
        expected = self._course.expected(steps - 1, before, rates)
        level = expected - self._course.memorised(steps, expected)
        noise = residual * self._course.noise_size(expected)
        if self.scenario.kind == "finetune":
            # What is known by heart scatters less, and no loss is below zero.
            noise *= level / expected
            noise = np.where(noise < 0, level * np.expm1(noise / level), noise)
        loss = level + noise + self._spike_loss(steps)
        return Block(first, loss, self._norms(steps, before, residual, uniform[:, 3:5]), rates, after)

    def _draw_spikes(self, first: int, uniform: Array) -> None:
        if self.scenario.kind == "finetune":
            return
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
            total += np.where((age >= 0) & (age < 2 * SPIKE_TAIL), spike.height * fall, 0.0)
        return total

    def _norms(self, steps: Array, progress: Array, residual: Array, uniform: Array) -> Array:
        # Scatter of 7 %, weakly tied to the loss (correlation 0.12); rare lone outliers of 3 to 8 times.
        scatter = 0.12 * residual + math.sqrt(1 - 0.12**2) * self._special.ndtri(uniform[:, 0])
        lone = np.where(uniform[:, 1] < OUTLIERS_PER_STEP, 3 + 5 * uniform[:, 0], 1.0)
        norms: Array = self._norm_scale * self._course.norms(progress) * np.exp(0.07 * scatter) * lone
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


def progress_before(scenario: Scenario) -> float:
    """Steps at full learning rate that the jobs before this one amount to."""
    if not scenario.start_step:
        return 0.0
    steps = np.linspace(1, scenario.start_step, min(scenario.start_step, 4096))
    rates = np.fromiter((scenario.schedule.learning_rate(int(step)) for step in steps), float, len(steps))
    return float(rates.mean()) / scenario.schedule.peak * scenario.start_step


def _norm_scale(scenario: Scenario, generator: np.random.Generator) -> float:
    """Gradient norm relative to GPT-2 124M at 0.5M tokens: wider models lower, smaller batches noisier."""
    own = math.exp(generator.normal(0, 0.15))
    if scenario.kind == "finetune":
        return own
    size = (total_parameters(scenario.model) / 124e6) ** -0.08
    batch = (524_288 / scenario.tokens_per_step) ** 0.2
    return float(size * min(max(batch, 0.8), 2.0) * own)
