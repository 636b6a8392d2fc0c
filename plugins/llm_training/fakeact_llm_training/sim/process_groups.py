"""The process group that a rank's states are sharded over: its ranks, and what torch calls it.

torch numbers groups twice: the ID counts those that a process belongs to, the GUID all that were made, its own or not.
"""

from math import prod
from typing import NamedTuple

from fakeact_llm_training.sim.scenario import Scenario

MEGATRONS = "DATA_PARALLEL_GROUP_WITH_CP"


class Group(NamedTuple):
    """Ranks in order, and the group's numbers and description; only some have one."""

    ranks: tuple[int, ...]
    number: int
    guid: int
    name: str

    def place(self, rank: int) -> int:
        """A rank's number in the group."""
        return self.ranks.index(rank)


class Mesh(NamedTuple):
    """Named dimensions with their sizes, the last one's ranks next to one another."""

    sizes: dict[str, int]

    @property
    def world(self) -> int:
        """All ranks."""
        return prod(self.sizes.values())

    def stride(self, name: str) -> int:
        """How far neighbours along a dimension are apart."""
        names = list(self.sizes)
        return prod(self.sizes[other] for other in names[names.index(name) + 1 :])

    def ranks(self, name: str, rank: int) -> tuple[int, ...]:
        """Those that differ from a rank in one dimension only."""
        stride = self.stride(name)
        first = rank - rank // stride % self.sizes[name] * stride
        return tuple(first + stride * place for place in range(self.sizes[name]))

    def groups(self, name: str) -> int:
        """Groups along a dimension."""
        return self.world // self.sizes[name]

    def which(self, name: str, rank: int) -> int:
        """Which of these groups a rank is in."""
        stride = self.stride(name)
        return rank // (stride * self.sizes[name]) * stride + rank % stride


def mesh(scenario: Scenario) -> Mesh:
    """Stages far apart, tensor-parallel ranks side by side, replicas of sharded copies between."""
    how = scenario.layout.parallelism
    return Mesh({"pp": how.pp, "dp_replicate": how.dp // how.shard_degree, "dp_shard": how.shard_degree, "tp": how.tp})


def shard_group(scenario: Scenario, rank: int) -> Group:
    """The group in which a rank's parameters are gathered and its gradients reduced; in DDP that is all ranks."""
    if scenario.sharding == "DDP":
        return Group(tuple(range(scenario.world_size)), 0, 0, "default_pg")
    whole = mesh(scenario)
    ranks, index = whole.ranks("dp_shard", rank), whole.which("dp_shard", rank)
    if scenario.dialect in {"megatron", "nemo"}:
        # Made before all others, each with a twin for Gloo.
        return Group(ranks, 1, 1 + 2 * index, MEGATRONS)
    if scenario.dialect == "deepspeed" or scenario.sharding in {"ZeRO-2", "ZeRO-3"}:
        return _deepspeeds(scenario, ranks, index)
    if len(ranks) == whole.world:
        return Group(ranks, 0, 0, "default_pg")
    return _of_device_mesh(scenario, whole, rank)


def _deepspeeds(scenario: Scenario, ranks: tuple[int, ...], index: int) -> Group:
    """DeepSpeed makes a copy of the world; with stages at first a group for each whole model."""
    if scenario.tp * scenario.pp == 1:
        return Group(ranks, 1, 1, "")
    return Group(ranks, 2, 1 + scenario.dp + index, "")


def _of_device_mesh(scenario: Scenario, whole: Mesh, rank: int) -> Group:
    """One group a dimension; torchtitan flattens two of them anew for FSDP."""
    dims = [name for name, size in whole.sizes.items() if size > 1]
    before = sum(whole.groups(name) for name in dims[: dims.index("dp_shard")])
    number, made, name = 1 + dims.index("dp_shard"), 1 + before, "mesh_dp_shard"
    if scenario.dialect == "torchtitan":
        number, made, name = len(dims) + 1, 1 + sum(map(whole.groups, dims)), "mesh_dp_shard_cp"
        if scenario.tp > 1:
            # The mesh of all data-parallel ranks comes first, unless that is the world.
            number, made = number + 1, made + scenario.tp
    return Group(whole.ranks("dp_shard", rank), number, made + whole.which("dp_shard", rank), name)
