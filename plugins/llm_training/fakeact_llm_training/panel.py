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


class Panel:
    """The grid as of the last snapshot: a new one with every step that is logged, and after a resize."""

    def __init__(self, io: IO, run: "TrainingRun", place: Place) -> None:
        self._io, self._run, self._place = io, run, place
        self._rows: list[str] = []
        self._size: tuple[int, int] | None = None

    def rows(self) -> list[str]:
        """The grid, or nothing where there is no room."""
        size = self._io.width, self._io.height
        if size != self._size and self._place in LOG_ROWS:
            self._size = size
            self._rows = self._look(size[0], size[1] - LOG_ROWS[self._place])
        return self._rows

    async def notice(self, event: "Event") -> None:
        """Look at the GPUs again if this is a step that is logged, or no step at all."""
        step = getattr(event, "step", 0)
        if step % self._run.scenario.log_interval == 0:
            self._size = None
        if self._place == "log" and step and step % LOGGED_EVERY == 0 and type(event).__name__ == "StepDone":
            for row in self._look(self._io.width, LOGGED_ROWS):
                await self._io.print(row)

    def _look(self, columns: int, room: int) -> list[str]:
        run = self._run
        return gpu_grid(run.cluster.readings(run.elapsed), run.scenario, columns - 1, room) if room > 0 else []
