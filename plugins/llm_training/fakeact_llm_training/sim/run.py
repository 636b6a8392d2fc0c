"""A training run from its first step to its last, advanced by any amount of time."""

import math
from types import ModuleType

import numpy as np

from fakeact_llm_training.sim.cluster import WAITING, Cluster
from fakeact_llm_training.sim.events import CheckpointStarted, Event, StepDone
from fakeact_llm_training.sim.fault_events import Restarted
from fakeact_llm_training.sim.optim import Learning
from fakeact_llm_training.sim.recovery import Recovery
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.segment import PhaseOfRun, Segment
from fakeact_llm_training.sim.startup import Phase
from fakeact_llm_training.sim.story import Story
from fakeact_llm_training.sim.tally import Tally

# Two moments that are nearer than this are the same one, so that a sleep's rounding cannot pass an event by.
SAME = 1e-9
# How full the GPUs' memory is where it is not in its steady state: None without processes.
MEMORY: dict[PhaseOfRun, float | None] = {"down": None, "restart": 0.0}


class TrainingRun:
    """The run of a scenario. `advance(dt)` is exact: the same events and times however dt is cut up."""

    def __init__(self, scenario: Scenario, generator: np.random.Generator, special: ModuleType) -> None:
        self.scenario = scenario
        self.elapsed = 0.0
        self._story = Story(scenario, generator, special)
        self._recovery = Recovery(self._story, np.random.default_rng(int(generator.integers(2**62))))
        self._telling = self._recovery.tell()
        self._segment: Segment | None = None
        self._begin()

    # What views read
    @property
    def cluster(self) -> Cluster:
        """All GPUs."""
        return self._story.cluster

    @property
    def learning(self) -> Learning:
        """The course of the loss."""
        return self._story.learning

    @property
    def tally(self) -> Tally:
        """Sums over what has been done."""
        return self._story.tally

    @property
    def latest(self) -> StepDone | None:
        """The last step that was done, also if it is lost by now."""
        return self._story.latest

    @property
    def step(self) -> int:
        """Optimizer steps done; goes back when training is resumed from a checkpoint."""
        return self._story.step

    @property
    def epoch(self) -> int:
        """The running epoch, from 1; the last one when all is done."""
        between = self.phase in {"validation", "checkpoint", "done"}
        running = max(self.step - 1, 0) if between else self.step
        return min(running // self.scenario.steps_per_epoch + 1, self.scenario.epochs)

    @property
    def step_in_epoch(self) -> int:
        """Steps done in the running epoch."""
        return self.step - (self.epoch - 1) * self.scenario.steps_per_epoch

    @property
    def phase(self) -> PhaseOfRun:
        """What goes on: a step, a stall in its middle, validation, checkpoint, hang, down, restart, done."""
        return self._segment.phase if self._segment else "done"

    @property
    def fraction(self) -> float:
        """How much of the running step, stall, validation, checkpoint or restart is over, from 0 to 1."""
        return self._segment.fraction(self.elapsed - self._story.clock) if self._segment else 1.0

    @property
    def micro_step(self) -> int:
        """Micro-batches of the running step that are done."""
        return int(self.fraction * self.scenario.grad_accum) if self.phase == "step" else 0

    @property
    def validation_batch(self) -> int:
        """Batches of the running validation that are done."""
        return int(self.fraction * self.scenario.validation_batches) if self.phase == "validation" else 0

    @property
    def is_done(self) -> bool:
        """Whether the last event has happened."""
        return self._segment is None

    @property
    def mean_step_time(self) -> float:
        """Seconds of a step, mean of the last 100 of this attempt."""
        recent = self._story.recent
        return sum(recent) / len(recent) if recent else self.scenario.step_time

    @property
    def remaining(self) -> float:
        """Seconds that the steps still to be done will take at the mean of the last 100."""
        return (self.scenario.total_steps - self.step) * self.mean_step_time

    @property
    def remaining_in_epoch(self) -> float:
        """Seconds that the running epoch's steps will still take at the mean of the last 100."""
        return (self.scenario.steps_per_epoch - self.step_in_epoch) * self.mean_step_time

    # Who runs where, as of now
    @property
    def attempt(self) -> int:
        """How often the job has been started again."""
        return self._story.crew.attempt

    @property
    def comm_id(self) -> int:
        """The communicator's 64-bit id."""
        return self._story.crew.comm_id

    def host(self, node: int) -> str:
        """The machine that is this node."""
        return self._story.crew.host(node)

    def address(self, node: int) -> str:
        """The address of the machine that is this node."""
        return self._story.crew.address(node)

    def host_of(self, rank: int) -> str:
        """The machine that a rank runs on."""
        return self._story.crew.host_of(rank)

    def pid(self, rank: int) -> int:
        """A rank's process id."""
        return self._story.crew.pid(rank)

    def agent_pid(self, node: int) -> int:
        """The launcher's process id on a node."""
        return self._story.crew.agent_pid(node)

    # What goes on beside the steps
    @property
    def restarting(self) -> Restarted | None:
        """The start-up of new processes that goes on."""
        return self._recovery.restarting

    @property
    def restart_phase(self) -> Phase | None:
        """The part of that start-up that goes on."""
        if not self.restarting:
            return None
        passed = self.elapsed - self.restarting.at
        return next((phase for phase in self.restarting.phases if passed < phase.ends), self.restarting.phases[-1])

    @property
    def saving(self) -> CheckpointStarted | None:
        """The checkpoint that is written behind the steps."""
        writing = self._story.storage.writing
        return writing.started if writing else None

    @property
    def saving_fraction(self) -> float:
        """How much of it is written, from 0 to 1; 1 if there is none."""
        if not (saving := self.saving):
            return 1.0
        copied = saving.at + saving.blocking
        return min(max((self.elapsed - copied) / (saving.seconds - saving.blocking), 0.0), 1.0)

    @property
    def last_checkpoint(self) -> str | None:
        """The directory of the newest complete checkpoint."""
        last = self._story.storage.last
        return last.path if last else None

    @property
    def skipped_steps(self) -> int:
        """Steps skipped because gradients overflowed in fp16."""
        return self._story.skipped

    @property
    def loss_scale(self) -> float | None:
        """The present loss scale in fp16."""
        return self._story.scaling.scale if self._story.scaling else None

    # How time passes
    def until_next_event(self) -> float:
        """Seconds until something happens; infinite when the run is over."""
        return max(self._story.clock + self._segment.seconds - self.elapsed, 0.0) if self._segment else math.inf

    def advance(self, dt: float) -> list[Event]:
        """Let `dt` seconds pass; gives what happened, in order, each with its own time."""
        target = self.elapsed + dt
        happened: list[Event] = []
        while self._segment and self._story.clock + self._segment.seconds <= target + SAME:
            happened += self._segment.events
            self._story.clock += self._segment.seconds
            self._begin()
        self.elapsed = target if self._segment else self._story.clock
        return happened

    def _begin(self) -> None:
        self._segment = next(self._telling, None)
        self.cluster.set_load(self._story.clock, self._segment.load if self._segment else WAITING)
        self.cluster.set_memory(MEMORY.get(self.phase, 1.0))
