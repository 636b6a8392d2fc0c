"""How the trainer says something: when, which rank, how serious."""

from fakeact import IO
from fakeact.style import Style, bold, bright_black, cyan, green, red, yellow
from fakeact_llm_training.sim.scenario import Scenario


class Log:
    """The trainer's own log lines: ``[2026-01-30 10:45:32] [Rank 0/64] INFO text``."""

    def __init__(self, io: IO, scenario: Scenario) -> None:
        self._io, self._world = io, scenario.world_size

    async def info(self, text: str, rank: int = 0) -> None:
        """Say what goes on."""
        await self._say("INFO", green, text, rank)

    async def warning(self, text: str, rank: int = 0) -> None:
        """Say what is not as it should be."""
        await self._say("WARNING", yellow, yellow(text), rank)

    async def error(self, text: str, rank: int = 0) -> None:
        """Say what went wrong."""
        await self._say("ERROR", red, red(text), rank)

    async def heading(self, text: str) -> None:
        """Say what comes next."""
        await self._say("INFO", green, bold(text), 0)

    async def _say(self, level: str, colour: Style, text: str, rank: int) -> None:
        when = bright_black(f"[{self._io.now():%Y-%m-%d %H:%M:%S}]")
        await self._io.print(f"{when} {cyan(f'[Rank {rank}/{self._world}]')} {colour(level)} {text}")
