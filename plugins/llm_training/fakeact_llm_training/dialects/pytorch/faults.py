"""What is seen of a fault: a worker's last words, the launcher, the scheduler, and the next attempt."""

from datetime import timedelta
from typing import TYPE_CHECKING

from fakeact_llm_training.tools import c10d, slurm, torchrun

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.pytorch import Speaker
    from fakeact_llm_training.sim import fault_events as ev

SCRIPT = "train.py"
WORKERS_END_MS = 95.0
"""How long workers take to go before the launcher says who failed, as measured with torch 2.9."""
_ASYNC = "CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be "
_CUDA = (
    _ASYNC + "incorrect.",
    "For debugging consider passing CUDA_LAUNCH_BLOCKING=1",
    "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.",
)


class Faults:
    """The story of one fault, from the cause to the end of all processes."""

    def __init__(self, speaker: "Speaker") -> None:
        self._speaker, self._io = speaker, speaker.io
        self._fault: ev.Fault | None = None
        self._hangs: dict[int, c10d.Hang] = {}
        self._failed: list[ev.RankFailed] = []

    async def begin(self, fault: "ev.Fault") -> None:
        """The cause itself is silent, unless it is the scheduler."""
        self._fault = fault
        self._hangs.clear()
        self._failed.clear()
        if fault.kind == "preemption":
            await self._cancelled(fault.at, "PREEMPTION")

    async def timed_out(self, event: "ev.WatchdogTimeout") -> None:
        """A rank's watchdog speaks."""
        hang = c10d.Hang(
            event.rank, event.pid, event.seq, event.op, event.numel_in, event.numel_out, event.timeout_ms, event.ran_ms,
            event.last_enqueued, event.last_completed, event.group, event.group_name,
        )  # fmt: skip
        first = not self._hangs
        self._hangs[event.rank] = hang
        torch = self._speaker.scenario.site.versions.torch
        for line in c10d.timed_out(self._speaker.moment(event.at), torch, hang, first=first):
            await self._io.print(line)

    async def failed(self, event: "ev.RankFailed") -> None:
        """A worker's last words; one that is killed has none."""
        self._failed.append(event)
        for line in self._last_words(event):
            await self._io.print(line)

    def _last_words(self, event: "ev.RankFailed") -> list[str]:
        launcher = self._speaker.launcher(event.rank // self._speaker.scenario.gpus_per_node)
        if event.error == "watchdog" and event.rank in self._hangs:
            return list(c10d.aborted(self._speaker.moment(event.at), launcher, self._hangs[event.rank]))
        if event.exitcode != 1 or self._fault is None:
            return []
        lines = [
            "Traceback (most recent call last):",
            f'  File "{SCRIPT}", line 412, in <module>',
            "    main()",
            f'  File "{SCRIPT}", line 388, in main',
            "    loss = train_step(model, batch, optimizer)",
            *self._error(event, self._fault),
        ]
        # torch says at the beginning of each line of a traceback whose it is.
        return [f"[rank{event.rank}]: {line}" for line in lines]

    def _error(self, event: "ev.RankFailed", fault: "ev.Fault") -> tuple[str, ...]:
        newer = torchrun.release(self._speaker.scenario.site.versions.torch) >= "2.8"
        accelerator = "torch.AcceleratorError" if newer else "RuntimeError"
        nccl = self._speaker.scenario.site.versions.nccl.partition("+")[0]
        if event.error == "ecc":
            return (f"{accelerator}: CUDA error: uncorrectable ECC error encountered", *_CUDA)
        if event.error == "launch":
            return (f"{accelerator}: CUDA error: unspecified launch failure", *_CUDA)
        if event.error == "stale_file":
            return (f"OSError: [Errno 116] Stale file handle: '{fault.path}'",)
        if event.error == "loader_worker":
            return (f"RuntimeError: DataLoader worker (pid(s) {fault.worker_pid}) exited unexpectedly",)
        where = "/pytorch/torch/csrc/distributed/c10d/NCCLUtils.cpp:94"
        why = "remote process exited or there was a network error"
        return (f"torch.distributed.DistBackendError: NCCL error in: {where}, {why}, NCCL version {nccl}",)

    async def torn_down(self, event: "ev.Teardown") -> None:
        """A launcher ends its workers; the one whose worker failed says which."""
        speaker, launcher = self._speaker, self._speaker.launcher(event.node)
        moment = speaker.moment(event.at)
        if self._fault is not None and self._fault.kind == "preemption":
            await self._io.print(torchrun.death_signal(moment, launcher, event.signal))
        gone = {failed.pid for failed in self._failed}
        for at, pid in enumerate(pid for pid in event.pids if pid not in gone):
            await self._io.print(torchrun.closing(moment + timedelta(milliseconds=at), launcher, pid, event.signal))
        own = [failed for failed in self._failed if failed.host == event.host]
        if own:
            first, late = own[0], moment + timedelta(milliseconds=WORKERS_END_MS)
            await self._io.print(torchrun.failed(late, launcher, first.exitcode, first.local_rank, first.pid))

    async def node_lost(self, event: "ev.NodeLost") -> None:
        """Slurm no longer hears of a node."""
        await self._io.print(slurm.node_failed(event.host))
        await self._cancelled(event.at, "NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS")

    async def _cancelled(self, at: float, reason: str) -> None:
        speaker = self._speaker
        job = speaker.scenario.site.job_id
        await self._io.print(slurm.cancelled(speaker.moment(at), job, speaker.run.host(0), reason))

    async def give_up(self) -> None:
        """No attempts are left: the failing node's launcher ends with its report."""
        if not self._failed:
            return
        speaker, first = self._speaker, self._failed[0]
        domain = speaker.scenario.site.domain
        own = [
            torchrun.Failure(speaker.moment(e.at), f"{e.host}.{domain}", e.rank, e.local_rank, e.pid, e.exitcode)
            for e in self._failed
            if e.host == first.host
        ]
        node = first.rank // speaker.scenario.gpus_per_node
        for line in torchrun.child_failed(speaker.launcher(node), SCRIPT, own):
            await self._io.print(line)
