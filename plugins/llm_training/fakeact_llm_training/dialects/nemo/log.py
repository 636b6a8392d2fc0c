"""Who says something, and whose lines are seen."""

from typing import TYPE_CHECKING

from fakeact_llm_training.tools import nemo

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.nemo import Speaker

MOST_NODES = 16
"""Of larger jobs the first node's log is seen, and what srun says."""
SINGLE = 532
"""Where Megatron's core logs what one rank says, in its utils.py."""


class Log:
    """Lines of rank 0 through NeMo's handlers, and what others print."""

    def __init__(self, speaker: "Speaker") -> None:
        self._io, self._scenario = speaker.io, speaker.scenario

    @property
    def ranks(self) -> range:
        """Ranks whose lines are seen."""
        seen = self._scenario.nodes if self._scenario.nodes <= MOST_NODES else 1
        return range(seen * self._scenario.gpus_per_node)

    async def inform(self, module: str, line: int, text: str) -> None:
        """NeMo says something."""
        await self._say(module, line, text, "I")

    async def caution(self, module: str, line: int, text: str) -> None:
        """NeMo says what is not as it should be."""
        await self._say(module, line, text, "W")

    async def _say(self, module: str, line: int, text: str, level: str) -> None:
        place = nemo.place(module, line, self._scenario.site.versions.python, level)
        await self.plain(nemo.log(self._io.now(), place, text, level))

    async def core(self, text: str, module: str = "utils", line: int = SINGLE) -> None:
        """Megatron's core says something; it has NeMo's handlers, but a logger of Python's."""
        await self.plain(nemo.log(self._io.now(), f"{module}:{line}", text))

    async def worker(self, rank: int, line: str) -> None:
        """A rank prints a line."""
        if rank in self.ranks:
            await self.plain(line)

    async def plain(self, line: str) -> None:
        """Something prints a line."""
        await self._io.print(line)
