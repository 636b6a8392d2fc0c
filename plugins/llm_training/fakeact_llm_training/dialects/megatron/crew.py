"""Who runs where, and when: machines, launchers and processes as of now."""

from datetime import datetime, timedelta

from fakeact_llm_training.dialects.base import Dialect
from fakeact_llm_training.tools import torchrun


class Crew(Dialect):
    """The ranks that speak, on the machines they are on after all restarts."""

    @property
    def _runs(self) -> bool:
        return hasattr(self, "run")

    def launcher(self, node: int) -> torchrun.Launcher:
        """A node's launcher as of now."""
        site = self.scenario.site
        pid = self.run.agent_pid(node) if self._runs else site.agent_pid(node)
        return torchrun.Launcher(pid, site.versions.torch, site.versions.python)

    def host(self, node: int) -> str:
        """The machine that is this node now."""
        return self.run.host(node) if self._runs else self.scenario.site.host(node)

    def pid(self, rank: int) -> int:
        """A rank's process as of now."""
        return self.run.pid(rank) if self._runs else self.scenario.site.pid(rank)

    @property
    def last_rank(self) -> int:
        """The rank that prints losses and timers."""
        return self.scenario.world_size - 1

    @property
    def reporters(self) -> list[tuple[int, int, int]]:
        """Rank, tensor-parallel rank and stage of the first data-parallel rank of each shard, as they come to it."""
        scenario = self.scenario
        shards = [
            (tensor + stage * scenario.tp * scenario.dp, tensor, stage)
            for stage in range(scenario.pp)
            for tensor in range(scenario.tp)
        ]
        return sorted(shards, key=lambda shard: self.startup.detection(shard[0]).at)

    def moment(self, at: float) -> datetime:
        """The date and time of a moment of the run."""
        return self._launched + timedelta(seconds=self.since_launch(at))

    def since_launch(self, at: float) -> float:
        """Seconds since the launch of a moment of the run."""
        return self.startup.seconds + at
