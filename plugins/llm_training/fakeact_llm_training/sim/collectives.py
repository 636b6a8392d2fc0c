"""The collective that a rank waits in: what it is called, how large it is, how many went before."""

from typing import NamedTuple

import numpy as np

from fakeact_llm_training.sim.model import embedding_parameters, total_parameters
from fakeact_llm_training.sim.scenario import Scenario

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
    cut = scenario.tp * scenario.pp
    layer = (total_parameters(model) - embedding_parameters(model)) // model.layers // scenario.tp
    gathers = generator.random() < 0.6
    if scenario.sharding == "DDP":
        buckets = -(-total_parameters(model) // DDP_BUCKET)
        return Collective("ALLREDUCE", DDP_BUCKET, DDP_BUCKET, buckets + 1)
    if scenario.sharding in {"FSDP", "HSDP", "ZeRO-3"}:
        count = 3 * model.layers * scenario.grad_accum + 2
        part = -(-layer // degree)
    else:
        local = total_parameters(model) // cut
        bucket = _bucket(scenario)
        part = -(-min(bucket, local) // scenario.dp)
        count = 2 * -(-local // bucket) + 2
    if gathers:
        return Collective("_ALLGATHER_BASE", part, part * degree, count)
    return Collective("_REDUCE_SCATTER_BASE", part * degree, part, count)


def _bucket(scenario: Scenario) -> int:
    """Elements that the optimizer's gradients are reduced by at once."""
    if scenario.dialect in {"megatron", "nemo"}:
        return max(MEGATRON_BUCKET, MEGATRON_BUCKET_PER_RANK * scenario.dp)
    return ZERO_BUCKET
