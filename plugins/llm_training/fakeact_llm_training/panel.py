"""The GPUs as a panel at the bottom, where the terminal has room for it, or now and then in the log."""

from typing import TYPE_CHECKING, Literal

from fakeact import IO
from fakeact_llm_training.gpu_grid import gpu_grid

if TYPE_CHECKING:
    from fakeact_llm_training.sim.events import Event
    from fakeact_llm_training.sim.run import TrainingRun

Place = Literal["auto", "pinned", "log", "off"]
"""Where the grid goes: pinned where there is room, pinned whatever the room, into the log, nowhere."""
LOG_ROWS = {"auto": 10, "pinned": 4}
"""Rows that are left to the log and the bars, whatever the grid would like to have."""
LOGGED_EVERY, LOGGED_ROWS = 100, 24
"""Steps between two grids in the log, and rows of one."""
LOOKS_APART = 3.0
"""Seconds between two looks at the GPUs, as monitoring tools scrape them."""


class Panel:
    """The grid as of the last snapshot: a new one every few seconds, with what is no step, and after a resize."""

    def __init__(self, io: IO, run: "TrainingRun", place: Place) -> None:
        self._io, self._run, self._place = io, run, place
        self._rows: list[str] = []
        self._size: tuple[int, int] | None = None
        self._looked = self._ahead = 0.0

    def wait(self, seconds: float) -> None:
        """The run stands still for so long, while somebody tells of it: GPUs go on until its next event."""
        self._ahead = min(seconds, self._run.until_next_event())

    def rows(self) -> list[str]:
        """The grid, or nothing where there is no room."""
        size = self._io.width, self._io.height
        stale = self._moment - self._looked >= LOOKS_APART
        if (size != self._size or stale) and self._place in LOG_ROWS:
            self._size, self._looked = size, self._moment
            self._rows = self._look(size[0], size[1] - LOG_ROWS[self._place])
        return self._rows

    @property
    def looked(self) -> float:
        """The moment of the run that the GPUs are shown of; the present where they are not pinned."""
        return self._looked if self._place in LOG_ROWS else self._moment

    @property
    def _moment(self) -> float:
        return self._run.elapsed + self._ahead

    async def notice(self, event: "Event") -> None:
        """Look at the GPUs again if this is a step that is logged, or no step at all."""
        self._ahead = 0.0
        done, step = type(event).__name__ == "StepDone", getattr(event, "step", 1)
        if not done or step % self._run.scenario.log_interval == 0:
            self._size = None
        if self._place == "log" and done and step % LOGGED_EVERY == 0:
            for row in self._look(self._io.width, LOGGED_ROWS):
                await self._io.print(row)

    def _look(self, columns: int, room: int) -> list[str]:
        run = self._run
        if room <= 0:
            return []
        return gpu_grid(run.cluster.readings(self._moment), run.scenario, columns - 1, room, run.host)
