"""What is seen of a fault: workers' last words, the launchers and pdsh (or torchrun and srun), the next attempt."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from fakeact_llm_training.dialects.deepspeed.log import SCRIPT
from fakeact_llm_training.tools import c10d, deepspeed, nccl, slurm, torchrun

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.deepspeed import Speaker
    from fakeact_llm_training.sim import events
    from fakeact_llm_training.sim import fault_events as ev

_ASYNC = "CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be "
_CUDA = (
    f"{_ASYNC}incorrect.",
    "For debugging consider passing CUDA_LAUNCH_BLOCKING=1",
    "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.",
    "",
)
_NCCL = "NCCL error in: /pytorch/torch/csrc/distributed/c10d/NCCLUtils.cpp:94, remote process exited or there was a"
# Where the script is when something breaks. Each calls into C++, so that no frame of torch's stands below it.
_READING = (231, "for step, batch in enumerate(loader):")
_AVERAGING = (243, "handle.wait()  # average of the loss over all ranks")
_LOOKING = (247, "value = loss.item()")
KILLED_APART = 0.02
"""Seconds that a launcher waits for each of its workers to be gone."""


class Faults:
    """The story of one fault, from the cause to the end of all processes."""

    def __init__(self, speaker: "Speaker") -> None:
        self._speaker = speaker
        self._fault: ev.Fault | None = None
        self._hangs: dict[int, c10d.Hang] = {}
        self._failed: list[ev.RankFailed] = []
        self._ended = False

    async def begin(self, fault: "ev.Fault") -> None:
        """The cause itself is silent, unless it is the scheduler."""
        self._fault, self._ended = fault, False
        self._hangs.clear()
        self._failed.clear()
        if fault.kind == "preemption":
            await self._cancelled(fault.at, "PREEMPTION")

    async def flapped(self, event: "events.LinkFlap") -> None:
        """NCCL warns of a port."""
        speaker = self._speaker
        local, nccl_version = event.rank % speaker.scenario.gpus_per_node, speaker.scenario.site.versions.nccl
        when, pid = speaker.moment(event.at), speaker.pid(event.rank)
        for line in nccl.link_flap(when, nccl_version, event.host, pid, local, event.device, event.seconds):
            await speaker.log.worker(event.rank, line)

    async def timed_out(self, event: "ev.WatchdogTimeout") -> None:
        """A rank's watchdog speaks."""
        hang = c10d.Hang(
            event.rank, event.pid, event.seq, event.op, event.numel_in, event.numel_out, event.timeout_ms, event.ran_ms,
            event.last_enqueued, event.last_completed, event.group, event.group_name,
        )  # fmt: skip
        first = not self._hangs
        self._hangs[event.rank] = hang
        moment, torch = self._speaker.moment(event.at), self._speaker.scenario.site.versions.torch
        for line in c10d.timed_out(moment, torch, hang, first=first):
            await self._speaker.log.worker(event.rank, line)

    async def failed(self, event: "ev.RankFailed") -> None:
        """A worker's last words; one that is killed has none."""
        self._failed.append(event)
        for line in self._last_words(event):
            await self._speaker.log.worker(event.rank, line)

    def _last_words(self, event: "ev.RankFailed") -> Iterator[str]:
        launcher = self._speaker.launcher(event.rank // self._speaker.scenario.gpus_per_node)
        if event.error == "watchdog" and event.rank in self._hangs:
            yield from c10d.aborted(self._speaker.moment(event.at), launcher, self._hangs[event.rank])
        elif event.exitcode == 1 and self._fault:
            # torch says at the beginning of each line of a traceback whose it is.
            yield from (f"[rank{event.rank}]: {line}" for line in self._traceback(event, self._fault, launcher))

    def _traceback(self, event: "ev.RankFailed", fault: "ev.Fault", launcher: torchrun.Launcher) -> Iterator[str]:
        script = f"{self._speaker.scenario.site.paths.output}/{SCRIPT}"
        reading = event.error in {"stale_file", "loader_worker"}
        line, code = _READING if reading else _AVERAGING if event.error == "nccl" else _LOOKING
        yield "Traceback (most recent call last):"
        yield f'  File "{script}", line 287, in <module>'
        yield "    main()"
        yield f'  File "{script}", line {line}, in main'
        yield f"    {code}"
        yield from self._error(event, fault, launcher)

    def _error(self, event: "ev.RankFailed", fault: "ev.Fault", launcher: torchrun.Launcher) -> tuple[str, ...]:
        # torch 2.8 gave CUDA's errors a class of their own.
        kind = "torch.AcceleratorError" if torchrun.release(launcher.torch) >= "2.8" else "RuntimeError"
        if event.error == "ecc":
            return (f"{kind}: CUDA error: uncorrectable ECC error encountered", *_CUDA)
        if event.error == "launch":
            return (f"{kind}: CUDA error: unspecified launch failure", *_CUDA)
        if event.error == "stale_file":
            return (f"OSError: [Errno 116] Stale file handle: '{fault.path}'",)
        if event.error == "loader_worker":
            return (f"RuntimeError: DataLoader worker (pid {fault.worker_pid}) is killed by signal: Killed. ",)
        version = self._speaker.scenario.site.versions.nccl.partition("+")[0]
        return (
            f"torch.distributed.DistBackendError: {_NCCL} network error, NCCL version {version}",
            "ncclRemoteError: A call failed possibly due to a network error or a remote process exiting prematurely.",
        )

    async def node_lost(self, event: "ev.NodeLost") -> None:
        """Its connection breaks; under Slurm the controller says so."""
        log = self._speaker.log
        if log.by_torchrun:
            await log.plain(slurm.node_failed(event.host))
            await self._cancelled(event.at, "NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS")
        elif log.over_pdsh:
            await log.plain(deepspeed.ssh_exited(self._speaker.host(0), event.host, 255))

    async def _cancelled(self, at: float, reason: str) -> None:
        speaker = self._speaker
        job, when = speaker.scenario.site.job_id, speaker.moment(at)
        await speaker.log.plain(slurm.cancelled(when, job, speaker.host(0), reason))

    async def torn_down(self, event: "ev.Teardown") -> None:
        """A node's launcher ends its workers: because one of them failed, or because it is told to."""
        own = next((failed for failed in self._failed if failed.host == event.host), None)
        if self._speaker.log.by_torchrun:
            await self._under_torchrun(event, own)
        else:
            await self._killed(event, own)
        self._ended = True

    async def _killed(self, event: "ev.Teardown", own: "ev.RankFailed | None") -> None:
        log, when = self._speaker.log, self._speaker.moment(event.at)
        for pid in self._pids(event.node):
            await log.launcher(event.node, deepspeed.LAUNCHER["killing"], f"Killing subprocess {pid}", when=when)
            when += timedelta(seconds=KILLED_APART)
        if own:
            command = log.command(self._speaker.scenario.gpus_per_node - 1)
            text = f"{command} exits with return code = {own.exitcode}"
            await log.launcher(event.node, deepspeed.LAUNCHER["returned"], text, "ERROR", when)
        else:
            text = f"Main process received {torchrun.SIGNALS[event.signal]}, exiting"
            await log.launcher(event.node, deepspeed.LAUNCHER["signalled"], text, when=when)
        if log.over_pdsh:
            exitcode = own.exitcode if own else 1
            await log.plain(deepspeed.ssh_exited(self._speaker.host(0), event.host, exitcode))

    def _pids(self, node: int) -> list[int]:
        """All of a node's workers: the launcher goes through its list, whoever is still alive."""
        per_node = self._speaker.scenario.gpus_per_node
        return [self._speaker.pid(node * per_node + local) for local in range(per_node)]

    async def _under_torchrun(self, event: "ev.Teardown", own: "ev.RankFailed | None") -> None:
        """The first node's log; of another's failure srun tells."""
        log, launcher = self._speaker.log, self._speaker.launcher(event.node)
        when = self._speaker.moment(event.at)
        if own and event.node:
            await log.plain(slurm.task_exited(event.host, event.node, 1))
            if not self._ended:
                await log.plain(slurm.step_aborted())
        if event.node:
            return
        if not own:
            await log.plain(torchrun.death_signal(when, launcher, event.signal))
        for pid in event.pids:
            await log.plain(torchrun.closing(when, launcher, pid, event.signal))
        await self._report(launcher, own)

    async def _report(self, launcher: torchrun.Launcher, own: "ev.RankFailed | None") -> None:
        """Torchrun allows no restart of its own here: srun begins anew."""
        log = self._speaker.log
        if not own:
            for line in torchrun.killed(launcher, 15):
                await log.plain(line)
            return
        when = self._speaker.moment(own.at)
        await log.plain(torchrun.failed(when, launcher, own.exitcode, own.local_rank, own.pid))
        host = f"{own.host}.{self._speaker.scenario.site.domain}"
        failure = torchrun.Failure(when, host, own.rank, own.local_rank, own.pid, own.exitcode)
        for line in torchrun.child_failed(launcher, SCRIPT, [failure]):
            await log.plain(line)
        await log.plain(slurm.task_exited(own.host, 0, 1))

    async def queued_again(self, event: "ev.Restarted") -> None:
        """The job waits for machines, if it has lost its own."""
        if event.requeued:
            for line in slurm.queued(self._speaker.scenario.site.job_id):
                await self._speaker.log.plain(line)

    async def interrupted(self) -> None:
        """Ctrl-C reaches every launcher, which ends its workers."""
        log = self._speaker.log
        if log.by_torchrun:
            launcher, now = self._speaker.launcher(0), self._speaker.io.now()
            await log.plain(torchrun.death_signal(now, launcher, 2))
            for pid in self._pids(0):
                await log.plain(torchrun.closing(now, launcher, pid, 2))
            return
        for node in log.nodes:
            for pid in self._pids(node):
                await log.launcher(node, deepspeed.LAUNCHER["killing"], f"Killing subprocess {pid}")
            await log.launcher(node, deepspeed.LAUNCHER["signalled"], "Main process received SIGINT, exiting")
