"""How a model is laid out on a fleet, and how fast that goes: memory must fit, the pace follows."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fakeact_llm_training.catalogue.records import Gpu, Model
from fakeact_llm_training.sim.frameworks import FRAMEWORKS
from fakeact_llm_training.sim.kinds import DialectName
from fakeact_llm_training.sim.memory import GIB, Memory, Parallelism, fit
from fakeact_llm_training.sim.model import flops_per_token, total_parameters
from fakeact_llm_training.sim.usual import FULL, LEAST_FULL, MOST_FULL, Range

SEQUENCE_LENGTHS = (1024, 2048, 4096, 8192)
MICRO_BATCHES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
FASTEST, SLOWEST = 0.15, 1.5
# Forward passes alone take this part of a step for the same tokens (MLPerf GPT-3 175B: 16.07 s of 36.05 s).
FORWARD_SHARE = 0.446
# Tensor parallelism costs two all-reduces a layer; recomputation costs up to a third more compute.
TENSOR_EFFICIENCY = {1: 1.0, 2: 0.965, 4: 0.93, 8: 0.88}
RECOMPUTE_EFFICIENCY = {"none": 1.0, "selective": 0.97, "full": 0.77}
# GEMMs of narrow models leave the tensor cores waiting.
WIDTH_EFFICIENCY = ((800, 0.86), (1100, 0.88), (1700, 0.93), (2600, 0.96), (4000, 0.98))


class Layout(NamedTuple):
    """A parallel layout with its batch, memory and pace; `step_time` in s, `mfu` a fraction of bf16 peak."""

    parallelism: Parallelism
    sequence_length: int
    micro_batch: int
    grad_accum: int
    recompute: str
    memory: Memory
    step_time: float
    mfu: float

    @property
    def global_batch(self) -> int:
        """Sequences in an optimizer step."""
        return self.micro_batch * self.grad_accum * self.parallelism.dp

    def steps_in(self, samples: int, *, partial: bool) -> int:
        """Steps that so many sequences are trained on; a last, `partial` one counts if it has at least one of them."""
        batches = -(-samples // (self.micro_batch * self.parallelism.dp))
        return -(-batches // self.grad_accum) if partial else samples // self.global_batch

    @property
    def tokens(self) -> int:
        """Tokens in an optimizer step."""
        return self.global_batch * self.sequence_length


def parallelisms(model: Model, gpu: Gpu, world: int, dialect: DialectName = "pytorch") -> Iterator[Parallelism]:
    """Ways of cutting the model up that divide what they must and that the framework offers."""
    offered = FRAMEWORKS[dialect].shardings
    for how in _all_parallelisms(model, gpu, world, dialect):
        if how.sharding in offered or world == 1:
            yield how


def _all_parallelisms(model: Model, gpu: Gpu, world: int, dialect: DialectName) -> Iterator[Parallelism]:
    size = total_parameters(model)
    if size < 1.6e9:
        yield Parallelism(1, 1, 1, world, 1, "DDP", 1)
    if 1 < world <= 512 and size > 0.3e9:
        yield from (Parallelism(1, 1, 1, world, 1, sharding, world) for sharding in ("ZeRO-2", "ZeRO-3"))
    for tp in _tensor_degrees(model, gpu, world, dialect):
        if size > (0.7e9 if dialect in {"pytorch", "hf"} else 0.1e9):
            yield from _fully_sharded(tp, world // tp, gpu)
        if size > 6e9 or dialect != "pytorch":
            yield from _pipelined(model, gpu, tp, world // tp, dialect)


def _tensor_degrees(model: Model, gpu: Gpu, world: int, dialect: DialectName) -> list[int]:
    # Without NVLink nobody splits matrices; below some 12B sharding alone does where there is any.
    if gpu.busbw_node < 100 or total_parameters(model) < FRAMEWORKS[dialect].tensor_from or model.experts:
        return [1]
    whole = (model.heads, model.kv_heads, world, min(world, gpu.per_node))
    return [tp for tp in TENSOR_EFFICIENCY if not any(n % tp for n in whole)]


def _fully_sharded(tp: int, dp: int, gpu: Gpu) -> Iterator[Parallelism]:
    if 1 < dp <= 512:
        yield Parallelism(tp, 1, 1, dp, 1, "FSDP", dp)
    for nodes in (1, 4, 16):
        shard = nodes * gpu.per_node // tp
        if 1 < shard < dp and dp % shard == 0 and dp > 16:
            yield Parallelism(tp, 1, 1, dp, 1, "HSDP", shard)


def _pipelined(model: Model, gpu: Gpu, tp: int, rest: int, dialect: DialectName) -> Iterator[Parallelism]:
    slots = model.pipeline_slots or model.layers
    deepest = 32 if total_parameters(model) > FRAMEWORKS[dialect].stages_from else 1
    for pp in range(1, min(slots // 2, rest, deepest) + 1):
        if slots % pp == 0 and rest % pp == 0:
            for ep in _expert_degrees(model, gpu, rest // pp):
                yield Parallelism(tp, pp, 1, rest // pp, ep, "ZeRO-1", rest // pp)


def _expert_degrees(model: Model, gpu: Gpu, dp: int) -> list[int]:
    if not model.experts:
        return [1]
    wanted = (gpu.per_node, 4 * gpu.per_node, 8 * gpu.per_node)
    return [ep for ep in wanted if dp % ep == 0 and model.experts.routed % ep == 0]


def compute_seconds(model: Model, gpu: Gpu, how: Parallelism, shape: tuple[int, int], recompute: str) -> float:
    """Seconds of a GPU's work on a micro-batch of `shape` (sequences, length), communication aside."""
    micro, sequence = shape
    tokens = sequence * micro
    efficiency = gpu.mfu * TENSOR_EFFICIENCY[how.tp] * RECOMPUTE_EFFICIENCY[recompute] * _width_efficiency(model)
    efficiency *= tokens / (tokens + 300)
    if model.experts:
        # Routing, uneven experts and all-to-all: published MoE runs reach some 60 % of a dense one's MFU.
        efficiency *= 0.62
    if how.world_size > 64:
        # Llama 3: 43 % on 8,192 GPUs, 41 % on 16,384.
        efficiency *= 1 - 0.012 * math.log2(how.world_size / 64)
    flops = tokens * flops_per_token(model, sequence) / (how.tp * how.pp * how.cp)
    return flops / (gpu.bf16_tflops * 1e12 * efficiency * 1.09)


def _width_efficiency(model: Model) -> float:
    return next((share for width, share in WIDTH_EFFICIENCY if model.hidden < width), 1.0)


def communication_seconds(model: Model, gpu: Gpu, how: Parallelism, accum: int) -> float:
    """Seconds a node's links need for gathering parameters and reducing gradients in one step."""
    if how.dp == 1:
        return 0.0
    shared = min(how.world_size, gpu.per_node)
    inside = how.world_size <= gpu.per_node or (how.sharding == "HSDP" and how.shard_degree <= gpu.per_node)
    link = gpu.busbw_node if inside else gpu.busbw_fabric
    size = total_parameters(model)
    if how.sharding == "ZeRO-2":
        sent = size * (2.0 * accum + 2)
    elif how.sharding in {"FSDP", "HSDP", "ZeRO-3"}:
        sent = size * (4 * accum + 4) * (how.shard_degree - 1) / how.shard_degree
    elif how.sharding == "DDP":
        sent = 2 * size * 4 * (how.dp - 1) / how.dp
    else:
        per_gpu = size / (how.tp * how.pp * how.ep)
        sent = 6 * per_gpu * shared
    across = 8 * size / (how.shard_degree * gpu.busbw_fabric) * shared if how.sharding == "HSDP" else 0.0
    return (sent / link + across) / 1e9


def step_seconds(compute: float, communication: float, how: Parallelism, accum: int) -> float:
    """Seconds of a step: the longer of the two, a tenth of the other, the bubble, 6 ms of optimizer."""
    # Interleaving with two chunks a stage halves 1F1B's bubble of (pp-1)/m.
    busy = compute * accum * (1 + (how.pp - 1) / (2 * accum))
    return max(busy, communication) + 0.09 * min(busy, communication) + 0.006


def layouts(
    model: Model, gpu: Gpu, world: int, paces: Sequence[float], dialect: DialectName = "pytorch",
    *, shortest: int = 1024, least_full: float = 0.0,
) -> Iterator[Layout]:  # fmt: skip
    """Layouts that fit, accumulated to about each of these `paces` in seconds.

    Sequences have `shortest` tokens or more, cards are filled to `least_full` at the least.
    """
    for how in parallelisms(model, gpu, world, dialect):
        for sequence in SEQUENCE_LENGTHS:
            if min(shortest, model.context) <= sequence <= model.context:
                yield from _batches(model, gpu, how, sequence, paces, least_full=least_full)


def layouts_of(model: Model, gpu: Gpu, world: int, batch: tuple[int, int], dialect: DialectName) -> Iterator[Layout]:
    """Layouts that fit for a global `batch` of (sequences, length)."""
    sequences, length = batch
    for how in parallelisms(model, gpu, world, dialect):
        for micro in MICRO_BATCHES:
            accum, left = divmod(sequences, micro * how.dp)
            if accum < 1 or not (found := fit(model, gpu, how, length * micro)):
                break
            if not left:
                yield _laid_out(model, gpu, how, (micro, length, accum), found)


def _batches(
    model: Model, gpu: Gpu, how: Parallelism, sequence: int, paces: Sequence[float], *, least_full: float
) -> Iterator[Layout]:
    slowest = 2 * max(SLOWEST, *paces)
    for micro in MICRO_BATCHES:
        found = fit(model, gpu, how, sequence * micro)
        if not found:
            return
        if found[0].reserved < least_full * gpu.memory_gib * GIB:
            continue
        one = compute_seconds(model, gpu, how, (micro, sequence), found[1])
        for accum in {_accumulated(pace, one, how.pp) for pace in paces}:
            yield _laid_out(model, gpu, how, (micro, sequence, accum), found)
        if one > slowest:
            return


def _accumulated(pace: float, one: float, stages: int) -> int:
    """Micro-batches of `one` second that make a step of about `pace` seconds; a pipeline has one a stage or more."""
    return max(round((pace - 0.006) / one - (stages - 1) / 2), stages)


def _laid_out(
    model: Model, gpu: Gpu, how: Parallelism, batch: tuple[int, int, int], found: tuple[Memory, str]
) -> Layout:
    (micro, sequence, accum), (memory, recompute) = batch, found
    one = compute_seconds(model, gpu, how, (micro, sequence), recompute)
    time = step_seconds(one, communication_seconds(model, gpu, how, accum), how, accum)
    flops = sequence * micro * accum * how.dp * flops_per_token(model, sequence)
    mfu = flops / (time * how.world_size * gpu.bf16_tflops * 1e12)
    return Layout(how, sequence, micro, accum, recompute, memory, time, mfu)


def fullness(layout: Layout, gpu: Gpu) -> float:
    """The share of the card's memory that torch reserves."""
    return layout.memory.reserved / (gpu.memory_gib * GIB)


def taste(layout: Layout, model: Model, gpu: Gpu) -> float:
    """How much a careful person likes a layout: fast, cards well used, models cut no further than they have to be."""
    how = layout.parallelism
    rare = {"HSDP": 0.15, "ZeRO-1": 0.08}.get(how.sharding, 0.0)
    lengthy = 0.15 * math.log2(layout.sequence_length / 2048)
    cut = 0.25 * math.log2(how.tp) + 0.15 * math.log2(how.pp)
    # Nobody wonders at a large model in pieces.
    cut *= min(1.0, 20e9 / total_parameters(model))
    odd = 0.12 * (layout.micro_batch & (layout.micro_batch - 1) > 0)
    full = fullness(layout, gpu)
    empty = 5 * max(0.0, FULL - full) + 2 * max(0.0, full - 0.9)
    return 6 * layout.mfu + lengthy - rare - cut - 0.05 * math.log2(layout.grad_accum) - odd - empty


def most_tokens(layout: Layout) -> int:
    """The largest batch in tokens that such a fleet would take: Llama 3 405B had 16M on 16,384 GPUs."""
    return int(max(2**24, 1024 * layout.parallelism.world_size))


def is_credible(layout: Layout, model: Model, gpu: Gpu, batch: Range) -> bool:
    """Whether pace, batch, memory and MFU are those of a run somebody would have on such a machine."""
    floor = 0.75 * gpu.mfu * _width_efficiency(model) * (0.62 if model.experts else 1.0)
    in_time = FASTEST <= layout.step_time <= SLOWEST
    full = LEAST_FULL <= fullness(layout, gpu) <= MOST_FULL
    return layout.mfu >= floor and in_time and full and not batch.off(layout.tokens)
