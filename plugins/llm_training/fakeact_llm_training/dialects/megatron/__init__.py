"""Megatron-LM, main of 2026, under torchrun and Slurm: every rank's output in one log."""

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fakeact import IO
from fakeact_llm_training.dialects.megatron import lines
from fakeact_llm_training.dialects.megatron.arguments import evaluations
from fakeact_llm_training.dialects.megatron.crew import Crew
from fakeact_llm_training.dialects.megatron.faults import Faults
from fakeact_llm_training.dialects.megatron.figures import Memory, memory_at_save, memory_of, theory
from fakeact_llm_training.dialects.megatron.interval import Interval
from fakeact_llm_training.dialects.megatron.startup import StartUp
from fakeact_llm_training.sim.memory import GIB, segments
from fakeact_llm_training.sim.startup import Startup
from fakeact_llm_training.tools import nccl, process_group

if TYPE_CHECKING:
    from fakeact_llm_training.sim import events as ev
    from fakeact_llm_training.sim import fault_events as faults

FIRST_BEHIND, MOST_BEHIND = 1500, 8000
"""Microseconds between a line of the last rank and one of rank 0 that follows from it."""
REPORTED_SAVES = 3
"""Memory is reported around the first checkpoints of a job only."""
SIGNALLED = "exiting program after receiving SIGTERM."
"""Said whatever the signal is; Slurm's is SIGUSR1."""
RERUN = "WARNING:megatron.core.rerun_state_machine:Setting RerunStateMachine mode RerunMode."
EXIT_SPREAD = 0.02
"""Ranks end one after the other, as they once found their GPUs."""
LONGEST_TURN = 0.03
"""Seconds from an evaluation to a save that are no wait for an earlier one."""
MOST_PERPLEXITY = 20.0
"""The exponent that Megatron stops at."""


class Speaker(Crew):
    """`` [2026-01-30 10:45:32.123456] iteration       10/  1000 | ...``; no bar, the last rank's line."""

    def __init__(self, io: IO, startup: Startup) -> None:
        super().__init__(io, startup)
        self.faults, self._clock = Faults(self), io.now()
        self._forget()

    def now(self, ago: float = 0.0) -> datetime:
        """The time on rank 0's clock: it comes to a line some milliseconds behind the last rank, and never twice."""
        now = self.io.now() - timedelta(seconds=ago)
        behind = FIRST_BEHIND + (self.pid(0) * 31 + now.microsecond * 7) % MOST_BEHIND
        self._clock = max(now + timedelta(microseconds=behind), self._clock + timedelta(microseconds=FIRST_BEHIND // 8))
        return self._clock

    def _forget(self) -> None:
        """New processes know nothing of what the old ones counted."""
        self.interval = Interval(self.scenario)
        self._reports, self._saves, self._first = 2, 0, True
        self._written: int | None = None
        self._stands_since, self._waited = 0.0, 0.0
        self._unfinished = False
        self._exit = ""

    async def say(self, text: str) -> None:
        """Print a line; whose it is cannot be seen."""
        await self.io.print(text)

    async def say_all(self, text: list[str]) -> None:
        """Print several lines."""
        for line in text:
            await self.io.print(line)

    async def milestone(self, what: str) -> None:
        """Print a date and time by rank 0."""
        await self.say(lines.at(what, self.now()))

    # From launch to the first step
    async def start(self) -> None:
        start_up = StartUp(self, self.startup.phases, 0.0, self.scenario.start_step)
        await start_up.script()
        await start_up.launch()
        await start_up.play()

    async def on_Restarted(self, event: "faults.Restarted") -> None:  # noqa: N802 - named after the event
        self._forget()
        last = self.run.last_checkpoint
        step = int(last.rpartition("-")[2]) if last else self.scenario.start_step
        start_up = StartUp(self, event.phases, self.since_launch(event.at), step)
        if event.requeued:
            await start_up.script()
        await start_up.launch(banner=event.requeued)
        await start_up.play()

    # Steps and what is between them
    async def on_StepDone(self, event: "ev.StepDone") -> None:  # noqa: N802
        self.interval.add(event)
        self._stands_since = event.at
        if self._first or event.step % self.scenario.log_interval == 0:
            await self._report(event)
        await self._say_written()

    async def _report(self, event: "ev.StepDone") -> None:
        """Megatron's line; the first one of a job begins no new interval."""
        # The simulation's times are whole tenths of a millisecond; the last rank gathers losses for about one more.
        gathered = timedelta(microseconds=90 + (event.step * 40503 + self.pid(self.last_rank)) % 907)
        now = self.io.now() + gathered
        if self.interval.wants_power:
            readings = self.run.cluster.readings(event.at)
            self.interval.power = float(readings.power[readings.present].mean())
        await self.say(lines.training(now, event.step, self.scenario.total_steps, self.interval))
        if self._reports:
            self._reports -= 1
            await self.say_all(list(lines.theory(theory(self.scenario), stages=self.scenario.pp)))
            await self._memory(f"after {event.step} iterations", event)
        if not self._first:
            self.interval.begin()
        self._first = False

    async def _memory(self, when: str, event: "ev.StepDone | None") -> None:
        for rank, _, stage in self.reporters:
            used = self._used(stage, event) if event else memory_at_save(self.scenario, stage)
            await self.say(lines.memory(rank, when, used))

    def _used(self, stage: int, event: "ev.StepDone") -> Memory:
        """A stage's counters; until the optimizer has its moments the peak is lower."""
        used = memory_of(self.scenario, stage)
        missing = self.scenario.layout.memory.allocated - round(event.memory_allocated * GIB)
        if missing <= 0:
            return used
        peak = max(used.most_allocated - missing, used.allocated)
        reserved = segments(max(used.reserved - missing, used.allocated))
        return Memory(used.allocated, peak, reserved, reserved)

    async def on_ValidationStarted(self, event: "ev.ValidationStarted") -> None:  # noqa: N802
        if not self.scenario.validates_behind(event.step):
            await self.say(f"{RERUN}DISABLED")

    async def on_ValidationDone(self, event: "ev.ValidationDone") -> None:  # noqa: N802
        self._loss, self._evaluation, self._stands_since = event.loss, event.seconds, event.at
        if not self.scenario.validates_behind(event.step):
            await self._evaluated(f"iteration {event.step}")

    async def _evaluated(self, prefix: str) -> None:
        await self._time("evaluate", self._evaluation)
        await self.say(f"{RERUN}VALIDATE_RESULTS")
        perplexity = math.exp(min(MOST_PERPLEXITY, self._loss))
        await self.say_all(lines.validation(prefix, self._loss, perplexity))

    async def _time(self, name: str, seconds: float) -> None:
        await self.say_all(lines.timers({name: lines.spread(seconds, self.pid(self.last_rank))}))

    # Checkpoints
    @property
    def _directory(self) -> str:
        return self.scenario.site.paths.checkpoints

    async def on_CheckpointStarted(self, event: "ev.CheckpointStarted") -> None:  # noqa: N802
        # Megatron begins at once, and what it waits for the writing of an earlier one is this one's time.
        waited = event.at - self._stands_since
        self._waited = waited if waited > LONGEST_TURN else 0.0
        if self._is_after_training(event.step):
            await self.milestone("after training is done")
        elif self._saves < REPORTED_SAVES:
            await self._memory(f"before save_checkpoint for iteration {event.step}", None)
        if event.asynchronous and (self._written is not None or self._waited > 0):
            await self.say(
                "WARNING: Starting a checkpoint save before previous has finished. Consider increasing the "
                "checkpoint interval."
            )
        now = lines.stamp(self.now(self._waited))
        await self.say(
            f"[{now}] saving checkpoint at iteration {event.step:7d} to {self._directory} in torch_dist format"
        )
        await self.say("Storing distributed optimizer sharded state of type dp_reshardable")

    def _is_after_training(self, step: int) -> bool:
        """Whether a checkpoint is the extra one at the end of a run whose length the interval does not divide."""
        return step == self.scenario.total_steps and bool(step % self.scenario.checkpoint_interval)

    async def on_CheckpointScheduled(self, event: "ev.CheckpointScheduled") -> None:  # noqa: N802
        now = lines.stamp(self.now())
        await self.say(
            f"  [{now}] scheduled an async checkpoint save at iteration {event.step:7d} to {self._directory}"
        )
        await self._saved(event.step, self._waited + event.blocking)
        await self._say_written()
        if self._leaves(event):
            await self._say_exit(event.step)
            await self._finalize()
        elif event.step == self.scenario.total_steps:
            await self._finalize()

    async def _finalize(self) -> None:
        self._unfinished = True
        await self.say("Unfinalized async checkpoint saves. Finalizing them synchronously now.")

    def _leaves(self, event: "ev.CheckpointScheduled") -> bool:
        """Whether the job ends behind this checkpoint, long before the run does."""
        scenario = self.scenario
        late = scenario.time_limit is not None and event.at >= scenario.time_limit
        return event.step < scenario.total_steps and (late or event.step >= scenario.last_step)

    async def on_CheckpointSaved(self, event: "ev.CheckpointSaved") -> None:  # noqa: N802
        if event.asynchronous and not self._unfinished:
            # Rank 0 looks for finished saves between steps only.
            self._written = event.step
            return
        await self._success(event.step)
        if not event.asynchronous:
            await self._saved(event.step, event.seconds)

    async def _say_written(self) -> None:
        if self._written is not None:
            step, self._written = self._written, None
            await self._success(step)

    async def _success(self, step: int) -> None:
        tensor, stages = self.scenario.tp, self.scenario.pp
        await self.say(
            f"  [{lines.stamp(self.now())}] successfully saved checkpoint from iteration {step:7d} to "
            f"{self._directory} [ t 1/{tensor}, p 1/{stages} ]"
        )

    async def _saved(self, step: int, seconds: float) -> None:
        """What the training loop says behind a checkpoint; one after the loop is saved without a word more."""
        if self._is_after_training(step):
            return
        if self._saves < REPORTED_SAVES:
            await self._memory(f"after save_checkpoint for iteration {step}", None)
        self._saves += 1
        await self._time("save-checkpoint", seconds)

    # The fabric
    async def on_LinkFlap(self, event: "ev.LinkFlap") -> None:  # noqa: N802
        local = event.rank % self.scenario.gpus_per_node
        version, pid = self.scenario.site.versions.nccl, self.pid(event.rank)
        flap = nccl.link_flap(self.io.now(), version, event.host, pid, local, event.device, event.seconds)
        await self.say_all(flap)

    async def on_Fault(self, event: "faults.Fault") -> None:  # noqa: N802
        self._written = None
        await super().on_Fault(event)

    # The end
    async def end(self, last: "ev.Event") -> None:
        await self._say_written()
        reason = getattr(last, "reason", "")
        if reason == "restarts exhausted":
            await self.faults.give_up()
            return
        if reason or getattr(last, "stopped_early", False):
            await self._say_exit(self.run.step)
            await self._leave()
            return
        await self._last_evaluation()
        await self._leave()
        self.faults.over()
        from fakeact_llm_training.dialects.megatron.ending import Ending

        await Ending(self).play()

    async def _say_exit(self, step: int) -> None:
        """Why the loop is left before its end, said once."""
        if not self._exit:
            limited = self.scenario.step_limit is not None
            self._exit = f"exiting program at iteration {step}" if limited else SIGNALLED
            await self.milestone(self._exit)

    async def _last_evaluation(self) -> None:
        """Behind the loop the validation set is run through once more, batch after batch."""
        step = self.scenario.total_steps
        if not step % self.scenario.checkpoint_interval:
            await self.milestone("after training is done")
        await self.say(f"{RERUN}DISABLED")
        batches = evaluations(self.scenario)
        await self.say(f"Evaluating on {batches * self.scenario.global_batch} samples")
        for batch in range(1, batches + 1):
            await self.say(f"Evaluating iter {batch}/{batches}")
            await self.io.csleep(1000 * self._evaluation / batches)
        await self._evaluated(f"iteration {step} on validation set")

    async def _leave(self) -> None:
        """Megatron does not destroy its process groups, and torch complains."""
        torch = self.scenario.site.versions.torch
        for found in self.startup.detections(range(self.scenario.gpus_per_node)):
            await self.io.csleep(1000 * EXIT_SPREAD * found.at)
            await self.say(process_group.not_destroyed(self.io.now(), torch, found.rank, self.pid(found.rank)))
