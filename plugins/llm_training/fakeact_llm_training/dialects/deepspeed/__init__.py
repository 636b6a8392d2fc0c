"""DeepSpeed's engine under its own launcher, and a training script after its examples."""

import math
from typing import TYPE_CHECKING

from fakeact import IO
from fakeact_llm_training.dialects.base import Dialect
from fakeact_llm_training.dialects.deepspeed import settings
from fakeact_llm_training.dialects.deepspeed.ending import Ending
from fakeact_llm_training.dialects.deepspeed.faults import Faults
from fakeact_llm_training.dialects.deepspeed.log import Log
from fakeact_llm_training.dialects.deepspeed.startup import StartUp
from fakeact_llm_training.dialects.deepspeed.throughput import ThroughputTimer, described, step_line
from fakeact_llm_training.sim.memory import GIB
from fakeact_llm_training.sim.startup import Startup
from fakeact_llm_training.tools import deepspeed, nccl, slurm

if TYPE_CHECKING:
    from fakeact_llm_training.sim import events as ev
    from fakeact_llm_training.sim import fault_events as faults


class Speaker(Dialect):
    """``[2026-01-30 10:45:32,123] [INFO] [timer.py:264:stop] epoch=0/micro_step=10/global_step=10, ...``."""

    def __init__(self, io: IO, startup: Startup) -> None:
        super().__init__(io, startup)
        self.log = Log(self)
        self.faults: Faults = Faults(self)
        self.restarts = 0
        self._timer = ThroughputTimer(self.scenario)
        self._stalled = 0.0
        self._batches: list[float] = []
        self._full_hysteresis = self.scenario.loss_scaling.hysteresis if self.scenario.loss_scaling else 0
        self._hysteresis = self._saving_hysteresis = self._saved_hysteresis = self._full_hysteresis

    def model_file(self, path: str) -> str:
        """The file of a checkpoint that rank 0 has its model from."""
        part = "zero_pp_rank_0_" if settings.stage(self.scenario) == 3 else ""
        return f"{path}/{part}mp_rank_00_model_states.pt"

    def optimizer_file(self, path: str) -> str:
        """The file of a checkpoint that rank 0 has its part of the optimizer from."""
        part = "" if self.scenario.loss_scaling else "bf16_"
        return f"{path}/{part}zero_pp_rank_0_mp_rank_00_optim_states.pt"

    async def start(self) -> None:
        await StartUp(self, self.startup.phases, 0.0, self.scenario.load_path).play()
        await self.log.worker(0, described(self.scenario))
        await self._begin_epoch(1)

    async def _begin_epoch(self, epoch: int) -> None:
        batches = self.scenario.steps_per_epoch * self.scenario.grad_accum
        await self.log.worker(0, f"epoch {epoch}/{self.scenario.epochs}: {batches} micro-batches")

    async def end(self, last: "ev.Event") -> None:
        if getattr(last, "reason", "") == "restarts exhausted" or self.log.by_torchrun:
            return
        for node in self.log.nodes:
            for local in range(self.scenario.gpus_per_node):
                pid = self.pid(node * self.scenario.gpus_per_node + local)
                await self.log.launcher(node, deepspeed.LAUNCHER["exited"], f"Process {pid} exits successfully.")
        self.faults.over()
        if not getattr(last, "reason", ""):
            await Ending(self).play()

    async def on_StepDone(self, event: "ev.StepDone") -> None:  # noqa: N802 - named after the event
        # Both clocks start when a batch is there: the script's before it is on the device, the engine's behind that.
        seconds, self._stalled = event.step_time - self._stalled, 0.0
        self._timer.step(seconds * (1 - self._before_forward))
        self._batches.append(event.step_time)
        if event.skipped:
            await self._overflow(event)
        else:
            self._refill(event)
        shown = event.step % self.scenario.log_interval == 0
        scripted = shown and not event.skipped and self.scenario.pp == 1
        if shown:
            await self._progress(event)
        if self.scenario.pp > 1:
            await self._pipeline_progress(event)
            return
        if self._timer.steps % self.scenario.log_interval == 0:
            await self.log.say(deepspeed.TIMER, self._timer.line(self._kept_gib, event.memory_allocated))
        if scripted:
            await self.log.worker(0, step_line(self.scenario, event, seconds))

    async def _overflow(self, event: "ev.StepDone") -> None:
        attempted, scale = event.attempted_loss_scale, event.loss_scale
        assert attempted is not None
        assert scale is not None
        await self.log.say(*deepspeed.overflow(attempted, scale, self._hysteresis))
        if scale == attempted:
            self._hysteresis -= 1

    def _refill(self, event: "ev.StepDone") -> None:
        """With a doubled scale overflows are forgiven anew."""
        if event.loss_scale != event.attempted_loss_scale:
            self._hysteresis = self._full_hysteresis

    async def _progress(self, event: "ev.StepDone") -> None:
        betas = self.scenario.optimizer.beta1, self.scenario.optimizer.beta2
        text = deepspeed.progress(event.step, event.skipped_steps, event.learning_rate, betas)
        await self.log.on_rank_0(text)

    @property
    def _kept_gib(self) -> float:
        """What rank 0 has allocated between steps, gradients only if they are kept in fp32."""
        memory = self.scenario.layout.memory
        gradients = memory.gradients if settings.accumulates_in_fp32(self.scenario) else 0
        return (memory.weights + memory.optimizer + gradients) / GIB + self._others_gib

    @property
    def _others_gib(self) -> float:
        """What else is allocated between steps, the same all the time: cuBLAS's workspace, rotary tables, the batch."""
        return 0.12 + self.scenario.site.pid_seed % 53 * 0.0061

    @property
    def _before_forward(self) -> float:
        """The share of a step before the engine's first forward pass: copies to the device, a print; an estimate."""
        return 0.0008 + self.scenario.site.pid_seed % 83 * 1.3e-5

    async def _pipeline_progress(self, event: "ev.StepDone") -> None:
        if event.step % self.scenario.log_interval:
            return
        # Since the process began, or since the last line: all of it is shared out among the interval's steps.
        mean = sum(self._batches) / self.scenario.log_interval
        self._batches.clear()
        await self.log.worker(
            0,
            f"steps: {event.step} loss: {event.loss:0.4f} iter time (s): {mean:0.3f} "
            f"samples/sec: {self.scenario.global_batch / mean:0.3f}",
        )

    async def on_LoaderStall(self, event: "ev.LoaderStall") -> None:  # noqa: N802
        self._stalled += event.seconds

    async def on_LinkFlap(self, event: "ev.LinkFlap") -> None:  # noqa: N802
        """NCCL warns of a port."""
        local, version = event.rank % self.scenario.gpus_per_node, self.scenario.site.versions.nccl
        when, pid = self.moment(event.at), self.pid(event.rank)
        for line in nccl.link_flap(when, version, event.host, pid, local, event.device, event.seconds):
            await self.log.worker(event.rank, line)

    async def on_EpochDone(self, event: "ev.EpochDone") -> None:  # noqa: N802
        self._timer.next_epoch()
        if event.epoch < self.scenario.epochs:
            await self._begin_epoch(event.epoch + 1)

    async def on_ValidationStarted(self, event: "ev.ValidationStarted") -> None:  # noqa: N802
        epochs = self.scenario.epochs
        await self.log.worker(0, f"eval {event.epoch}/{epochs}: {event.samples} sequences")

    async def on_ValidationDone(self, event: "ev.ValidationDone") -> None:  # noqa: N802
        figures = f"loss {event.loss:.4f} | ppl {math.exp(event.loss):.3f} | {event.seconds:.1f} s"
        await self.log.worker(0, f"eval {event.epoch}/{self.scenario.epochs} | {figures}")

    async def on_EarlyStopping(self, event: "ev.EarlyStopping") -> None:  # noqa: N802
        await self.log.worker(
            0,
            f"no loss below {event.best_loss:.4f} (step {event.best_step}) in {event.patience} evaluations: stopping",
        )

    async def on_CheckpointStarted(self, event: "ev.CheckpointStarted") -> None:  # noqa: N802
        tag = event.path.rpartition("/")[2]
        await self.log.on_rank_0(f"[Torch] Checkpoint {tag} is about to be saved!")
        await self.log.on_rank_0(f"Saving model checkpoint: {self.model_file(event.path)}")
        self._saving_hysteresis = self._hysteresis

    async def on_CheckpointSaved(self, event: "ev.CheckpointSaved") -> None:  # noqa: N802, ARG002
        self._saved_hysteresis = self._saving_hysteresis

    async def by_worker(self, rank: int, line: str) -> None:
        await self.log.worker(rank, line)

    async def by_launcher(self, node: int, line: str) -> None:
        if node in self.log.nodes:
            await self.log.plain(line)

    async def on_WorkerEnded(self, event: "faults.WorkerEnded") -> None:  # noqa: N802
        await self.faults.worker_ended(event)

    async def on_Restarted(self, event: "faults.Restarted") -> None:  # noqa: N802
        self.restarts += 1
        self._timer = ThroughputTimer(self.scenario)
        self._batches.clear()
        if event.requeued and self.log.by_torchrun:  # over pdsh the script just runs again
            for line in slurm.queued(self.scenario.site.job_id):
                await self.log.plain(line)
        begins = self.startup.seconds + event.at
        path = self.run.last_checkpoint or (self.scenario.load_path if self.scenario.kind == "resume" else None)
        await StartUp(self, event.phases, begins, path).play()
        await self.log.worker(0, described(self.scenario))

    async def on_Resumed(self, event: "faults.Resumed") -> None:  # noqa: N802
        self._hysteresis = self._saved_hysteresis
        await self._begin_epoch(event.epoch)
