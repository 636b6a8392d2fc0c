"""What NCCL finds when a job's communicator is made, and how long each rank takes for each part of it."""

import random
from collections.abc import Callable, Iterable
from typing import NamedTuple

from fakeact_llm_training.catalogue.records import Gpu
from fakeact_llm_training.sim.nccl_graph import Graph
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.startup import channels

# Releases whose lines are known, and those of them that know Blackwell's channels.
KNOWN, KNOWN_ON_BLACKWELL = ("2.26.", "2.27."), ("2.27.",)
# Of the launch scripts that say NCCL_DEBUG at all, most say WARN.
INFORMED_SHARE = 0.35
# Nodes up to which somebody reads such lines.
MOST_NODES = 64
INTERFACES = ("eth0", "eth0", "bond0", "eno1", "ens3f0", "enp25s0np0")
# Cores of a socket in machines that are sold with these GPUs; all but NVIDIA's own have two threads each.
CORES = {"a100-40g": (64,), "a100-80g": (64,), "b200": (56, 60), "gb200": (72,), "rtx4090": (32,)}
OTHER_CORES = (48, 52, 56)
# Shares of `_unit` seconds that the parts take, least and most; the bootstrap waits for the latest rank.
BEFORE = {"kernels": (0.18, 0.34), "alloc": (0.01, 0.05)}
AFTER = {
    "allgathers": (0.004, 0.016), "topo": (0.10, 0.26), "graphs": (0.008, 0.05), "connections": (0.01, 0.03),
    "rest": (0.001, 0.006),
}  # fmt: skip
# What the trainer still does when NCCL is done, in seconds.
AFTERWARDS = 0.015


class Timings(NamedTuple):
    """A rank's init: it begins `start` seconds after the others may begin, and takes so many seconds for each part."""

    start: float
    kernels: float
    alloc: float
    bootstrap: float
    allgathers: float
    topo: float
    graphs: float
    connections: float
    rest: float

    @property
    def total(self) -> float:
        """Seconds from its beginning to its end."""
        return sum(self[1:])


class Bootstrap(NamedTuple):
    """Of the bootstrap's seconds, those for its sockets, for its own address, for its neighbour's, and for the ring."""

    total: float
    create: float
    send: float
    recv: float
    ring: float


class Member(NamedTuple):
    """A rank that says what it finds.

    `thread` does the work, `proxy` and the one after it serve its neighbours, `connector` and the one after it
    connect rings, `planter` trees, `closer` ends it all.
    """

    rank: int
    device: int
    node: int
    host: str
    address: str
    pid: int
    thread: int
    proxy: int
    connector: int
    planter: int
    closer: int
    bus: int
    pointer: int
    cores: tuple[range, ...]
    proxy_cores: tuple[int, int]
    timings: Timings
    bootstrap: Bootstrap


class Communicator(NamedTuple):
    """The communicator of all ranks: its graph, what it may use, and the ranks that tell of it."""

    version: str
    comm_id: int
    ranks: int
    graph: Graph
    driver_cuda: str
    interface: str
    interface_is_set: bool
    cards: tuple[str, ...]
    direct: bool
    """Whether GPUs reach one another's memory."""
    fabric: tuple[int, int, int] | None
    """Halves of the UUID, and the clique, of the NVLink fabric that a GPU says it is in."""
    is_multi_node_nvlink: bool
    multicast: int
    """Channels of NVLink SHARP; 0 where there is none."""
    way: str
    """How GPUs of a node, or of an NVLink domain, reach one another."""
    per_node: int
    """GPUs in a machine."""
    members: tuple[Member, ...]

    def is_far(self, rank: int, other: int) -> bool:
        """Whether only the network is between two ranks."""
        return rank // self.graph.local != other // self.graph.local

    @property
    def p2p_channels(self) -> int:
        """Channels for sends and receives: a power of two."""
        return 1 << (self.graph.channels - 1).bit_length()

    @property
    def p2p_per_peer(self) -> int:
        """Of these, what one peer gets: all inside an NVLink domain."""
        return self.p2p_channels if self.direct and self.graph.nodes == 1 else 2

    @property
    def p2p_chunk(self) -> int:
        """Bytes that are sent at once: 512 KiB over NVLink, 128 KiB over anything else."""
        return 524288 if self.direct and self.graph.nodes == 1 else 131072


def graph(scenario: Scenario) -> Graph:
    """How NCCL connects a job's GPUs."""
    one_rack, rails = is_one_rack(scenario), scenario.gpu.busbw_node > 100
    nodes, local = (1, scenario.world_size) if one_rack else (scenario.nodes, scenario.gpus_per_node)
    copies = channels(scenario)
    searched = 8 if rails and nodes > 1 else copies // 2
    return Graph(nodes, local, searched, copies, rails, balanced=scenario.gpu.slug.startswith(("a100", "rtx")))


def is_one_rack(scenario: Scenario) -> bool:
    """Whether all nodes are trays of one rack whose NVLink goes from tray to tray."""
    if scenario.gpu.slug != "gb200":
        return False
    first, per_rack = scenario.site.first_node - 1, scenario.site.per_rack
    return first // per_rack == (first + scenario.nodes - 1) // per_rack


def informed(scenario: Scenario) -> tuple[int, ...]:
    """The ranks that the launch script gives NCCL_DEBUG=INFO: one, one a node, a node's; mostly none."""
    dice = _dice(scenario, "NCCL_DEBUG")
    if not _is_known(scenario) or dice.random() >= INFORMED_SHARE:
        return ()
    of_a_node = tuple(range(scenario.gpus_per_node))
    if scenario.nodes > 1:
        return dice.choice(((0,), (0, scenario.gpus_per_node), of_a_node))
    return dice.choice(((0,), of_a_node)) if scenario.gpu.busbw_node > 100 else (0, 1)


def _is_known(scenario: Scenario) -> bool:
    gpu = scenario.gpu
    blackwell = gpu.slug in {"b200", "gb200"}
    return (
        gpu.vendor == "nvidia"
        and 1 < scenario.nodes * gpu.per_node == scenario.world_size
        and scenario.nodes <= MOST_NODES
        and scenario.site.versions.nccl.startswith(KNOWN_ON_BLACKWELL if blackwell else KNOWN)
        and (gpu.slug != "gb200" or is_one_rack(scenario))
    )


class Where(NamedTuple):
    """Who runs where in an attempt: each node's host and address, each rank's process, the communicator's id."""

    attempt: int
    comm_id: int
    host: Callable[[int], str]
    address: Callable[[int], str]
    pid: Callable[[int], int]


def join(scenario: Scenario, where: Where, seconds: float, ranks: Iterable[int]) -> Communicator:
    """The communicator that an attempt makes within so many seconds, told of by `ranks`."""
    gpu, laid = scenario.gpu, graph(scenario)
    dice = _dice(scenario, "fabric")
    kind = "RoCE" if gpu.nic.startswith("RoCE") else "IB"
    is_set, interface = dice.random() < 0.4, dice.choice(INTERFACES)
    uuid = (dice.getrandbits(63), dice.getrandbits(63), 0x7FFE) if gpu.slug == "gb200" else (0, 0, 0)
    shared = _dice(scenario, f"init {where.attempt}")
    after = {part: shared.uniform(*span) for part, span in AFTER.items()}
    return Communicator(
        version=scenario.site.versions.nccl,
        comm_id=where.comm_id,
        ranks=scenario.world_size,
        graph=laid,
        driver_cuda=scenario.site.versions.driver_cuda,
        interface=interface,
        interface_is_set=is_set,
        cards=tuple(f"mlx5_{card}:1/{kind}" for card in range(gpu.nic_count)),
        direct=gpu.busbw_node > 100,
        fabric=uuid if gpu.slug in {"h100", "h200", "b200", "gb200"} else None,
        is_multi_node_nvlink=gpu.slug == "gb200",
        multicast=_multicast(gpu.slug, laid.nodes),
        way=_way(gpu),
        per_node=scenario.gpus_per_node,
        members=tuple(_member(scenario, where, rank, seconds, after) for rank in ranks),
    )


def _way(gpu: Gpu) -> str:
    """Pushed over NVLink, pulled on Ampere; through shared memory where GPUs may not see one another."""
    if gpu.busbw_node < 100:
        return "SHM/direct/direct"
    if gpu.slug == "gb200":
        return "P2P/MNNVL"
    return "P2P/CUMEM/read" if gpu.slug.startswith("a100") else "P2P/CUMEM"


def _multicast(slug: str, nodes: int) -> int:
    if slug in {"b200", "gb200"}:
        return 24 if nodes == 1 else 32
    return 16 if slug in {"h100", "h200"} else 0


def _member(scenario: Scenario, where: Where, rank: int, seconds: float, after: dict[str, float]) -> Member:
    per_node = scenario.gpus_per_node
    node, device = divmod(rank, per_node)
    threads, dice = _dice(scenario, f"threads {node} {where.attempt}"), _dice(scenario, f"{rank} {where.attempt}")
    first = where.pid((node + 1) * per_node - 1) + threads.randrange(40, 420)
    order = threads.sample(range(per_node), per_node)
    cores = _cores(scenario, device)
    timings = _timings(rank, seconds, after, dice)
    return Member(
        rank, device, node, where.host(node), where.address(node), where.pid(rank),
        thread=first + order[device],
        proxy=first + 9 * per_node + 2 * order[device],
        connector=first + 11 * per_node + 2 * order[device],
        planter=first + 14 * per_node + 3 + order[device],
        closer=first + 29 * per_node + 5 + order[device],
        bus=int(scenario.site.bus_id(rank).replace(":", "").replace(".", ""), 16),
        pointer=_pointer(scenario, dice),
        cores=cores,
        proxy_cores=(dice.choice(dice.choice(cores)), dice.choice(dice.choice(cores))),
        timings=timings,
        bootstrap=_bootstrap(timings.bootstrap, scenario.nodes, dice),
    )  # fmt: skip


def _pointer(scenario: Scenario, dice: random.Random) -> int:
    """An address on the heap of a Python, on x86-64 or on Arm."""
    low, high = (0xAAAA, 0xEFFF) if scenario.gpu.slug == "gb200" else (0x5555, 0x64FF)
    return dice.randrange(low << 28, high << 28) << 4


def _cores(scenario: Scenario, device: int) -> tuple[range, ...]:
    """The threads of the socket that a GPU hangs at."""
    slug = scenario.gpu.slug
    cores = _dice(scenario, "cores").choice(CORES.get(slug, OTHER_CORES))
    socket = 2 * device // scenario.gpus_per_node
    own = range(socket * cores, (socket + 1) * cores)
    return (own,) if slug == "gb200" else (own, range(own.start + 2 * cores, own.stop + 2 * cores))


def _timings(rank: int, seconds: float, after: dict[str, float], dice: random.Random) -> Timings:
    """All ranks are through the bootstrap at once, as it is a ring; what comes after takes all about as long."""
    unit = min(seconds, 1.4) / 1.4
    start = unit * (0.004 if rank == 0 else dice.uniform(0.02, 0.14))
    before = {part: unit * dice.uniform(*span) for part, span in BEFORE.items()}
    later = {part: unit * value * dice.uniform(0.97, 1.0) for part, value in after.items()}
    ready = seconds - AFTERWARDS - unit * sum(after.values()) + dice.uniform(0.0, 0.002)
    bootstrap = ready - start - sum(before.values())
    return Timings(start, **before, bootstrap=bootstrap, **later)


def _bootstrap(seconds: float, nodes: int, dice: random.Random) -> Bootstrap:
    total = seconds - dice.uniform(1e-4, 6e-4)
    create, send = dice.uniform(1.4e-5, 4e-5), dice.uniform(7e-5, 4e-4)
    ring = dice.uniform(3e-5, 2e-4) if nodes == 1 else dice.uniform(3e-4, 4e-3)
    return Bootstrap(total, create, send, total - create - send - ring - dice.uniform(2e-4, 1e-3), ring)


def _dice(scenario: Scenario, what: str) -> random.Random:
    return random.Random(f"{scenario.site.pid_seed} {scenario.site.job_id} nccl {what}")
