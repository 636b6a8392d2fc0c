"""What is seen of a fault: watchdogs and tracebacks of workers, the launchers, the scheduler."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from fakeact_llm_training.dialects.hf.traceback import SCRIPT, traceback
from fakeact_llm_training.sim.fault_events import DRAINED
from fakeact_llm_training.tools import c10d, slurm, torchrun

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.hf import Speaker
    from fakeact_llm_training.sim import fault_events as ev

# torchrun 2.9, measured: a tenth of a second after its signals it says who failed.
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
            await self._cancelled("PREEMPTION")

    async def timed_out(self, event: "ev.WatchdogTimeout") -> None:
        """A rank's watchdog speaks."""
        hang = c10d.Hang(
            event.rank, event.pid, event.seq, event.op, event.numel_in, event.numel_out, event.timeout_ms, event.ran_ms,
            event.last_enqueued, event.last_completed, event.group, event.group_name,
        )  # fmt: skip
        first = not self._hangs
        self._hangs[event.rank] = hang
        torch = self._speaker.scenario.site.versions.torch
        await self._say(c10d.timed_out(self._speaker.moment(event.at), torch, hang, first=first))

    async def failed(self, event: "ev.RankFailed") -> None:
        """A worker's last words; one that is killed has none."""
        self._failed.append(event)
        launcher = self._speaker.launcher(event.rank // self._speaker.scenario.gpus_per_node)
        if event.error == "watchdog" and event.rank in self._hangs:
            hang = self._hangs[event.rank]
            await self._say(c10d.aborted(self._speaker.moment(event.at), launcher, hang))
        elif event.exitcode == 1 and self._fault:
            nccl = self._speaker.scenario.site.versions.nccl
            lines = traceback(event, self._fault, launcher, self._speaker.folder, nccl)
            # torch says at the beginning of each line of a traceback whose it is.
            await self._say(f"[rank{event.rank}]: {line}" for line in lines)

    async def _say(self, lines: Iterable[str]) -> None:
        for line in lines:
            await self._log.plain(line)

    async def torn_down(self, event: "ev.Teardown") -> None:
        """A launcher ends its workers; the one whose worker failed says which."""
        launcher, moment = self._speaker.launcher(event.node), self._speaker.moment(event.at)
        preempted = self._fault is not None and self._fault.kind == "preemption"
        if preempted:
            await self._log.plain(torchrun.death_signal(moment, launcher, event.signal))
        gone = {failed.pid for failed in self._failed}
        for place, pid in enumerate(pid for pid in event.pids if pid not in gone):
            now = moment + timedelta(milliseconds=place)
            await self._log.plain(torchrun.closing(now, launcher, pid, event.signal))
        if not preempted:
            await self._report(event, launcher)
        self._torn = True

    async def _report(self, event: "ev.Teardown", launcher: torchrun.Launcher) -> None:
        own = [failed for failed in self._failed if failed.host == event.host]
        if not own:
            return
        await self._speaker.io.csleep(WORKERS_END_MS)
        first, job = own[0], self._speaker.scenario.site.job_id
        now = self._speaker.io.now()
        await self._log.plain(torchrun.failed(now, launcher, first.exitcode, first.local_rank, first.pid))
        if first.exitcode == -9:
            await self._log.plain(slurm.oom_killed(job))
        if not self._torn and self._is_queued_again:
            await self._cancelled("JOB REQUEUE")

    @property
    def _is_queued_again(self) -> bool:
        """Whether the job is given another machine; a lost node Slurm reports by itself."""
        speaker, fault = self._speaker, self._fault
        left = speaker.run.attempt < speaker.scenario.max_restarts
        return left and fault is not None and fault.kind in DRAINED and fault.kind != "node"

    async def node_lost(self, event: "ev.NodeLost") -> None:
        """Slurm no longer hears of a node."""
        await self._log.plain(slurm.node_failed(event.host))
        await self._cancelled("NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS")

    async def _cancelled(self, reason: str) -> None:
        speaker = self._speaker
        job, host = speaker.scenario.site.job_id, speaker.run.host(0)
        await self._log.plain(slurm.cancelled(speaker.io.now(), job, host, reason))

    async def give_up(self) -> None:
        """No attempts are left: the failing node's launcher ends with its report, and srun says so."""
        if not self._failed:
            return
        first, speaker = self._failed[0], self._speaker
        node = first.rank // speaker.scenario.gpus_per_node
        own = [self._failure(event) for event in self._failed if event.host == first.host]
        await self._say(torchrun.child_failed(speaker.launcher(node), SCRIPT, own))
        if speaker.scenario.nodes > 1:
            await self._log.plain(slurm.task_exited(first.host, node, 1))

    def _failure(self, event: "ev.RankFailed") -> torchrun.Failure:
        # The script does not record its exceptions, so there is no error file.
        host = f"{event.host}.{self._speaker.scenario.site.domain}"
        return torchrun.Failure(
            self._speaker.moment(event.at), host, event.rank, event.local_rank, event.pid, event.exitcode
        )
