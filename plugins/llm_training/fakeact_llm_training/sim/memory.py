"""What a GPU holds: states by what is sharded, activations, and what nvidia-smi makes of it."""

import math
from typing import NamedTuple

from fakeact_llm_training.catalogue.records import Gpu, Model
from fakeact_llm_training.sim.model import expert_parameters, total_parameters

GIB = 2**30
MIB = 2**20
# Recomputation keeps this share of a layer's activations (full: the layer's input only).
KEPT = {"none": 1.0, "selective": 0.6, "full": 0.0}
# Reserved above allocated, as a share; segments of 20 MiB that are held by small tensors when the rest is given back.
FRAGMENTED, PINNED, LARGE_SEGMENT = (0.008, 0.07), (2, 24), 20 * MIB
# A bare CUDA context on Hopper takes about 520 MiB; cuBLAS workspaces come on top.
CONTEXT_MIB = 594


class Parallelism(NamedTuple):
    """How a model is cut up: world = tp * pp * cp * dp; experts are spread over `ep` of the dp ranks.

    `shard_degree` is the number of data-parallel ranks over which one copy of the states is spread.
    """

    tp: int
    pp: int
    cp: int
    dp: int
    ep: int
    sharding: str
    shard_degree: int

    @property
    def world_size(self) -> int:
        """All ranks."""
        return self.tp * self.pp * self.cp * self.dp


class Memory(NamedTuple):
    """Bytes on one GPU, the fullest, in steady state.

    `weights`, `gradients`, `optimizer` stay; `activations` and `gathered` (unsharded layers) peak in a step.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int
    gathered: int

    @property
    def states(self) -> int:
        """Bytes that stay allocated between steps."""
        return self.weights + self.gradients + self.optimizer

    @property
    def allocated(self) -> int:
        """Peak of torch's allocated bytes in a step."""
        return self.states + self.activations + self.gathered

    @property
    def reserved(self) -> int:
        """Torch's reserved bytes in steady state."""
        return segments(self.allocated * (1 + _by_chance(self.allocated, *FRAGMENTED)))


def segments(size: float) -> int:
    """What the allocator reserves for so many bytes, in segments of 2 MiB."""
    return math.ceil(size / (2 * MIB)) * 2 * MIB


def emptied(allocated: int) -> int:
    """Torch's reserved bytes once its cache has been emptied: a segment stays for the least tensor that is in it."""
    return segments(allocated) + LARGE_SEGMENT * int(_by_chance(allocated, *PINNED))


def _by_chance(size: int, low: float, high: float) -> float:
    """A value that follows from the sizes of tensors, as fragmentation does, and looks like chance."""
    return low + (high - low) * (size // MIB * 2654435761 % 2**32 / 2**32)


def states(model: Model, how: Parallelism) -> tuple[float, float, float]:
    """Bytes of weights, gradients and optimizer on the fullest GPU."""
    experts = expert_parameters(model)
    rest = total_parameters(model) - experts
    if how.sharding in {"ZeRO-2", "ZeRO-3"}:
        # DeepSpeed: 16-bit weights and gradients, fp32 copy and moments; ZeRO-2 shards all but the weights.
        size, own = float(rest + experts), (rest + experts) / how.shard_degree
        return 2 * (own if how.sharding == "ZeRO-3" else size), 2 * own, 12 * own
    if how.sharding != "ZeRO-1":
        # fp32 parameters and Adam moments, bf16 autocast.
        local = (rest + experts) / how.tp / how.shard_degree
        return 4 * local, 4 * local, 8 * local
    # Megatron's distributed optimizer: bf16 weights, fp32 gradients; fp32 copy and moments spread over dp.
    # The first and last stage carry embedding and head: some 5 % more.
    uneven = 1.05 if how.pp > 1 else 1.0
    local, local_experts = rest / how.tp / how.pp * uneven, experts / how.ep / how.pp * uneven
    both = local + local_experts
    return 2 * both, 4 * both, 12 * (local / how.dp + local_experts * how.ep / how.dp)


def gathered(model: Model, how: Parallelism) -> float:
    """Bytes of two unsharded bf16 layers with fp32 gradients, as FSDP holds them while it prefetches."""
    if how.sharding == "DDP":
        return 2.0 * total_parameters(model)
    if how.sharding == "ZeRO-1":
        return 0.0
    if how.sharding == "ZeRO-2":
        # Two buckets of gradients, DeepSpeed's default of 5e8 elements each.
        return min(2.0 * total_parameters(model), 2e9)
    layer = (total_parameters(model) - model.vocab * model.hidden) / model.layers
    return max(2 * 2 * layer + 4 * layer, 2.0 * model.vocab * model.hidden) / how.tp


def layer_activations(model: Model) -> float:
    """Bytes per token that a layer keeps for its backward pass under flash attention, in bf16."""
    attention = 2 * (2 * model.heads + 2 * model.kv_heads) * model.head_dim
    experts = model.experts
    ffn = experts.ffn * (experts.per_token + experts.shared) if experts else model.ffn
    return 12 * model.hidden + attention + (6 if model.gated_mlp else 4) * ffn


def activations(model: Model, how: Parallelism, tokens: int, recompute: str) -> float:
    """Peak bytes of activations for a micro-batch of `tokens`; 1F1B's first stage holds `pp` of them."""
    layer = layer_activations(model) * tokens / how.tp
    kept = 2 * model.hidden * tokens / how.tp if recompute == "full" else layer * KEPT[recompute]
    # bf16 logits, their fp32 copy and gradient, on the last stage.
    logits = 10 * tokens * model.vocab / how.tp if how.pp == 1 else 0
    return kept * model.layers + layer * (recompute == "full") + logits


def nccl_mib(how: Parallelism) -> int:
    """MiB of communicators' buffers outside torch's allocator; more groups, more channels."""
    groups = 1 + (how.tp > 1) + (how.pp > 1) + (how.ep > 1) + (how.sharding == "HSDP")
    return 420 + 510 * groups if how.world_size > 1 else 0


def used_mib(memory: Memory, how: Parallelism) -> int:
    """What nvidia-smi shows in MiB."""
    return _shown_mib(memory.reserved, how)


def _shown_mib(reserved: int, how: Parallelism) -> int:
    return reserved // MIB + CONTEXT_MIB + nccl_mib(how)


def fits(memory: Memory, how: Parallelism, gpu: Gpu) -> bool:
    """Whether it runs without out-of-memory: 92 % of what torch sees, 96 % of the card."""
    reserved = memory.reserved
    return reserved <= 0.92 * gpu.memory_gib * GIB and _shown_mib(reserved, how) <= 0.96 * gpu.memory_mib


def fit(model: Model, gpu: Gpu, how: Parallelism, tokens: int) -> tuple[Memory, str] | None:
    """Memory with the least recomputation that fits a micro-batch of `tokens`, or None."""
    weights, gradients, optimizer = map(int, states(model, how))
    layers = int(gathered(model, how))
    for recompute in KEPT:
        peak = int(activations(model, how, tokens, recompute))
        memory = Memory(weights, gradients, optimizer, peak, layers)
        if fits(memory, how, gpu):
            return memory, recompute
    return None
