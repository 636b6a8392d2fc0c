"""From what a person asked for to what the catalogue has, with an error that helps."""

from collections.abc import Sequence
from typing import TypeVar

from fakeact_llm_training.catalogue import datasets, gpus, instructions, long_corpora, models
from fakeact_llm_training.catalogue.records import Dataset, Gpu, Model

MOST_GPUS = 131_072
T = TypeVar("T")


def find_model(wanted: str) -> Model:
    """The model of that name or slug; ValueError if there is none."""
    return _find("model", wanted, [(model, (model.slug, model.name)) for model in models()])


def find_gpu(wanted: str) -> Gpu:
    """The GPU of that name or slug; ValueError if there is none."""
    return _find("gpu", wanted, [(gpu, (gpu.slug, gpu.name, gpu.device)) for gpu in gpus()])


def find_dataset(wanted: str) -> Dataset:
    """The corpus of that name, with or without its organisation; ValueError if there is none."""
    known = (*long_corpora(), *datasets(), *instructions())
    return _find("dataset", wanted, [(one, (_short(one), one.name, one.title)) for one in known])


def check_word(option: str, wanted: str, possible: Sequence[str]) -> None:
    """ValueError if an option is given something else than one of these words."""
    if wanted not in possible:
        _find(option, wanted, [(word, (word,)) for word in possible])


def _short(dataset: Dataset) -> str:
    return dataset.name.rsplit("/")[-1].lower()


def _find(kind: str, wanted: str, spelled: Sequence[tuple[T, tuple[str, ...]]]) -> T:
    known = {_plain(name): item for item, spellings in spelled for name in spellings}
    if (found := known.get(_plain(wanted))) is not None:
        return found
    firsts = [spellings[0] for _, spellings in spelled]
    meant = _nearest(wanted, firsts)
    hint = f"did you mean {' or '.join(meant)}? " if meant else ""
    raise ValueError(f"unknown {kind} {wanted!r}: {hint}possible: {', '.join(firsts)}")


def _plain(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())


def _nearest(wanted: str, names: Sequence[str]) -> list[str]:
    """Names that contain what was typed, or else the one most like it."""
    plain = {_plain(name): name for name in names}
    within = [name for key, name in plain.items() if wanted and _plain(wanted) in key]
    from difflib import get_close_matches

    alike = get_close_matches(_plain(wanted), plain, 1, 0.5)
    return within[:3] or [plain[key] for key in alike]


def node_count(gpu: Gpu, count: int) -> int | None:
    """Nodes that `count` GPUs fill: one for less than a node's worth; None if one of several is not full."""
    if count < gpu.per_node:
        return 1
    return None if count % gpu.per_node else count // gpu.per_node


def check_count(count: int, candidates: Sequence[Gpu]) -> list[Gpu]:
    """The GPUs of which `count` fill whole nodes; ValueError naming the nearest counts if there are none."""
    if not 1 <= count <= MOST_GPUS:
        raise ValueError(f"gpus={count}: possible are 1 to {MOST_GPUS:,}")
    if fitting := [gpu for gpu in candidates if node_count(gpu, count)]:
        return fitting
    node = min(gpu.per_node for gpu in candidates)
    below = count // node * node
    which = f"{candidates[0].name} nodes" if len(candidates) == 1 else "nodes"
    raise ValueError(f"gpus={count}: {which} have {node} GPUs; nearest possible are {below} and {below + node}")
