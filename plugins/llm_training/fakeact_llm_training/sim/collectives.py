"""The collective that a rank waits in: what it is called, how large it is, how many went before."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fakeact_llm_training.sim.model import total_parameters
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.shards import model_tensors
from fakeact_llm_training.sim.tensors import Tensor, cut

# DDP's buckets and DeepSpeed's, in elements of 4 and 2 bytes; Megatron's, which grow with the data-parallel size
# (megatron/core/distributed/distributed_data_parallel.py: max(40000000, 1000000 * dp_size)).
DDP_BUCKET, ZERO_BUCKET = 25 * 2**20 // 4, 500_000_000
MEGATRON_BUCKET, MEGATRON_BUCKET_PER_RANK = 40_000_000, 1_000_000


class Collective(NamedTuple):
    """Operation, elements in and out on each rank, and how many of them a step has."""

    op: str
    numel_in: int
    numel_out: int
    per_step: int


def draw_collective(scenario: Scenario, generator: np.random.Generator) -> Collective:
    """One of those that a step of this layout consists of."""
    model, degree = scenario.model, scenario.layout.parallelism.shard_degree
    gathers = generator.random() < 0.6
    if scenario.sharding == "DDP":
        sizes = ddp_buckets(scenario)
        size = sizes[int(generator.integers(len(sizes)))]
        return Collective("ALLREDUCE", size, size, len(sizes) + 1)
    if scenario.sharding in {"FSDP", "HSDP", "ZeRO-3"}:
        count = 3 * model.layers * scenario.grad_accum + 2
        part = layer_part(scenario)
    else:
        local = total_parameters(model) // (scenario.tp * scenario.pp)
        bucket = _bucket(scenario)
        part = -(-min(bucket, local) // scenario.dp)
        count = 2 * -(-local // bucket) + 2
    if gathers:
        return Collective("_ALLGATHER_BASE", part, part * degree, count)
    return Collective("_REDUCE_SCATTER_BASE", part * degree, part, count)


def layer_part(scenario: Scenario) -> int:
    """A rank's elements of a layer.

    FSDP 2 divides the rows of each tensor, the last rank's filled up; ZeRO-3 its elements.
    """
    degree, tensors = scenario.layout.parallelism.shard_degree, list(_layer(scenario))
    if scenario.sharding == "ZeRO-3":
        return sum(-(-tensor.parameters // degree) for tensor in tensors)
    return sum(-(-tensor.shape[0] // degree) * (tensor.parameters // tensor.shape[0]) for tensor in tensors)


def _layer(scenario: Scenario) -> Iterator[Tensor]:
    """A layer's tensors on one tensor-parallel rank: the last, as models have dense ones in front."""
    last = f".{scenario.model.layers - 1}."
    for tensor in model_tensors(scenario.model):
        if (found := re.search(r"\.\d+\.", tensor.name)) and found[0] == last:
            yield cut(tensor, scenario.tp)


def ddp_buckets(scenario: Scenario) -> list[int]:
    """Elements of DDP's buckets: whole tensors from the last to the first, until a bucket has 25 MiB."""
    sizes, inside = [], 0
    for tensor in reversed(list(model_tensors(scenario.model))):
        inside += tensor.parameters
        if inside >= DDP_BUCKET:
            sizes.append(inside)
            inside = 0
    return [*sizes, inside] if inside else sizes


def _bucket(scenario: Scenario) -> int:
    """Elements that the optimizer's gradients are reduced by at once."""
    if scenario.dialect in {"megatron", "nemo"}:
        return max(MEGATRON_BUCKET, MEGATRON_BUCKET_PER_RANK * scenario.dp)
    return ZERO_BUCKET
