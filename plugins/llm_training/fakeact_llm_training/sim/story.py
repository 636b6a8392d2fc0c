"""What happens in a run, part after part: each is told when the one before is over."""

import math
from collections import deque
from collections.abc import Generator, Iterator
from types import ModuleType

import numpy as np

from fakeact_llm_training.sim.cluster import TRAINING, VALIDATING, WAITING, Cluster, Load
from fakeact_llm_training.sim.crew import Crew
from fakeact_llm_training.sim.events import (
    CheckpointSaved,
    CheckpointScheduled,
    CheckpointStarted,
    EarlyStopping,
    Event,
    Reason,
    StepDone,
    ValidationDone,
    ValidationStarted,
)
from fakeact_llm_training.sim.faults import Fate
from fakeact_llm_training.sim.frameworks import FRAMEWORKS
from fakeact_llm_training.sim.layout import FORWARD_SHARE
from fakeact_llm_training.sim.memory import GIB
from fakeact_llm_training.sim.optim import Learning, StepFigures
from fakeact_llm_training.sim.pace import Pace
from fakeact_llm_training.sim.scaler import Scaler, ScalerState
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.segment import PhaseOfRun, Segment
from fakeact_llm_training.sim.storage import Kept, Storage, Writing
from fakeact_llm_training.sim.tally import Tally
from fakeact_llm_training.sim.trouble import Trouble

# Copying a GPU's share of a checkpoint to its host: bytes per second, and the longest that anybody waits for it.
STAGING_RATE, LONGEST_STAGING = 8e9, 6.0
# Between a validation and a save: transformers 5.24 took 2 to 9 ms on a small model, which grows with its parameters.
TURN_SECONDS = (0.003, 0.02)
# Saves behind the steps share the hosts' links with training: they get less, and steps take 1 to 3 % longer.
BACKGROUND_RATE, LEAST_DRAG, MOST_DRAG = 0.7, 0.01, 0.03


class Broken(Exception):
    """A fault ends the running attempt."""


class Story:
    """An attempt after the other; `clock` is when the part that goes on began."""

    def __init__(self, scenario: Scenario, generator: np.random.Generator, special: ModuleType) -> None:
        learning, cluster, pace, incidents, other, fate = _children(generator, 6)
        self.scenario = scenario
        self.cluster = Cluster(scenario, cluster)
        self.learning = Learning(scenario, learning, special)
        self.tally = Tally(scenario)
        self.crew = Crew(scenario)
        self.trouble = Trouble(scenario, self.cluster, self.crew, incidents)
        self.pace = Pace(scenario, pace, special)
        self.scaler = Scaler(scenario, scenario.loss_scaling, fate) if scenario.loss_scaling else None
        self.storage = Storage(scenario, self.scaling)
        self.fate = Fate(scenario, fate)
        self.clock = 0.0
        self.step = scenario.start_step
        self.attempt_from = scenario.start_step
        self.latest: StepDone | None = None
        self.recent: deque[float] = deque(maxlen=100)
        self._generator = other
        self._epoch_began: dict[int, float] = {}
        self._drag = 0.0
        self._unseen: CheckpointSaved | None = None

    @property
    def scaling(self) -> ScalerState | None:
        """The loss scale's state, in fp16."""
        return self.scaler.state if self.scaler else None

    @property
    def skipped(self) -> int:
        """Steps that were skipped, of those that count."""
        return self.scaler.state.skipped if self.scaler else 0

    def epoch_of(self, step: int) -> int:
        """The epoch that a step, counted from 1, belongs to."""
        return (step - 1) // self.scenario.steps_per_epoch + 1

    def train(self) -> Iterator[Segment]:
        """From the step after `self.step` to the end of the run or of the job; Broken where a fault ends it."""
        scenario = self.scenario
        while self.step < scenario.last_step:
            self._epoch_began.setdefault(self.epoch_of(self.step + 1), self.clock)
            yield from self._step(self.step + 1)
            stopped = yield from self._between()
            if stopped:
                yield from self._finish(stopped_early=True)
                return
            if scenario.time_limit and self.clock >= scenario.time_limit and self.step < scenario.total_steps:
                yield from self._leave("time limit")
                return
        if self.step < scenario.total_steps:
            yield from self._leave("step limit")
        else:
            yield from self._finish(stopped_early=False)

    def _finish(self, *, stopped_early: bool) -> Iterator[Segment]:
        yield from self._await_writing()
        yield Segment("done", 0.0, WAITING, (self.tally.run_done(self.clock, self.step, stopped_early=stopped_early),))

    def _leave(self, reason: Reason) -> Iterator[Segment]:
        """A last checkpoint, and the job is over."""
        writing = self.storage.writing
        kept = writing.kept if writing else self.storage.last
        if kept is None or kept.step != self.step:
            yield from self._checkpoint()
        yield from self._await_writing()
        yield self.interruption(reason)

    def interruption(self, reason: Reason) -> Segment:
        """The job ends before the run."""
        last = self.storage.last
        event = self.tally.interrupted(self.clock, reason, self.step, last.path if last else None)
        return Segment("done", 0.0, WAITING, (event,))

    # Pieces of time
    def _spend(self, phase: PhaseOfRun, seconds: float, load: Load, events: tuple[Event, ...]) -> Iterator[Segment]:
        """Something that takes `seconds`, in pieces where a save is complete in its middle; Broken by a fault."""
        begins = self.clock
        ends = begins + seconds
        while min(self._written_at, self.fate.due) < ends:
            over, breaks = self.clock - begins, self.fate.due <= self._written_at
            at = max(min(self._written_at, self.fate.due), self.clock)
            happens = () if breaks else self._written(at)
            yield Segment(phase, at - self.clock, load, happens, over, seconds)
            if breaks:
                raise Broken
        yield Segment(phase, ends - self.clock, load, events, self.clock - begins, seconds)

    @property
    def _written_at(self) -> float:
        return self.storage.writing.ends if self.storage.writing else math.inf

    def _written(self, at: float) -> tuple[Event, ...]:
        writing = self.storage.writing
        assert writing
        self.storage.writing, self._drag = None, 0.0
        self.tally.saved(writing.started.bytes)
        saved, *pruned = self.storage.complete(writing.started, at, writing.kept)
        self._unseen = saved
        return saved, *pruned

    def forget_unseen(self) -> None:
        """A save that was complete in the middle of a step that never ended, where trainers look between steps."""
        if self._unseen and FRAMEWORKS[self.scenario.dialect].finalizes_between_steps:
            self.storage.forget(self._unseen)
        self._unseen = None

    def _await_writing(self) -> Iterator[Segment]:
        """Stand still until the save behind the steps is complete."""
        if self.storage.writing:
            seconds = max(self._written_at - self.clock, 0.0)
            yield from self._spend("checkpoint", seconds, WAITING, ())
            if self.storage.writing:
                yield Segment("checkpoint", 0.0, WAITING, self._written(self.clock))

    # A step
    def _step(self, step: int) -> Iterator[Segment]:
        began = self.clock
        if causes := self.trouble.changes(step, self.clock):
            yield Segment("step", 0.0, TRAINING, tuple(causes))
        for incident in self.trouble.stalls(step):
            stall = self.trouble.stall(incident, self.clock)
            yield from self._spend(stall.phase, stall.seconds, stall.load, stall.events)
        waited = self.clock - began
        # Timers resolve nanoseconds, and some frameworks print all digits that they have.
        work = round(self.pace.seconds(self.clock) * (1 + self.trouble.slowdown) * (1 + self._drag), 9)
        done = self._step_done(step, waited, work)
        yield from self._spend("step", work, TRAINING, (done, *self.trouble.consequences(done)))
        if self.scaler:
            self.scaler.state = self.scaler.after(overflow=done.skipped)
        self.step, self.latest, self._unseen = step, done, None
        self.recent.append(done.step_time)
        self.tally.add(done)

    def _figures(self, step: int) -> tuple[StepFigures, bool]:
        """The step's loss, norm and rate, and whether it is skipped; updates, not steps, move the schedule on."""
        skipped = self.skipped
        if self.scaler and self.scaler.overflows(step):
            updates = step - 1 - skipped
            rate = self.scenario.schedule.learning_rate(updates) if updates else 0.0
            return StepFigures(math.nan, math.inf, rate, clipped=False), True
        return self.learning.at(step - skipped, self.crew.attempt), False

    def _step_done(self, step: int, waited: float, work: float) -> StepDone:
        scenario, seconds = self.scenario, round(waited + work, 9)
        figures, overflow = self._figures(step)
        before, after = self.scaling, self.scaler.after(overflow=overflow) if self.scaler else None
        memory = scenario.layout.memory
        # The optimizer's moments are allocated at the end of the first step, unless a checkpoint brought them.
        missing = memory.optimizer if step == 1 else 0
        reserved = (memory.reserved - missing) / GIB
        return StepDone(
            at=self.clock + work,
            step=step,
            epoch=self.epoch_of(step),
            step_in_epoch=step - (self.epoch_of(step) - 1) * scenario.steps_per_epoch,
            loss=figures.loss,
            grad_norm=figures.grad_norm,
            clipped=figures.clipped,
            learning_rate=figures.learning_rate,
            step_time=seconds,
            waited=waited,
            tokens_per_second=scenario.tokens_per_step / seconds,
            mfu=scenario.mfu_at(seconds),
            tflops_per_gpu=scenario.tflops_at(seconds),
            memory_allocated=(memory.allocated - missing) / GIB,
            memory_reserved=reserved,
            memory_share=reserved / scenario.gpu.memory_gib,
            consumed_samples=step * scenario.global_batch,
            consumed_tokens=step * scenario.tokens_per_step,
            attempted_loss_scale=before.scale if before else None,
            loss_scale=after.scale if after else None,
            skipped=overflow,
            skipped_steps=after.skipped if after else 0,
            attempt=self.crew.attempt,
        )

    # Between steps
    def _between(self) -> Generator[Segment, None, bool]:
        """Validation, checkpoint, the end of an epoch, where they are due; true if the run is to stop early."""
        scenario, step = self.scenario, self.step
        self.learning.forget(self.storage.settled(step - self.skipped))
        ends = step % scenario.steps_per_epoch == 0
        validates, saves = scenario.is_due_to_validate(step), scenario.is_due(scenario.checkpoint_interval, step)
        parts = [self._validation(inside=not ends)] * validates + [self._checkpoint()] * saves
        for place, part in enumerate(reversed(parts) if FRAMEWORKS[scenario.dialect].saves_first else parts):
            if place:
                yield from self._spend("validation", float(self._generator.uniform(*TURN_SECONDS)), WAITING, ())
            yield from part
        stops = validates and scenario.patience is not None and self.tally.stale >= scenario.patience
        if ends:
            epoch = self.epoch_of(step)
            done = self.tally.epoch_done(self.clock, epoch, self._epoch_began.get(epoch, 0.0))
            yield Segment("checkpoint", 0.0, WAITING, (done,))
        if stops and step < scenario.total_steps:
            yield Segment("validation", 0.0, WAITING, (self._early_stopping(),))
            return True
        return False

    def _early_stopping(self) -> EarlyStopping:
        _, best_step, best = self.tally.best
        stale, patience = self.tally.stale, self.scenario.patience or 0
        return EarlyStopping(self.clock, self.epoch_of(self.step), self.step, stale, patience, best, best_step)

    def _validation(self, *, inside: bool) -> Iterator[Segment]:
        scenario, step, epoch = self.scenario, self.step, self.epoch_of(self.step)
        samples, batches = scenario.validation_samples, scenario.validation_batches
        one = FORWARD_SHARE * scenario.step_time / scenario.grad_accum
        seconds = batches * one * (1 + 0.01 * float(self._generator.random()))
        started = ValidationStarted(self.clock, epoch, step, samples, batches, seconds, inside)
        yield Segment("validation", 0.0, VALIDATING, (started,))
        loss = self.learning.validation(step - self.skipped)
        trained = self.tally.recent_loss
        best = self.tally.validated(epoch, step, loss)
        _, best_step, best_loss = self.tally.best
        # The loop does not wait for one behind it: who plays the end does.
        waits = 0.0 if scenario.validates_behind(step) else seconds
        done = ValidationDone(
            self.clock + waits, epoch, step, samples, batches, seconds, loss, best, trained, best_loss, best_step,
            self.tally.stale, scenario.patience, inside,
        )  # fmt: skip
        yield from self._spend("validation", waits, VALIDATING, (done,))

    def _checkpoint(self) -> Iterator[Segment]:
        yield from self._await_writing()
        scenario, step, epoch = self.scenario, self.step, self.epoch_of(self.step)
        path, size, shards = scenario.site.paths.checkpoint(step), scenario.checkpoint_bytes, scenario.checkpoint_shards
        # Planning and metadata take a few tenths of a second before the bytes flow.
        seconds = 0.3 + size / scenario.io_rate * math.exp(0.06 * float(self._generator.standard_normal()))
        blocking, behind = seconds, scenario.saves_behind(step)
        if behind:
            blocking = min(0.4 + size / scenario.world_size / STAGING_RATE, LONGEST_STAGING)
            seconds = blocking + seconds / BACKGROUND_RATE
        started = CheckpointStarted(self.clock, epoch, step, path, size, shards, seconds, behind, blocking)
        yield Segment("checkpoint", 0.0, WAITING, (started,))
        kept = Kept(step, path, self.scaling, self.tally.save())
        if behind:
            scheduled = CheckpointScheduled(self.clock + blocking, epoch, step, path, blocking)
            yield from self._spend("checkpoint", blocking, WAITING, (scheduled,))
            self.storage.writing = Writing(started, started.at + seconds, kept)
            self._drag = float(self._generator.uniform(LEAST_DRAG, MOST_DRAG))
            return
        yield from self._spend("checkpoint", seconds, WAITING, ())
        self.tally.saved(size)
        yield Segment("checkpoint", 0.0, WAITING, self.storage.complete(started, self.clock, kept))


def _children(generator: np.random.Generator, count: int) -> list[np.random.Generator]:
    """Independent generators, so that no part's dice depend on another's."""
    return [np.random.default_rng(int(seed)) for seed in generator.integers(2**62, size=count)]
