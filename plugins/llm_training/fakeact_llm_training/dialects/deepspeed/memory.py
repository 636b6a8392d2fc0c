"""Torch's memory while ZeRO sets itself up: what is allocated when follows from the sizes of weights and shards."""

from collections.abc import Iterator
from typing import NamedTuple

from fakeact_llm_training.dialects.deepspeed.defaults import BUCKET
from fakeact_llm_training.dialects.deepspeed.settings import accumulates_in_fp32, stage
from fakeact_llm_training.dialects.deepspeed.tensors import vector_parameters
from fakeact_llm_training.sim.memory import GIB, MIB
from fakeact_llm_training.sim.scenario import Scenario

SEGMENT = 2 * MIB
SUBGROUP = 1_000_000_000
# A process with torch, NCCL and its pinned buffers takes so much of the host; daemons and caches a share of it.
PROCESS_BYTES, SYSTEM_SHARE = 5.1 * GIB, 0.021


class Reading(NamedTuple):
    """What see_memory_usage finds at a moment, in bytes."""

    title: str
    allocated: int
    peak: int
    reserved: int
    reserved_peak: int
    host_used: float
    host_total: float


class Allocator:
    """Torch's caching allocator, roughly: a piece that fits into what is cached is taken from there."""

    def __init__(self, scenario: Scenario) -> None:
        self._allocated = self._peak = self._reserved = self._reserved_peak = 0
        self._host_total = host_bytes(scenario)
        self._host_used = SYSTEM_SHARE * self._host_total + PROCESS_BYTES * scenario.gpus_per_node

    def hold(self, size: float) -> None:
        """Allocate so many bytes for good."""
        piece = -(-int(size) // 512) * 512
        if self._reserved - self._allocated < piece:
            self._reserved += -(-piece // SEGMENT) * SEGMENT
        self._allocated += piece
        self._peak = max(self._peak, self._allocated)
        self._reserved_peak = max(self._reserved_peak, self._reserved)

    def pass_by(self, *sizes: float) -> None:
        """Allocate pieces that are all given back."""
        before = self._allocated
        for size in sizes:
            self.hold(size)
        self._allocated = before

    def read(self, title: str) -> Reading:
        """Look, and begin to measure peaks anew."""
        reading = Reading(
            title, self._allocated, self._peak, self._reserved, self._reserved_peak, self._host_used, self._host_total
        )
        self._peak, self._reserved_peak = self._allocated, self._reserved
        # Python and glibc keep a little more each time.
        self._host_used += 11 * MIB
        return reading


def host_bytes(scenario: Scenario) -> float:
    """A node's memory: 256 GiB a GPU in the usual machines, 221 in a tray of Grace and Blackwell, some in none."""
    each = 221 if scenario.gpu.slug == "gb200" else 256 if scenario.gpu.busbw_node > 100 else 64
    return each * max(scenario.gpu.per_node, scenario.gpus_per_node) * GIB * 0.984


def readings(scenario: Scenario) -> Iterator[Reading]:
    """All that ZeRO reports while its optimizer is made, in order."""
    memory = Allocator(scenario)
    memory.hold(scenario.layout.memory.weights)
    if stage(scenario) == 3:
        yield from _stage_3(scenario, memory)
    elif accumulates_in_fp32(scenario):
        yield from _bf16(scenario, memory)
    elif stage(scenario):
        yield from _stage_1_and_2(scenario, memory)


def _copy(scenario: Scenario) -> float:
    """The fp32 copy of a rank's part; Adam's moments, twice as much, come with the first step."""
    return scenario.layout.memory.optimizer / 3


def _stage_1_and_2(scenario: Scenario, memory: Allocator) -> Iterator[Reading]:
    copy = _copy(scenario)
    # The part is cloned in 16 bits and then widened.
    memory.hold(copy)
    memory.pass_by(copy / 2)
    yield memory.read("Before initializing optimizer states")
    memory.pass_by(copy)
    yield memory.read("After initializing optimizer states")
    yield memory.read("After initializing ZeRO optimizer")


def _bf16(scenario: Scenario, memory: Allocator) -> Iterator[Reading]:
    yield memory.read("begin bf16_optimizer")
    small = vector_parameters(scenario.model) / scenario.parameters
    for group, share in enumerate((1 - small, small)):
        yield memory.read(f"before initializing group {group}")
        memory.pass_by(share * scenario.layout.memory.weights)
        memory.hold(share * _copy(scenario))
        memory.hold(share * scenario.layout.memory.gradients)
        yield memory.read(f"after initializing group {group}")
    yield memory.read("end bf16_ optimizer")


def _stage_3(scenario: Scenario, memory: Allocator) -> Iterator[Reading]:
    model, weights, copy = scenario.model, scenario.layout.memory.weights, _copy(scenario)
    small = vector_parameters(model)
    memory.pass_by(2 * model.vocab * model.hidden)
    yield memory.read("Stage 3 initialize beginning")
    yield memory.read("DeepSpeedZeRoOffload initialize [begin]")
    memory.hold(2 * small)
    yield memory.read("DeepSpeedZeRoOffload initialize [end]")
    yield memory.read("Before creating fp16 partitions")
    part = weights / 2
    groups = -(-int(part - small / scenario.dp) // SUBGROUP) + 1
    yield memory.read(f"After creating fp16 partitions: {groups}")
    yield memory.read("Before creating fp32 partitions")
    memory.hold(copy)
    memory.pass_by(min(copy, 4 * SUBGROUP) / 2)
    yield memory.read("After creating fp32 partitions")
    yield memory.read("Before initializing optimizer states")
    memory.pass_by(min(copy, 4 * SUBGROUP))
    yield memory.read("After initializing optimizer states")
    memory.hold(2 * BUCKET)
    memory.hold(scenario.layout.memory.gradients)
    yield memory.read("After initializing ZeRO optimizer")
