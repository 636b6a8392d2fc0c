"""Sums over a run's steps, for the means that epochs and the run end with."""

from collections import deque

from fakeact_llm_training.sim.events import EpochDone, RunDone, StepDone
from fakeact_llm_training.sim.scenario import Scenario

WARM_STEPS = 10


class Tally:
    """What has been done so far."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._epoch_losses: list[float] = []
        self._epoch_seconds = 0.0
        self._warm_steps, self._warm_seconds = 0, 0.0
        self._last_losses: deque[float] = deque(maxlen=100)
        self.validations: list[tuple[int, float]] = []
        self.checkpoints, self.checkpoint_bytes = 0, 0

    def add(self, done: StepDone) -> None:
        """Count a step."""
        self._epoch_losses.append(done.loss)
        self._epoch_seconds += done.step_time
        self._last_losses.append(done.loss)
        # A run shorter than the warming up has to take what there is.
        if done.step > min(WARM_STEPS, self._scenario.total_steps - 1):
            self._warm_steps += 1
            self._warm_seconds += done.step_time

    def validated(self, epoch: int, loss: float) -> bool:
        """Count a validation; True if it is the best so far."""
        best = all(loss < before for _, before in self.validations)
        self.validations.append((epoch, loss))
        return best

    def saved(self, size: int) -> None:
        """Count a checkpoint of `size` bytes."""
        self.checkpoints += 1
        self.checkpoint_bytes += size

    def epoch_done(self, at: float, epoch: int, began: float) -> EpochDone:
        """The summary of the epoch that `began` at that time; counting begins anew."""
        steps = len(self._epoch_losses)
        mean_time = self._epoch_seconds / steps
        summary = EpochDone(
            at=at,
            epoch=epoch,
            steps=steps,
            tokens=steps * self._scenario.tokens_per_step,
            mean_loss=sum(self._epoch_losses) / steps,
            validation_loss=self.validations[-1][1],
            mean_step_time=mean_time,
            tokens_per_second=self._scenario.tokens_per_step / mean_time,
            mfu=self._scenario.mfu_at(mean_time),
            seconds=at - began,
        )
        self._epoch_losses, self._epoch_seconds = [], 0.0
        return summary

    def run_done(self, at: float) -> RunDone:
        """The summary of the whole run."""
        scenario, mean_time = self._scenario, self._warm_seconds / self._warm_steps
        best_epoch, best = min(self.validations, key=lambda pair: pair[1])
        return RunDone(
            at=at,
            steps=scenario.total_steps,
            tokens=scenario.total_tokens,
            samples=scenario.total_steps * scenario.global_batch,
            seconds=at,
            final_loss=sum(self._last_losses) / len(self._last_losses),
            final_validation_loss=self.validations[-1][1],
            best_validation_loss=best,
            best_epoch=best_epoch,
            mean_step_time=mean_time,
            tokens_per_second=scenario.tokens_per_step / mean_time,
            mfu=scenario.mfu_at(mean_time),
            checkpoints=self.checkpoints,
            checkpoint_bytes=self.checkpoint_bytes,
        )
