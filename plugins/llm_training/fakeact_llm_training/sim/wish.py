"""What a run is asked to be, and how long it is to take."""

from typing import NamedTuple

from fakeact_llm_training.catalogue.records import Dataset, Gpu, Model
from fakeact_llm_training.sim.kinds import DialectName, Kind

FEWEST_STEPS, MOST_STEPS = 60, 2000
SHORTEST_RUN, LONGEST_RUN = 300.0, 900.0
USUAL_EPOCHS = 3


class Wish(NamedTuple):
    """What was asked for, None left to chance: `steps` an epoch, or as many as come to `seconds` in all.

    `pace` is what a step should take, in seconds. A `strict` wish is met by a run that somebody would launch, or
    not at all.
    """

    model: Model | None
    gpu: Gpu | None
    gpus: int
    dataset: Dataset | None
    steps: int | None
    epochs: int | None
    seconds: float
    pace: float
    kind: Kind = "pretrain"
    dialect: DialectName = "pytorch"
    strict: bool = False

    @property
    def is_long(self) -> bool:
        """Whether the run is one of weeks, of which a job is a small part: nobody asked for its length."""
        return self.kind != "finetune" and self.steps is None and self.epochs is None

    @property
    def passes(self) -> int:
        """Epochs of a run that is to come to its end."""
        return USUAL_EPOCHS if self.epochs is None else self.epochs

    def steps_at(self, step_time: float) -> int:
        """Steps an epoch at a pace of `step_time` seconds."""
        fitting = self.seconds / (self.passes * step_time)
        return self.steps or round(min(max(fitting, FEWEST_STEPS), MOST_STEPS))

    def is_met(self, step_time: float) -> bool:
        """Whether the run takes 5 to 15 minutes at that pace; a length that was asked for is not judged."""
        free = self.is_long or bool(self.steps)
        return free or SHORTEST_RUN <= self.steps_at(step_time) * self.passes * step_time <= LONGEST_RUN


def check_length(steps: int | None, epochs: int | None) -> None:
    """ValueError for numbers of steps and epochs that no run has."""
    if steps is not None and not 1 <= steps <= 1_000_000:
        raise ValueError(f"steps={steps}: possible are 1 to 1,000,000 an epoch")
    if epochs is not None and not 1 <= epochs <= 1000:
        raise ValueError(f"epochs={epochs}: possible are 1 to 1,000")
