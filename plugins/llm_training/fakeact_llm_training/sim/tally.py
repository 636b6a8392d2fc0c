"""Sums over a run's steps, for the means that epochs and the run end with."""

import math
from collections.abc import Iterable

from fakeact_llm_training.sim.events import EpochDone, Reason, RunDone, RunInterrupted, StepDone
from fakeact_llm_training.sim.scenario import Scenario

WARM_STEPS = 10
RECENT = 100


class Tally:
    """What has been done so far; steps that were lost and done again count once."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._losses: dict[int, float] = {}
        self._seconds: dict[int, float] = {}
        self.validations: list[tuple[int, int, float]] = []
        """Epoch, step and loss of each."""
        self.checkpoints, self.checkpoint_bytes = 0, 0
        self.restarts = 0

    def add(self, done: StepDone) -> None:
        """Count a step."""
        if not done.skipped:
            self._losses[done.step] = done.loss
        self._seconds[done.step] = done.step_time

    def forget(self, step: int) -> None:
        """Steps and validations after `step` are lost with the processes that had done them."""
        self._losses = {one: loss for one, loss in self._losses.items() if one <= step}
        self._seconds = {one: seconds for one, seconds in self._seconds.items() if one <= step}
        self.validations = [one for one in self.validations if one[1] <= step]
        self.restarts += 1

    def validated(self, epoch: int, step: int, loss: float) -> bool:
        """Count a validation; True if it is the best so far."""
        best = all(loss < before for *_, before in self.validations)
        self.validations.append((epoch, step, loss))
        return best

    @property
    def best(self) -> tuple[int, int, float]:
        """Epoch, step and loss of the best validation so far."""
        return min(self.validations, key=lambda one: one[2])

    @property
    def stale(self) -> int:
        """Evaluations since the best one."""
        return len(self.validations) - 1 - self.validations.index(self.best)

    def saved(self, size: int) -> None:
        """Count a checkpoint of `size` bytes."""
        self.checkpoints += 1
        self.checkpoint_bytes += size

    @property
    def recent_loss(self) -> float:
        """Mean loss of the last hundred steps; nan before the first."""
        last = list(self._losses.values())[-RECENT:]
        return _mean(last)

    def epoch_done(self, at: float, epoch: int, began: float) -> EpochDone:
        """The summary of the epoch that `began` at that time."""
        last = epoch * self._scenario.steps_per_epoch
        steps = range(last - self._scenario.steps_per_epoch + 1, last + 1)
        done = [step for step in steps if step in self._seconds]
        mean_time = _mean(self._seconds[step] for step in done)
        return EpochDone(
            at=at,
            epoch=epoch,
            steps=len(done),
            tokens=len(done) * self._scenario.tokens_per_step,
            mean_loss=_mean(self._losses[step] for step in done if step in self._losses),
            validation_loss=self.validations[-1][2] if self.validations else math.nan,
            mean_step_time=mean_time,
            tokens_per_second=self._scenario.tokens_per_step / mean_time,
            mfu=self._scenario.mfu_at(mean_time),
            seconds=at - began,
        )

    def _mean_time(self) -> float:
        """Seconds of a step after the first ten; a run shorter than the warming up has to take what there is."""
        first = self._scenario.first_step
        warm = [seconds for step, seconds in self._seconds.items() if step - first >= WARM_STEPS]
        return _mean(warm or list(self._seconds.values())[-1:])

    def run_done(self, at: float, step: int, *, stopped_early: bool) -> RunDone:
        """The summary of the whole run."""
        scenario, mean_time = self._scenario, self._mean_time()
        best_epoch, _, best = self.best if self.validations else (0, 0, math.nan)
        return RunDone(
            at=at,
            steps=step,
            tokens=step * scenario.tokens_per_step,
            samples=step * scenario.global_batch,
            seconds=at,
            final_loss=self.recent_loss,
            final_validation_loss=self.validations[-1][2] if self.validations else math.nan,
            best_validation_loss=best,
            best_epoch=best_epoch,
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
        scenario = self._scenario
        mean_time = self._mean_time() if self._seconds else scenario.step_time
        steps = step - scenario.start_step
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
            validation_loss=self.validations[-1][2] if self.validations else None,
            mean_step_time=mean_time,
            tokens_per_second=scenario.tokens_per_step / mean_time,
            mfu=scenario.mfu_at(mean_time),
            checkpoints=self.checkpoints,
            checkpoint_bytes=self.checkpoint_bytes,
            restarts=self.restarts,
        )


def _mean(values: Iterable[float]) -> float:
    kept = list(values)
    return sum(kept) / len(kept) if kept else math.nan
