"""How long steps take: slow first ones, small jitter, the drift of warming chips, a slow one now and then."""

import math
from types import ModuleType

import numpy as np

from fakeact_llm_training.sim.noise import Array
from fakeact_llm_training.sim.optim import BLOCK
from fakeact_llm_training.sim.scenario import Scenario

# torchtitan on H200 slowed by 0.7 % in its first minutes; MLPerf logs of 256 to 1,536 GPUs scatter by 0.2 to
# 0.4 %.
DRIFT, DRIFT_TAU = 0.007, 75.0
# Others' traffic comes and goes: a part of the scatter that lasts for some steps, as large as what is each step's own.
WANDERS = np.exp(-np.arange(60) / 12.0)
WANDERS /= math.sqrt(float(np.sum(WANDERS**2)))
# Collections of garbage, a late batch, a busy switch: mostly a percent or two, sometimes much more.
SLOW_SHARE, LEAST, USUAL, MOST = 0.03, 0.004, 0.011, 0.12


class Pace:
    """Seconds of undisturbed steps, one after the other as they are done."""

    def __init__(self, scenario: Scenario, generator: np.random.Generator, special: ModuleType) -> None:
        self._scenario = scenario
        self._generator = generator
        self._special = special
        self._scatter = float(generator.uniform(0.002, 0.004))
        self._done, self._warm_from = 0, 0.0
        self._factors: Array = np.ones(0)
        self._opening = self._draw_opening()

    def _draw_opening(self) -> tuple[float, ...]:
        """Factors of the first steps: kernels are tuned, communicators connect, the allocator grows."""
        return (float(self._generator.uniform(3.6, 5.4)), float(self._generator.uniform(1.15, 1.5)), 1.04)

    def restart(self, at: float) -> None:
        """New processes begin at `at`: slow first steps once more, from chips that have cooled."""
        self._opening = self._draw_opening()
        self._done, self._warm_from = 0, at
        self._factors = np.ones(0)

    def seconds(self, at: float) -> float:
        """Seconds of the next step if it starts `at` seconds into the run and nothing disturbs it."""
        place = self._done % BLOCK
        if place == 0:
            self._factors = self._block()
        opening = self._opening[self._done] if self._done < len(self._opening) else 1.0
        self._done += 1
        warmed = 1 - DRIFT * math.exp(-(at - self._warm_from) / DRIFT_TAU)
        return self._scenario.step_time * warmed * opening * float(self._factors[place])

    def _block(self) -> Array:
        uniform = self._generator.random((BLOCK, 3)).clip(1e-12, 1 - 1e-12)
        own = self._special.ndtri(uniform[:, 0])
        shared = np.convolve(self._generator.standard_normal(BLOCK + len(WANDERS) - 1), WANDERS, "valid")
        jitter = np.exp(self._scatter * (own + shared) / math.sqrt(2))
        late = np.minimum(LEAST - USUAL * np.log(uniform[:, 2]), MOST)
        factors: Array = jitter * (1 + np.where(uniform[:, 1] < SLOW_SHARE, late, 0.0))
        return factors
