"""The rings and trees that NCCL lays through a job, connected as graph/connect.cc and graph/trees.cc of 2.27 do it."""

from typing import NamedTuple

MOST_CHILDREN = 3


class Branch(NamedTuple):
    """A rank in a tree: its parent and its children; -1 for none."""

    up: int
    down: tuple[int, ...]


class Graph(NamedTuple):
    """`nodes` domains of `local` ranks each, whose GPUs reach one another without a network card.

    The search found `searched` channels; they are copied until there are `channels`, the second copy for the
    second of the two trees. Where `rails` is true each GPU has a card of its own, and channel c comes in at the
    c-th GPU. `balanced` says that a node's first child hangs at its second rank, as it does before Hopper.
    """

    nodes: int
    local: int
    searched: int
    channels: int
    rails: bool
    balanced: bool

    def ring(self, channel: int) -> tuple[int, ...]:
        """All ranks in the order of a channel's ring, from rank 0 on."""
        first, step = (channel % self.searched, -1) if self._by_rail else (0, 1)
        inside = [(first + step * i) % self.local for i in range(self.local)]
        ranks = [node * self.local + one for node in range(self.nodes) for one in inside]
        start = ranks.index(0)
        return tuple(ranks[start:] + ranks[:start])

    def beside(self, channel: int, rank: int) -> tuple[int, int]:
        """Before and behind a rank in a channel's ring."""
        ring = self.ring(channel)
        at = ring.index(rank)
        return ring[at - 1], ring[(at + 1) % len(ring)]

    def branch(self, channel: int, rank: int) -> Branch:
        """A rank's place in a channel's tree: a chain in each node, and a binary tree of the nodes."""
        node, one = divmod(rank, self.local)
        chain = self._chain(channel)
        at = chain.index(one)
        second = self._is_second(channel)
        down = [] if at == self.local - 1 else [node * self.local + chain[at + 1]]
        down += [
            child * self.local + chain[0]
            for child, kind in _children(node, self.nodes, second=second)
            if at == self._joint(kind)
        ]
        up = node * self.local + chain[at - 1] if at else self._above(node, chain, second=second)
        return Branch(up, tuple(down + [-1] * (MOST_CHILDREN - len(down))))

    def heads(self, head: int, most: int = 20) -> tuple[int, ...]:
        """The ranks that speak for their nodes in NVLink SHARP's trees, of the first `most` nodes."""
        return tuple(node * self.local + head for node in range(min(self.nodes, most)))

    @property
    def _by_rail(self) -> bool:
        return self.rails and self.nodes > 1

    def _chain(self, channel: int) -> list[int]:
        first = channel % self.searched if self._by_rail else 0
        return [(first + i) % self.local for i in range(self.local)]

    def _is_second(self, channel: int) -> bool:
        return channel % (2 * self.searched) >= self.searched

    def _joint(self, kind: int) -> int:
        """Where in its parent node's chain a child of that kind, first or second, hangs."""
        return 1 if self.balanced and kind == 0 and self.local > 1 else 0

    def _above(self, node: int, chain: list[int], *, second: bool) -> int:
        above = _parent(node, self.nodes, second=second)
        return -1 if above is None else above[0] * self.local + chain[self._joint(above[1])]


def _parent(node: int, nodes: int, *, second: bool) -> tuple[int, int] | None:
    """The node above in one of the two trees, and whether this is its first (0) or second (1) child; None at the root.

    The second tree is the first one mirrored, or shifted by one if the number of nodes is odd, so that who is a
    leaf in one is none in the other.

    >>> [_parent(node, 4, second=False) for node in range(4)]
    [None, (2, 0), (0, 1), (2, 1)]
    >>> [_parent(node, 4, second=True) for node in range(4)]
    [(1, 1), (3, 1), (1, 0), None]
    """
    if not second:
        return _parent_in_first(node, nodes)
    if nodes % 2:
        above = _parent_in_first((node - 1) % nodes, nodes)
        return above and ((above[0] + 1) % nodes, above[1])
    above = _parent_in_first(nodes - 1 - node, nodes)
    return above and (nodes - 1 - above[0], above[1])


def _parent_in_first(node: int, nodes: int) -> tuple[int, int] | None:
    if node == 0:
        return None
    bit = node & -node
    above = (node ^ bit) | (bit << 1)
    if above >= nodes:
        above = node ^ bit
    return above, int(node > above)


def _children(node: int, nodes: int, *, second: bool) -> list[tuple[int, int]]:
    found = ((child, _parent(child, nodes, second=second)) for child in range(nodes))
    return sorted(((child, up[1]) for child, up in found if up and up[0] == node), key=lambda pair: pair[1])
