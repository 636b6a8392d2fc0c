"""A training run from its first step to its last, advanced by any amount of time."""

import math
from collections import deque
from collections.abc import Iterator
from types import ModuleType
from typing import Literal, NamedTuple

import numpy as np

from fakeact_llm_training.sim.cluster import SPINNING, TRAINING, VALIDATING, WAITING, Cluster, Load
from fakeact_llm_training.sim.events import (
    CheckpointSaved,
    CheckpointStarted,
    Event,
    GradientSpike,
    LinkFlap,
    LoaderStall,
    StepDone,
    Straggler,
    ThermalAlert,
    ValidationDone,
    ValidationStarted,
)
from fakeact_llm_training.sim.incidents import Incident, draw_incidents
from fakeact_llm_training.sim.layout import FORWARD_SHARE
from fakeact_llm_training.sim.memory import GIB
from fakeact_llm_training.sim.optim import Learning
from fakeact_llm_training.sim.pace import Pace
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.tally import Tally

Phase = Literal["step", "stall", "validation", "checkpoint", "done"]

# Two moments that are nearer than this are the same one, so that a sleep's rounding cannot pass an event by.
SAME = 1e-9


class Segment(NamedTuple):
    """A stretch of time in which one thing goes on; its events happen at its end."""

    phase: Phase
    seconds: float
    load: Load
    events: tuple[Event, ...]


class TrainingRun:
    """The run of a scenario. `advance(dt)` is exact: the same events and times however dt is cut up."""

    def __init__(self, scenario: Scenario, generator: np.random.Generator, special: ModuleType) -> None:
        learning, cluster, pace, incidents, other = _children(generator, 5)
        self.scenario = scenario
        self.cluster = Cluster(scenario, cluster)
        self.learning = Learning(scenario, learning, special)
        self.tally = Tally(scenario)
        self.elapsed = 0.0
        self.latest: StepDone | None = None
        self._pace = Pace(scenario, pace, special)
        self._incidents = draw_incidents(scenario, incidents)
        self._straggler: tuple[Incident, int] | None = None
        self._generator = other
        self._usual_norm = 0.0
        self._calm_since = 0
        self._clock = 0.0
        self._recent: deque[float] = deque(maxlen=100)
        self._story = self._tell()
        self._segment: Segment | None = None
        self.cluster.set_memory(1.0)
        self._begin()

    # What views read
    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return self.latest.step if self.latest else 0

    @property
    def epoch(self) -> int:
        """The running epoch, from 1; the last one when all is done."""
        running = self.step if self.phase in {"step", "stall"} else max(self.step - 1, 0)
        return min(running // self.scenario.steps_per_epoch + 1, self.scenario.epochs)

    @property
    def step_in_epoch(self) -> int:
        """Steps done in the running epoch."""
        return self.step - (self.epoch - 1) * self.scenario.steps_per_epoch

    @property
    def phase(self) -> Phase:
        """What goes on: step, stall (in the middle of a step), validation, checkpoint, done."""
        return self._segment.phase if self._segment else "done"

    @property
    def fraction(self) -> float:
        """How much of the running step, stall, validation or checkpoint is over, from 0 to 1."""
        if not self._segment or not self._segment.seconds:
            return 1.0
        return min(max((self.elapsed - self._clock) / self._segment.seconds, 0.0), 1.0)

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
        """Seconds of a step, mean of the last 100."""
        return sum(self._recent) / len(self._recent) if self._recent else self.scenario.step_time

    @property
    def remaining(self) -> float:
        """Seconds that the steps still to be done will take at the mean of the last 100."""
        return (self.scenario.total_steps - self.step) * self.mean_step_time

    @property
    def remaining_in_epoch(self) -> float:
        """Seconds that the running epoch's steps will still take at the mean of the last 100."""
        return (self.scenario.steps_per_epoch - self.step_in_epoch) * self.mean_step_time

    # How time passes
    def until_next_event(self) -> float:
        """Seconds until something happens; infinite when the run is over."""
        return max(self._clock + self._segment.seconds - self.elapsed, 0.0) if self._segment else math.inf

    def advance(self, dt: float) -> list[Event]:
        """Let `dt` seconds pass; gives what happened, in order, each with its own time."""
        target = self.elapsed + dt
        happened: list[Event] = []
        while self._segment and self._clock + self._segment.seconds <= target + SAME:
            happened += self._segment.events
            self._clock += self._segment.seconds
            self._note(self._segment)
            self._begin()
        self.elapsed = target if self._segment else self._clock
        return happened

    def _begin(self) -> None:
        self._segment = next(self._story, None)
        self.cluster.set_load(self._clock, self._segment.load if self._segment else WAITING)

    def _note(self, segment: Segment) -> None:
        for event in segment.events:
            if isinstance(event, StepDone):
                self.latest = event
                self._recent.append(event.step_time)

    # The story. It is told lazily, each part when the one before is over, so self._clock is its beginning.
    def _tell(self) -> Iterator[Segment]:
        scenario = self.scenario
        for epoch in range(1, scenario.epochs + 1):
            began, last = self._clock, epoch * scenario.steps_per_epoch
            for step in range(last - scenario.steps_per_epoch + 1, last + 1):
                yield from self._step(epoch, step)
                if step % scenario.checkpoint_interval == 0 and step != last:
                    yield from self._checkpoint(epoch, step)
            yield from self._validation(epoch, last)
            yield from self._checkpoint(epoch, last)
            yield Segment("checkpoint", 0.0, WAITING, (self.tally.epoch_done(self._clock, epoch, began),))
        yield Segment("done", 0.0, WAITING, (self.tally.run_done(self._clock),))

    def _step(self, epoch: int, step: int) -> Iterator[Segment]:
        began, causes = self._clock, self._changes(step)
        if causes:
            yield Segment("step", 0.0, TRAINING, tuple(causes))
        for incident in self._incidents.get(step, ()):
            if incident.seconds:
                yield self._stall(incident)
        waited = self._clock - began
        # The trainer's timer resolves a tenth of a millisecond; so what is printed is what was measured.
        work = round(self._pace.seconds(step, self._clock) * (1 + self._slowdown()), 4)
        done = self._step_done(epoch, step, waited, work)
        yield Segment("step", work, TRAINING, (done, *self._consequences(done)))

    def _step_done(self, epoch: int, step: int, waited: float, work: float) -> StepDone:
        scenario, figures, seconds = self.scenario, self.learning.at(step), round(waited + work, 4)
        memory = scenario.layout.memory
        # The optimizer's moments are allocated at the end of the first step.
        reserved = (memory.reserved - (memory.optimizer if step == 1 else 0)) / GIB
        done = StepDone(
            at=self._clock + work,
            step=step,
            epoch=epoch,
            step_in_epoch=step - (epoch - 1) * scenario.steps_per_epoch,
            loss=figures.loss,
            grad_norm=figures.grad_norm,
            clipped=figures.clipped,
            learning_rate=figures.learning_rate,
            step_time=seconds,
            waited=waited,
            tokens_per_second=scenario.tokens_per_step / seconds,
            mfu=scenario.mfu_at(seconds),
            tflops_per_gpu=scenario.tflops_at(seconds),
            memory_allocated=(memory.allocated - (memory.optimizer if step == 1 else 0)) / GIB,
            memory_reserved=reserved,
            memory_share=reserved / scenario.gpu.memory_gib,
            consumed_samples=step * scenario.global_batch,
            consumed_tokens=step * scenario.tokens_per_step,
        )
        self.tally.add(done)
        return done

    def _slowdown(self) -> float:
        slow = self._straggler[0].slowdown if self._straggler else 0.0
        return max(slow, self.cluster.throttling)

    def _changes(self, step: int) -> list[Event]:
        """Stragglers that end or begin before this step."""
        changes: list[Event] = []
        if self._straggler and step >= self._straggler[1]:
            changes.append(self._straggle(self._straggler[0], began=False))
        for incident in self._incidents.get(step, ()):
            if incident.slowdown and not self._straggler:
                changes.append(self._straggle(incident, began=True))
        return changes

    def _straggle(self, incident: Incident, *, began: bool) -> Straggler:
        end = incident.step + incident.steps
        self._straggler = (incident, end) if began else None
        self.cluster.set_drag(self._clock, incident.rank, incident.slowdown if began else 0.0)
        host = self.scenario.host_of(incident.rank)
        return Straggler(self._clock, incident.rank, host, incident.slowdown, began)

    def _stall(self, incident: Incident) -> Segment:
        scenario, rank, seconds = self.scenario, incident.rank, incident.seconds
        at, host = self._clock + seconds, scenario.host_of(rank)
        if incident.kind == "loader":
            first = rank // scenario.gpus_per_node * scenario.gpus_per_node
            ranks = tuple(range(first, first + scenario.gpus_per_node))
            return Segment("stall", seconds, WAITING, (LoaderStall(at, seconds, ranks, host),))
        device = f"mlx5_{rank % scenario.gpus_per_node % scenario.gpu.nic_count}"
        peer = scenario.host_of((rank + scenario.gpus_per_node) % scenario.world_size)
        flap = LinkFlap(at, rank, host, device, peer, seconds, retries=1 + int(seconds / 1.1))
        return Segment("stall", seconds, SPINNING, (flap,))

    def _consequences(self, done: StepDone) -> Iterator[Event]:
        """What a careful trainer would warn of after this step."""
        usual = self._usual_norm or done.grad_norm
        if done.step <= 1.2 * self.scenario.warmup_steps or done.grad_norm < 2.5 * usual:
            self._usual_norm = usual + 0.05 * (done.grad_norm - usual)
        else:
            if done.step > self._calm_since:
                yield GradientSpike(done.at, done.step, done.grad_norm, usual, self.scenario.optimizer.clip)
            self._calm_since = done.step + 50
        if done.step % self.scenario.log_interval == 0:
            yield from self._heat(done.at)

    def _heat(self, at: float) -> Iterator[Event]:
        rank, temperature = self.cluster.hottest(at)
        limit = self.scenario.gpu.slowdown_c
        if temperature > limit - 3 and not self.cluster.throttles:
            self.cluster.engage_throttle(at)
            yield ThermalAlert(at, rank, self.scenario.host_of(rank), temperature, limit)

    def _validation(self, epoch: int, step: int) -> Iterator[Segment]:
        scenario = self.scenario
        samples, batches = scenario.validation_samples, scenario.validation_batches
        one = FORWARD_SHARE * scenario.step_time / scenario.grad_accum
        seconds = batches * one * (1 + 0.01 * float(self._generator.random()))
        started = ValidationStarted(self._clock, epoch, step, samples, batches, seconds)
        yield Segment("validation", 0.0, VALIDATING, (started,))
        loss = self.learning.validation(step)
        best = self.tally.validated(epoch, loss)
        done = ValidationDone(self._clock + seconds, epoch, step, samples, batches, seconds, loss, best)
        yield Segment("validation", seconds, VALIDATING, (done,))

    def _checkpoint(self, epoch: int, step: int) -> Iterator[Segment]:
        scenario, path = self.scenario, self.scenario.site.paths.checkpoint(step)
        size, shards = scenario.checkpoint_bytes, scenario.checkpoint_shards
        # Planning and metadata take a few tenths of a second before the bytes flow.
        seconds = 0.3 + size / scenario.io_rate * math.exp(0.06 * float(self._generator.standard_normal()))
        started = CheckpointStarted(self._clock, epoch, step, path, size, shards, seconds)
        yield Segment("checkpoint", 0.0, WAITING, (started,))
        self.tally.saved(size)
        ends, rate = self._clock + seconds, size / seconds
        saved = CheckpointSaved(ends, epoch, step, path, size, shards, seconds, rate)
        yield Segment("checkpoint", seconds, WAITING, (saved,))


def _children(generator: np.random.Generator, count: int) -> list[np.random.Generator]:
    """Independent generators, so that no part's dice depend on another's."""
    return [np.random.default_rng(int(seed)) for seed in generator.integers(2**62, size=count)]
