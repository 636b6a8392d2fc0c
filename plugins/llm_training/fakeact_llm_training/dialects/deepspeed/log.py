"""Who says something, and which way it comes to the screen: from a launcher on this node, or over pdsh with a label."""

from datetime import datetime
from typing import TYPE_CHECKING

from fakeact_llm_training.tools import deepspeed

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.deepspeed import Speaker

SCRIPT = "train.py"
ARGUMENTS = ("--deepspeed_config", "ds_config.json")


class Log:
    """Lines of the runner, of nodes' launchers and of ranks, with the time of now."""

    def __init__(self, speaker: "Speaker") -> None:
        self._speaker, self._io, self._scenario = speaker, speaker.io, speaker.scenario

    @property
    def over_pdsh(self) -> bool:
        """Whether lines come from several hosts over pdsh."""
        return self._scenario.by_ssh and self._scenario.nodes > 1

    @property
    def by_torchrun(self) -> bool:
        """Whether srun started torchrun on each node, as larger jobs are; the first node's log is seen then."""
        return not self._scenario.by_ssh

    @property
    def nodes(self) -> range:
        """Nodes whose lines are seen."""
        return range(1 if self.by_torchrun else self._scenario.nodes)

    @property
    def ranks(self) -> range:
        """Ranks whose lines are seen."""
        return range(len(self.nodes) * self._scenario.gpus_per_node)

    @property
    def hosts(self) -> list[str]:
        """The job's hosts as of now; a single one is called localhost, as no host file names it."""
        if self._scenario.nodes == 1:
            return ["localhost"]
        return [self._speaker.host(node) for node in range(self._scenario.nodes)]

    async def say(self, source: deepspeed.Source, text: str, rank: int = 0) -> None:
        """A rank logs something."""
        await self.worker(rank, deepspeed.log(self._io.now(), source, text))

    async def on_rank_0(self, text: str) -> None:
        """Rank 0 logs something in the name of all."""
        await self.say(deepspeed.LOG_DIST, f"[Rank 0] {text}")

    async def worker(self, rank: int, line: str) -> None:
        """A rank prints a line."""
        await self._bring(rank // self._scenario.gpus_per_node, line)

    async def launcher(
        self, node: int, source: deepspeed.Source, text: str, level: str = "INFO", when: datetime | None = None
    ) -> None:
        """A node's launcher logs something."""
        await self._bring(node, deepspeed.log(when or self._io.now(), source, text, level))

    async def runner(self, source: deepspeed.Source, text: str) -> None:
        """The command that started all logs something."""
        await self.plain(deepspeed.log(self._io.now(), source, text))

    async def plain(self, line: str) -> None:
        """Something says a line on this host."""
        await self._io.print(line)

    async def _bring(self, node: int, line: str) -> None:
        if node in self.nodes:
            await self._io.print(deepspeed.label(self._speaker.host(node), line) if self.over_pdsh else line)

    def command(self, local_rank: int) -> list[str]:
        """What a launcher starts a worker with."""
        return [self._speaker.launcher(0).binary, "-u", SCRIPT, f"--local_rank={local_rank}", *ARGUMENTS]
