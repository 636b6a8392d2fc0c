"""Faults under DeepSpeed's own launcher and pdsh; larger jobs are torchrun's, which srun starts anew.

Each node has a launcher that looks at its own workers. When one of them fails it ends the others, and pdsh says that
its connection is over; it waits for the other nodes, whose ranks hang until their watchdogs end them.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fakeact_llm_training.dialects.deepspeed.log import SCRIPT
from fakeact_llm_training.dialects.faults import WORKERS_END_MS, Broken
from fakeact_llm_training.dialects.faults import Faults as Story
from fakeact_llm_training.tools import deepspeed, slurm, torchrun
from fakeact_llm_training.tools.traceback import Frame

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.deepspeed import Speaker
    from fakeact_llm_training.sim import fault_events as ev

# Where the script is when something breaks. Each calls into C++, so that no frame of torch's stands below it.
_READING = (231, "for step, batch in enumerate(loader):")
_AVERAGING = (243, "handle.wait()  # average of the loss over all ranks")
_LOOKING = (247, "value = loss.item()")


class Faults(Story):
    """A script around DeepSpeed's engine."""

    script = SCRIPT

    def __init__(self, speaker: "Speaker") -> None:
        super().__init__(speaker)
        self._log = speaker.log
        self._ended = False
        self._down: set[int] = set()

    def frames(self, broken: Broken, step: int, launcher: torchrun.Launcher) -> Iterable[Frame]:  # noqa: ARG002
        reading = broken in {"stale_file", "loader_worker"}
        line, code = _READING if reading else _AVERAGING if broken == "nccl" else _LOOKING
        return [Frame(SCRIPT, 287, "<module>", "main()"), Frame(SCRIPT, line, "main", code)]

    def path(self, file: str, launcher: torchrun.Launcher) -> str:  # noqa: ARG002
        return f"{self._run.site.paths.output}/{file}"

    @property
    def by_srun(self) -> bool:
        return self._log.by_torchrun and super().by_srun

    async def begin(self, fault: "ev.Fault") -> None:
        self._ended = False
        self._down.clear()
        await super().begin(fault)
        if fault.kind == "preemption" and self._log.over_pdsh:
            await self._pdsh_ended()

    async def _pdsh_ended(self) -> None:
        """The runner has had a signal: what launchers and workers say from now on comes nowhere."""
        self._launchers_live = False
        hosts = self._log.hosts
        for line in deepspeed.pdsh_interrupted(hosts[0], hosts, self._run.site.agent_pid(0)):
            await self._log.plain(line)

    async def node_lost(self, event: "ev.NodeLost") -> None:
        """Ssh gives up; under Slurm the controller says so."""
        if self._log.by_torchrun:
            await super().node_lost(event)
            return
        await self._log.plain(deepspeed.ssh_gave_up(event.host))
        await self._log.plain(deepspeed.ssh_exited(self._speaker.host(0), event.host, 255))

    async def cancelled(self, event: "ev.Cancelled") -> None:
        """Its launchers have gone already: what starts them anew does not need a requeue."""

    async def torn_down(self, event: "ev.Teardown") -> None:
        """A node's launcher ends its workers: because one of them failed, or because it is told to."""
        if self._log.over_pdsh:
            # Whoever interrupts it now meets pdsh, as long as a node is there.
            self._down.add(event.node)
            self._workers_live = self._launchers_live = len(self._down) < self._run.nodes
            return
        self._workers_live = self._launchers_live = False
        if self._log.by_torchrun:
            own = next((failed for failed in self._failed if failed.host == event.host), None)
            await self._under_torchrun(event, own)
        self._ended = True

    async def worker_ended(self, event: "ev.WorkerEnded") -> None:
        """A launcher says whom it ends."""
        await self._log.launcher(
            event.node, deepspeed.LAUNCHER["killing"], f"Killing subprocess {event.pid}",
            when=self._speaker.moment(event.at),
        )  # fmt: skip

    async def launcher_left(self, event: "ev.LauncherLeft") -> None:
        """Its last words, which name the worker it started last, and pdsh's."""
        if self._log.by_torchrun:
            return
        log, when = self._log, self._speaker.moment(event.at)
        if event.rank is None:
            text = f"Main process received {torchrun.SIGNALS[15]}, exiting"
            await log.launcher(event.node, deepspeed.LAUNCHER["signalled"], text, when=when)
        else:
            text = f"{log.command(self._run.gpus_per_node - 1)} exits with return code = {event.exitcode}"
            await log.launcher(event.node, deepspeed.LAUNCHER["returned"], text, "ERROR", when)
        if log.over_pdsh:
            await log.plain(deepspeed.ssh_exited(self._speaker.host(0), event.host, event.exitcode))

    def _pids(self, node: int) -> list[int]:
        """All of a node's workers: the launcher goes through its list, whoever is still alive."""
        per_node = self._run.gpus_per_node
        return [self._speaker.pid(node * per_node + local) for local in range(per_node)]

    async def _under_torchrun(self, event: "ev.Teardown", own: "ev.RankFailed | None") -> None:
        """The first node's log; of another's failure srun tells."""
        log, launcher = self._log, self._speaker.launcher(event.node)
        when = self._speaker.moment(event.at)
        if own and event.node:
            await log.plain(slurm.task_exited(event.host, event.node, 1))
            if not self._ended:
                await log.plain(slurm.step_aborted())
        if event.node:
            return
        if not own:
            await log.plain(torchrun.death_signal(when, launcher, event.signal))
        gone = {failed.pid for failed in self._failed}
        for line in torchrun.close_all(when, launcher, (pid for pid in event.pids if pid not in gone), event.signal):
            await log.plain(line)
        await self._gone(launcher, own, when + timedelta(milliseconds=WORKERS_END_MS))

    async def _gone(self, launcher: torchrun.Launcher, own: "ev.RankFailed | None", when: datetime) -> None:
        """Torchrun allows no restart of its own here: srun begins anew."""
        log = self._log
        if not own:
            for line in torchrun.killed(launcher, 15):
                await log.plain(line)
            return
        await log.plain(torchrun.failed(when, launcher, own.exitcode, own.local_rank, own.pid))
        for line in torchrun.child_failed(launcher, SCRIPT, [self.failure(own)]):
            await log.plain(line)
        await log.plain(slurm.task_exited(own.host, 0, 1))

    async def interrupted(self, signal: int) -> None:
        """Ctrl-C reaches pdsh, or else the launcher and, as they share its terminal, its workers."""
        if not self._launchers_live:
            return
        if self._log.by_torchrun:
            await super().interrupted(signal)
        elif self._log.over_pdsh:
            await self._pdsh_ended()
        else:
            await self._launcher_killed(signal)

    async def _launcher_killed(self, signal: int) -> None:
        """As DeepSpeed 0.19 did it: workers speak first, and the runner's own exception comes in between."""
        by_key, launcher = signal == torchrun.SIGINT, self._speaker.launcher(0)
        if by_key and self._speaker.is_running:
            for rank in self._log.ranks:
                for line in self.interrupted_rank(rank, launcher):
                    await self._log.worker(rank, line)
        for rank, pid in enumerate(self._pids(0)):
            await self._log.launcher(0, deepspeed.LAUNCHER["killing"], f"Killing subprocess {pid}")
            if by_key and not rank:
                for line in deepspeed.runner_interrupted(launcher):
                    await self._log.plain(line)
        text = f"Main process received {torchrun.SIGNALS[signal]}, exiting"
        await self._log.launcher(0, deepspeed.LAUNCHER["signalled"], text)
