"""What NCCL says with NCCL_DEBUG=INFO when collectives are first used: who connects to whom, and by which way.

From 2.22 on a communicator is made without its connections; rings and trees get theirs with the first collective
that takes them, from a thread of its own. Forms and order of public logs of 2.26.2, 2.27.3 and 2.27.5, and of
transport.cc, transport/generic.cc, transport/p2p.cc, transport/shm.cc and transport/net.cc.
"""

import random
from collections.abc import Iterable, Iterator

from fakeact_llm_training.sim.nccl import Communicator, Member
from fakeact_llm_training.tools.nccl_info import Line, line, together

Edge = tuple[int, int, int]
"""Channel, sender, receiver."""
# Seconds that a connection takes, inside a node and between nodes, and those before the first.
NEAR, FAR, BEFORE = 0.0004, 0.0011, 0.0012


def rings(comm: Communicator) -> list[Line]:
    """What its members say while their rings are connected, from the first collective on."""
    return together(comm, _rings)


def trees(comm: Communicator) -> list[Line]:
    """What they say while trees are; what a ring's connection does already is not connected again."""
    return together(comm, _trees)


def ring_edges(comm: Communicator, rank: int) -> Iterator[Edge]:
    """Connections of a rank's rings: from the one before, to the one behind."""
    for channel in range(comm.graph.channels):
        before, behind = comm.graph.beside(channel, rank)
        yield channel, before, rank
        yield channel, rank, behind


def tree_edges(comm: Communicator, rank: int) -> Iterator[Edge]:
    """Connections of a rank's trees: sums go up, and come down again."""
    for channel in range(comm.graph.channels):
        up, down = comm.graph.branch(channel, rank)
        for other in (up, *down):
            if other >= 0:
                yield channel, rank, other
                yield channel, other, rank


def _rings(comm: Communicator, member: Member) -> Iterator[Line]:
    edges = set(ring_edges(comm, member.rank))
    at = 0.0
    if any(comm.is_far(one, other) for _, one, other in edges):
        text = f"[Proxy Progress] Device {member.device} CPU core {member.proxy_cores[1]}"
        yield line(0.0, member, member.connector + 1, text, device=0)
    for at, text in _links(comm, member, edges):
        yield line(at, member, member.connector, text)
    text = f"Connected all rings, use ring PXN 0 GDR {int(comm.direct or comm.graph.nodes == 1)}"
    yield line(at + FAR, member, member.connector, text)


def _trees(comm: Communicator, member: Member) -> Iterator[Line]:
    edges = set(tree_edges(comm, member.rank)) - set(ring_edges(comm, member.rank))
    at = 0.0
    for at, text in _links(comm, member, edges):
        yield line(at, member, member.planter, text)
    yield line(at + FAR, member, member.planter, "Connected all trees")


def _links(comm: Communicator, member: Member, edges: Iterable[Edge]) -> Iterator[tuple[float, str]]:
    """Peers in the order of their distance, from whom it receives before to whom it sends, channel by channel."""
    ranks, dice = comm.ranks, random.Random(f"{member.pid} {member.connector}")
    at = BEFORE * dice.uniform(0.2, 2.5)

    def order(edge: Edge) -> tuple[int, bool, int]:
        channel, sender, receiver = edge
        return (receiver - sender) % ranks, sender == member.rank, channel

    for channel, sender, receiver in sorted(edges, key=order):
        far = comm.is_far(sender, receiver)
        at += (FAR if far else NEAR) * dice.uniform(0.4, 1.9)
        if far:
            yield at, _over_the_network(comm, member, channel, sender, receiver)
        elif sender == member.rank:  # inside a node only the sender speaks
            number = f"{channel:02}" if comm.way.startswith("SHM") else f"{channel:02}/0"
            yield at, f"Channel {number} : {_named(comm, sender)} -> {_named(comm, receiver)} via {comm.way}"


def _over_the_network(comm: Communicator, member: Member, channel: int, sender: int, receiver: int) -> str:
    """By the card beside the GPU, straight from its memory where it may."""
    what = "send" if sender == member.rank else "receive"
    card = member.device * len(comm.cards) // comm.per_node
    direct = "/GDRDMA" if comm.direct else ""
    pair = f"{_named(comm, sender)} -> {_named(comm, receiver)}"
    return f"Channel {channel:02}/0 : {pair} [{what}] via NET/IB/{card}{direct}"


def _named(comm: Communicator, rank: int) -> str:
    return f"{rank}[{rank % comm.per_node}]"
