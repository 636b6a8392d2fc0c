"""What is seen of a fault: workers' last words, the launchers, the scheduler."""

from datetime import timedelta
from typing import TYPE_CHECKING

from fakeact_llm_training.dialects.megatron.startup import SOURCE
from fakeact_llm_training.dialects.megatron.traceback import traceback
from fakeact_llm_training.sim.fault_events import DRAINED
from fakeact_llm_training.tools import c10d, slurm, torchrun

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.megatron import Speaker
    from fakeact_llm_training.sim import fault_events as ev

SCRIPT = f"{SOURCE}/pretrain_gpt.py"
# torchrun 2.9, measured: signals go out within milliseconds, and a tenth of a second later it says who failed.
WORKERS_END_MS = 95.0
GAPS_MS = (1, 0, 1, 12, 0, 1, 1, 2, 0)


class Faults:
    """The story of one fault, from the cause to the end of all processes."""

    def __init__(self, speaker: "Speaker") -> None:
        self._speaker, self._run = speaker, speaker.scenario
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
        torch = self._run.site.versions.torch
        await self._speaker.say_all(list(c10d.timed_out(self._speaker.moment(event.at), torch, hang, first=first)))

    async def failed(self, event: "ev.RankFailed") -> None:
        """A worker's last words; one that is killed has none."""
        self._failed.append(event)
        await self._speaker.say_all(self._last_words(event))

    def _last_words(self, event: "ev.RankFailed") -> list[str]:
        launcher = self._speaker.launcher(event.rank // self._run.gpus_per_node)
        if event.error == "watchdog" and event.rank in self._hangs:
            return list(c10d.aborted(self._speaker.moment(event.at), launcher, self._hangs[event.rank]))
        if event.exitcode != 1 or not self._fault:
            return []
        nccl = self._run.site.versions.nccl
        lines = traceback(event, self._fault, launcher, nccl, SOURCE, self._run.pp)
        # torch says at the beginning of each line of a traceback whose it is.
        return [f"[rank{event.rank}]: {line}" for line in lines]

    async def torn_down(self, event: "ev.Teardown") -> None:
        """A launcher ends its workers; the one whose worker failed says which."""
        speaker, launcher = self._speaker, self._speaker.launcher(event.node)
        moment = speaker.moment(event.at)
        preempted = self._fault is not None and self._fault.kind == "preemption"
        if preempted:
            await speaker.say(torchrun.death_signal(moment, launcher, event.signal))
        gone = {failed.pid for failed in self._failed}
        for pid in event.pids:
            if pid not in gone:
                await speaker.say(torchrun.closing(moment, launcher, pid, event.signal))
                moment += timedelta(milliseconds=GAPS_MS[pid % len(GAPS_MS)])
        if not preempted:
            await self._report(event, launcher)
        self._torn = True

    async def _report(self, event: "ev.Teardown", launcher: torchrun.Launcher) -> None:
        own = [failed for failed in self._failed if failed.host == event.host]
        if not own:
            return
        speaker, first = self._speaker, own[0]
        await speaker.io.csleep(WORKERS_END_MS)
        await speaker.say(torchrun.failed(speaker.io.now(), launcher, first.exitcode, first.local_rank, first.pid))
        if first.exitcode == -9:
            await speaker.say(slurm.oom_killed(self._run.site.job_id))
        if not self._torn and self._is_queued_again():
            await self._cancelled(event.at + WORKERS_END_MS / 1000, "JOB REQUEUE")

    def _is_queued_again(self) -> bool:
        """Whether the machine is taken away and the job given another; a lost node Slurm reports by itself."""
        left = self._speaker.run.attempt < self._run.max_restarts
        return left and self._fault is not None and self._fault.kind in DRAINED and self._fault.kind != "node"

    async def node_lost(self, event: "ev.NodeLost") -> None:
        """Slurm no longer hears of a node."""
        await self._speaker.say(slurm.node_failed(event.host))
        await self._cancelled(event.at, "NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS")

    async def _cancelled(self, at: float, reason: str) -> None:
        speaker, job = self._speaker, self._run.site.job_id
        await speaker.say(slurm.cancelled(speaker.moment(at), job, speaker.host(0), reason))

    async def give_up(self) -> None:
        """No attempts are left: the failing node's launcher ends with its report, and srun says so."""
        if not self._failed:
            return
        first, speaker = self._failed[0], self._speaker
        node = first.rank // self._run.gpus_per_node
        own = [self._failure(event) for event in self._failed if event.host == first.host]
        await speaker.say_all(list(torchrun.child_failed(speaker.launcher(node), SCRIPT, own)))
        if self._run.nodes > 1:
            await speaker.say(slurm.task_exited(first.host, node, 1))

    def _failure(self, event: "ev.RankFailed") -> torchrun.Failure:
        # Megatron's script does not record its exceptions for the launcher.
        host = f"{event.host}.{self._run.site.domain}"
        moment = self._speaker.moment(event.at)
        return torchrun.Failure(moment, host, event.rank, event.local_rank, event.pid, event.exitcode)

    async def interrupted(self) -> None:
        """Pass Ctrl-C on as srun does; the first node's launcher ends its workers and itself."""
        speaker, launcher, now = self._speaker, self._speaker.launcher(0), self._speaker.io.now()
        if self._run.nodes > 1:
            await speaker.say(f"srun: sending Ctrl-C to StepId={self._run.site.job_id}.0")
        await speaker.say(torchrun.death_signal(now, launcher, 2))
        for rank in range(self._run.gpus_per_node):
            moment = now + timedelta(milliseconds=rank)
            await speaker.say(torchrun.closing(moment, launcher, speaker.pid(rank), 2))
        await speaker.say_all(list(torchrun.killed(launcher, 2)))
