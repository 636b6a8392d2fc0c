"""One task on one host: skipped, looped, retried, and what comes out of it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fakeact_ansible.sim import failures, notices
from fakeact_ansible.sim.events import Notice, Reported, Result, Retried, Status
from fakeact_ansible.sim.hosts import Host
from fakeact_ansible.sim.modules import Modules
from fakeact_ansible.sim.playbook import Task
from fakeact_ansible.sim.templating import Scope, fill, holds
from fakeact_ansible.sim.trouble import Trouble

SKIP_SECONDS = 0.02

Step = tuple[float, Reported | Retried]
"""Seconds since the step before, and what is shown then."""


@dataclass(frozen=True)
class Groups:
    """What the inventory says of a host, for templates and conditions."""

    members: dict[str, list[str]]

    def scope(self, task: Task, host: Host) -> dict[str, Any]:
        """All variables that a task sees on a host."""
        short = host.name.partition(".")[0]
        facts = {"os_family": host.family, "hostname": short, "distribution": host.family}
        return {
            **{f"ansible_{name}": value for name, value in facts.items()},
            **task.variables,
            "ansible_facts": facts,
            "ansible_check_mode": False,
            "groups": self.members,
            "inventory_hostname": host.name,
            **host.registered,
        }


class Executor:
    """Runs tasks on hosts."""

    def __init__(self, groups: Groups, modules: Modules, trouble: Trouble, rng: random.Random) -> None:
        self._groups, self._modules, self._trouble, self._rng = groups, modules, trouble, rng

    def scope(self, task: Task, host: Host) -> dict[str, Any]:
        """All variables that a task sees on a host."""
        return self._groups.scope(task, host)

    def applies(self, task: Task, scope: Scope) -> bool:
        """Whether the task's ``when`` is true."""
        return "when" not in task.node or holds(task.node["when"], scope, self._modules.coin)

    def run(self, task: Task, host: Host, started: datetime, unlucky: bool) -> list[Step]:
        """All steps of a task on a host; the last one is the host's result."""
        scope = self.scope(task, host)
        looped = "loop" in task.node
        steps = list(self._loop(task, host, scope) if looped else self._once(task, host, scope, started, unlucky))
        final = steps[-1][1]
        assert isinstance(final, Reported)
        if name := task.node.get("register"):
            host.registered[name] = _registered(final, host)
        return steps

    def _once(self, task: Task, host: Host, scope: Scope, started: datetime, unlucky: bool) -> Iterator[Step]:
        if not self.applies(task, scope):
            yield SKIP_SECONDS, Reported(host.name, "skipping")
            return
        args = fill(task.args, scope)
        label = self._label(task, host, scope)
        if "until" in task.node:
            yield from self._until(task, host, args, label)
            return
        if unlucky and failures.can_fail(task.module, args):
            result, seconds = failures.fail(task.module, args, self._rng, started)
            yield seconds, self._failed(task, label, _judged(task, result))
        elif self._missing(task, host):
            seconds = self._modules.seconds(task, host, False)
            yield seconds, self._failed(task, label, _judged(task, failures.missing_command(args)))
        else:
            yield self._done(task, host, args, label)

    def _done(self, task: Task, host: Host, args: dict[str, Any], label: str) -> tuple[float, Reported]:
        changed = self._modules.changes(task, args, host)
        status: Status = "changed" if changed else "ok"
        told = notices.of_task(task)
        return self._modules.seconds(task, host, changed), Reported(
            label, status, verbose=_verbose(task, args), result=_shown(task, args), notices=told
        )

    def _missing(self, task: Task, host: Host) -> bool:
        """On a new machine a command that may fail does: it asks for what is not there yet."""
        return host.fresh and task.module == "command" and bool(task.node.get("ignore_errors"))

    def _failed(self, task: Task, label: str, result: Result) -> Reported:
        ignored = bool(task.node.get("ignore_errors"))
        return Reported(label, "failed", ignored=ignored, result=result, notices=(notices.failure(task, result),))

    def _until(self, task: Task, host: Host, args: dict[str, Any], label: str) -> Iterator[Step]:
        """Attempts until it is well; ansible-core counts down from retries - 1 after each that is not."""
        retries, delay = task.node["retries"], task.node["delay"]
        broken = self._trouble.never_well(task, host)
        attempts = retries if broken else min(retries - 1, self._rng.choice((0, 0, 1, 1, 2)))
        wait = 0.0
        for attempt in range(1, attempts + 1):
            yield wait + self._modules.seconds(task, host, False), Retried(host.name, task.name, retries - attempt)
            wait = delay
        if broken:
            result = {"attempts": retries, **failures.refused(args["url"])}
            yield SKIP_SECONDS, self._failed(task, label, result)
        else:
            yield wait + self._modules.seconds(task, host, False), Reported(label, "ok")

    def _loop(self, task: Task, host: Host, scope: Scope) -> Iterator[Step]:
        label, told = self._label(task, host, scope), notices.of_task(task)
        statuses: list[Status] = []
        for item in fill(task.node["loop"], scope):
            inner = {**scope, "item": item}
            shown = _item_label(task, inner)
            if self.applies(task, inner):
                args = fill(task.args, inner)
                seconds, report = self._done(task, host, args, label)
                statuses.append(report.status)
                yield seconds, replace(report, item=shown, notices=told)
            else:
                statuses.append("skipping")
                yield SKIP_SECONDS, Reported(host.name, "skipping", item=shown)
        yield 0.01, _sum_up(statuses, host.name, label)

    def _label(self, task: Task, host: Host, scope: Scope) -> str:
        delegate = fill(task.node.get("delegate_to", ""), scope)
        return f"{host.name} -> {delegate}" if delegate and delegate != host.name else host.name


def gather(host: Host, seconds: float, warn: bool) -> Step:
    """The implicit first task of a play."""
    told: tuple[Notice, ...] = () if host.known or not warn else (notices.interpreter(host),)
    host.known = True
    return seconds, Reported(host.name, "ok", notices=told)


def unreachable(host: Host, seconds: float) -> Step:
    """A host that does not answer."""
    message = notices.unreachable(host)
    result = {"changed": False, "msg": message, "unreachable": True}
    return seconds, Reported(host.name, "unreachable", result=result, notices=(Notice("error", message),))


def _judged(task: Task, result: Result) -> Result:
    """What ``changed_when`` leaves in a result."""
    if "changed_when" not in task.node:
        return result
    return {**result, "changed": False, "changed_when_result": False}


def _sum_up(statuses: list[Status], host: str, label: str) -> Reported:
    """A loop's own result: skipped where all items were, else changed where any was."""
    if all(status == "skipping" for status in statuses):
        return Reported(host, "skipping", looped=True)
    return Reported(label, "changed" if "changed" in statuses else "ok", looped=True)


def _item_label(task: Task, scope: Scope) -> str:
    if task.node.get("no_log"):
        return "(censored due to no_log)"
    return str(fill((task.node.get("loop_control") or {}).get("label", "{{ item }}"), scope))


def _verbose(task: Task, args: dict[str, Any]) -> bool:
    return task.module == "debug" or (task.module == "assert" and not args.get("quiet"))


def _shown(task: Task, args: dict[str, Any]) -> Result:
    if task.module == "debug":
        return {"msg": args["msg"]}
    if task.module == "assert":
        return {"changed": False, "msg": args.get("success_msg", "All assertions passed")}
    return {}


def _registered(report: Reported, host: Host) -> dict[str, Any]:
    """What later conditions can ask of a result."""
    return {
        "changed": report.status == "changed",
        "failed": report.status == "failed",
        "skipped": report.status == "skipping",
        "stat": {"exists": not host.fresh},
    }
