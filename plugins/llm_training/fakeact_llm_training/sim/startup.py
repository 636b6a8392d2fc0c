"""The way from launch to the first step, as data: phases with their durations and what they find."""

import math
import random
from collections.abc import Iterable
from typing import Literal, NamedTuple

from fakeact_llm_training.sim.model import total_parameters, undecayed_parameters
from fakeact_llm_training.sim.scenario import Scenario

PhaseName = Literal[
    "launch",
    "rendezvous",
    "devices",
    "nccl",
    "preflight",
    "model",
    "weights",
    "tokenizer",
    "dataset",
    "optimizer",
    "compile",
]
SHARD_BYTES = 5e9
FLOAT_BYTES = 4
# Reading the index, before the bytes flow.
OPENING_SECONDS = 0.4


class Phase(NamedTuple):
    """One part of the start-up: it begins `begins` seconds after launch and takes `seconds`."""

    name: PhaseName
    begins: float
    seconds: float

    @property
    def ends(self) -> float:
        """Seconds after launch."""
        return self.begins + self.seconds


class Detection(NamedTuple):
    """A rank finds its GPU, `at` seconds into the phase "devices"."""

    at: float
    rank: int
    local_rank: int
    host: str
    pid: int
    device: str
    bus_id: str
    memory_gib: float


class NcclInit(NamedTuple):
    """The communicator: version, size, channels, its 64-bit id, and what rank 0 measured in seconds."""

    version: str
    ranks: int
    nodes: int
    channels: int
    comm_id: int
    seconds: float


class AllReduceRow(NamedTuple):
    """A row of nccl-tests' all_reduce_perf: size in bytes, floats, time in s, bandwidths in bytes per second.

    algbw = size/time; busbw = algbw * 2(n-1)/n.
    """

    size: int
    count: int  # type: ignore[assignment]
    time: float
    algbw: float
    busbw: float
    in_place_time: float
    in_place_algbw: float
    in_place_busbw: float


class Preflight(NamedTuple):
    """The all-reduce check before the job; bandwidths in bytes per second."""

    rows: tuple[AllReduceRow, ...]
    warmup_iterations: int
    iterations: int

    @property
    def average_busbw(self) -> float:
        """Mean bus bandwidth over all rows, out of place and in place, as the tool gives it."""
        both = [row.busbw for row in self.rows] + [row.in_place_busbw for row in self.rows]
        return sum(both) / len(both)

    @property
    def seconds(self) -> float:
        """How long it runs, with two seconds to set up and to check results."""
        runs = self.warmup_iterations + self.iterations
        return 2.0 + runs * sum(row.time + row.in_place_time for row in self.rows)


class WeightsLoad(NamedTuple):
    """What the model begins with: a seed checkpoint, published weights, or a checkpoint of this run.

    `rate` is what all nodes together take in, `node_rate` what each does, in bytes per second.
    """

    path: str
    total_bytes: int
    shards: int
    bytes_per_parameter: int
    seconds: float
    rate: float
    node_rate: float
    what: Literal["seed", "published", "checkpoint"] = "seed"

    def loaded(self, elapsed: float) -> int:
        """Bytes of `total_bytes` that are there `elapsed` seconds after the load began."""
        share = (elapsed - OPENING_SECONDS) / (self.seconds - OPENING_SECONDS)
        return int(self.total_bytes * min(max(share, 0.0), 1.0))


class Startup(NamedTuple):
    """All of the start-up; `phases` follow one another without a gap."""

    scenario: Scenario
    phases: tuple[Phase, ...]
    nccl: NcclInit | None
    preflight: Preflight | None
    weights: WeightsLoad
    decayed: int
    undecayed: int
    dice: int

    @property
    def seconds(self) -> float:
        """From launch to the first step."""
        return self.phases[-1].ends

    def phase(self, name: PhaseName) -> Phase | None:
        """The phase of that name, if this run has it."""
        return next((phase for phase in self.phases if phase.name == name), None)

    def detection(self, rank: int) -> Detection:
        """How a rank finds its GPU; nodes are up to a second apart, a node's ranks some hundredths."""
        scenario, (node, local) = self.scenario, divmod(rank, self.scenario.gpus_per_node)
        window = next(phase.seconds for phase in self.phases if phase.name == "devices")
        node_late = random.Random(f"{self.dice} node {node}").betavariate(1.5, 3.5)
        own = random.Random(f"{self.dice} rank {rank}").uniform(0.0, 0.18)
        return Detection(
            at=window * min(0.05 + 0.75 * node_late + own, 0.99),
            rank=rank,
            local_rank=local,
            host=scenario.host_of(rank),
            pid=scenario.site.pid(rank),
            device=scenario.gpu.device,
            bus_id=scenario.site.bus_id(rank),
            memory_gib=scenario.gpu.memory_gib,
        )

    def detections(self, ranks: Iterable[int]) -> list[Detection]:
        """Those ranks' detections in the order in which they happen."""
        return sorted(map(self.detection, ranks), key=lambda found: (found.at, found.rank))


def draw_startup(scenario: Scenario, rng: random.Random) -> Startup:
    """The start-up of a scenario; sizes give durations, `rng` their scatter."""
    nccl = _nccl(scenario, rng) if scenario.world_size > 1 else None
    preflight = _preflight(scenario, rng) if nccl else None
    weights = initial_load(scenario, rng)
    undecayed = undecayed_parameters(scenario.model)
    return Startup(
        scenario=scenario,
        phases=_in_order(_seconds(scenario, rng, nccl, preflight, weights)),
        nccl=nccl,
        preflight=preflight,
        weights=weights,
        decayed=total_parameters(scenario.model) - undecayed,
        undecayed=undecayed,
        dice=rng.randrange(2**32),
    )


def _seconds(
    scenario: Scenario,
    rng: random.Random,
    nccl: NcclInit | None,
    preflight: Preflight | None,
    weights: WeightsLoad,
) -> dict[PhaseName, float]:
    billions = total_parameters(scenario.model) / 1e9
    sequences = scenario.data.samples + scenario.data.validation
    crowd = math.log2(scenario.nodes + 1)
    seconds: dict[PhaseName, float] = {
        "launch": rng.uniform(1.2, 2.4) + 0.1 * crowd,
        "rendezvous": rng.uniform(0.4, 0.9) + 0.25 * crowd,
        "devices": rng.uniform(0.8, 1.3) + 0.15 * crowd,
        "nccl": nccl.seconds if nccl else 0.0,
        "preflight": preflight.seconds if preflight else 0.0,
        # On the meta device, then materialised shard by shard.
        "model": rng.uniform(0.5, 1.0) + 0.012 * scenario.model.layers + min(billions / scenario.nodes, 8.0),
        "weights": weights.seconds,
        "tokenizer": rng.uniform(0.25, 0.5) + scenario.model.vocab / 2.5e5,
        # Memory-mapping, and a shuffled index of all sequences at some 4 million a second.
        "dataset": rng.uniform(0.4, 1.1) + min(sequences / 4e6, 10.0),
        "optimizer": rng.uniform(0.05, 0.2) + 0.002 * scenario.model.layers,
        "compile": rng.uniform(5.5, 11.0) if scenario.compiled else 0.0,
    }
    return seconds


def _in_order(seconds: dict[PhaseName, float]) -> tuple[Phase, ...]:
    phases, begins = [], 0.0
    for name, length in seconds.items():
        if length:
            phases.append(Phase(name, begins, length))
            begins += length
    return tuple(phases)


def _nccl(scenario: Scenario, rng: random.Random) -> NcclInit:
    """1 to 2 s for up to 64 ranks, 5 to 60 s for a thousand to sixteen thousand."""
    world = scenario.world_size
    seconds = rng.uniform(0.9, 1.4) * max(1.0, (world / 64) ** 0.55)
    site = scenario.site
    return NcclInit(site.versions.nccl, world, scenario.nodes, channels(scenario), site.comm_id(), seconds)


def channels(scenario: Scenario) -> int:
    """NCCL's channels as 2.26 and 2.27 log them: over NVLink in a node, between nodes, over PCIe; RCCL is given 16."""
    gpu = scenario.gpu
    if gpu.slug in {"b200", "gb200"}:
        return 32
    nvlink = 24 if scenario.nodes == 1 and gpu.vendor == "nvidia" else 16
    return nvlink if gpu.busbw_node > 100 else 2


def _preflight(scenario: Scenario, rng: random.Random) -> Preflight:
    gpu, nodes = scenario.gpu, scenario.nodes
    peak = (gpu.busbw_fabric if nodes > 1 else gpu.busbw_node) * 1e9 * rng.uniform(0.97, 1.0)
    latency = 28e-6 + (22e-6 * math.log2(nodes) if nodes > 1 else 0.0)
    largest = 33 if gpu.memory_gib > 40 else 31
    sizes = [2**power for power in range(23, largest + 1, 2)]
    rows = tuple(_row(size, scenario.world_size, peak, latency, rng) for size in sizes)
    slow = rows[-1].time > 0.2
    return Preflight(rows, 1 if slow else 5, 3 if slow else 20)


def _row(size: int, ranks: int, peak: float, latency: float, rng: random.Random) -> AllReduceRow:
    factor = 2 * (ranks - 1) / ranks
    # Pipelines fill slowly: half the bandwidth is reached at some 8 MiB of traffic.
    ideal = latency + size * factor / peak * (1 + 6e6 / size)
    out, within = (ideal * math.exp(rng.gauss(0, 0.006)) for _ in range(2))
    return AllReduceRow(
        size=size,
        count=size // FLOAT_BYTES,
        time=out,
        algbw=size / out,
        busbw=size / out * factor,
        in_place_time=within,
        in_place_algbw=size / within,
        in_place_busbw=size / within * factor,
    )


def initial_load(scenario: Scenario, rng: random.Random) -> WeightsLoad:
    """What the job begins with."""
    if scenario.kind == "resume":
        return checkpoint_load(scenario, scenario.load_path or "", rng)
    width = 2 if scenario.kind == "finetune" or scenario.precision in {"bf16", "fp16"} else 4
    size = total_parameters(scenario.model) * width
    path = scenario.load_path or f"{scenario.site.paths.output}/seed-checkpoint"
    # Replicas are read whole by every node; shards once, each node its part.
    own = size if scenario.sharding == "DDP" else size / scenario.nodes
    shards = max(1, math.ceil(size / SHARD_BYTES))
    what: Literal["seed", "published"] = "published" if scenario.kind == "finetune" else "seed"
    return _load(scenario, rng, WeightsLoad(path, size, shards, width, 0.0, 0.0, 0.0, what), own)


def checkpoint_load(scenario: Scenario, path: str, rng: random.Random) -> WeightsLoad:
    """Weights and optimizer from a checkpoint of this run."""
    size, width = scenario.checkpoint_bytes, scenario.bytes_per_parameter
    own = size if scenario.sharding == "DDP" else size / scenario.nodes
    load = WeightsLoad(path, size, scenario.checkpoint_shards, width, 0.0, 0.0, 0.0, "checkpoint")
    return _load(scenario, rng, load, own)


def _load(scenario: Scenario, rng: random.Random, load: WeightsLoad, own: float) -> WeightsLoad:
    flow = min(scenario.io_per_node * rng.uniform(1.0, 1.3), 200e9 / scenario.nodes)
    seconds = OPENING_SECONDS + own / flow
    return load._replace(seconds=seconds, rate=own * scenario.nodes / seconds, node_rate=own / seconds)


def restart_phases(scenario: Scenario, load: WeightsLoad, rng: random.Random) -> tuple[Phase, ...]:
    """The start-up of new workers: no preflight, warm file caches, kernels from the compiler's cache."""
    fresh = _seconds(scenario, rng, _nccl(scenario, rng) if scenario.world_size > 1 else None, None, load)
    share: dict[PhaseName, float] = {"model": 0.6, "dataset": 0.5, "compile": 0.45}
    return _in_order({name: seconds * share.get(name, 1.0) for name, seconds in fresh.items()})
