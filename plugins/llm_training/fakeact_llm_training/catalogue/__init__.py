"""Published models, GPUs and corpora, and the words names are made of, as frozen records."""

import json
import pkgutil
from functools import cache
from typing import Any

from fakeact_llm_training.catalogue.records import (
    Dataset,
    Experts,
    Gpu,
    LatentAttention,
    Model,
    Names,
    Recipe,
    Tokenizer,
)

__all__ = [
    "Dataset",
    "Experts",
    "Gpu",
    "LatentAttention",
    "Model",
    "Names",
    "Recipe",
    "Tokenizer",
    "datasets",
    "gpus",
    "instructions",
    "long_corpora",
    "models",
    "names",
    "read_all",
    "recipe",
    "tokenizers",
]


def _table(name: str) -> dict[str, Any]:
    """Read anew each time: its records are kept, not what they were made of."""
    table: dict[str, Any] = json.loads(pkgutil.get_data(__name__, f"{name}.json") or "")
    return table


@cache
def tokenizers() -> dict[str, Tokenizer]:
    """Tokenizer families by key."""
    return {row["key"]: Tokenizer(**row) for row in _table("models")["tokenizers"]}


@cache
def models() -> tuple[Model, ...]:
    """All models, from the smallest to the largest."""
    return tuple(_model(row) for row in _table("models")["models"])


def _model(row: dict[str, Any]) -> Model:
    experts, latent = row.get("experts"), row.get("latent")
    parts = {
        "tokenizer": tokenizers()[row["tokenizer"]],
        "experts": Experts(**experts) if experts else None,
        "latent": LatentAttention(**latent) if latent else None,
    }
    return Model(**(row | parts))


@cache
def gpus() -> tuple[Gpu, ...]:
    """All accelerators."""
    return tuple(Gpu(**row | {"bus_ids": tuple(map(tuple, row["bus_ids"]))}) for row in _table("gpus")["gpus"])


@cache
def datasets() -> tuple[Dataset, ...]:
    """All corpora, the real ones first."""
    return tuple(Dataset(**row) for row in _table("datasets")["datasets"])


@cache
def long_corpora() -> tuple[Dataset, ...]:
    """Corpora of trillions of tokens, for runs that take months."""
    return tuple(Dataset(**row) for row in _table("long")["datasets"])


@cache
def instructions() -> tuple[Dataset, ...]:
    """Instruction sets to fine-tune on; their `loss_shift` is a 7B model's first loss minus 1.2."""
    return tuple(Dataset(**row) for row in _table("instructions")["datasets"])


@cache
def _recipes() -> dict[str, Recipe]:
    return {slug: Recipe(**row) for slug, row in _table("recipes")["recipes"].items()}


def recipe(slug: str) -> Recipe:
    """How the model of that slug was pre-trained, or how one of its kind would be."""
    return _recipes().get(slug, Recipe())


@cache
def names() -> Names:
    """Patterns and words for hosts, clusters, runs and paths."""
    return Names(**{key: tuple(value) for key, value in _table("names").items() if not key.startswith("_")})


def read_all() -> None:
    """Read every table now, so that none is read in the middle of a show."""
    for table in (tokenizers, models, gpus, datasets, long_corpora, instructions, _recipes, names):
        table()
