"""The collective that a rank waits in: what it is called, how large it is, how many went before."""

from typing import NamedTuple

import numpy as np

from fakeact_llm_training.sim.model import embedding_parameters, total_parameters
from fakeact_llm_training.sim.scenario import Scenario

# DDP's buckets and DeepSpeed's, in elements of 4 and 2 bytes.
DDP_BUCKET, ZERO_BUCKET = 25 * 2**20 // 4, 500_000_000


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
        part = -(-min(ZERO_BUCKET, local) // scenario.dp)
        count = 2 * -(-local // ZERO_BUCKET) + 2
    if gathers:
        return Collective("_ALLGATHER_BASE", part, part * degree, count)
    return Collective("_REDUCE_SCATTER_BASE", part * degree, part, count)
