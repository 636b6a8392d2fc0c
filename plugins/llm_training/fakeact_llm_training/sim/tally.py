"""Sums over a run's steps, for the means that epochs and the run end with."""

import math
from collections import deque
from copy import deepcopy
from dataclasses import dataclass, field
from typing import NamedTuple

from fakeact_llm_training.sim.events import EpochDone, Reason, RunDone, RunInterrupted, StepDone
from fakeact_llm_training.sim.scenario import Scenario

WARM_STEPS = 10
RECENT = 100


@dataclass
class Sums:
    """Over some steps: their number and seconds, and the loss of those that were not skipped."""

    steps: int = 0
    seconds: float = 0.0
    losses: int = 0
    loss: float = 0.0

    def add(self, done: StepDone) -> None:
        """Count a step."""
        self.steps += 1
        self.seconds += done.step_time
        if not done.skipped:
            self.losses += 1
            self.loss += done.loss

    @property
    def mean_time(self) -> float:
        """Seconds of a step; nan without one."""
        return self.seconds / self.steps if self.steps else math.nan

    @property
    def mean_loss(self) -> float:
        """Nats per token; nan without a loss."""
        return self.loss / self.losses if self.losses else math.nan


class Validation(NamedTuple):
    """A validation after `step` steps, in `epoch`; loss in nats per token."""

    epoch: int
    step: int
    loss: float


NO_VALIDATION = Validation(0, 0, math.nan)


@dataclass
class Progress:
    """What a checkpoint holds of the steps done so far: as much for ten of them as for a million."""

    step: int = 0
    """The last one."""
    running: int = 0
    """Its epoch."""
    epoch: Sums = field(default_factory=Sums)
    """The steps of that."""
    warm: Sums = field(default_factory=Sums)
    """All steps of the job but the first ten."""
    last_time: float | None = None
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    """The last losses."""
    validation: Validation = NO_VALIDATION
    """The last one."""
    best: Validation = NO_VALIDATION
    stale: int = 0
    """Validations since the best one."""

    def validated(self, validation: Validation) -> bool:
        """Count a validation; True if it is the best so far."""
        is_best = math.isnan(self.best.loss) or validation.loss < self.best.loss
        self.validation, self.best = validation, validation if is_best else self.best
        self.stale = 0 if is_best else self.stale + 1
        return is_best


class Tally:
    """What has been done so far; steps that were lost and done again count once."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._progress, self._saved = Progress(), Progress()
        self.checkpoints, self.checkpoint_bytes = 0, 0
        self.restarts = 0

    def add(self, done: StepDone) -> None:
        """Count a step."""
        progress = self._progress
        if done.epoch != progress.running:
            progress.running, progress.epoch = done.epoch, Sums()
        progress.epoch.add(done)
        if done.step - self._scenario.first_step >= WARM_STEPS:
            progress.warm.add(done)
        if not done.skipped:
            progress.recent.append(done.loss)
        progress.step, progress.last_time = done.step, done.step_time

    def save(self) -> Progress:
        """What a checkpoint that begins now will hold."""
        self._saved = deepcopy(self._progress)
        return self._saved

    def restore(self, progress: Progress | None) -> None:
        """Back to what a checkpoint holds, or to the beginning: what came after is lost with its processes."""
        self._progress = deepcopy(progress) if progress else Progress()
        self.restarts += 1

    def validated(self, epoch: int, step: int, loss: float) -> bool:
        """Count a validation; True if it is the best so far."""
        validation = Validation(epoch, step, loss)
        if self._saved.step == step:  # it follows its step's checkpoint, and who resumes from that has read of it
            self._saved.validated(validation)
        return self._progress.validated(validation)

    @property
    def best(self) -> Validation:
        """The best validation so far; its loss is nan before the first."""
        return self._progress.best

    @property
    def stale(self) -> int:
        """Validations since the best one."""
        return self._progress.stale

    def saved(self, size: int) -> None:
        """Count a checkpoint of `size` bytes."""
        self.checkpoints += 1
        self.checkpoint_bytes += size

    @property
    def recent_loss(self) -> float:
        """Mean loss of the last hundred steps; nan before the first."""
        recent = self._progress.recent
        return sum(recent) / len(recent) if recent else math.nan

    def epoch_done(self, at: float, epoch: int, began: float) -> EpochDone:
        """The summary of the epoch that `began` at that time and ends now."""
        steps = self._progress.epoch
        return EpochDone(
            at=at,
            epoch=epoch,
            steps=steps.steps,
            tokens=steps.steps * self._scenario.tokens_per_step,
            mean_loss=steps.mean_loss,
            validation_loss=self._progress.validation.loss,
            mean_step_time=steps.mean_time,
            tokens_per_second=self._scenario.tokens_per_step / steps.mean_time,
            mfu=self._scenario.mfu_at(steps.mean_time),
            seconds=at - began,
        )

    def _mean_time(self) -> float:
        """Seconds of a step after the first ten; a run shorter than the warming up has to take what there is."""
        progress = self._progress
        if progress.warm.steps:
            return progress.warm.mean_time
        return progress.last_time or self._scenario.step_time

    def run_done(self, at: float, step: int, *, stopped_early: bool) -> RunDone:
        """The summary of the whole run."""
        scenario, mean_time = self._scenario, self._mean_time()
        progress = self._progress
        return RunDone(
            at=at,
            steps=step,
            tokens=step * scenario.tokens_per_step,
            samples=step * scenario.global_batch,
            seconds=at,
            final_loss=self.recent_loss,
            final_validation_loss=progress.validation.loss,
            best_validation_loss=progress.best.loss,
            best_epoch=progress.best.epoch,
            mean_step_time=mean_time,
            tokens_per_second=scenario.tokens_per_step / mean_time,
            mfu=scenario.mfu_at(mean_time),
            checkpoints=self.checkpoints,
            checkpoint_bytes=self.checkpoint_bytes,
            restarts=self.restarts,
            stopped_early=stopped_early,
        )

    def interrupted(self, at: float, reason: Reason, step: int, path: str | None) -> RunInterrupted:
        """The summary of a job that ends before the run does."""
        scenario, mean_time = self._scenario, self._mean_time()
        steps, last = step - scenario.start_step, self._progress.validation
        return RunInterrupted(
            at=at,
            reason=reason,
            step=step,
            path=path,
            steps=steps,
            tokens=steps * scenario.tokens_per_step,
            samples=steps * scenario.global_batch,
            seconds=at,
            final_loss=self.recent_loss,
            validation_loss=None if math.isnan(last.loss) else last.loss,
            mean_step_time=mean_time,
            tokens_per_second=scenario.tokens_per_step / mean_time,
            mfu=scenario.mfu_at(mean_time),
            checkpoints=self.checkpoints,
            checkpoint_bytes=self.checkpoint_bytes,
            restarts=self.restarts,
        )
