"""A run's course, thinned as it grows: what an experiment tracker has at the end."""

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakeact_llm_training.sim.events import Event, StepDone

LIMIT = 1000


class Series:
    """Values of one kind: at most `limit`, evenly spaced over all that were added."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit, self._every, self._count = limit, 1, 0
        self._steps, self._values = array("q"), array("d")
        self._last: tuple[int, float] = (0, 0.0)

    def add(self, step: int, value: float) -> None:
        """Take in the value after `step` steps."""
        self._last = (step, value)
        if self._count % self._every == 0:
            if len(self._steps) == self._limit:
                # Every second one goes, and from now on every second one is not taken.
                del self._steps[1::2], self._values[1::2]
                self._every *= 2
            if self._count % self._every == 0:
                self._steps.append(step)
                self._values.append(value)
        self._count += 1

    @property
    def points(self) -> list[tuple[int, float]]:
        """Steps and values that are kept, and always the newest."""
        kept = list(zip(self._steps, self._values, strict=True))
        newest_kept = not self._count or (self._count - 1) % self._every == 0
        return kept if newest_kept else [*kept, self._last]

    @property
    def values(self) -> list[float]:
        """The kept values alone."""
        return [value for _, value in self.points]

    @property
    def last(self) -> float:
        """The newest value."""
        return self._last[1]


class History:
    """Series by name, fed with a run's events; memory stays bounded however long the run is."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self.series: dict[str, Series] = {}

    def add(self, step: int, **values: float) -> None:
        """Take in values after `step` steps, each under its name."""
        for name, value in values.items():
            self.series.setdefault(name, Series(self._limit)).add(step, value)

    def feed(self, event: "Event") -> None:
        """Take in what a step or a validation tells; other events are passed over.

        Steps give train/loss, train/grad_norm, train/learning_rate, train/global_step, train/epoch,
        perf/tokens_per_second, perf/step_time (s) and perf/mfu (a fraction); validations eval/loss and
        eval/perplexity.
        """
        from fakeact_llm_training.sim.events import StepDone, ValidationDone

        if isinstance(event, StepDone):
            self.add(event.step, **_step_values(event))
        elif isinstance(event, ValidationDone):
            self.add(event.step, **{"eval/loss": event.loss, "eval/perplexity": event.perplexity})


def _step_values(done: "StepDone") -> dict[str, float]:
    return {
        "train/loss": done.loss,
        "train/grad_norm": done.grad_norm,
        "train/learning_rate": done.learning_rate,
        "train/global_step": done.step,
        "train/epoch": done.epoch,
        "perf/tokens_per_second": done.tokens_per_second,
        "perf/step_time": done.step_time,
        "perf/mfu": done.mfu,
    }
