"""Stretches of time that a run consists of."""

from typing import Literal, NamedTuple

from fakeact_llm_training.sim.cluster import Load
from fakeact_llm_training.sim.events import Event

PhaseOfRun = Literal["step", "stall", "validation", "checkpoint", "hang", "down", "restart", "done"]


class Segment(NamedTuple):
    """A stretch of time in which one thing goes on; its events happen at its end.

    It may be a piece of something that takes `whole` seconds, `over` of which are over when it begins.
    """

    phase: PhaseOfRun
    seconds: float
    load: Load
    events: tuple[Event, ...]
    over: float = 0.0
    whole: float | None = None

    def fraction(self, passed: float) -> float:
        """How much of the whole is over, from 0 to 1, `passed` seconds into this piece."""
        whole = self.seconds if self.whole is None else self.whole
        return min(max((self.over + passed) / whole, 0.0), 1.0) if whole else 1.0
