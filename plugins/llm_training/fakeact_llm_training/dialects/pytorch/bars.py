"""Two bars: the run's, and that of what goes on just now."""

from typing import TYPE_CHECKING

from fakeact.units import si, tqdm_interval
from fakeact.widgets import tqdm_meter
from fakeact_llm_training.dialects.base import Dialect
from fakeact_llm_training.figures import perplexity

if TYPE_CHECKING:
    from fakeact_llm_training.sim.events import CheckpointStarted

NARROW = 60
"""Columns below which a bar has no room beside its figures."""
SLOW = 3.0
"""Seconds a step takes from which on its micro-batches are counted, so that something moves."""


class Bars:
    """The rows of the live region, from the state of the run."""

    def __init__(self, speaker: Dialect) -> None:
        self._speaker, self._io = speaker, speaker.io
        self._epoch_began = self._phase_began = 0.0
        self.saving: CheckpointStarted | None = None

    def begin_epoch(self, at: float) -> None:
        """The next epoch's bar starts at zero."""
        self._epoch_began = at

    def begin_phase(self, at: float) -> None:
        """A validation or a checkpoint begins."""
        self._phase_began = at

    def rows(self) -> list[str]:
        """The bars as of now."""
        return [self._run_bar(), self._step_bar()]

    def _run_bar(self) -> str:
        run = self._speaker.run
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
        mean = self._speaker.run.mean_step_time
        return 1 / mean if mean and self._speaker.run.step else None

    def _step_bar(self) -> str:
        run, width = self._speaker.run, self._io.width - 1
        if run.phase in {"down", "restart"}:
            part = run.restart_phase.name if run.restart_phase else "waiting for nodes"
            return f"Attempt {run.attempt}: {part}"
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
        last = self._speaker.run.latest
        if last is None:
            return self._micro_batch()
        parts = [f"loss={last.loss:.4f}"]
        if self._io.width >= 76:
            parts.append(f"ppl={perplexity(last.loss)}")
        if self._io.width >= 110:
            parts += [f"lr={last.learning_rate:.2e}", f"tok/s={si(last.tokens_per_second, 4)}"]
        if micro := self._micro_batch():
            parts.insert(0, micro)
        return ", ".join(parts)

    def _micro_batch(self) -> str:
        """Which micro-batch of a slow step is being computed."""
        run, batches = self._speaker.run, self._speaker.scenario.grad_accum
        if run.phase != "step" or batches == 1 or self._speaker.scenario.step_time < SLOW:
            return ""
        return f"micro={min(int(run.fraction * batches) + 1, batches)}/{batches}"
