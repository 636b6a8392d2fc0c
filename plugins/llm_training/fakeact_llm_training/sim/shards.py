"""A model's weights in safetensors files: who goes where, and how large each file is to the byte."""

import json
from collections.abc import Iterable
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.sim.gpt_tensors import GPT_FAMILIES
from fakeact_llm_training.sim.llama_tensors import llama_tensors
from fakeact_llm_training.sim.tensors import Tensor

LIMITS = {"5GB": 5 * 10**9, "50GB": 50 * 10**9}
"""The largest shard by its name: transformers' default up to 4.57, and from 5.0 on."""
# Eight bytes with the header's length, which blanks fill up to a multiple of eight.
LENGTH_BYTES = 8


class Split(NamedTuple):
    """Tensors of each file, and how the files are called."""

    shards: tuple["Shard", ...]

    @property
    def total_bytes(self) -> int:
        """All tensors without headers: the index's total_size."""
        return sum(shard.tensor_bytes for shard in self.shards)

    @property
    def total_parameters(self) -> int:
        """All tensors' numbers."""
        return sum(tensor.parameters for shard in self.shards for tensor in shard.tensors)

    @property
    def is_sharded(self) -> bool:
        """Whether there is more than one file, hence an index."""
        return len(self.shards) > 1

    @property
    def index_bytes(self) -> int:
        """Size of model.safetensors.index.json as transformers writes it."""
        sizes = {"total_parameters": self.total_parameters, "total_size": self.total_bytes}
        frame = json.dumps({"metadata": sizes, "weight_map": {"": ""}}, indent=2) + "\n"
        # Each tensor has a line of its own, and a comma parts it from the one before.
        line, comma = '    "": ""', ",\n"
        lengths = [len(line) + len(tensor.name) + len(shard.name) for shard in self.shards for tensor in shard.tensors]
        return len(frame) - len(line) + sum(lengths) + len(comma) * (len(lengths) - 1)


class Shard:
    """One safetensors file."""

    def __init__(self, name: str, tensors: tuple[Tensor, ...]) -> None:
        self.name, self.tensors = name, tensors

    @cached_property
    def tensor_bytes(self) -> int:
        """Its tensors alone."""
        return sum(tensor.bytes for tensor in self.tensors)

    @cached_property
    def bytes(self) -> int:
        """The file's size: length, header, tensors."""
        return LENGTH_BYTES + header_bytes(self.tensors) + self.tensor_bytes


def header_bytes(tensors: Iterable[Tensor]) -> int:
    """Length of a safetensors header: compact JSON with each tensor's type, shape and place, by name."""
    named = sorted(tensors)
    ends = list(accumulate(tensor.bytes for tensor in named))
    begins = [0, *ends]
    length = len('{"__metadata__":{"format":"pt"}}')
    for (name, shape), begin, end in zip(named, begins, ends, strict=False):
        sides = ",".join(map(str, shape))
        length += len(f',"{name}":{{"dtype":"BF16","shape":[{sides}],"data_offsets":[{begin},{end}]}}')
    return -(-length // LENGTH_BYTES) * LENGTH_BYTES


def model_tensors(model: Model) -> tuple[Tensor, ...]:
    """All of a model's tensors in the order of its state dict; tied heads are left out."""
    family = next((tensors for slug, tensors in GPT_FAMILIES.items() if model.slug.startswith(slug)), llama_tensors)
    return tuple(family(model))


def split(tensors: Iterable[Tensor], limit: int) -> Split:
    """Files of at most `limit` bytes of tensors, filled one after the other as huggingface_hub does it.

    A tensor above the limit has a file to itself, which comes before the one that was being filled.
    """
    full: list[list[Tensor]] = []
    filling: list[Tensor] = []
    size = 0
    for tensor in tensors:
        if tensor.bytes > limit:
            full.append([tensor])
            continue
        if size + tensor.bytes > limit:
            full.append(filling)
            filling, size = [], 0
        filling.append(tensor)
        size += tensor.bytes
    groups = [*full, filling] if filling else full
    return Split(tuple(Shard(_name(i, len(groups)), tuple(group)) for i, group in enumerate(groups, 1)))


def _name(number: int, count: int) -> str:
    return f"model-{number:05d}-of-{count:05d}.safetensors" if count > 1 else "model.safetensors"
