"""Checkpoints that there are: the complete ones, the one that is being written, those that were deleted."""

from typing import NamedTuple

from fakeact_llm_training.sim.events import CheckpointPruned, CheckpointSaved, CheckpointStarted, Event
from fakeact_llm_training.sim.scaler import ScalerState
from fakeact_llm_training.sim.scenario import Scenario


class Kept(NamedTuple):
    """A complete checkpoint after `step`, with the loss scale it holds."""

    step: int
    path: str
    scaling: ScalerState | None


class Writing(NamedTuple):
    """A save that goes on behind the steps until `ends`."""

    started: CheckpointStarted
    ends: float
    kept: Kept


class Storage:
    """The run's checkpoints."""

    def __init__(self, scenario: Scenario, scaling: ScalerState | None) -> None:
        self._scenario = scenario
        self.kept: list[Kept] = []
        self.writing: Writing | None = None
        if scenario.kind == "resume" and scenario.load_path:
            self.kept.append(Kept(scenario.start_step, scenario.load_path, scaling))

    @property
    def last(self) -> Kept | None:
        """The newest complete checkpoint."""
        return self.kept[-1] if self.kept else None

    def complete(self, started: CheckpointStarted, at: float, kept: Kept) -> tuple[CheckpointSaved, *tuple[Event, ...]]:
        """A checkpoint is whole, and those that are too many are deleted."""
        self.kept.append(kept)
        saved = CheckpointSaved(
            at, started.epoch, started.step, started.path, started.bytes, started.shards, started.seconds,
            started.bytes / started.seconds, started.asynchronous, started.blocking,
        )  # fmt: skip
        return saved, *self._prune(at)

    def forget(self, behind: CheckpointSaved) -> None:
        """A save whose processes ended before they said that it is complete: nobody finds it."""
        self.kept = [one for one in self.kept if one.path != behind.path]

    def _prune(self, at: float) -> list[Event]:
        limit = self._scenario.keep_checkpoints
        surplus = self.kept[:-limit] if limit else []
        self.kept = self.kept[len(surplus) :]
        return [CheckpointPruned(at, old.step, old.path) for old in surplus]
