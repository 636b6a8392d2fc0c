"""From a fault to the first step that is done again: the fall of an attempt and the rise of the next."""

import random
from collections.abc import Iterator
from itertools import groupby

import numpy as np

from fakeact_llm_training.sim.aftermath import Aftermath, draw_aftermath
from fakeact_llm_training.sim.cluster import SPINNING, WAITING
from fakeact_llm_training.sim.events import Event
from fakeact_llm_training.sim.fault_events import Restarted, Resumed, Teardown
from fakeact_llm_training.sim.segment import PhaseOfRun, Segment
from fakeact_llm_training.sim.startup import WeightsLoad, checkpoint_load, initial_load, restart_phases
from fakeact_llm_training.sim.story import Broken, Story


class Recovery:
    """A story with restarts; `restarting` is the start-up that goes on, if one does."""

    def __init__(self, story: Story, generator: np.random.Generator) -> None:
        self._story = story
        self._generator = generator
        self.restarting: Restarted | None = None

    def tell(self) -> Iterator[Segment]:
        """All parts of the run, until it is done or nobody starts it again."""
        story = self._story
        while True:
            try:
                yield from story.train()
            except Broken:
                aftermath = self._aftermath()
            else:
                return
            yield from self._fall(aftermath)
            if story.crew.attempt >= story.scenario.max_restarts:
                yield story.interruption("restarts exhausted")
                return
            yield from self._rise(aftermath)

    def _aftermath(self) -> Aftermath:
        story = self._story
        fault = story.fate.fault(story.clock, story.step + 1, story.crew)
        return draw_aftermath(fault, story.scenario, story.crew, story.step - story.attempt_from, self._generator)

    def _fall(self, aftermath: Aftermath) -> Iterator[Segment]:
        """Collectives spin until the first launcher ends its workers; then nothing runs any more.

        Where no launcher hears of another, the other nodes go on waiting until they have ends of their own.
        """
        story = self._story
        story.trouble.forget(story.clock)
        story.cluster.lose(aftermath.lost)
        ends = [event.at for event in aftermath.events if isinstance(event, Teardown)]
        torn = max(ends) if story.scenario.by_ssh else min(ends)
        phase: PhaseOfRun
        for at, together in groupby(aftermath.events, key=_when):
            phase, load = ("hang", SPINNING) if at <= torn else ("down", WAITING)
            happens = tuple(together)
            yield Segment(phase, at - story.clock, load, happens)
            for event in happens:
                if isinstance(event, Teardown):
                    story.cluster.vacate(story.clock, story.crew.ranks(event.node))
        story.storage.writing = None
        story.forget_unseen()

    def _rise(self, aftermath: Aftermath) -> Iterator[Segment]:
        """New processes come up and load the last complete checkpoint."""
        story, rng = self._story, random.Random(int(self._generator.integers(2**62)))
        yield Segment("down", aftermath.down, WAITING, ())
        last = story.storage.last
        replaced = story.crew.renew(aftermath.replaced, requeued=aftermath.requeued)
        story.cluster.restore(story.clock, replaced, self._generator)
        load = checkpoint_load(story.scenario, last.path, rng) if last else initial_load(story.scenario, rng)
        phases = restart_phases(story.scenario, load, rng)
        crew, seconds = story.crew, phases[-1].ends
        self.restarting = Restarted(
            story.clock, crew.attempt, crew.generation, aftermath.requeued, replaced, crew.comm_id, crew.pids(0),
            phases, seconds,
        )  # fmt: skip
        yield Segment("restart", 0.0, WAITING, (self.restarting,))
        resumed = self._resumed(story.clock + seconds, load)
        yield Segment("restart", seconds, WAITING, (resumed,))
        self._go_back(resumed.step)

    def _resumed(self, at: float, load: WeightsLoad) -> Resumed:
        story, last = self._story, self._story.storage.last
        step = last.step if last else story.scenario.start_step
        scenario, epoch = story.scenario, story.epoch_of(step + 1)
        return Resumed(
            at=at,
            attempt=story.crew.attempt,
            step=step,
            epoch=epoch,
            step_in_epoch=step - (epoch - 1) * scenario.steps_per_epoch,
            path=last.path if last else None,
            lost_steps=story.step - step,
            consumed_samples=step * scenario.global_batch,
            consumed_tokens=step * scenario.tokens_per_step,
            bytes=load.total_bytes,
            seconds=load.seconds,
        )

    def _go_back(self, step: int) -> None:
        story, last = self._story, self._story.storage.last
        story.tally.restore(last.progress if last else None)
        story.step = story.attempt_from = step
        story.recent.clear()
        story.pace.restart(story.clock)
        story.fate.spare(story.clock)
        if story.scaler:
            story.scaler.restore(last.scaling if last else None)
        self.restarting = None


def _when(event: Event) -> float:
    return event.at
