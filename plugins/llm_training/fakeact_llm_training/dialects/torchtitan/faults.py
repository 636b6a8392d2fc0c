"""What is seen of a fault: workers' last words, the launchers, the scheduler, and the next attempt."""

from typing import TYPE_CHECKING

from fakeact_llm_training.dialects.torchtitan import traceback
from fakeact_llm_training.sim.fault_events import DRAINED
from fakeact_llm_training.tools import c10d, slurm, torchrun

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.torchtitan import Speaker
    from fakeact_llm_training.sim import fault_events as ev

SCRIPT = "torchtitan.train"
# torchrun 2.9, measured: signals go out within milliseconds, and a tenth of a second later it says who failed.
WORKERS_END_MS = 95.0


class Faults:
    """The story of one fault, from the cause to the end of all processes."""

    def __init__(self, speaker: "Speaker") -> None:
        self._speaker, self._log = speaker, speaker.log
        self._fault: ev.Fault | None = None
        self._hangs: dict[int, c10d.Hang] = {}
        self._failed: list[ev.RankFailed] = []
        self._torn = False

    async def begin(self, fault: "ev.Fault") -> None:
        """The cause itself is silent, unless it is the scheduler."""
        self._fault, self._torn = fault, False
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
        moment, torch = self._speaker.moment(event.at), self._speaker.scenario.site.versions.torch
        for line in c10d.timed_out(moment, torch, hang, first=first):
            await self._log.worker(event.rank, line)

    async def failed(self, event: "ev.RankFailed") -> None:
        """A worker's last words; one that is killed has none."""
        self._failed.append(event)
        for line in self._last_words(event):
            await self._log.worker(event.rank, line)

    def _last_words(self, event: "ev.RankFailed") -> list[str]:
        launcher = self._launcher(event)
        if event.error == "watchdog" and event.rank in self._hangs:
            return list(c10d.aborted(self._speaker.moment(event.at), launcher, self._hangs[event.rank]))
        if event.exitcode != 1 or not self._fault:
            return []
        lines = traceback.full(event, self._fault, launcher, self._nccl)
        # torch says at the beginning of each line of a traceback whose it is.
        return [f"[rank{event.rank}]: {line}" for line in lines]

    def _launcher(self, event: "ev.RankFailed") -> torchrun.Launcher:
        return self._speaker.launcher(event.rank // self._speaker.scenario.gpus_per_node)

    @property
    def _nccl(self) -> str:
        return self._speaker.scenario.site.versions.nccl

    async def torn_down(self, event: "ev.Teardown") -> None:
        """A launcher ends its workers; the one whose worker failed says which."""
        launcher, moment = self._speaker.launcher(event.node), self._speaker.moment(event.at)
        preempted = self._fault is not None and self._fault.kind == "preemption"
        if preempted:
            await self._log.launcher(torchrun.death_signal(moment, launcher, event.signal))
        gone = {failed.pid for failed in self._failed}
        alive = [pid for pid in event.pids if pid not in gone]
        for line in torchrun.close_all(moment, launcher, alive, event.signal):
            await self._log.launcher(line)
        if not preempted:
            await self._report(event, launcher)
        self._torn = True

    async def _report(self, event: "ev.Teardown", launcher: torchrun.Launcher) -> None:
        own = [failed for failed in self._failed if failed.host == event.host]
        if not own:
            return
        await self._speaker.io.csleep(WORKERS_END_MS)
        first = own[0]
        await self._log.launcher(
            torchrun.failed(self._speaker.io.now(), launcher, first.exitcode, first.local_rank, first.pid)
        )
        if first.exitcode == -9:
            await self._log.launcher(slurm.oom_killed(self._speaker.scenario.site.job_id))
        if not self._torn and self._is_queued_again():
            await self._cancelled(event.at + WORKERS_END_MS / 1000, "JOB REQUEUE")

    def _is_queued_again(self) -> bool:
        """Whether the machine is taken away and the job given another; a lost node Slurm reports by itself."""
        speaker, fault = self._speaker, self._fault
        left = speaker.run.attempt < speaker.scenario.max_restarts
        return left and fault is not None and fault.kind in DRAINED and fault.kind != "node"

    async def node_lost(self, event: "ev.NodeLost") -> None:
        """Slurm no longer hears of a node."""
        await self._log.launcher(slurm.node_failed(event.host))
        await self._cancelled(event.at, "NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS")

    async def _cancelled(self, at: float, reason: str) -> None:
        speaker = self._speaker
        when, job = speaker.moment(at), speaker.scenario.site.job_id
        await self._log.launcher(slurm.cancelled(when, job, speaker.host(0), reason))

    async def give_up(self) -> None:
        """No attempts are left: the failing node's launcher ends with its report, and srun says so."""
        if not self._failed:
            return
        first = self._failed[0]
        node = first.rank // self._speaker.scenario.gpus_per_node
        own = [self._failure(event) for event in self._failed if event.host == first.host]
        launcher = self._speaker.launcher(node)
        if own[0].traceback:
            await self._log.launcher(torchrun.error_file(self._speaker.io.now(), launcher, own[0].error_file))
        for line in torchrun.child_failed(launcher, SCRIPT, own):
            await self._log.launcher(line)
        if self._speaker.scenario.nodes > 1:
            await self._log.launcher(slurm.task_exited(first.host, node, 1))

    def _failure(self, event: "ev.RankFailed") -> torchrun.Failure:
        speaker = self._speaker
        recorded: tuple[str, ...] = ()
        file = "<N/A>"
        if event.exitcode == 1 and self._fault:
            recorded = (*traceback.recorded(event, self._fault, self._launcher(event), self._nccl), "")
            file = speaker.error_file(event.local_rank, self._launcher(event).pid)
        return torchrun.Failure(
            speaker.moment(event.at), f"{event.host}.{speaker.scenario.site.domain}", event.rank, event.local_rank,
            event.pid, event.exitcode, file, recorded,
        )  # fmt: skip
