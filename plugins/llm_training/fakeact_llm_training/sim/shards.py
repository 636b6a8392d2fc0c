"""A model's weights in safetensors files: who goes where, and how large each file is to the byte."""

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.sim.gpt_tensors import GPT_FAMILIES
from fakeact_llm_training.sim.llama_tensors import llama_tensors
from fakeact_llm_training.sim.tensors import Tensor

LIMITS = {"5GB": 5 * 10**9, "50GB": 50 * 10**9}
"""The largest shard by its name: transformers' default up to 4.57, and from 5.0 on."""
# Eight bytes with the header's length, which blanks fill up to a multiple of eight.
LENGTH_BYTES = 8


class Shard(NamedTuple):
    """One safetensors file: what its tensors add up to, not the tensors, of which a model has up to 36,945."""

    name: str
    tensors: int
    parameters: int
    tensor_bytes: int
    header_bytes: int
    name_length: int
    """Letters of all its tensors' names."""

    @property
    def bytes(self) -> int:
        """The file's size: length, header, tensors."""
        return LENGTH_BYTES + self.header_bytes + self.tensor_bytes


class Split(NamedTuple):
    """The files."""

    shards: tuple[Shard, ...]

    @property
    def total_bytes(self) -> int:
        """All tensors without headers: the index's total_size."""
        return sum(shard.tensor_bytes for shard in self.shards)

    @property
    def total_parameters(self) -> int:
        """All tensors' numbers."""
        return sum(shard.parameters for shard in self.shards)

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
        tensors = sum(shard.tensors for shard in self.shards)
        names = sum(shard.name_length + shard.tensors * len(shard.name) for shard in self.shards)
        return len(frame) - len(line) + names + tensors * len(line) + len(comma) * (tensors - 1)


def header_bytes(tensors: Iterable[Tensor]) -> int:
    """Length of a safetensors header: compact JSON with each tensor's type, shape and place, by name."""
    length = len('{"__metadata__":{"format":"pt"}}')
    begin = 0
    for tensor in sorted(tensors):
        end = begin + tensor.bytes
        sides = ",".join(map(str, tensor.shape))
        length += len(f',"{tensor.name}":{{"dtype":"BF16","shape":[{sides}],"data_offsets":[{begin},{end}]}}')
        begin = end
    return -(-length // LENGTH_BYTES) * LENGTH_BYTES


def model_tensors(model: Model) -> Iterator[Tensor]:
    """All of a model's tensors in the order of its state dict; tied heads are left out."""
    family = next((tensors for slug, tensors in GPT_FAMILIES.items() if model.slug.startswith(slug)), llama_tensors)
    return family(model)


def tensor_count(model: Model) -> int:
    """How many there are."""
    return sum(1 for _ in model_tensors(model))


def split(tensors: Iterable[Tensor], limit: int) -> Split:
    """Files of at most `limit` bytes of tensors; none of these is kept."""
    parts = [_shard(group) for group in grouped(tensors, limit)]
    return Split(tuple(part._replace(name=_name(i, len(parts))) for i, part in enumerate(parts, 1)))


def grouped(tensors: Iterable[Tensor], limit: int) -> Iterator[list[Tensor]]:
    """Each file's tensors, filled one after the other as huggingface_hub does it.

    A tensor above the limit has a file to itself, which comes before the one that is being filled.
    """
    filling: list[Tensor] = []
    size = 0
    for tensor in tensors:
        if tensor.bytes > limit:
            yield [tensor]
            continue
        if size + tensor.bytes > limit:
            yield filling
            filling, size = [], 0
        filling.append(tensor)
        size += tensor.bytes
    if filling:
        yield filling


def _shard(tensors: list[Tensor]) -> Shard:
    return Shard(
        name="",
        tensors=len(tensors),
        parameters=sum(tensor.parameters for tensor in tensors),
        tensor_bytes=sum(tensor.bytes for tensor in tensors),
        header_bytes=header_bytes(tensors),
        name_length=sum(len(tensor.name) for tensor in tensors),
    )


def _name(number: int, count: int) -> str:
    return f"model-{number:05d}-of-{count:05d}.safetensors" if count > 1 else "model.safetensors"
