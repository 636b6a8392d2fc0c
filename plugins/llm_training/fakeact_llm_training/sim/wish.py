"""What a run is asked to be, and how long it is to take."""

from typing import NamedTuple

from fakeact_llm_training.catalogue.records import Dataset, Gpu, Model
from fakeact_llm_training.sim.kinds import DialectName, Kind
from fakeact_llm_training.sim.layout import FASTEST

FEWEST_STEPS, USUAL_STEPS, MOST_STEPS = 500, 650, 2000
SHORTEST_RUN, LONGEST_RUN = 300.0, 900.0
# A fine-tune's epoch is short, its batch small.
FEWEST_TUNED, USUAL_TUNED = 60, 240
USUAL_BATCH: dict[Kind, tuple[float, float]] = {
    "pretrain": (5e4, 5e6),
    "finetune": (3e4, 8e5),
    "resume": (5e5, 1.7e7),
}


class Wish(NamedTuple):
    """What was asked for, None left to chance: `steps` an epoch, or as many as come to `seconds` in all."""

    model: Model | None
    gpu: Gpu | None
    gpus: int
    dataset: Dataset | None
    steps: int | None
    epochs: int
    seconds: float
    kind: Kind = "pretrain"
    dialect: DialectName = "pytorch"

    @property
    def fewest(self) -> int:
        """The fewest steps an epoch has if nothing else was asked for."""
        return FEWEST_TUNED if self.kind == "finetune" else FEWEST_STEPS

    @property
    def step_time(self) -> float:
        """Seconds a step should take so that the run comes to its length."""
        return min(max(self.seconds / ((self.steps or self._usual) * self.epochs), 1.1 * FASTEST), 0.8)

    @property
    def _usual(self) -> int:
        return USUAL_TUNED if self.kind == "finetune" else USUAL_STEPS

    def steps_at(self, step_time: float) -> int:
        """Steps an epoch at a pace of `step_time` seconds."""
        fitting = self.seconds / (self.epochs * step_time)
        return self.steps or round(min(max(fitting, self.fewest), MOST_STEPS))

    def is_met(self, step_time: float) -> bool:
        """Whether the run takes 5 to 15 minutes at that pace; how many steps were asked for is not judged."""
        return bool(self.steps) or SHORTEST_RUN <= self.steps_at(step_time) * self.epochs * step_time <= LONGEST_RUN


def check_length(steps: int | None, epochs: int) -> None:
    """ValueError for numbers of steps and epochs that no run has."""
    if steps is not None and not 1 <= steps <= 1_000_000:
        raise ValueError(f"steps={steps}: possible are 1 to 1,000,000 an epoch")
    if not 1 <= epochs <= 1000:
        raise ValueError(f"epochs={epochs}: possible are 1 to 1,000")
