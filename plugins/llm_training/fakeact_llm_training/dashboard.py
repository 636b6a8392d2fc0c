"""What is pinned below the log: the grid, the run's bar, and the bar of what goes on just now."""

from typing import TYPE_CHECKING

from fakeact import IO
from fakeact.units import si, tqdm_interval
from fakeact.widgets import tqdm_meter
from fakeact_llm_training.figures import perplexity
from fakeact_llm_training.gpu_grid import gpu_grid

if TYPE_CHECKING:
    from fakeact_llm_training.sim.events import CheckpointStarted
    from fakeact_llm_training.sim.run import TrainingRun

NARROW = 60
"""Columns below which a bar has no room beside its figures."""
LOG_ROWS = 8
"""Rows that are left to the log, whatever the grid would like to have."""


class Dashboard:
    """The rows of the live region, from the state of the run."""

    def __init__(self, io: IO, run: "TrainingRun") -> None:
        self._io, self._run = io, run
        self._grid: list[str] = []
        self._grid_size = (0, 0)
        self._epoch_began = self._phase_began = 0.0
        self.saving: CheckpointStarted | None = None

    def begin_epoch(self, at: float) -> None:
        """The next epoch's bar starts at zero."""
        self._epoch_began = at

    def begin_phase(self, at: float) -> None:
        """A validation or a checkpoint begins."""
        self._phase_began = at

    def look_at_gpus(self) -> None:
        """Take a new snapshot of the fleet."""
        run, size = self._run, (self._io.width, self._io.height)
        room = size[1] - LOG_ROWS - 2
        self._grid = gpu_grid(run.cluster.readings(run.elapsed), run.scenario, size[0] - 1, room) if room > 0 else []
        self._grid_size = size

    def rows(self) -> list[str]:
        """The grid as of the last snapshot, and the bars as of now."""
        if self._grid_size != (self._io.width, self._io.height):
            self.look_at_gpus()
        return [*self._grid, self._run_bar(), self._step_bar()]

    def _run_bar(self) -> str:
        run = self._run
        if self._io.width < NARROW:
            elapsed, left = tqdm_interval(run.elapsed), tqdm_interval(run.remaining)
            return (
                f"Epoch {run.epoch}/{run.scenario.epochs} {run.step / run.scenario.total_steps:4.0%} [{elapsed}<{left}]"
            )
        return tqdm_meter(
            run.step, run.scenario.total_steps, run.elapsed, self._io.width - 1,
            f"Epoch {run.epoch}/{run.scenario.epochs}", rate=self._rate(),
        )  # fmt: skip

    def _rate(self) -> float | None:
        """Steps a second, as the time left is reckoned."""
        mean = self._run.mean_step_time
        return 1 / mean if mean and self._run.step else None

    def _step_bar(self) -> str:
        run, width = self._run, self._io.width - 1
        if run.phase == "step" and width < NARROW:
            return f"Step {run.step_in_epoch}/{run.scenario.steps_per_epoch} {self._metrics()}"
        if run.phase == "validation":
            batches = run.scenario.validation_batches
            return tqdm_meter(
                run.validation_batch, batches, run.elapsed - self._phase_began, width, "Validation", "batch"
            )
        if run.phase == "checkpoint" and self.saving:
            size = self.saving.bytes
            return tqdm_meter(
                round(run.fraction * size), size, run.elapsed - self._phase_began, width, "Saving", "B",
                unit_scale=True,
            )  # fmt: skip
        return tqdm_meter(
            run.step_in_epoch, run.scenario.steps_per_epoch, run.elapsed - self._epoch_began, width, "Step",
            rate=self._rate(), postfix=self._metrics(),
        )  # fmt: skip

    def _metrics(self) -> str:
        """The latest step's figures; on a narrow terminal only the loss, so that the bar keeps its room."""
        last = self._run.latest
        if last is None:
            return ""
        parts = [f"loss={last.loss:.4f}"]
        if self._io.width >= 76:
            parts.append(f"ppl={perplexity(last.loss)}")
        if self._io.width >= 110:
            parts += [f"lr={last.learning_rate:.2e}", f"tok/s={si(last.tokens_per_second, 4)}"]
        return ", ".join(parts)
