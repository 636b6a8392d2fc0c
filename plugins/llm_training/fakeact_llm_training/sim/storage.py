"""Checkpoints that there are: the complete ones, the one that is being written, those that were deleted."""

from typing import NamedTuple

from fakeact_llm_training.sim.events import CheckpointPruned, CheckpointSaved, CheckpointStarted, Event
from fakeact_llm_training.sim.scaler import ScalerState
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.tally import Progress


class Kept(NamedTuple):
    """A complete checkpoint after `step`, with the loss scale and the sums it holds."""

    step: int
    path: str
    scaling: ScalerState | None
    progress: Progress | None = None

    @property
    def updates(self) -> int:
        """Steps up to it that were not skipped."""
        return self.step - (self.scaling.skipped if self.scaling else 0)


class Writing(NamedTuple):
    """A save that goes on behind the steps until `ends`."""

    started: CheckpointStarted
    ends: float
    kept: Kept


class Storage:
    """The run's checkpoints."""

    def __init__(self, scenario: Scenario, scaling: ScalerState | None) -> None:
        self._scenario = scenario
        self._kept: list[Kept] = []  # without a limit the last two: the others are there, but nobody asks for them
        self.writing: Writing | None = None
        if scenario.kind == "resume" and scenario.load_path:
            self._kept.append(Kept(scenario.start_step, scenario.load_path, scaling))

    @property
    def last(self) -> Kept | None:
        """The newest complete checkpoint."""
        return self._kept[-1] if self._kept else None

    def settled(self, updates: int) -> int:
        """Of so many updates those that are never done again: without faults all, else those in the last checkpoint."""
        if self._scenario.faults == "none":
            return updates
        return self.last.updates if self.last else 0

    def complete(self, started: CheckpointStarted, at: float, kept: Kept) -> tuple[CheckpointSaved, *tuple[Event, ...]]:
        """A checkpoint is whole, and those that are too many are deleted."""
        self._kept.append(kept)
        saved = CheckpointSaved(
            at, started.epoch, started.step, started.path, started.bytes, started.shards, started.seconds,
            started.bytes / started.seconds, started.asynchronous, started.blocking,
        )  # fmt: skip
        return saved, *self._prune(at)

    def forget(self, behind: CheckpointSaved) -> None:
        """A save whose processes ended before they said that it is complete: nobody finds it."""
        self._kept = [one for one in self._kept if one.path != behind.path]

    def _prune(self, at: float) -> list[Event]:
        limit = self._scenario.keep_checkpoints
        surplus = self._kept[: -(limit or 2)]
        self._kept = self._kept[len(surplus) :]
        return [CheckpointPruned(at, old.step, old.path) for old in surplus] if limit else []
