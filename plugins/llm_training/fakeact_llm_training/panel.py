"""The GPUs as a panel at the bottom, where the terminal has room for it."""

from typing import TYPE_CHECKING

from fakeact import IO
from fakeact_llm_training.gpu_grid import gpu_grid

if TYPE_CHECKING:
    from fakeact_llm_training.sim.events import Event
    from fakeact_llm_training.sim.run import TrainingRun

LOG_ROWS = 10
"""Rows that are left to the log and the bars, whatever the grid would like to have."""


class Panel:
    """The grid as of the last snapshot: a new one with every step that is logged, and after a resize."""

    def __init__(self, io: IO, run: "TrainingRun") -> None:
        self._io, self._run = io, run
        self._rows: list[str] = []
        self._size: tuple[int, int] | None = None

    def rows(self) -> list[str]:
        """The grid, or nothing where there is no room."""
        size = self._io.width, self._io.height
        if size != self._size:
            self._size = size
            self._look(*size)
        return self._rows

    def notice(self, event: "Event") -> None:
        """Look at the GPUs again if this is a step that is logged, or no step at all."""
        if getattr(event, "step", 0) % self._run.scenario.log_interval == 0:
            self._size = None

    def _look(self, columns: int, rows: int) -> None:
        room, run = rows - LOG_ROWS, self._run
        self._rows = gpu_grid(run.cluster.readings(run.elapsed), run.scenario, columns - 1, room) if room > 0 else []
