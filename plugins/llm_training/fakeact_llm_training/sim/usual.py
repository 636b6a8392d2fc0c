"""What people launch: how many GPUs, how many tokens a step, how full the cards."""

import math
from typing import NamedTuple

from fakeact_llm_training.catalogue.records import Gpu, Model
from fakeact_llm_training.sim.kinds import Kind
from fakeact_llm_training.sim.model import active_parameters, total_parameters

# GPUs of a job where nobody says how many, with their weights: a fine-tune has a node or two, a run by a published
# recipe, with its large batch, a cluster. The largest are taken only by a model that needs them.
FLEETS: dict[Kind, dict[int, float]] = {
    "pretrain": {8: 2.0, 16: 2.0, 32: 3.0, 64: 6.0, 128: 4.0, 256: 2.5, 512: 1.5, 1024: 0.5},
    "finetune": {8: 6.0, 16: 3.0, 32: 2.0, 64: 2.0},
    "resume": {16: 0.5, 32: 2.0, 64: 5.0, 128: 4.0, 256: 3.0, 512: 2.0, 1024: 1.0},
}
PARAMETERS_PER_GPU, MOST_GPUS_USUAL = 0.5e9, 16_384
# Tokens times parameters that an H100 does in ten seconds.
FLOPS_PER_GPU = 6.6e14
# Tokens in a global batch, at least and at most, by parameters. llm.c's GPT-2 124M has 0.5M, Pythia 2M, Llama 2 4M,
# Llama 3 405B 16M; ablations take an eighth of that.
BATCHES = ((0.2e9, 1e5, 1.2e6), (2e9, 2.5e5, 4.3e6), (20e9, 4e5, 8.4e6), (100e9, 1e6, 1.7e7), (math.inf, 4e6, 6.8e7))
TUNED_BATCH = (3e4, 8e5)
# Whoever rents a card fills it: below that share a larger micro-batch would go, above it fragmentation kills.
LEAST_FULL, FULL, MOST_FULL = 0.5, 0.62, 0.92


class Range(NamedTuple):
    """From `least` to `most`."""

    least: float
    most: float

    def off(self, value: float) -> float:
        """How many doublings a value is below or above the range; 0 within."""
        return max(0.0, math.log2(self.least / value), math.log2(value / self.most))


def usual_batch(model: Model, kind: Kind) -> Range:
    """Tokens that an optimizer step of such a model has."""
    if kind == "finetune":
        return Range(*TUNED_BATCH)
    size = total_parameters(model)
    return next(Range(least, most) for limit, least, most in BATCHES if size < limit)


def rough_speed(model: Model, gpu: Gpu, count: int) -> float:
    """Tokens a second that so many GPUs come to, by a rough reckoning."""
    return 0.95 * gpu.mfu * gpu.bf16_tflops * 1e12 * count / (6.6 * active_parameters(model))


def fleet_for(model: Model, kind: Kind, tokens: int) -> int:
    """GPUs for a model that no usual fleet trains at a watchable pace: a power of two with room for it.

    A long run has as many as do its `tokens` a step in some ten seconds.
    """
    needed = total_parameters(model) / PARAMETERS_PER_GPU
    if kind == "resume":
        needed = max(needed, tokens * active_parameters(model) / FLOPS_PER_GPU)
    return int(min(max(min(FLEETS[kind]), 1 << max(0, math.ceil(math.log2(needed)))), MOST_GPUS_USUAL))
