"""Which ranks speak."""

from fakeact_llm_training.dialects.base import Dialect


class Crew(Dialect):
    """The ranks that speak, on the machines they are on after all restarts."""

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
