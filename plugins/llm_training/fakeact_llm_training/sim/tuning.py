"""How the loss moves when published weights are tuned on instructions: a quick fall, then memory of what was seen."""

import math

import numpy as np

from fakeact_llm_training.sim.model import total_parameters
from fakeact_llm_training.sim.noise import Array
from fakeact_llm_training.sim.scenario import Scenario

# The format is learned within tens of steps at full learning rate, the rest slowly; together a fifth of the loss.
LEARNED, QUICK_SHARE, QUICK_STEPS, SLOW_STEPS = 0.2, 0.65, 10.0, 80.0
# A 7B model at 2e-5 loses some 15 % of its training loss with each time that it sees an example again.
USUAL_RATE = 2e-5


class Tuning:
    """Expected loss, what repetition takes off it, noise and gradient norm of a fine-tune."""

    def __init__(self, scenario: Scenario, individual: float) -> None:
        self._scenario = scenario
        self.initial = tuned_initial_loss(scenario) * (1 + individual)
        size = 0.1 + 0.06 * math.log10(total_parameters(scenario.model) / 1e9)
        rate = math.sqrt(min(scenario.schedule.peak / USUAL_RATE, 2.0))
        self._forgets = min(max(size, 0.05), 0.25) * rate

    def expected(self, _steps_done: Array, progress: Array, _rates: Array) -> Array:
        """Loss on unseen examples without noise, after `progress` steps at full learning rate."""
        quick = QUICK_SHARE * np.exp(-progress / QUICK_STEPS)
        slow = (1 - QUICK_SHARE) / np.sqrt(1 + progress / SLOW_STEPS)
        loss: Array = self.initial * (1 - LEARNED + LEARNED * (quick + slow))
        return loss

    def memorised(self, steps: Array, expected: Array) -> Array:
        """What having seen the example before takes off the training loss: a step down at each epoch's start."""
        seen = (steps - 1) // self._scenario.steps_per_epoch
        taken_off: Array = expected * (1 - (1 - self._forgets) ** seen)
        return taken_off

    def gap(self, step: int, expected: float) -> float:
        """Validation above that: nothing to speak of in the first epoch, then it grows with the square."""
        again = max(0.0, step / self._scenario.steps_per_epoch - 1)
        return expected * (0.006 + 0.1 * self._forgets * again**2)

    def noise_size(self, expected: Array) -> Array:
        """Standard deviation c/sqrt(tokens)."""
        size = self._scenario.dataset.noise / math.sqrt(self._scenario.tokens_per_step)
        return np.full_like(expected, size)

    def norms(self, progress: Array) -> Array:
        """Gradient norm: several times as large while the format is new; smaller batches are noisier."""
        base = 0.8 * (131_072 / self._scenario.tokens_per_step) ** 0.2
        usual: Array = base * (1 + 3.5 * np.exp(-progress / 9.0))
        return usual


def tuned_initial_loss(scenario: Scenario) -> float:
    """Loss of the published model on the instruction set, 0.8 to 2.1: less for larger and for recent models."""
    larger = 0.12 * math.log10(total_parameters(scenario.model) / 7e9)
    older = 0.25 if scenario.model.released < 2023 else 0.0
    return min(max(1.2 + scenario.dataset.loss_shift - larger + older, 0.85), 2.05)
