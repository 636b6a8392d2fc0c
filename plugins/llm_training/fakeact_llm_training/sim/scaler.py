"""The dynamic loss scale of fp16 training: which steps overflow, and how the scale follows."""

import math
from typing import NamedTuple

import numpy as np

from fakeact_llm_training.sim.kinds import LossScaling
from fakeact_llm_training.sim.scenario import Scenario

# Powers of two above which gradients overflow: about there settles the scale of published fp16 runs.
LIMITS = {"megatron": (15.0, 19.0), "deepspeed": (11.5, 15.0)}


class ScalerState(NamedTuple):
    """What a checkpoint keeps: the scale, good steps since it changed, overflows that are forgiven, steps skipped."""

    scale: float
    good: int
    forgiven: int
    skipped: int


class Scaler:
    """The state of the scale; the same step overflows at the same scale whenever it is done."""

    def __init__(self, scenario: Scenario, settings: LossScaling, generator: np.random.Generator) -> None:
        self._settings = settings
        self._limit = float(generator.uniform(*LIMITS.get(scenario.dialect, (12.0, 16.0))))
        self._seed = int(generator.integers(2**62))
        settled = 2.0 ** math.floor(self._limit)
        initial = settled if scenario.kind == "resume" else settings.initial
        self._begun = self.state = ScalerState(initial, 0, settings.hysteresis - 1, 0)

    def restore(self, state: ScalerState | None) -> None:
        """Back to what a checkpoint holds, or to the beginning."""
        self.state = state or self._begun

    def overflows(self, step: int) -> bool:
        """Whether the gradients of this step overflow at the present scale."""
        wander = 0.25 * float(np.random.default_rng((self._seed, step)).standard_normal())
        return math.log2(self.state.scale) > self._limit + min(wander, 0.9)

    def after(self, *, overflow: bool) -> ScalerState:
        """The state after a step: halved by overflows that are not forgiven, doubled after enough good steps."""
        state, settings = self.state, self._settings
        if overflow:
            halved = max(state.scale / 2, settings.minimum)
            scale = state.scale if state.forgiven else halved
            return ScalerState(scale, 0, max(state.forgiven - 1, 0), state.skipped + 1)
        if state.good + 1 < settings.window:
            return state._replace(good=state.good + 1)
        return ScalerState(state.scale * 2, 0, settings.hysteresis - 1, state.skipped)
