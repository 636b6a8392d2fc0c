"""How transformers, the script and the launcher say something beside a bar that does not know of them."""

from datetime import timedelta

from fakeact import IO
from fakeact.widgets import asctime
from fakeact_llm_training.dialects.hf.bars import Bars


class Log:
    """``[INFO|trainer.py:1618] 2026-11-23 10:00:00,123 >> text``: transformers' explicit format, on stderr."""

    def __init__(self, io: IO, bars: Bars) -> None:
        self._io, self._bars = io, bars

    async def tell(self, file: str, line: int, text: str, *, after: float = 0.0, over: str = "") -> None:
        """What transformers says at a line of its source, so many seconds from now, `over` what stands there."""
        said = f"[INFO|{file}:{line}] {asctime(self._io.now() + timedelta(seconds=after))} >> {text}"
        await self.plain(said + over[len(said) :])

    async def script(self, text: str, level: str = "INFO") -> None:
        """What the training script says, in the form that the examples of transformers have."""
        await self.plain(f"{self._io.now():%m/%d/%Y %H:%M:%S} - {level} - __main__ - {text}")

    async def plain(self, text: str) -> None:
        """A line of whoever else: it begins where the bar ends, as loggers do not clear it away."""
        await self._bars.leave()
        await self._io.print(text)

    async def write(self, text: str) -> None:
        """A line by way of tqdm, which takes its bars away and draws them again below."""
        await self._io.print(text)
