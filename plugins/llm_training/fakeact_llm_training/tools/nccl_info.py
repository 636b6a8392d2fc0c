"""What NCCL says with NCCL_DEBUG=INFO while a communicator is made, on stdout. Forms and order of 2.26 and 2.27.

From public logs of 2.26.2, 2.27.3 and 2.27.5 under torch, and from graph/rings.cc and graph/connect.cc.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from fakeact_llm_training.sim.nccl import Communicator, Member

# dumpLine's buffer, which a ring of many ranks does not fit into.
LONGEST_RING = 127
RAS = "RAS client listening socket at 127.0.0.1<28028>"
# Seconds between two lines that only their printing keeps apart.
GAP = 0.0002
# Of a thread's lines: mostly some microseconds, now and then a switch to another process.
SHORT, LONG, LONG_SHARE = 6e-6, 13e-5, 0.15
# Seconds for which a node's lines are kept until they are sent on, in the mean and at most.
KEPT, KEPT_AT_MOST = 0.0012, 0.004


class Line(NamedTuple):
    """A line that is written `at` seconds after the first rank began."""

    at: float
    text: str


def info(comm: Communicator) -> list[Line]:
    """What all its members say, in the order in which they say it: each in its own, none waits for another."""
    return together(comm, _of)


def together(comm: Communicator, said: Callable[[Communicator, Member], Iterable[Line]]) -> list[Line]:
    """What members say, as one terminal has it: from several nodes it comes in pieces, each a node's."""
    nodes: dict[int, list[Line]] = {}
    for member in comm.members:
        nodes.setdefault(member.node, []).extend(_in_turn(said(comm, member)))
    each = [sorted(lines, key=_when) for lines in nodes.values()]
    if len(each) > 1:
        told = zip(nodes, each, strict=True)
        each = [list(_in_pieces(lines, random.Random(f"{comm.comm_id} {node}"))) for node, lines in told]
    return sorted((one for lines in each for one in lines), key=_when)


def _when(one: Line) -> float:
    return one.at


def _in_turn(lines: Iterable[Line]) -> Iterator[Line]:
    """None before the one that comes before it."""
    last = -1.0
    for one in lines:
        last = max(last, one.at)
        yield one._replace(at=last)


def _in_pieces(lines: Iterable[Line], dice: random.Random) -> Iterator[Line]:
    """What is read at once is sent on at once."""
    sent = -1.0
    for one in lines:
        if one.at > sent:
            sent = one.at + min(dice.expovariate(1 / KEPT), KEPT_AT_MOST)
        yield one._replace(at=sent)


def destroyed(comm: Communicator) -> list[str]:
    """What its members say when the process group is destroyed."""
    return [one.text for member in comm.members for one in _destroyed(comm, member)]


def _destroyed(comm: Communicator, member: Member) -> Iterator[Line]:
    name = f"comm {member.pointer:#x} rank {member.rank} nranks {comm.ranks}"
    text = f"{name} cudaDev {member.device} busId {member.bus:x} - Destroy COMPLETE"
    return _said(0.0, member, member.closer, [text])


def ring(channel: int, channels: int, ranks: tuple[int, ...]) -> str:
    """A channel's ring, cut where NCCL's buffer ends.

    >>> ring(0, 2, (0, 1, 2, 3))
    'Channel 00/02 : 0 1 2 3'
    >>> len(ring(0, 16, tuple(range(64)))), ring(0, 16, tuple(range(64)))[-9:]
    (127, '34 35 ...')
    """
    width = len(str(len(ranks) - 1))
    text = f"Channel {channel:02}/{channels:02} :" + "".join(f" {rank:>{width}}" for rank in ranks)
    return text if len(text) <= LONGEST_RING else text[: LONGEST_RING - 3] + "..."


def mask(cores: Iterable[range]) -> str:
    """A set of cores as 2.26 writes it: 32 bits a group.

    >>> mask([range(40), range(80, 120)])
    'ffffff,ffff0000,000000ff,ffffffff'
    """
    bits = sum(1 << core for span in cores for core in span)
    groups = []
    while bits:
        groups.append(bits & 0xFFFFFFFF)
        bits >>= 32
    return ",".join([f"{groups[-1]:x}", *(f"{group:08x}" for group in reversed(groups[:-1]))])


def spans(cores: Iterable[range]) -> str:
    """A set of cores as 2.27 writes it.

    >>> spans([range(40), range(80, 120)])
    '0-39,80-119'
    """
    return ",".join(f"{span[0]}-{span[-1]}" for span in cores)


def _of(comm: Communicator, member: Member) -> Iterator[Line]:
    """A member's lines: first its main thread's, then the worker's and its proxies'."""
    times = member.timings
    at = times.start
    yield from _said(at - GAP * 4, member, member.pid, _greeting(comm, member))
    at += times.kernels
    yield from _said(at, member, member.thread, _network(comm, member))
    at += times.alloc
    yield from _said(at, member, member.thread, [f"{_named(comm, member)} - Init START", RAS])
    at += times.bootstrap
    yield from _said(at, member, member.thread, _bootstrapped(comm, member))
    at += times.allgathers + 0.8 * times.topo
    yield from _said(at, member, member.thread, _surroundings(comm, member))
    at += 0.2 * times.topo + times.graphs
    yield from _said(at, member, member.thread, _connected(comm, member))
    at += times.connections
    yield from _proxies(at - 0.002, member)
    yield from _said(at, member, member.thread, _channels(comm, member))
    yield from _said(times.start + times.total, member, member.thread, _done(comm, member))


def line(at: float, member: Member, thread: int, text: str, device: int | None = None) -> Line:
    """What a thread of a member says; most have chosen its device, the proxies have not."""
    chosen = member.device if device is None else device
    return Line(at, f"{member.host}:{member.pid}:{thread} [{chosen}] NCCL INFO {text}")


def _said(at: float, member: Member, thread: int, texts: Iterable[str]) -> Iterator[Line]:
    dice = random.Random(f"{member.pid} {thread} {at}")
    for text in texts:
        yield line(at, member, thread, text)
        at += dice.expovariate(1 / (LONG if dice.random() < LONG_SHARE else SHORT))


def _greeting(comm: Communicator, member: Member) -> list[str]:
    """Rank 0 looks for its interface first, as it makes the id that the others wait for."""
    bootstrap = [f"Bootstrap: Using {comm.interface}:{member.address}<0>"]
    if comm.interface_is_set:
        bootstrap.insert(0, _interface(comm))
    major, minor = comm.driver_cuda.split(".")
    driver = [f"cudaDriverVersion {int(major) * 1000 + int(minor) * 10}"]
    first = bootstrap + driver if member.rank == 0 else driver + bootstrap
    return [*first, f"NCCL version {comm.version}", "Comm config Blocking set to 1"]


def _interface(comm: Communicator) -> str:
    return f"NCCL_SOCKET_IFNAME set by environment to {comm.interface}"


def _is_old(comm: Communicator) -> bool:
    return comm.version.startswith("2.26.")


def _network(comm: Communicator, member: Member) -> Iterator[str]:
    yield "NET/Plugin: Could not find: libnccl-net.so. " + ("Using internal net plugin." if _is_old(comm) else "")
    if comm.interface_is_set:
        yield _interface(comm)
    cards = " ".join(f"[{number}]{card}" for number, card in enumerate(comm.cards))
    yield f"NET/IB : Using {cards} [RO]; OOB {comm.interface}:{member.address}<0>"
    if _is_old(comm):
        yield "PROFILER/Plugin: Could not find: libnccl-profiler.so."
    else:
        yield "Initialized NET plugin IB"
        yield "Assigned NET plugin IB to comm"
    yield "Using network IB"
    if comm.direct:
        yield f"DMA-BUF is available on GPU device {member.device}"


def _named(comm: Communicator, member: Member) -> str:
    return (
        f"ncclCommInitRankConfig comm {member.pointer:#x} rank {member.rank} nranks {comm.ranks} "
        f"cudaDev {member.device} nvmlDev {member.device} busId {member.bus:x} commId {comm.comm_id:#x}"
    )


def _bootstrapped(comm: Communicator, member: Member) -> Iterator[str]:
    took = member.bootstrap
    yield (
        f"Bootstrap timings total {took.total:.6f} (create {took.create:.6f}, send {took.send:.6f}, "
        f"recv {took.recv:.6f}, ring {took.ring:.6f}, delay 0.000000)"
    )
    if comm.fabric:
        high, low, clique = comm.fabric
        health = 0xAA if comm.is_multi_node_nvlink else 0
        yield (
            f"MNNVL busId {member.bus:#x} fabric UUID {high:x}.{low:x} cliqueId {clique:#x} state 3 "
            f"healthMask {health:#x}"
        )
        if comm.is_multi_node_nvlink:
            yield f"MNNVL 1 cliqueId {clique:x} cliqueSize {comm.ranks} cliqueRank {member.rank}"


def _surroundings(comm: Communicator, member: Member) -> Iterator[str]:
    cores = mask(member.cores) if _is_old(comm) else spans(member.cores)
    yield f"Setting affinity for GPU {member.device} to {cores}"
    found = "available" if comm.multicast else "not available"
    yield f"NVLS multicast support is {found} on dev {member.device} (NVLS_NCHANNELS {comm.multicast})"


def _connected(comm: Communicator, member: Member) -> Iterator[str]:
    laid, rank = comm.graph, member.rank
    yield (
        f"comm {member.pointer:#x} rank {rank} nRanks {comm.ranks} nNodes {laid.nodes} localRanks {laid.local} "
        f"localRank {rank % laid.local} MNNVL {int(comm.is_multi_node_nvlink)}"
    )
    if comm.multicast and laid.nodes > 1 and rank < laid.local:
        for head in range(laid.local):
            yield f"NVLS Head {head:2}:" + "".join(f" {one:2}" for one in laid.heads(head))
    if rank == 0:
        for channel in range(laid.channels):
            yield ring(channel, laid.channels, laid.ring(channel))
    yield "Trees " + " ".join(f"[{channel}] {_tree(comm, channel, rank)}" for channel in range(laid.channels))
    yield f"P2P Chunksize set to {comm.p2p_chunk}"
    if not _is_old(comm):
        yield "PROFILER/Plugin: Could not find: libnccl-profiler.so. "
    if rank == 0:
        support = "intraNodeP2pSupport" if _is_old(comm) else "isAllDirectP2p"
        yield f"Check P2P Type {support} {int(comm.direct)} directMode 0"


def _tree(comm: Communicator, channel: int, rank: int) -> str:
    up, down = comm.graph.branch(channel, rank)
    return f"{'/'.join(map(str, down))}->{rank}->{up}"


def _proxies(at: float, member: Member) -> Iterator[Line]:
    for number, name in enumerate(("Proxy Service", "Proxy Service UDS")):
        text = f"[{name}] Device {member.device} CPU core {member.proxy_cores[number]}"
        yield line(at + number * GAP, member, member.proxy + number, text, device=0)


def _channels(comm: Communicator, member: Member) -> Iterator[str]:
    laid = comm.graph
    yield f"threadThresholds 8/8/64 | {8 * comm.ranks}/8/64 | 512 | 512"
    yield (
        f"{laid.channels} coll channels, {laid.channels} collnet channels, {comm.multicast} nvls channels, "
        f"{comm.p2p_channels} p2p channels, {comm.p2p_per_peer} p2p channels per peer"
    )
    if member.rank == 0:
        yield "CC Off, workFifoBytes 1048576"
    yield "TUNER/Plugin: Could not find: libnccl-tuner.so. Using internal tuner plugin."


def _done(comm: Communicator, member: Member) -> Iterator[str]:
    yield f"{_named(comm, member)} - Init COMPLETE"
    took = member.timings
    parts = ", ".join(f"{part} {value:.2f}" for part, value in zip(took._fields[1:], took[1:], strict=True))
    name = f"Init timings - ncclCommInitRankConfig: rank {member.rank} nranks {comm.ranks}"
    yield f"{name} total {took.total:.2f} ({parts})"
