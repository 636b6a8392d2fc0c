"""How people tell Megatron and NeMo how long to train: in iterations or samples, whole numbers or shares.

Public launch scripts: --train-iters 500000 with --lr-decay-iters 430000 and --lr-warmup-fraction .001 or .01
(Megatron's examples); --train-samples 146484375 with --lr-decay-samples 126953125 and --lr-warmup-samples 183105, or
25000000, 23750000 and 16667 (NVIDIA's), 1953125, 1949218 and 3907; a last phase of 10 to 20 % for WSD; NeMo's recipes
have 1168251 steps and 2000 of warm-up unless somebody says otherwise.
"""

import math
import random
from typing import Literal

from fakeact_llm_training.sim.kinds import DialectName
from fakeact_llm_training.sim.layout import Layout
from fakeact_llm_training.sim.schedule import Annealing, Schedule, Typed

WITH_TYPED_LENGTHS: frozenset[DialectName] = frozenset(("megatron", "nemo"))
NEMOS_STEPS, NEMOS_WARMUP = 1_168_251, 2000
IN_SAMPLES, IN_SHARES, SHORTER_DECAY = 0.45, 0.3, 0.3
WARMUPS = (100, 200, 500, 1000, 1500, 2000, 2000, 2500, 3000, 5000, 8000, 10_000)
FRACTIONS = (0.001, 0.002, 0.005, 0.01, 0.01, 0.02, 0.03)
# The part of a run after which the rate is the floor, where it is not all of it.
DECAYS = (0.64, 0.86, 0.87, 0.9, 0.95, 0.95, 0.99, 0.998)
LAST_PHASES = (0.05, 0.1, 0.1, 0.15, 0.2, 0.2)
SHAPES: tuple[Annealing, ...] = ("minus_sqrt", "minus_sqrt", "linear", "cosine", "exponential")
KINDS: tuple[Literal["cosine", "linear", "wsd"], ...] = ("cosine", "cosine", "cosine", "wsd", "wsd", "linear")
LEAST_WARMUP, MOST_WARMUP = 0.001, 0.05


def draw_typed(rng: random.Random, dialect: DialectName, layout: Layout, steps: int, most: int) -> Typed:
    """What somebody types who wants about so many steps; `most` sequences are there."""
    if dialect == "nemo":
        return _nemos(rng, layout, steps, most)
    if rng.random() < IN_SAMPLES:
        return _in_samples(rng, layout, steps, most)
    total = min(_by_hand(rng, steps), most // layout.global_batch)
    decay = _by_hand(rng, rng.choice(DECAYS) * total, exact=False) if rng.random() < SHORTER_DECAY else None
    if rng.random() < IN_SHARES:
        return Typed(False, total, decay, warmup_fraction=rng.choice(FRACTIONS))
    return Typed(False, total, decay, warmup=_warmup(rng, total))


def _nemos(rng: random.Random, layout: Layout, steps: int, most: int) -> Typed:
    if rng.random() < 0.3 and steps / 3 < NEMOS_STEPS <= min(3 * steps, most // layout.global_batch):
        return Typed(False, NEMOS_STEPS, warmup=NEMOS_WARMUP)
    total = min(_by_hand(rng, steps), most // layout.global_batch)
    usual = rng.random() < 0.5 and MOST_WARMUP * total >= NEMOS_WARMUP
    return Typed(False, total, warmup=NEMOS_WARMUP if usual else _warmup(rng, total))


def _in_samples(rng: random.Random, layout: Layout, steps: int, most: int) -> Typed:
    """Tokens divided by the length of a sequence, or a number of samples that is round itself."""
    length, wanted = layout.sequence_length, steps * layout.global_batch
    by_tokens = rng.random() < 0.6
    total = min(_round(wanted * length) // length if by_tokens else _round(wanted), most)
    decay = int(rng.choice(DECAYS[2:]) * total) if rng.random() < 0.6 else None
    share = math.exp(rng.uniform(math.log(LEAST_WARMUP), math.log(0.02)))
    warmup = _round(share * total * length) // length if by_tokens else int(_round(share * total))
    return Typed(True, total, decay, warmup=max(1, warmup))


def _by_hand(rng: random.Random, steps: float, *, exact: bool = True) -> int:
    """A number of iterations near that: as a budget gives it, or rounded to two or three digits."""
    if exact and rng.random() < 0.25:
        return int(steps)
    digits = rng.choice((1, 2, 2, 3))
    return max(_round(steps, digits), 1)


def _round(value: float, digits: int = 2) -> int:
    """A number with so many digits before its zeros.

    >>> _round(511_999), _round(1_234, 3), _round(8)
    (510000, 1230, 8)
    """
    unit = int(10 ** max(int(math.log10(max(value, 1))) + 1 - digits, 0))
    return max(round(value / unit), 1) * unit


def _warmup(rng: random.Random, total: int) -> int:
    usual = [steps for steps in WARMUPS if LEAST_WARMUP * total <= steps <= MOST_WARMUP * total]
    return rng.choice(usual) if usual else max(1, total // 50)


def schedule_as_typed(
    rng: random.Random, dialect: DialectName, typed: Typed, rates: tuple[float, float], batch: int
) -> Schedule:
    """The learning rate's course that follows, in steps of `batch` samples, from peak to floor; its shape is drawn."""
    kind = "cosine" if dialect == "nemo" else rng.choice(KINDS)
    unit = batch if typed.samples else 1
    ends = typed.decay or typed.total
    last = None
    if kind == "wsd":
        last = max(1, int(rng.choice(LAST_PHASES) * ends))
        typed = typed._replace(annealing=last)
    warmup = ends * typed.warmup_fraction if typed.warmup_fraction is not None else typed.warmup or 0
    return Schedule(
        kind, *rates, warmup / unit, typed.total // unit,
        decay=ends / unit,
        annealing=last and last / unit,
        shape=rng.choice(SHAPES) if kind == "wsd" else "minus_sqrt",
        typed=typed,
    )  # fmt: skip
