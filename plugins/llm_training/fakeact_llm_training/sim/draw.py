"""Drawing a scenario from the catalogue so that everything fits together."""

import random
from typing import Literal

from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.sim.choice import find_dataset, find_gpu, find_model, node_count
from fakeact_llm_training.sim.corpus import draw_corpus, draw_data
from fakeact_llm_training.sim.machine import Machine, draw_machine
from fakeact_llm_training.sim.model import total_parameters
from fakeact_llm_training.sim.scenario import Data, Scenario
from fakeact_llm_training.sim.schedule import Optimizer, Schedule
from fakeact_llm_training.sim.site import Tone, draw_site
from fakeact_llm_training.sim.wish import Wish, check_length

# Checkpoints that take more seconds than this are taken at the end of an epoch only.
LONG_CHECKPOINT = 12.0


def draw(
    rng: random.Random,
    *,
    model: str | None = None,
    gpu: str | None = None,
    gpus: int = 64,
    steps: int | None = None,
    epochs: int = 3,
    dataset: str | None = None,
) -> Scenario:
    """A consistent run of what was asked for, the rest drawn.

    `gpus` is the number of GPUs, `steps` optimizer steps an epoch. ValueError says in one line what does not
    fit, what is possible and what was probably meant.
    """
    check_length(steps, epochs)
    wish = Wish(
        model=find_model(model) if model else None,
        gpu=find_gpu(gpu) if gpu else None,
        gpus=gpus,
        dataset=find_dataset(dataset) if dataset else None,
        steps=steps,
        epochs=epochs,
        seconds=rng.uniform(360, 850),
    )
    machine = draw_machine(rng, wish)
    tone: Tone = "silly" if rng.random() < 0.12 else "serious"
    corpus = wish.dataset or draw_corpus(rng, tone, wish, machine.model, machine.layout)
    data = draw_data(rng, corpus, wish, machine.model, machine.layout)
    return _scenario(rng, tone, machine, data, epochs)


def _scenario(rng: random.Random, tone: Tone, machine: Machine, data: Data, epochs: int) -> Scenario:
    model, gpu, layout, _ = machine
    count = layout.parallelism.world_size
    nodes = node_count(gpu, count) or 1
    per_epoch = data.samples // layout.global_batch
    written = total_parameters(model) * 14 / nodes
    # Sites that train large models buy storage that swallows a checkpoint in less than a minute.
    rate = max(rng.uniform(1.8e9, 4.2e9), min(written / rng.uniform(25, 50), 14e9))
    rare = written / rate > LONG_CHECKPOINT
    return Scenario(
        tone=tone,
        model=model,
        gpu=gpu,
        layout=layout,
        site=draw_site(rng, model, gpu, data.dataset, nodes=nodes, per_node=count // nodes, tone=tone),
        data=data,
        epochs=epochs,
        schedule=_schedule(rng, model, per_epoch * epochs),
        optimizer=Optimizer(eps=rng.choice((1e-8, 1e-8, 1e-5))),
        seed=rng.choice((42, 1234, 1337, 0, rng.randint(1, 99_999))),
        compiled=rng.random() < 0.6,
        checkpoint_interval=per_epoch if rare else _interval(rng, per_epoch),
        io_per_node=rate,
    )


def _schedule(rng: random.Random, model: Model, total: int) -> Schedule:
    kinds: tuple[Literal["cosine", "linear", "wsd"], ...] = ("cosine", "cosine", "cosine", "wsd", "linear")
    kind = rng.choice(kinds)
    floor = model.peak_lr * (rng.choice((0.1, 0.1, 0.01)) if kind == "cosine" else rng.choice((0.0, 0.1)))
    usual = [steps for steps in (2000, 1000, 500, 200, 100, 50, 20) if 0.03 * total <= steps <= 0.1 * total]
    return Schedule(kind, model.peak_lr, floor, rng.choice(usual) if usual else max(1, total // 20), total)


def _interval(rng: random.Random, per_epoch: int) -> int:
    """Steps between checkpoints; each epoch's end has one anyway."""
    usual = [steps for steps in (100, 200, 250, 500, 1000) if 0.2 * per_epoch <= steps <= 0.75 * per_epoch]
    return rng.choice(usual) if usual else max(1, per_epoch // 2)
