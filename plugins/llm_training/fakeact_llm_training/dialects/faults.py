"""The story of a fault, told once for all dialects: who speaks, and in which order.

A worker's watchdog or its traceback, the launcher that ends the others, the scheduler that takes a machine away;
or Ctrl-C, from the launcher down to the workers. A dialect adds where in its source a rank is.
"""

import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from fakeact_llm_training.dialects import ended, hangs, node_check
from fakeact_llm_training.tools import c10d, kernel, slurm, torchrun
from fakeact_llm_training.tools.traceback import HEAD, INTERRUPTED, RAISED, Frame, error, show

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.base import Dialect
    from fakeact_llm_training.sim import fault_events as ev

WORKERS_END_MS = 95.0
"""torchrun 2.9, measured: signals go out within milliseconds, and a tenth of a second later it says who failed."""
Broken = Literal["ecc", "launch", "nccl", "stale_file", "loader_worker", "interrupt"]
"""What ends a rank in the middle of its source; the others end without a word or by their watchdog."""


class Faults:
    """The story of one fault, from the cause to the end of all processes."""

    script = "train.py"
    """The script as the launcher's report names it."""
    checks_nodes = False
    """Whether the launch script looks into the log of a node that failed, and drains it."""

    def __init__(self, speaker: "Dialect") -> None:
        self._speaker, self._run = speaker, speaker.scenario
        self._fault: ev.Fault | None = None
        self._hangs: dict[int, c10d.Hang] = {}
        self._failed: list[ev.RankFailed] = []
        self._torn: dict[str, datetime] = {}
        self._told: set[int] = set()
        self._xids: list[ev.XidLogged] = []
        self._reported = False
        self._workers_live = self._launchers_live = True

    # What a dialect knows of itself
    def frames(self, broken: Broken, step: int, launcher: torchrun.Launcher) -> Iterable[Frame]:
        """Where a rank is in the source when something breaks in a step, outermost frame first."""
        raise NotImplementedError

    def called(self, op: str) -> Iterable[Frame]:  # noqa: ARG002 - for dialects that can tell
        """Where a collective was called, innermost frame first, as the flight recorder keeps it."""
        return ()

    def path(self, file: str, launcher: torchrun.Launcher) -> str:
        """Where a file of these frames lies."""
        return f"{launcher.packages}/{file}"

    @property
    def by_srun(self) -> bool:
        """Whether srun starts the launchers, one on each node; a single one the batch script starts itself."""
        return self._run.nodes > 1

    def elements(self, event: "ev.WatchdogTimeout") -> tuple[int, int]:
        """Elements in and out of a collective, for dialects that have said before how large their buckets are."""
        return event.numel_in, event.numel_out

    # A fault, event by event
    async def begin(self, fault: "ev.Fault") -> None:
        """The cause itself is silent, unless it is the scheduler."""
        self._fault, self._reported = fault, False
        self._hangs.clear()
        self._failed.clear()
        self._torn.clear()
        self._told.clear()
        self._xids.clear()
        if fault.kind == "preemption":
            await self._cancelled("PREEMPTION")

    def logged(self, event: "ev.XidLogged") -> None:
        """The driver writes into the kernel's log, which nobody sees until somebody looks."""
        self._xids.append(event)

    @property
    def workers_live(self) -> bool:
        """Whether no launcher has ended its workers yet."""
        return self._workers_live

    def kernel_log(self) -> Iterator[str]:
        """What the driver has written of this fault."""
        moments = [self._speaker.moment(event.at) for event in self._xids]
        return kernel.xids(self._xids, moments, self._run.site.versions.driver)

    async def timed_out(self, event: "ev.WatchdogTimeout") -> None:
        """A rank's watchdog speaks."""
        hang = self._hangs[event.rank] = hangs.hang(event, self.elements(event))
        moment, launcher = self._speaker.moment(event.at), self._launcher_of(event.rank)
        stack = self.called(event.op) if self._records(launcher) else ()
        for line in c10d.timed_out(moment, launcher, hang, stack, signals=event.signals):
            await self._speaker.by_worker(event.rank, line)

    def _records(self, launcher: torchrun.Launcher) -> bool:
        """Whether the flight recorder keeps where collectives were called."""
        return not torchrun.is_older(launcher.torch, c10d.RECORDS_BY_DEFAULT)

    async def signalled(self, event: "ev.DumpSignal") -> None:
        """A rank's monitor thread writes down what the flight recorder has."""
        moment, torch = self._speaker.moment(event.at), self._run.site.versions.torch
        for line in c10d.dumped(moment, torch, hangs.dump(event)):
            await self._speaker.by_worker(event.rank, line)

    async def failed(self, event: "ev.RankFailed") -> None:
        """A worker's last words; one that is killed has none."""
        self._failed.append(event)
        for line in self._last_words(event):
            await self._speaker.by_worker(event.rank, line)

    def _last_words(self, event: "ev.RankFailed") -> Iterator[str]:
        launcher = self._launcher_of(event.rank)
        if event.error == "watchdog" and event.rank in self._hangs:
            yield from c10d.aborted(self._speaker.moment(event.at), launcher, self._hangs[event.rank])
        elif event.error in RAISED and self._fault:
            yield from _of_rank(event.rank, self._traceback(event, self._fault, launcher))
            if event.exitcode < 0:
                yield from hangs.broken(self._speaker, event, launcher)

    def _launcher_of(self, rank: int) -> torchrun.Launcher:
        return self._speaker.launcher(rank // self._run.gpus_per_node)

    def _traceback(self, event: "ev.RankFailed", fault: "ev.Fault", launcher: torchrun.Launcher) -> Iterator[str]:
        broken: Broken = event.error  # type: ignore[assignment]  # the exit code is an exception's
        yield HEAD
        yield from self.shown(self.frames(broken, fault.step, launcher), launcher)
        yield from error(event.error, fault, launcher, self._run.site.versions.nccl)

    def shown(self, frames: Iterable[Frame], launcher: torchrun.Launcher) -> Iterator[str]:
        """Frames as Python shows them."""
        yield from show(frames, launcher.carets, lambda file: self.path(file, launcher))

    async def torn_down(self, event: "ev.Teardown") -> None:
        """A launcher ends its workers; the one whose worker failed says which."""
        launcher, moment = self._speaker.launcher(event.node), self._speaker.moment(event.at)
        own = next((failed for failed in self._failed if failed.host == event.host), None)
        # A launcher that may restart its workers does so when it hears of another's; else srun ends it.
        told = self._is_preempted or (own is None and not self._restarts_are_left)
        if told:
            await self._speaker.by_launcher(event.node, torchrun.death_signal(moment, launcher, event.signal))
        # Who has aborted is still there when its launcher ends the others, but for the first.
        gone = {failed.pid for failed in self._failed if failed.error != "watchdog" or failed is own}
        alive = [pid for pid in event.pids if pid not in gone]
        for line in torchrun.close_all(moment, launcher, alive, event.signal):
            await self._speaker.by_launcher(event.node, line)
        self._torn[event.host] = moment
        self._workers_live = False
        self._launchers_live = self._launchers_live and not self._is_preempted
        if told:
            self._told.add(event.node)
        elif own:
            await self._report(event, own, launcher)

    async def launcher_left(self, event: "ev.LauncherLeft") -> None:
        """A launcher that was told to end raises its exception when the last of its workers is gone."""
        if event.node in self._told:
            await self._leave(event.node, torchrun.SIGTERM)

    @property
    def _is_preempted(self) -> bool:
        return self._fault is not None and self._fault.kind == "preemption"

    @property
    def _restarts_are_left(self) -> bool:
        return self._speaker.run.attempt < self._run.max_restarts

    async def _leave(self, node: int, signal: int) -> None:
        """A launcher that was told to end leaves with a traceback; srun tells its exit code."""
        for line in torchrun.killed(self._speaker.launcher(node), signal):
            await self._speaker.by_launcher(node, line)
        if self.by_srun:
            await self._speaker.by_scheduler(slurm.task_exited(self._speaker.host(node), node, 1))

    async def _report(self, event: "ev.Teardown", first: "ev.RankFailed", launcher: torchrun.Launcher) -> None:
        """Which worker failed first on this node; the last word of a launcher that may not restart it."""
        await self._speaker.io.csleep(WORKERS_END_MS)
        now, job = self._speaker.io.now(), self._run.site.job_id
        line = torchrun.failed(now, launcher, first.exitcode, first.local_rank, first.pid)
        await self._speaker.by_launcher(event.node, line)
        if first.exitcode == -9:
            await self._speaker.by_scheduler(slurm.oom_killed(job))
        if not self._restarts_are_left and not self._reported:
            await self._give_up(first)

    async def cancelled(self, event: "ev.Cancelled") -> None:
        """The scheduler takes the job away: all launchers are told to end, and leave."""
        if self.checks_nodes and self._xids and event.reason == slurm.REQUEUED and self._run.nodes > 1:
            await node_check.drained(self._speaker, self._xids[0], self.kernel_log())
        await self._cancelled(event.reason)
        now = self._speaker.io.now()
        dice = random.Random(f"{self._run.site.job_id} {event.at}")
        for delay, node in sorted((dice.uniform(0.01, 0.3), node) for node in event.nodes):
            launcher = self._speaker.launcher(node)
            line = torchrun.death_signal(now + timedelta(seconds=delay), launcher, 15)
            await self._speaker.by_launcher(node, line)
        for node in dice.sample(event.nodes, len(event.nodes)):
            await self._leave(node, torchrun.SIGTERM)

    async def node_lost(self, event: "ev.NodeLost") -> None:
        """Slurm no longer hears of a node."""
        await self._speaker.by_scheduler(slurm.node_failed(event.host))
        await self._cancelled("NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS")

    async def _cancelled(self, reason: str) -> None:
        speaker, job = self._speaker, self._run.site.job_id
        self._launchers_live = False
        now, host = speaker.io.now(), speaker.host(0)
        alone = [slurm.cancelled(now, job, host, reason)]
        for line in slurm.taken_away(now, job, host, reason) if self.by_srun else alone:
            await speaker.by_scheduler(line)

    def started_again(self) -> None:
        """New workers are there, and launchers."""
        self._workers_live = self._launchers_live = True

    def over(self) -> None:
        """All workers and launchers have come to their end."""
        self._workers_live = self._launchers_live = False

    async def give_up(self) -> None:
        """No attempts are left: the failing node's launcher has ended with its report."""
        if self._failed and not self._reported:
            await self._give_up(self._failed[0])

    async def _give_up(self, first: "ev.RankFailed") -> None:
        """A launcher ends with its report; srun says so, and ends the others."""
        self._reported = True
        speaker = self._speaker
        node = first.rank // self._run.gpus_per_node
        launcher = speaker.launcher(node)
        own = self._failures(first, node, launcher)
        if own[0].traceback:
            await speaker.by_launcher(node, torchrun.error_file(speaker.io.now(), launcher, own[0].error_file))
        for line in torchrun.child_failed(launcher, self.script, own):
            await speaker.by_launcher(node, line)
        if self.by_srun:
            job = self._run.site.job_id
            await speaker.by_scheduler(slurm.task_exited(first.host, node, 1))
            await speaker.by_scheduler(slurm.step_aborted())
            await speaker.by_scheduler(slurm.cancelled(speaker.io.now(), job, speaker.host(0), "", step=0))

    def _failures(self, first: "ev.RankFailed", node: int, launcher: torchrun.Launcher) -> list[torchrun.Failure]:
        """A node's entries in the report: those that ended by themselves, or from torch 2.11 on all workers."""
        failed = {event.rank: self.failure(event) for event in self._failed if event.host == first.host}
        if not launcher.lists_ended:
            return list(failed.values())
        return ended.workers(self._speaker, node, failed[first.rank], failed, self._torn[first.host])

    def failure(self, event: "ev.RankFailed") -> torchrun.Failure:
        """A worker's entry in the report; most scripts do not record their exceptions for it."""
        host = f"{event.host}.{self._run.site.domain}"
        moment = self._speaker.moment(event.at)
        return torchrun.Failure(moment, host, event.rank, event.local_rank, event.pid, event.exitcode)

    # Told to end
    async def told_to_end(self, signal: int) -> None:
        """The first node's launcher is told to end: it tells its workers, hears them, and goes.

        As torchrun 2.13 did it on Ctrl-C in a terminal, where it takes a tenth of a second.
        """
        speaker, launcher, now = self._speaker, self._speaker.launcher(0), self._speaker.io.now()
        await speaker.by_launcher(0, torchrun.death_signal(now, launcher, signal))
        ranks = range(self._run.gpus_per_node if self._workers_live else 0)
        for line in torchrun.close_all(now, launcher, map(speaker.pid, ranks), signal):
            await speaker.by_launcher(0, line)
        if signal == torchrun.SIGINT and speaker.is_running:
            for rank in sorted(ranks, key=lambda rank: speaker.startup.detection(rank).at):
                for line in self.interrupted_rank(rank, launcher):
                    await speaker.by_worker(rank, line)
        for line in torchrun.killed(launcher, signal):
            await speaker.by_launcher(0, line)

    def interrupted_rank(self, rank: int, launcher: torchrun.Launcher) -> Iterable[str]:
        """What a rank says when it is interrupted: Python raises KeyboardInterrupt wherever it is."""
        frames = self.frames("interrupt", self._speaker.run.step + 1, launcher)
        return _of_rank(rank, [HEAD, *self.shown(frames, launcher), INTERRUPTED])

    async def interrupted(self, signal: int) -> None:
        """Ctrl-C, or another signal from outside: by way of srun, where that started the launchers."""
        speaker, job = self._speaker, self._run.site.job_id
        if not self._launchers_live:
            return
        if self.by_srun:
            now, host = speaker.io.now(), speaker.host(0)
            for line in slurm.interrupted(now, job, host, by_key=signal == torchrun.SIGINT):
                await speaker.by_scheduler(line)
        await self.told_to_end(signal)


def _of_rank(rank: int, lines: Iterable[str]) -> Iterator[str]:
    """Torch says at the beginning of each line of a traceback whose it is."""
    return (f"[rank{rank}]: {line}" for line in lines)
