"""Pretend to train a large language model on many GPUs."""

import random
from typing import Annotated, Any, Literal

from fakeact import IO, Module, Output, hookimpl

METRICS = (".jsonl", ".prom")
"""Formats that a run's figures can be written in."""


def model_names() -> list[str]:
    """The models that can be asked for."""
    from fakeact_llm_training.catalogue import models

    return [model.slug for model in models()]


def gpu_names() -> list[str]:
    """The GPUs that can be asked for."""
    from fakeact_llm_training.catalogue import gpus

    return [gpu.slug for gpu in gpus()]


def dialect_names() -> tuple[str, ...]:
    """The frameworks whose manner of speaking can be asked for."""
    from fakeact_llm_training.dialects import NAMES

    return NAMES


def check_metrics(metrics: Output | None) -> None:
    """Raise ValueError if the name of the file says no format that there is."""
    if metrics and metrics.suffix not in METRICS:
        raise ValueError(f"metrics={metrics.path}: the file's name ends in {' or '.join(METRICS)}")


def check_choices(**wishes: Any) -> None:
    """Raise ValueError if no run fits these wishes."""
    from fakeact_llm_training.sim.draw import draw

    wishes.pop("grid", None)
    check_metrics(wishes.pop("metrics", None))
    draw(random.Random(0), **wishes)


async def train(
    io: IO,
    rng: random.Random,
    *,
    model: Annotated[str | None, model_names] = None,
    gpu: Annotated[str | None, gpu_names] = None,
    gpus: Annotated[int | None, range(1, 131_073)] = None,
    nodes: Annotated[int | None, range(1, 32_769)] = None,
    dialect: Annotated[str | None, dialect_names] = None,
    scenario: Literal["pretrain", "finetune", "resume"] | None = None,
    dataset: str | None = None,
    steps: Annotated[int | None, range(10, 100_001)] = None,
    epochs: Annotated[int | None, range(1, 101)] = None,
    faults: Literal["none", "some", "drama"] = "some",
    grid: Literal["auto", "pinned", "log", "off"] = "auto",
    tone: Literal["serious", "silly", "mixed"] = "mixed",
    metrics: Output | None = None,
) -> None:
    """Train a large language model on many GPUs, from the launcher to the summary."""
    from fakeact_llm_training.show import play

    wishes = {"model": model, "gpu": gpu, "gpus": gpus, "nodes": nodes, "dialect": dialect, "scenario": scenario}
    limits = {"dataset": dataset, "steps": steps, "epochs": epochs, "faults": faults, "tone": tone}
    await play(io, rng, grid=grid, metrics=metrics, **wishes, **limits)


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("llm_training", "./launch.sh", train, check=check_choices)]
