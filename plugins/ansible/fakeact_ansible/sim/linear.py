"""The linear strategy: all hosts finish a task before any begins the next, so many at a time."""

import heapq
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from fakeact_ansible.sim.events import (
    Event,
    Included,
    PlayStarted,
    Recapped,
    Reported,
    TaskStarted,
)
from fakeact_ansible.sim.executor import Executor, Groups, Step, gather, unreachable
from fakeact_ansible.sim.hosts import Host
from fakeact_ansible.sim.modules import Modules
from fakeact_ansible.sim.playbook import Play, Project, Task
from fakeact_ansible.sim.stats import Stats
from fakeact_ansible.sim.templating import fill
from fakeact_ansible.sim.trouble import Trouble

DISPATCH_SECONDS = 0.03
"""What the controller needs to fork a worker."""
BETWEEN_TASKS = 0.08
CONNECT_TIMEOUT = 10.0
"""Seconds, the default of ``timeout`` in ansible.cfg."""

Timed = Iterator[tuple[float, Event]]
"""Seconds to wait, and what happens then."""


@dataclass
class Batch:
    """The hosts of a play that run together, and the handlers they were told to run."""

    name: str
    hosts: list[Host]
    handlers: list[Task]
    notified: dict[str, set[str]] = field(default_factory=dict)


class Run:
    """One run of a playbook from the first play to the recap."""

    def __init__(
        self, project: Project, hosts: list[Host], trouble: Trouble, rng: random.Random,
        *, forks: int, warn: bool, started: datetime,
    ) -> None:  # fmt: skip
        """Take what is run where; *warn* says that no Python interpreter is configured."""
        self._project, self._hosts, self._trouble, self._rng = project, hosts, trouble, rng
        self._forks, self._warn, self._now = forks, warn, started
        members: dict[str, list[str]] = {}
        for host in hosts:
            members.setdefault(host.group, []).append(host.name)
        self._modules = Modules(rng)
        self._executor = Executor(Groups(members), self._modules, trouble, rng)
        self._gone: set[Host] = set()
        self._stats = Stats()

    def events(self, plays: Sequence[Play]) -> Timed:
        """Everything that happens, in order."""
        for play, batch in [(each, batch) for each in plays for batch in self._batches(each)]:
            gone = len(self._gone)
            yield from self._batch(play, batch)
            if len(self._gone) - gone == len(batch.hosts):
                break  # Ansible gives up, whatever else there was to do, once a whole batch is lost
        yield 0.1, Recapped(self._stats.table())

    def _batch(self, play: Play, batch: Batch) -> Timed:
        yield 0.05, PlayStarted(batch.name)
        yield from self._gather(batch)
        for section in play.sections:
            yield from self._tasks(section, batch, batch.hosts)
            yield from self._handlers(batch)

    def _batches(self, play: Play) -> Iterator[Batch]:
        hosts = [host for host in self._hosts if play.hosts in ("all", host.group)]
        share = play.serial.rstrip("%")
        size = len(hosts) * int(share) // 100 if "%" in play.serial else int(share)
        size = max(1, size)
        for start in range(0, len(hosts), size):
            yield Batch(play.name, hosts[start : start + size], list(play.handlers))

    def _left(self, hosts: Sequence[Host]) -> list[Host]:
        return [host for host in hosts if host not in self._gone]

    def _gather(self, batch: Batch) -> Timed:
        def steps(host: Host, _: float) -> list[Step]:
            if self._trouble.unreachable(host):
                return [unreachable(host, CONNECT_TIMEOUT + self._rng.uniform(0.1, 0.4))]
            seconds = 1.5 * host.slowness * self._rng.lognormvariate(0, 0.15)
            return [gather(host, seconds, self._warn)]

        yield from self._step(TaskStarted("Gathering Facts"), self._left(batch.hosts), steps, rescued=False)

    def _handlers(self, batch: Batch) -> Timed:
        notified, batch.notified = batch.notified, {}
        for handler in batch.handlers:
            names = notified.get(handler.node["name"], set())
            hosts = [host for host in self._left(batch.hosts) if host.name in names]
            if hosts:
                yield from self._task(handler, batch, hosts, banner=TaskStarted(handler.name, handler=True))

    def _tasks(self, tasks: Sequence[Task], batch: Batch, hosts: Sequence[Host], *, rescued: bool = False) -> Timed:
        for task in tasks:
            left = self._left(hosts)
            if not left:
                return
            if task.block:
                yield from self._block(task, batch, left)
            elif task.module in ("include_tasks", "include_role"):
                yield from self._include(task, batch, left)
            else:
                yield from self._task(task, batch, left, rescued=rescued)

    def _block(self, block: Task, batch: Batch, hosts: list[Host]) -> Timed:
        yield from self._tasks(block.block, batch, hosts, rescued=bool(block.rescue))
        failed = [host for host in hosts if host in self._gone and block.rescue]
        self._gone -= set(failed)
        yield from self._tasks(block.rescue, batch, failed)
        yield from self._tasks(block.always, batch, hosts)

    def _include(self, task: Task, batch: Batch, hosts: list[Host]) -> Timed:
        yield BETWEEN_TASKS, TaskStarted(task.name)
        takers: dict[str, list[Host]] = {}
        for host in hosts:
            scope = self._executor.scope(task, host)
            if self._executor.applies(task, scope):
                what = task.args.get("name") or fill(task.args["_raw_params"], scope)
                takers.setdefault(what, []).append(host)
                self._stats.count(host.name, "ok", ignored=False, rescued=False, changed=False)
            else:
                yield self._settle(DISPATCH_SECONDS, Reported(host.name, "skipping"), host)
        for what, group in takers.items():
            shown = what if "name" in task.args else f"{task.file.path.rpartition('/')[0]}/{what}"
            yield DISPATCH_SECONDS * len(group), Included(shown, tuple(host.name for host in group))
        for what, group in takers.items():
            if "name" in task.args:
                batch.handlers += self._project.handlers(what)
                yield from self._tasks(self._project.role(what), batch, group)
            else:
                yield from self._tasks(self._project.role(task.role, what), batch, group)

    def _task(
        self, task: Task, batch: Batch, hosts: list[Host], *, banner: TaskStarted | None = None, rescued: bool = False
    ) -> Timed:
        hosts = hosts[:1] if task.node.get("run_once") else hosts
        spared = rescued or banner or task.node.get("ignore_errors") or "loop" in task.node
        victim = None if spared else self._trouble.victim(hosts)

        def steps(host: Host, at: float) -> list[Step]:
            return self._executor.run(task, host, self._now + timedelta(seconds=at), host is victim)

        for wait, event in self._step(banner or TaskStarted(task.name), hosts, steps, rescued=rescued):
            if isinstance(event, Reported) and event.status == "changed" and not event.item:
                self._notify(task, batch, event.host.partition(" ")[0])
            if isinstance(event, Reported) and event.status == "failed" and victim:
                self._trouble.struck()
            yield wait, event

    def _notify(self, task: Task, batch: Batch, host: str) -> None:
        names = task.node.get("notify", [])
        for name in [names] if isinstance(names, str) else names:
            batch.notified.setdefault(name, set()).add(host)

    def _step(
        self, banner: TaskStarted, hosts: list[Host], steps: Callable[[Host, float], list[Step]], *, rescued: bool
    ) -> Timed:
        """Give hosts to workers as these become free; yields what they report in the order it comes."""
        yield BETWEEN_TASKS, banner
        free = [0.0] * self._forks
        order = count()
        queue: list[tuple[float, int, Step, Host, bool]] = []
        for dispatched, host in enumerate(hosts, 1):
            at = max(heapq.heappop(free), dispatched * DISPATCH_SECONDS)
            of_host = steps(host, at)
            for step in of_host:
                at += step[0]
                queue.append((at, next(order), step, host, step is of_host[-1]))
            heapq.heappush(free, at)
        last = 0.0
        for at, _, (_, event), host, final in sorted(queue, key=lambda entry: entry[:2]):
            if final and isinstance(event, Reported):
                self._settle(0.0, event, host, rescued=rescued)
            yield at - last, event
            last = at
        self._now += timedelta(seconds=last + BETWEEN_TASKS)

    def _settle(self, wait: float, report: Reported, host: Host, *, rescued: bool = False) -> tuple[float, Event]:
        """Count a host's final result, and let it go where it failed."""
        changed = report.status == "changed" or bool(report.result.get("changed"))
        self._stats.count(host.name, report.status, ignored=report.ignored, rescued=rescued, changed=changed)
        if report.status in ("failed", "unreachable") and not report.ignored:
            self._gone.add(host)
        return wait, report
