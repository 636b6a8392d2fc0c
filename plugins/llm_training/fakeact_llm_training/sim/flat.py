"""A scenario's layout, recipe and site under flat names."""

from typing import Literal

from fakeact_llm_training.sim.kinds import LossScaling
from fakeact_llm_training.sim.layout import Layout
from fakeact_llm_training.sim.schedule import Schedule
from fakeact_llm_training.sim.site import Site


class FlatNames:
    """What stands in a scenario's parts, where views look for it."""

    layout: Layout
    site: Site
    schedule: Schedule
    loss_scaling: LossScaling | None

    # The layout
    @property
    def world_size(self) -> int:
        """Ranks, one a GPU."""
        return self.layout.parallelism.world_size

    @property
    def nodes(self) -> int:
        """Machines of the job."""
        return self.site.nodes

    @property
    def gpus_per_node(self) -> int:
        """GPUs used in each machine."""
        return self.site.gpus_per_node

    @property
    def tp(self) -> int:
        """Tensor-parallel degree."""
        return self.layout.parallelism.tp

    @property
    def pp(self) -> int:
        """Pipeline stages."""
        return self.layout.parallelism.pp

    @property
    def cp(self) -> int:
        """Context-parallel degree."""
        return self.layout.parallelism.cp

    @property
    def dp(self) -> int:
        """Data-parallel degree."""
        return self.layout.parallelism.dp

    @property
    def ep(self) -> int:
        """Expert-parallel degree, over data-parallel ranks."""
        return self.layout.parallelism.ep

    @property
    def sharding(self) -> str:
        """DDP, FSDP, HSDP, or ZeRO-1 (the distributed optimizer)."""
        return self.layout.parallelism.sharding

    @property
    def precision(self) -> str:
        """16-bit weights with an fp32 copy in the optimizer, or fp32 weights under bf16 mixed precision."""
        if self.loss_scaling:
            return "fp16"
        return "bf16" if self.sharding.startswith("ZeRO") else "bf16-mixed"

    # The recipe, as flat names
    @property
    def peak_lr(self) -> float:
        """Highest learning rate."""
        return self.schedule.peak

    @property
    def min_lr(self) -> float:
        """Learning rate at the end."""
        return self.schedule.floor

    @property
    def warmup_steps(self) -> float:
        """Steps of linear warm-up; whole ones where nobody counts in samples."""
        return self.schedule.warmup

    @property
    def schedule_kind(self) -> Literal["cosine", "linear", "wsd"]:
        """The decay's shape."""
        return self.schedule.kind

    # The site, as flat names
    @property
    def hosts(self) -> tuple[str, ...]:
        """Node names in rank order."""
        return self.site.hosts

    @property
    def master_addr(self) -> str:
        """The first node."""
        return self.site.host(0)

    @property
    def master_port(self) -> int:
        """The rendezvous port."""
        return self.site.master_port

    @property
    def run_name(self) -> str:
        """The run's name."""
        return self.site.run_name

    def host_of(self, rank: int) -> str:
        """The node a rank runs on."""
        return self.site.host(rank // self.gpus_per_node)
