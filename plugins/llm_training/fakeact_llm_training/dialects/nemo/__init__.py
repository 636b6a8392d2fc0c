"""NeMo 2 on Lightning and Megatron's core, started by torchrun."""

from typing import TYPE_CHECKING

from fakeact import IO
from fakeact.units import clock_time
from fakeact_llm_training.dialects.base import Dialect
from fakeact_llm_training.dialects.nemo.faults import Faults
from fakeact_llm_training.dialects.nemo.log import Log
from fakeact_llm_training.dialects.nemo.rate import learning_rate
from fakeact_llm_training.dialects.nemo.startup import StartUp, since_1970
from fakeact_llm_training.sim.routing import balance_loss
from fakeact_llm_training.sim.startup import Startup
from fakeact_llm_training.tools import nccl, nemo, slurm

if TYPE_CHECKING:
    from fakeact_llm_training.sim import events as ev
    from fakeact_llm_training.sim import fault_events as faults


class Speaker(Dialect):
    """``Training epoch 0, iteration 29/999 | lr: 4.498e-06 | global_batch_size: 512 | global_step: 29 | ...``."""

    def __init__(self, io: IO, startup: Startup) -> None:
        super().__init__(io, startup)
        self.log = Log(self)
        self.faults = Faults(self)
        self._validation_loss: float | None = None
        self._timed_out = False

    async def start(self) -> None:
        scenario = self.scenario
        path = scenario.load_path if scenario.kind == "resume" else None
        phases = self.startup.phases
        await StartUp(self, phases, 0.0, path=path, step=scenario.start_step, fresh=True).play()

    async def end(self, last: "ev.Event") -> None:
        reason = getattr(last, "reason", "")
        if reason == "restarts exhausted":
            await self.faults.give_up()
        elif not reason and not getattr(last, "stopped_early", False):
            await self.log.plain(f"`Trainer.fit` stopped: `max_steps={self.scenario.total_steps}` reached.")
            self.faults.over()
            from fakeact_llm_training.dialects.nemo.ending import Ending

            await Ending(self).play()

    async def on_StepDone(self, event: "ev.StepDone") -> None:  # noqa: N802 - named after the event
        metrics = {
            "lr": learning_rate(self.scenario.schedule, event.step - 1),
            "global_batch_size": self.scenario.global_batch,
            "global_step": event.step - 1,
            "reduced_train_loss": event.loss,
            **self._balance(event),
            "train_step_timing in s": event.step_time,
            "consumed_samples": event.consumed_samples,
        }
        if self._validation_loss is not None:
            metrics["val_loss"] = self._validation_loss
        await self.log.plain(
            nemo.training_line(event.epoch - 1, event.step_in_epoch - 1, self.scenario.total_steps, metrics)
        )
        await self._look_at_the_time(event)

    def _balance(self, event: "ev.StepDone") -> dict[str, float]:
        """The loss that keeps experts evenly loaded: summed over micro-batches, the mean over all layers."""
        model = self.scenario.model
        if not (experts := model.experts):
            return {}
        name = "seq_load_balancing_loss" if experts.router_bias else "load_balancing_loss"
        each = balance_loss(self.scenario, event.step, event.attempt) * (1 - experts.dense_layers / model.layers)
        return {name: each * self.scenario.grad_accum}

    async def _look_at_the_time(self, event: "ev.StepDone") -> None:
        """Lightning's timer ends the job after the step in which its time is over."""
        limit = self.scenario.time_limit
        if limit is not None and event.at >= limit and not self._timed_out:
            self._timed_out = True
            elapsed = clock_time(event.at)
            await self.log.plain(f"Time limit reached. Elapsed time is {elapsed}. Signaling Trainer to stop.")

    async def on_ValidationStarted(self, event: "ev.ValidationStarted") -> None:  # noqa: N802
        """Batches are counted as whole ones, while they are run through."""
        total = max(1, event.batches // self.scenario.grad_accum)
        begun = self.startup.seconds + event.at
        for batch in range(1, total + 1):
            await self.until(begun + event.seconds * batch / total)
            await self.log.plain(f"Validation: iteration {batch}/{total}")

    async def on_ValidationDone(self, event: "ev.ValidationDone") -> None:  # noqa: N802
        self._validation_loss = event.loss

    async def on_EarlyStopping(self, event: "ev.EarlyStopping") -> None:  # noqa: N802
        await self.log.plain(
            f"Monitored metric val_loss did not improve in the last {event.stale} records. "
            f"Best score: {event.best_loss:.3f}. Signaling Trainer to stop."
        )

    async def on_CheckpointScheduled(self, event: "ev.CheckpointScheduled") -> None:  # noqa: N802
        begun = since_1970(self.moment(event.at - event.blocking))
        await self.log.inform("pl", 217, nemo.save_line(event.step - 1, begun, event.blocking))
        await self.log.inform("model_checkpoint", 632, f"Scheduled async checkpoint save for {event.path}.ckpt")

    async def on_CheckpointSaved(self, event: "ev.CheckpointSaved") -> None:  # noqa: N802
        saved = f"Successfully saved checkpoint from iteration {event.step - 1:7d} to {event.path}"
        if not event.asynchronous:
            begun = since_1970(self.moment(event.at - event.seconds))
            await self.log.inform("pl", 217, nemo.save_line(event.step - 1, begun, event.seconds))
        await self.log.inform("pl", 220, saved)
        if event.asynchronous:
            text = f"Async checkpoint save for step {event.step} ({event.path}.ckpt) finalized successfully."
            await self.log.inform("model_checkpoint", 657, text)

    async def on_CheckpointPruned(self, event: "ev.CheckpointPruned") -> None:  # noqa: N802
        await self.log.inform("model_checkpoint", 418, f"Removed distributed checkpoint: {event.path}")

    async def on_LinkFlap(self, event: "ev.LinkFlap") -> None:  # noqa: N802
        versions, local = self.scenario.site.versions, event.rank % self.scenario.gpus_per_node
        when, pid = self.moment(event.at), self.run.pid(event.rank)
        for line in nccl.link_flap(when, versions.nccl, event.host, pid, local, event.device, event.seconds):
            await self.log.worker(event.rank, line)

    async def by_worker(self, rank: int, line: str) -> None:
        await self.log.worker(rank, line)

    async def by_launcher(self, node: int, line: str) -> None:
        await self.log.worker(node * self.scenario.gpus_per_node, line)

    async def by_scheduler(self, line: str) -> None:
        await self.log.plain(line)

    async def on_Restarted(self, event: "faults.Restarted") -> None:  # noqa: N802
        self._validation_loss = None
        if event.requeued:
            for line in slurm.queued(self.scenario.site.job_id):
                await self.log.plain(line)
        path, step = self.run.last_checkpoint, self.scenario.start_step
        if path:
            step = int(path.rpartition("-")[2])
        elif self.scenario.kind == "resume":
            path = self.scenario.load_path
        begins = self.startup.seconds + event.at
        await StartUp(self, event.phases, begins, path=path, step=step, fresh=event.requeued).play()
