"""torchtitan 0.3: PyTorch's own trainer for large models, one rank's log through torchrun."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fakeact import IO
from fakeact_llm_training.dialects.base import Dialect
from fakeact_llm_training.dialects.torchtitan.faults import Faults
from fakeact_llm_training.dialects.torchtitan.log import Log
from fakeact_llm_training.dialects.torchtitan.metrics import (
    Meter,
    flops_per_token,
    memory,
    peak_flops,
    step_line,
    validation_line,
)
from fakeact_llm_training.dialects.torchtitan.registry import flavor
from fakeact_llm_training.dialects.torchtitan.startup import StartUp
from fakeact_llm_training.export import scripted_evaluation
from fakeact_llm_training.sim.export import draw_export
from fakeact_llm_training.sim.startup import Startup
from fakeact_llm_training.tools import slurm

if TYPE_CHECKING:
    from fakeact_llm_training.sim import events as ev
    from fakeact_llm_training.sim import fault_events as faults

GC_INTERVAL, CHECKPOINTER = 50, "GC collection invoked by checkpointer."
AHEAD = (0.12, 0.24)
"""By which share of a forward and backward pass Python is ahead of the GPU: 0.18 in a public log of Llama 3 8B, where
collections are reported 8.83 steps behind the line that they are nine steps behind."""
LONGEST_SILENCE = 40.0
"""Seconds that a conversion may take without a word."""
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"
REMOVAL, FILE_REMOVAL = 0.02, 0.0015
"""Seconds to delete a checkpoint on a parallel file system, and for each of its files (an estimate)."""


class Speaker(Dialect):
    """``[rank0]:[titan] ... step: 10  loss: ...``; no bar, one line in ten steps."""

    def __init__(self, io: IO, startup: Startup) -> None:
        super().__init__(io, startup)
        self.log, self.meter = Log(io), Meter(self.scenario)
        self._flops = flops_per_token(self.scenario.model, self.scenario.sequence_length)
        self._memory = ""
        self.faults = Faults(self)
        self._deleted: list[tuple[float, str]] = []
        self._generation = 0
        self._is_first = True
        self._ahead = self.dice.uniform(*AHEAD)

    @property
    def corpus(self) -> str:
        """The name the data set is registered under: the last part of its name on the Hub."""
        return self.scenario.dataset.name.rsplit("/")[-1].lower()

    def checkpoint(self, step: int) -> str:
        """The directory of the checkpoint after `step` steps."""
        return f"{self.scenario.site.paths.checkpoints}/step-{step}"

    def error_file(self, local_rank: int, agent: int) -> str:
        """Where a worker of this attempt leaves its exception; the names are the launcher's, of its process id."""
        job = self.scenario.site.job_id
        return (
            f"/tmp/torchelastic_{_letters(agent)}/{job}_{_letters(agent * job)}/attempt_{self._generation}/"  # noqa: S108
            f"{local_rank}/error.json"
        )

    async def on(self, event: "ev.Event") -> None:
        await self._say_deleted(event.at)
        await super().on(event)

    # From launch to the first step
    async def start(self) -> None:
        start_up = StartUp(self, self.startup.phases, 0.0, self.scenario.start_step)
        start_up.load_path = self._initial_weights
        await start_up.script()
        self.load_simulation()
        await start_up.launch()
        await start_up.play()

    @property
    def _initial_weights(self) -> str:
        weights = self.startup.weights
        return weights.path if weights.what == "published" else self.checkpoint(self.scenario.start_step)

    async def on_Restarted(self, event: "faults.Restarted") -> None:  # noqa: N802 - named after the event
        last, scenario = self.run.last_checkpoint, self.scenario
        self._generation, self._is_first = event.generation, True
        step = int(last.rpartition("-")[2]) if last else scenario.start_step
        start_up = StartUp(self, event.phases, self.since_launch(event.at), step)
        start_up.load_path = self.checkpoint(step) if last else self._initial_weights
        if event.requeued:
            await start_up.script()
            await start_up.launch()
        else:
            await start_up.spawn()
        await start_up.play()

    # Steps and what is between them
    async def on_StepDone(self, event: "ev.StepDone") -> None:  # noqa: N802
        scenario = self.scenario
        if event.step > 1 and event.step % GC_INTERVAL == 0:
            await self.collected("Performing periodic GC collection", self._reaches(event))
        self._memory = memory(event.memory_reserved, event.memory_share)
        self.meter.count(scenario.tokens_per_step)
        if event.step == 1 or event.step % scenario.log_interval == 0:
            await self._metrics(event)
        # The loop goes on to save and to validate before it does so.
        if self._is_first and not scenario.is_due_to_validate(event.step):
            await self._adjust()

    def _reaches(self, event: "ev.StepDone") -> datetime:
        """When Python begins with a step: ahead of the GPU, which it waits for where data are copied to it.

        Behind what was said last it is not ahead: lines of metrics and checkpoints wait for the GPU.
        """
        ahead = self._ahead * self.scenario.step_time / self.scenario.grad_accum
        return max(self.io.now() - timedelta(seconds=event.step_time + ahead), self.log.last)

    async def _adjust(self) -> None:
        """Behind the first step of a process collectives may take less time."""
        self._is_first = False
        limit = timedelta(seconds=self.scenario.collective_timeout)
        await self.log.info(f"Synchronizing and adjusting timeout for all ProcessGroups to {limit}")

    async def prepare(self, suffix: str) -> None:
        """A data set is opened."""
        await self.log.info(f"Preparing {self.corpus}{suffix} dataset from {self.scenario.dataset.name}")

    async def _metrics(self, event: "ev.StepDone") -> None:
        now = self.since_launch(event.at)
        speed = self.meter.tokens_per_second(now), self._flops, peak_flops(self.scenario.gpu.device)
        await self.log.info(step_line(event.step, event.loss, event.grad_norm, self._memory, speed))
        self.meter.reset(now)

    @property
    def _gc(self) -> float:
        """Seconds of a collection: some hundredths, more with more modules."""
        return 0.01 + self.scenario.model.layers / 4000

    async def on_ValidationStarted(self, _event: "ev.ValidationStarted") -> None:  # noqa: N802
        await self.prepare("_validation")

    async def on_ValidationDone(self, event: "ev.ValidationDone") -> None:  # noqa: N802
        scenario, now = self.scenario, self.since_launch(event.at)
        self.meter.count(event.batches * scenario.micro_batch * scenario.dp * scenario.sequence_length)
        tps = self.meter.tokens_per_second(now)
        await self.log.info(validation_line(event.step, event.loss, self._memory, tps))
        self.meter.reset(now)
        if self._is_first:
            await self._adjust()

    async def on_CheckpointStarted(self, event: "ev.CheckpointStarted") -> None:  # noqa: N802
        await self.log.info(f"{self._saving.capitalize()} the checkpoint.")
        if event.step == self.scenario.total_steps:
            await self.log.info(f"Saving a full checkpoint at last step, step {event.step}.")
        elif event.asynchronous:
            await self.collected(CHECKPOINTER, self.io.now())

    @property
    def _saving(self) -> str:
        return "staging" if self.scenario.async_checkpoints else "saving"  # the last one as well

    async def on_CheckpointScheduled(self, event: "ev.CheckpointScheduled") -> None:  # noqa: N802
        if event.step < self.scenario.total_steps:
            # The second collection is the last part of what training waits for.
            await self.collected(CHECKPOINTER)
            await self._finished(event.blocking)

    async def collected(self, why: str, began: datetime | None = None) -> None:
        """A collection is reported when it is over, which is now unless it `began` at a certain moment."""
        over = began + timedelta(seconds=self._gc) if began else None
        await self.log.info(f"[GC] {why} took {self._gc:.2f} seconds", over)

    async def on_CheckpointSaved(self, event: "ev.CheckpointSaved") -> None:  # noqa: N802
        if event.step == self.scenario.total_steps:
            await self.log.info(f"Last step checkpoint completed in {event.seconds:.2f}s")
        elif not event.asynchronous:
            await self._finished(event.seconds)

    async def _finished(self, seconds: float) -> None:
        await self.log.info(f"Finished {self._saving} the checkpoint in {seconds:.2f} seconds.")

    async def on_CheckpointPruned(self, event: "ev.CheckpointPruned") -> None:  # noqa: N802
        if self.run.step == self.scenario.total_steps:  # saving the last step, torchtitan does not look for old ones
            return
        path, seconds = self.checkpoint(event.step), REMOVAL + FILE_REMOVAL * self.scenario.checkpoint_shards
        await self.log.info(f"Checkpointer is deleting {path}.")
        self._deleted.append((event.at + seconds, f"Checkpointer deleted {path} in {seconds:.2f} seconds."))

    async def _say_deleted(self, at: float) -> None:
        """What a thread behind the steps has done by now."""
        while self._deleted and self._deleted[0][0] <= at:
            when, text = self._deleted.pop(0)
            await self.log.info(text, self.moment(when))

    async def on_EpochDone(self, event: "ev.EpochDone") -> None:  # noqa: N802
        if event.epoch < self.scenario.epochs:
            await self.log.warning(f"Dataset {self.corpus} is being re-looped (epoch {event.epoch})")

    # Faults
    async def by_worker(self, rank: int, line: str) -> None:
        await self.log.worker(rank, line)

    async def on_Teardown(self, event: "faults.Teardown") -> None:  # noqa: N802
        self._deleted.clear()
        await super().on_Teardown(event)

    # The end
    async def end(self, last: "ev.Event") -> None:
        reason = getattr(last, "reason", "")
        if reason == "restarts exhausted":
            await self.faults.give_up()
            return
        if reason == "time limit":
            await self._time_is_up()
            return
        if reason == "step limit":
            await self.log.warning("Ran out of data; last step was canceled.")
        await self.log.info("Sleeping 2 seconds for other ranks to complete")
        await self.io.csleep(2000)
        await self._say_deleted(last.at + 2)
        await self.log.info("Training completed")
        if self.scenario.keep_checkpoints:
            await self.log.info("Destroying the purge thread.")
        await self.log.info("Process group destroyed")
        self.faults.over()
        if not reason:
            await self._convert()

    async def _convert(self) -> None:
        """What the launch script runs next: a conversion that says nothing, and the harness."""
        work, run = draw_export(self.scenario, self.dice), self.scenario
        if work.seconds > LONGEST_SILENCE:
            return
        (name, size), step = flavor(run.model), self.checkpoint(run.total_steps)
        await self.by_scheduler(
            f"+ python3 ./scripts/checkpoint_conversion/convert_to_hf.py {step} {work.path} --hf_assets_path "
            f"{run.site.paths.tokenizer} --model_name {name} --model_flavor {size} --export_dtype bfloat16"
        )
        await self.io.csleep(1000 * work.seconds)
        await scripted_evaluation(self.io, run, self.run.step, work.path, self.dice)

    async def _time_is_up(self) -> None:
        """Slurm ends the job: the launchers are told, and tell their workers."""
        line = slurm.cancelled(self.io.now(), self.scenario.site.job_id, self.host(0), "TIME LIMIT")
        await self.by_scheduler(line)
        await self.faults.told_to_end(15)


def _letters(number: int) -> str:
    """Eight letters and digits, as Python's tempfile has them."""
    return "".join(LETTERS[number * 2654435761 // 37**place % 37] for place in range(8))
