"""A careful home-grown trainer on torch's DistributedDataParallel or FSDP."""

from typing import TYPE_CHECKING, cast

from fakeact import IO
from fakeact.style import bold
from fakeact.units import clock_time, decimal_bytes, grouped
from fakeact_llm_training.dialects.base import Dialect
from fakeact_llm_training.dialects.pytorch.bars import Bars
from fakeact_llm_training.dialects.pytorch.faults import Faults
from fakeact_llm_training.dialects.pytorch.library import Library
from fakeact_llm_training.dialects.pytorch.log import Log
from fakeact_llm_training.dialects.pytorch.startup import StartUp
from fakeact_llm_training.figures import perplexity
from fakeact_llm_training.sim.history import History
from fakeact_llm_training.sim.startup import Startup

if TYPE_CHECKING:
    from fakeact_llm_training.sim import events as ev
    from fakeact_llm_training.sim import fault_events as faults


FIRST_USE = 0.4
"""Seconds until the trainer first uses a communicator, where it has no preflight."""


class Speaker(Dialect):
    """``[2026-01-30 10:45:32] [Rank 0/64] INFO ...`` and two bars."""

    def __init__(self, io: IO, startup: Startup) -> None:
        super().__init__(io, startup)
        self._history = History()
        self.log, self.bars, self.faults = Log(io, self.scenario), Bars(self), Faults(self)
        self.library = Library(self)

    async def start(self) -> None:
        await StartUp(self, self.log, self.library).play()

    def rows(self) -> list[str]:
        return self.bars.rows()

    async def meanwhile(self) -> None:
        await self.library.speak()

    async def on(self, event: "ev.Event") -> None:
        self._history.feed(event)
        await super().on(event)

    async def end(self, last: "ev.Event") -> None:
        if type(last).__name__ == "RunDone":
            await self._export(cast("ev.RunDone", last))
        from fakeact_llm_training.dialects.pytorch.summary import summary

        await summary(self.io, self.log, self.startup, cast("ev.RunDone | ev.RunInterrupted", last))
        if getattr(last, "reason", "") != "restarts exhausted":
            await self.library.end()

    async def _export(self, done: "ev.RunDone") -> None:
        """Weights for the Hub, the harness's table, the history; what would take too long is left to another job."""
        from fakeact_llm_training.export import evaluation, export, history

        await self.log.info("Gathering the last checkpoint and converting it to bf16 safetensors")
        if work := await export(self.io, self.scenario, self.dice):
            await self.log.info(
                f"Exported {decimal_bytes(work.bytes, 2)} in {len(work.files)} files to {work.path} "
                f"({work.seconds:.2f} s)"
            )
            await self.log.info("Evaluating with lm-eval-harness")
            if not await evaluation(self.io, self.scenario, done.steps, work.path, self.dice):
                await self.log.info("The evaluation takes long: left to a job of its own")
        else:
            await self.log.info("The export takes long: left to a job of its own")
        await history(self.io, self.scenario, self._history, self._launched, self.dice)

    async def on_StepDone(self, event: "ev.StepDone") -> None:  # noqa: N802 - named after the event
        scenario = self.scenario
        if event.step % scenario.log_interval and event.step not in (scenario.start_step + 1, scenario.total_steps):
            return
        if event.skipped:
            return
        share = event.memory_reserved / scenario.gpu.memory_gib
        await self.log.info(
            f"step {event.step:>{len(str(scenario.total_steps))}}/{scenario.total_steps} | loss {event.loss:.4f} | "
            f"ppl {perplexity(event.loss)} | lr {event.learning_rate:.3e} | grad norm {event.grad_norm:.3f} | "
            f"{event.step_time * 1000:.1f} ms | {event.tokens_per_second:,.0f} tok/s | MFU {event.mfu:.2%} | "
            f"mem {event.memory_reserved:.2f} GiB ({share:.1%})"
        )

    async def on_EpochDone(self, event: "ev.EpochDone") -> None:  # noqa: N802
        self.bars.begin_epoch(event.at)
        await self.log.info(
            bold(f"Epoch {event.epoch}/{self.scenario.epochs} done")
            + f" in {clock_time(event.seconds)}: {event.steps} steps, {grouped(event.tokens)} tokens, mean loss "
            f"{event.mean_loss:.4f}, validation loss {event.validation_loss:.4f} "
            f"(ppl {perplexity(event.validation_loss)}), {event.mean_step_time * 1000:.1f} ms/step, "
            f"MFU {event.mfu:.2%}"
        )

    async def on_ValidationStarted(self, event: "ev.ValidationStarted") -> None:  # noqa: N802
        self.bars.begin_phase(event.at)
        await self.log.info(
            f"Validation after step {event.step}: {grouped(event.samples)} sequences in {event.batches} batches"
        )

    async def on_ValidationDone(self, event: "ev.ValidationDone") -> None:  # noqa: N802
        best = ", best so far" if event.best else ""
        await self.log.info(
            f"Validation loss {event.loss:.4f}, ppl {perplexity(event.loss)}{best} ({event.seconds:.2f} s)"
        )

    async def on_CheckpointStarted(self, event: "ev.CheckpointStarted") -> None:  # noqa: N802
        self.bars.begin_phase(event.at)
        self.bars.saving = event

    async def on_CheckpointScheduled(self, event: "ev.CheckpointScheduled") -> None:  # noqa: N802
        await self.log.info(
            f"Staged the checkpoint of step {event.step} in {event.blocking:.2f} s, writing it meanwhile"
        )

    async def on_CheckpointSaved(self, event: "ev.CheckpointSaved") -> None:  # noqa: N802
        files = "1 file" if event.shards == 1 else f"{event.shards} shards"
        await self.log.info(
            f"Saved {event.path}: {decimal_bytes(event.bytes, 2)} in {files}, {event.seconds:.2f} s "
            f"({decimal_bytes(round(event.rate), 2)}/s)"
        )

    async def on_Straggler(self, event: "ev.Straggler") -> None:  # noqa: N802
        if event.began:
            text = f"{event.host}: this rank is {event.slowdown:.1%} slower than the median, all others wait for it"
            await self.log.warning(text, event.rank)
        else:
            await self.log.info(f"{event.host}: back to the median step time", event.rank)

    async def on_LoaderStall(self, event: "ev.LoaderStall") -> None:  # noqa: N802
        ranks = ", ".join(map(str, event.ranks[:4])) + (", ..." if len(event.ranks) > 4 else "")
        await self.log.warning(
            f"{event.host}: prefetch queue of the data loader empty (ranks {ranks}), waited {event.seconds:.2f} s",
            event.ranks[0],
        )

    async def on_LinkFlap(self, event: "ev.LinkFlap") -> None:  # noqa: N802
        site = self.scenario.site
        local = event.rank % self.scenario.gpus_per_node
        pid = site.pid(event.rank)
        prefix = f"{event.host}:{pid}:{pid + 61 + local} [{local}]"
        # NCCL sets its warnings off with an empty line.
        for state in ("port error", "port active"):
            await self.io.print(f"\n{prefix} NCCL WARN NET/IB : {event.device}:1 Got async event : {state}")
        await self.log.warning(
            f"{event.host}: {event.device} was down for {event.seconds:.2f} s, {event.retries} retries towards "
            f"{event.peer}",
            event.rank,
        )

    async def on_GradientSpike(self, event: "ev.GradientSpike") -> None:  # noqa: N802
        await self.log.warning(
            f"gradient norm {event.grad_norm:.3f} at step {event.step} (usual {event.usual:.3f}), "
            f"clipped to {event.clip}"
        )

    async def on_ThermalAlert(self, event: "ev.ThermalAlert") -> None:  # noqa: N802
        await self.log.warning(
            f"{event.host}: GPU at {event.temperature:.0f} C, slowdown at {event.limit} C: clocks are lowered",
            event.rank,
        )

    async def on_EarlyStopping(self, event: "ev.EarlyStopping") -> None:  # noqa: N802
        await self.log.warning(
            f"Validation loss has not improved for {event.stale} evaluations: stopping; best "
            f"{event.best_loss:.4f} after step {event.best_step}"
        )

    async def on_CheckpointPruned(self, event: "ev.CheckpointPruned") -> None:  # noqa: N802
        await self.log.info(f"Deleted {event.path}")

    async def on_RunInterrupted(self, event: "ev.RunInterrupted") -> None:  # noqa: N802
        if event.reason == "restarts exhausted":
            await self.faults.give_up()
        else:
            await self.log.info(f"Reached the job's {event.reason} after step {event.step}: leaving")

    # Faults and restarts
    async def on_XidLogged(self, event: "faults.XidLogged") -> None:  # noqa: N802
        """The trainer reads its nodes' kernel logs, for as long as it lives."""
        before = list(self.faults.kernel_log())
        await super().on_XidLogged(event)
        if not self.faults.workers_live:
            return
        reader = event.rank - event.local_rank
        for line in list(self.faults.kernel_log())[len(before) :]:
            await self.log.warning(f"{event.host}: kernel: {line.partition('] ')[2]}", reader)

    async def on_Restarted(self, event: "faults.Restarted") -> None:  # noqa: N802
        for change in event.replaced:
            await self.log.warning(
                f"{change.old_host} (node {change.old_node}) is drained, {change.new_host} joins as node "
                f"{change.new_node}"
            )
        await self.log.info(
            f"Attempt {event.attempt}: workers started again, {self.run.host(0)} pids {event.pids[0]} to "
            f"{event.pids[-1]}"
        )
        for phase in event.phases:
            if phase.name == "nccl":
                self.library.begin(self.since_launch(event.at) + phase.begins, phase.seconds, used=FIRST_USE)

    async def on_Resumed(self, event: "faults.Resumed") -> None:  # noqa: N802
        scenario = self.scenario
        source = f"loaded {event.path} ({decimal_bytes(event.bytes, 2)})" if event.path else "no checkpoint yet"
        await self.log.info(
            f"Process group of {scenario.world_size} ranks ready, communicator {self.run.comm_id:#x}, {source} in "
            f"{event.seconds:.2f} s"
        )
        await self.log.info(
            f"Resuming after step {event.step}: {grouped(event.consumed_samples)} samples and "
            f"{grouped(event.consumed_tokens)} tokens consumed, {event.lost_steps} steps lost"
        )
        self.bars.begin_epoch(event.at - event.step_in_epoch * self.run.mean_step_time)
