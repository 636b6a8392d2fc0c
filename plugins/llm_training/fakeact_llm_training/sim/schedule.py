"""Optimizer settings and the learning rate's course."""

import math
from typing import Literal, NamedTuple


class Optimizer(NamedTuple):
    """AdamW as large runs set it; `clip` is the gradient norm above which gradients are scaled down."""

    name: str = "AdamW"
    beta1: float = 0.9
    beta2: float = 0.95
    eps: float = 1e-8
    weight_decay: float = 0.1
    clip: float = 1.0
    fused: bool = True


class Schedule(NamedTuple):
    """Linear warm-up to `peak`, then down to `floor` at step `total`; "wsd" is warm-up, stable, decay."""

    kind: Literal["cosine", "linear", "wsd"]
    peak: float
    floor: float
    warmup: int
    total: int

    def learning_rate(self, step: int) -> float:
        """The rate that optimizer step `step` (from 1 to `total`) is taken with."""
        if step <= self.warmup:
            return self.peak * step / self.warmup
        done = (step - self.warmup) / max(1, self.total - self.warmup)
        return self.floor + (self.peak - self.floor) * self._shape(min(done, 1.0))

    def _shape(self, done: float) -> float:
        if self.kind == "cosine":
            return 0.5 * (1 + math.cos(math.pi * done))
        if self.kind == "linear":
            return 1 - done
        # Flat for 80 %, then one minus a square root (Hägele et al. 2024, arXiv 2405.18392).
        return 1 - math.sqrt(max(0.0, (done - 0.8) / 0.2))
