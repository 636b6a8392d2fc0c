"""A run from scratch: its first hours, or a few epochs of the first part of a corpus, to the end."""

import random
from typing import Literal

from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.sim.choice import node_count
from fakeact_llm_training.sim.corpus import draw_corpus, draw_data, draw_epochs
from fakeact_llm_training.sim.frameworks import FRAMEWORKS
from fakeact_llm_training.sim.habits import draw_habits, draw_time_limit, interval, io_per_node, save_interval
from fakeact_llm_training.sim.kinds import FaultRate
from fakeact_llm_training.sim.layout import Layout
from fakeact_llm_training.sim.lengths import WITH_TYPED_LENGTHS, draw_typed, schedule_as_typed
from fakeact_llm_training.sim.machine import draw_machine
from fakeact_llm_training.sim.model import total_parameters
from fakeact_llm_training.sim.scenario import Data, Scenario
from fakeact_llm_training.sim.schedule import Optimizer, Schedule
from fakeact_llm_training.sim.site import Tone, draw_site
from fakeact_llm_training.sim.wish import Wish

# Checkpoints that take more seconds than this are taken at the end of an epoch only.
LONG_CHECKPOINT = 12.0
# Seconds of training between validations inside an epoch, where there are any.
BETWEEN_VALIDATIONS = (75.0, 160.0)
WARMUPS = (4000, 2000, 2000, 2000, 1000, 500, 200, 100, 50, 20)


def draw_fresh(rng: random.Random, wish: Wish, tone: Tone, faults: FaultRate) -> Scenario:
    """A pre-training run from scratch; ValueError if what was asked for does not fit."""
    model, gpu, layout, _ = draw_machine(rng, wish)
    if wish.is_long:
        data, epochs = draw_epochs(rng, tone, wish, model, layout)
    else:
        data = draw_data(rng, wish.dataset or draw_corpus(rng, tone, wish, model, layout), wish, model, layout)
        epochs = wish.passes
    schedule = None
    if wish.is_long and wish.dialect in WITH_TYPED_LENGTHS and epochs == 1:
        data, schedule = _as_typed(rng, wish, data, model, layout)
    nodes = node_count(gpu, wish.gpus) or 1
    per_epoch = layout.steps_in(data.samples, partial=FRAMEWORKS[wish.dialect].as_trainer)
    rate = io_per_node(rng, model, nodes)
    rare = total_parameters(model) * 14 / nodes / rate > LONG_CHECKPOINT
    habits = draw_habits(rng, wish.dialect, model, gpu, faults)
    if wish.is_long:
        saves = save_interval(rng, layout, model, faults, rate * nodes, behind=habits["async_checkpoints"])
    else:
        saves = per_epoch if rare else _interval(rng, per_epoch)
    return Scenario(
        tone=tone,
        model=model,
        gpu=gpu,
        layout=layout,
        site=draw_site(
            rng,
            model,
            gpu,
            data.dataset,
            kind=wish.kind,
            nodes=nodes,
            per_node=wish.gpus // nodes,
            tone=tone,
            newest_torch=FRAMEWORKS[wish.dialect].newest_torch,
        ),
        data=data,
        epochs=epochs,
        schedule=schedule or _schedule(rng, model, data.max_steps or per_epoch * epochs),
        optimizer=Optimizer(eps=rng.choice((1e-8, 1e-8, 1e-5))),
        seed=rng.choice((42, 1234, 1337, 0, rng.randint(1, 99_999))),
        compiled=rng.random() < 0.6,
        checkpoint_interval=saves,
        io_per_node=rate,
        kind="pretrain",
        dialect=wish.dialect,
        faults=faults,
        time_limit=draw_time_limit(rng) if wish.is_long else None,
        validation_interval=_validation_interval(rng, wish, per_epoch, interval(rng, layout, BETWEEN_VALIDATIONS)),
        **habits,
    )


def _as_typed(rng: random.Random, wish: Wish, data: Data, model: Model, layout: Layout) -> tuple[Data, Schedule]:
    """A long run as somebody typed its length."""
    most = data.available - data.validation
    typed = draw_typed(rng, wish.dialect, layout, data.samples // layout.global_batch, most)
    samples = typed.total if typed.samples else typed.total * layout.global_batch
    floor = model.peak_lr * rng.choice((0.1, 0.1, 0.1, 0.01, 0.0))
    schedule = schedule_as_typed(rng, wish.dialect, typed, (model.peak_lr, floor), layout.global_batch)
    return data._replace(samples=samples, subset=samples < most), schedule


def _schedule(rng: random.Random, model: Model, total: int) -> Schedule:
    kinds: tuple[Literal["cosine", "linear", "wsd"], ...] = ("cosine", "cosine", "cosine", "wsd", "linear")
    kind = rng.choice(kinds)
    floor = model.peak_lr * (rng.choice((0.1, 0.1, 0.01)) if kind == "cosine" else rng.choice((0.0, 0.1)))
    usual = [steps for steps in WARMUPS if 0.003 * total <= steps <= 0.1 * total]
    # A short run has a longer part of it, or never comes to its peak.
    usual = [steps for steps in usual if steps >= 0.03 * total] if total < 10 * WARMUPS[0] / 4 else usual
    return Schedule(kind, model.peak_lr, floor, rng.choice(usual) if usual else max(1, total // 20), total)


def _interval(rng: random.Random, per_epoch: int) -> int:
    """Steps between checkpoints; each epoch's end has one anyway."""
    usual = [steps for steps in (100, 200, 250, 500, 1000) if 0.2 * per_epoch <= steps <= 0.75 * per_epoch]
    return rng.choice(usual) if usual else max(1, per_epoch // 2)


def _validation_interval(rng: random.Random, wish: Wish, per_epoch: int, usual: int) -> int:
    """A long run's epochs are too far apart to be the only moments of validation, and some know no epochs."""
    if wish.is_long or rng.random() < 0.4:
        return usual
    return 0 if FRAMEWORKS[wish.dialect].by_epoch else per_epoch
