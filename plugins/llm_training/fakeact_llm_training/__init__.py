"""Pretend to train a large language model on many GPUs."""

import random
from typing import Annotated

from fakeact import IO, Module, hookimpl


def model_names() -> list[str]:
    """The models that can be asked for."""
    from fakeact_llm_training.catalogue import models

    return [model.slug for model in models()]


def check_choices(*, gpus: int = 64, model: str | None = None, steps: int | None = None, epochs: int = 3) -> None:
    """Raise ValueError if no run fits these wishes."""
    from fakeact_llm_training.sim.draw import draw

    draw(random.Random(0), gpus=gpus, model=model, steps=steps, epochs=epochs)


async def train(
    io: IO,
    rng: random.Random,
    *,
    gpus: Annotated[int, range(1, 131_073)] = 64,
    model: Annotated[str | None, model_names] = None,
    steps: Annotated[int | None, range(10, 100_001)] = None,
    epochs: Annotated[int, range(1, 101)] = 3,
) -> None:
    """Train a large language model on many GPUs, from the launcher to the summary."""
    from fakeact_llm_training.show import play

    await play(io, rng, gpus=gpus, model=model, steps=steps, epochs=epochs)


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("llm_training", "./launch.sh", train, check=check_choices)]
