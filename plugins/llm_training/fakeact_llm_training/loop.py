"""Steps, validations, checkpoints and what goes wrong in between; the one place that lets the run's time pass."""

from datetime import timedelta
from typing import TYPE_CHECKING

from fakeact import IO
from fakeact.style import bold
from fakeact.units import clock_time, decimal_bytes, grouped
from fakeact_llm_training.dashboard import Dashboard
from fakeact_llm_training.figures import perplexity
from fakeact_llm_training.log import Log

if TYPE_CHECKING:
    from fakeact_llm_training.sim import events as ev
    from fakeact_llm_training.sim.run import TrainingRun

REFRESH = 0.25
"""Seconds between two looks at the bars while nothing happens."""


async def loop(io: IO, log: Log, run: "TrainingRun") -> "ev.RunDone":
    """Train to the end; gives the run's last event."""
    dashboard = Dashboard(io, run)
    reporter = _Reporter(io, log, run, dashboard)
    began = io.now()
    dashboard.look_at_gpus()
    async with io.live() as live:
        while not run.is_done:
            await live.show(*dashboard.rows())
            await io.csleep(1000 * min(run.until_next_event(), REFRESH) + 0.001)
            passed = (io.now() - began) / timedelta(seconds=1) - run.elapsed
            for event in run.advance(max(0.0, passed)):
                await reporter.report(event)
    assert reporter.done
    return reporter.done


class _Reporter:
    """One line or two for what happened."""

    def __init__(self, io: IO, log: Log, run: "TrainingRun", dashboard: Dashboard) -> None:
        self._io, self._log, self._run, self._dashboard = io, log, run, dashboard
        self.done: ev.RunDone | None = None

    async def report(self, event: "ev.Event") -> None:
        """Say what happened, if it is worth a line."""
        await getattr(self, f"_on_{type(event).__name__}")(event)

    async def _on_StepDone(self, event: "ev.StepDone") -> None:  # noqa: N802 - named after the event
        scenario = self._run.scenario
        if event.step % scenario.log_interval and event.step not in (1, scenario.total_steps):
            return
        self._dashboard.look_at_gpus()
        share = event.memory_reserved / scenario.gpu.memory_gib
        await self._log.info(
            f"step {event.step:>{len(str(scenario.total_steps))}}/{scenario.total_steps} | loss {event.loss:.4f} | "
            f"ppl {perplexity(event.loss)} | lr {event.learning_rate:.3e} | grad norm {event.grad_norm:.3f} | "
            f"{event.step_time * 1000:.1f} ms | {event.tokens_per_second:,.0f} tok/s | MFU {event.mfu:.2%} | "
            f"mem {event.memory_reserved:.2f} GiB ({share:.1%})"
        )

    async def _on_EpochDone(self, event: "ev.EpochDone") -> None:  # noqa: N802
        self._dashboard.begin_epoch(event.at)
        await self._log.info(
            bold(f"Epoch {event.epoch}/{self._run.scenario.epochs} done")
            + f" in {clock_time(event.seconds)}: {event.steps} steps, {grouped(event.tokens)} tokens, mean loss "
            f"{event.mean_loss:.4f}, validation loss {event.validation_loss:.4f} "
            f"(ppl {perplexity(event.validation_loss)}), {event.mean_step_time * 1000:.1f} ms/step, "
            f"MFU {event.mfu:.2%}"
        )

    async def _on_ValidationStarted(self, event: "ev.ValidationStarted") -> None:  # noqa: N802
        self._dashboard.begin_phase(event.at)
        await self._log.info(
            f"Validation after step {event.step}: {grouped(event.samples)} sequences in {event.batches} batches"
        )

    async def _on_ValidationDone(self, event: "ev.ValidationDone") -> None:  # noqa: N802
        best = ", best so far" if event.best else ""
        await self._log.info(
            f"Validation loss {event.loss:.4f}, ppl {perplexity(event.loss)}{best} ({event.seconds:.2f} s)"
        )

    async def _on_CheckpointStarted(self, event: "ev.CheckpointStarted") -> None:  # noqa: N802
        self._dashboard.begin_phase(event.at)
        self._dashboard.saving = event

    async def _on_CheckpointSaved(self, event: "ev.CheckpointSaved") -> None:  # noqa: N802
        files = "1 file" if event.shards == 1 else f"{event.shards} shards"
        await self._log.info(
            f"Saved {event.path}: {decimal_bytes(event.bytes, 2)} in {files}, {event.seconds:.2f} s "
            f"({decimal_bytes(round(event.rate), 2)}/s)"
        )

    async def _on_Straggler(self, event: "ev.Straggler") -> None:  # noqa: N802
        if event.began:
            text = f"{event.host}: this rank is {event.slowdown:.1%} slower than the median, all others wait for it"
            await self._log.warning(text, event.rank)
        else:
            await self._log.info(f"{event.host}: back to the median step time", event.rank)

    async def _on_LoaderStall(self, event: "ev.LoaderStall") -> None:  # noqa: N802
        ranks = ", ".join(map(str, event.ranks[:4])) + (", ..." if len(event.ranks) > 4 else "")
        await self._log.warning(
            f"{event.host}: prefetch queue of the data loader empty (ranks {ranks}), waited {event.seconds:.2f} s",
            event.ranks[0],
        )

    async def _on_LinkFlap(self, event: "ev.LinkFlap") -> None:  # noqa: N802
        site = self._run.scenario.site
        local = event.rank % self._run.scenario.gpus_per_node
        pid = site.pid(event.rank)
        prefix = f"{event.host}:{pid}:{pid + 61 + local} [{local}]"
        # NCCL sets its warnings off with an empty line.
        for state in ("port error", "port active"):
            await self._io.print(f"\n{prefix} NCCL WARN NET/IB : {event.device}:1 Got async event : {state}")
        await self._log.warning(
            f"{event.host}: {event.device} was down for {event.seconds:.2f} s, {event.retries} retries towards "
            f"{event.peer}",
            event.rank,
        )

    async def _on_GradientSpike(self, event: "ev.GradientSpike") -> None:  # noqa: N802
        await self._log.warning(
            f"gradient norm {event.grad_norm:.3f} at step {event.step} (usual {event.usual:.3f}), "
            f"clipped to {event.clip}"
        )

    async def _on_ThermalAlert(self, event: "ev.ThermalAlert") -> None:  # noqa: N802
        await self._log.warning(
            f"{event.host}: GPU at {event.temperature:.0f} C, slowdown at {event.limit} C: clocks are lowered",
            event.rank,
        )

    async def _on_RunDone(self, event: "ev.RunDone") -> None:  # noqa: N802
        self.done = event
