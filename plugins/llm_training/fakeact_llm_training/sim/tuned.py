"""A fine-tune: published weights, an instruction set, a few epochs."""

import math
import random
from dataclasses import replace
from typing import Literal

from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.sim.frameworks import FRAMEWORKS
from fakeact_llm_training.sim.fresh import draw_fresh
from fakeact_llm_training.sim.kinds import FaultRate
from fakeact_llm_training.sim.model import total_parameters
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.schedule import Optimizer, Schedule
from fakeact_llm_training.sim.site import Tone
from fakeact_llm_training.sim.wish import Wish

# Warm-up as people give it: a share of all steps, or a number of them, of which no more than a fifth are warm-up.
WARMUP_SHARES, WARMUP_STEPS, LARGEST_SHARE = (0.03, 0.03, 0.03, 0.05, 0.1), (10, 20, 50, 100), 0.2
SHARE_GIVEN = 0.65
# People type multiples of such a unit from so many steps on.
UNITS = ((250, 50), (100, 25), (30, 10), (12, 5))
# Evaluations in an epoch of those who stop early, and how many without improvement they bear.
EVALUATIONS, PATIENCE, PATIENT_SHARE = (2, 3, 4), (2, 3, 3), 0.4


def draw_tuned(rng: random.Random, wish: Wish, tone: Tone, faults: FaultRate) -> Scenario:
    """A full fine-tune; ValueError if what was asked for does not fit."""
    base = draw_fresh(rng, wish, tone, faults)
    per_epoch = base.steps_per_epoch
    patient = rng.random() < PATIENT_SHARE
    every = -(-per_epoch // rng.choice(EVALUATIONS)) if patient or rng.random() < 0.4 else 0
    saves = per_epoch if rng.random() < 0.6 else every or per_epoch
    if FRAMEWORKS[wish.dialect].as_trainer:
        every = _typed(every)
        # Who goes back to the best weights has to save whenever there may be better ones.
        saves = every if patient else per_epoch if saves == per_epoch else every
    return replace(
        base,
        kind="finetune",
        schedule=_schedule(rng, base.model, base.total_steps),
        optimizer=Optimizer(
            beta2=0.999 if wish.dialect == "hf" else 0.95, weight_decay=rng.choice((0.0, 0.0, 0.01, 0.1))
        ),
        checkpoint_interval=saves,
        validation_interval=every if base.by_epoch else every or per_epoch,
        patience=rng.choice(PATIENCE) if patient else None,
        load_path=f"{base.site.paths.mount}/models/{base.model.slug}",
        loss_scaling=None,
    )


def _typed(steps: int) -> int:
    """A number of steps as people type it.

    >>> [_typed(steps) for steps in (0, 7, 48, 143, 1234)]
    [0, 7, 50, 150, 1250]
    """
    unit = next((unit for least, unit in UNITS if steps >= least), 1)
    return round(steps / unit) * unit


def _schedule(rng: random.Random, model: Model, total: int) -> Schedule:
    kinds: tuple[Literal["cosine", "linear"], ...] = ("cosine", "cosine", "linear")
    # 1e-5 to 2e-5 for 7B and more; smaller models bear more.
    peak = rng.choice((1e-5, 2e-5, 2e-5)) * (2.5 if total_parameters(model) < 2e9 else 1.0)
    return Schedule(rng.choice(kinds), peak, 0.0, _warmup(rng, total), total)


def _warmup(rng: random.Random, total: int) -> int:
    numbers = [steps for steps in WARMUP_STEPS if steps <= LARGEST_SHARE * total]
    if not numbers or rng.random() < SHARE_GIVEN:
        return math.ceil(rng.choice(WARMUP_SHARES) * total)
    return rng.choice(numbers)
