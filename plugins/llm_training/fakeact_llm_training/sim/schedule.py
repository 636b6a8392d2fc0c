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


Annealing = Literal["minus_sqrt", "linear", "cosine", "exponential"]


class Typed(NamedTuple):
    """The lengths of a run as a launch script gives them, in samples or in iterations; None for what it leaves out."""

    samples: bool
    total: int
    decay: int | None = None
    warmup: int | None = None
    warmup_fraction: float | None = None
    annealing: int | None = None


class Schedule(NamedTuple):
    """Linear warm-up to `peak`, then down to `floor` at step `decay`, or `total`; "wsd" is warm-up, stable, decay.

    Steps may be parts of one where somebody counts in samples. The last phase of "wsd" takes `annealing` steps, a
    fifth of what follows the warm-up unless somebody says so, and goes down as `shape` says.
    """

    kind: Literal["cosine", "linear", "wsd"]
    peak: float
    floor: float
    warmup: float
    total: int
    decay: float | None = None
    annealing: float | None = None
    shape: Annealing = "minus_sqrt"
    typed: Typed | None = None

    @property
    def ends(self) -> float:
        """The step from which the rate is the floor."""
        return self.total if self.decay is None else self.decay

    def learning_rate(self, step: int) -> float:
        """The rate that optimizer step `step` (from 1 to `total`) is taken with."""
        if step <= self.warmup:
            return self.peak * step / self.warmup
        behind = max(1.0, self.ends - self.warmup)
        share = self._share(min((step - self.warmup) / behind, 1.0), behind)
        return self.floor + (self.peak - self.floor) * share

    def _share(self, done: float, behind: float) -> float:
        if self.kind == "cosine":
            return 0.5 * (1 + math.cos(math.pi * done))
        if self.kind == "linear":
            return 1 - done
        last = 0.2 * behind if self.annealing is None else self.annealing
        return annealed(self.shape, min(max(0.0, done * behind - (behind - last)) / last, 1.0))


def annealed(shape: Annealing, done: float) -> float:
    """What is left of the rate after a share of the last phase.

    One minus a square root is that of Hägele et al. 2024 (arXiv 2405.18392); all are those of Megatron's scheduler.
    """
    if shape == "linear":
        return 1 - done
    if shape == "cosine":
        return 0.5 * (1 + math.cos(math.pi * done))
    return 2 * 0.5**done - 1 if shape == "exponential" else 1 - math.sqrt(done)
