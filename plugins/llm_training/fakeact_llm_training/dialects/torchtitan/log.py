"""How torchtitan says something: Python's logging on stdout, shown by the launcher as its first worker's."""

from datetime import datetime

from fakeact import IO
from fakeact.widgets import asctime
from fakeact_llm_training.tools.torchrun import tee


class Log:
    """``[rank0]:[titan] 2026-01-16 02:41:33,634 - root - INFO - text``."""

    def __init__(self, io: IO) -> None:
        self._io, self.last = io, io.now()

    async def info(self, text: str, when: datetime | None = None) -> None:
        """Say what goes on; `when` if that was before now."""
        await self._say("INFO", text, when)

    async def warning(self, text: str) -> None:
        """Say what is not as it should be."""
        await self._say("WARNING", text, None)

    async def _say(self, level: str, text: str, when: datetime | None) -> None:
        self.last = max(when or self._io.now(), self.last)
        await self.worker(0, f"[titan] {asctime(self.last)} - root - {level} - {text}")

    async def worker(self, rank: int, text: str) -> None:
        """What a worker writes as it is: the launch script shows rank 0 and nobody else, line by line."""
        if rank == 0:
            await self._io.print(tee(0, text))

    async def launcher(self, text: str) -> None:
        """What a launcher or a scheduler says."""
        await self._io.print(text)
