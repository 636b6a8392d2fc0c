"""A project as it stands in the repository: plays, roles and tasks, each with its place in a file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fakeact_ansible.catalogue import read
from fakeact_ansible.sim.yaml import Node, parse

KEYWORDS = {
    "name", "when", "loop", "loop_control", "notify", "register", "until", "retries", "delay", "delegate_to",
    "run_once", "ignore_errors", "changed_when", "become", "become_user", "args", "no_log", "vars", "block",
    "rescue", "always",
}  # fmt: skip


@dataclass(frozen=True)
class File:
    """A file of the project."""

    path: str
    """Where it is, as ``/srv/ansible/shop/site.yml``."""
    text: str

    @property
    def tree(self) -> Any:
        """What the file says."""
        return parse(self.text)


@dataclass(frozen=True, eq=False)
class Task:
    """A task, handler or block, with what it needs to know to run."""

    file: File
    node: Node
    role: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    block: "tuple[Task, ...]" = ()
    rescue: "tuple[Task, ...]" = ()
    always: "tuple[Task, ...]" = ()

    @property
    def action(self) -> str:
        """The module's full name, as ``ansible.builtin.copy``."""
        return next(key for key in self.node if key not in KEYWORDS)

    @property
    def module(self) -> str:
        """The module's short name, as ``copy``."""
        return self.action.rpartition(".")[2]

    @property
    def args(self) -> dict[str, Any]:
        """The module's arguments; a command's free form is under ``_raw_params``."""
        given = self.node[self.action]
        return (given if isinstance(given, dict) else {"_raw_params": given}) | (self.node.get("args") or {})

    @property
    def name(self) -> str:
        """What the banner shows."""
        name = self.node.get("name", "") or self.action
        return f"{self.role} : {name}" if self.role else name


@dataclass(frozen=True)
class Play:
    """One play: the sections after each of which handlers run."""

    name: str
    hosts: str
    serial: str
    sections: tuple[tuple[Task, ...], ...]
    handlers: tuple[Task, ...]


@dataclass(frozen=True)
class Project:
    """A repository of playbooks, checked out somewhere."""

    root: str

    def plays(self, site: str) -> list[Play]:
        """The plays of a site's playbook."""
        file = File(f"{self.root}/site.yml", read(f"sites/{site}/site.yml"))
        return [self._play(file, node) for node in file.tree]

    def _play(self, file: File, node: Node) -> Play:
        roles = node.get("roles") or []
        variables = node.get("vars") or {}
        own = [tuple(self._tasks(file, node.get(key), "", variables)) for key in ("pre_tasks", "tasks", "post_tasks")]
        of_roles = tuple(task for role in roles for task in self.role(role))
        handlers = [task for role in roles for task in self.handlers(role)]
        handlers += self._tasks(file, node.get("handlers"), "", variables)
        sections = own[0], of_roles + own[1], own[2]
        return Play(node["name"], node["hosts"], str(node.get("serial", "100%")), sections, tuple(handlers))

    def role(self, role: str, tasks: str = "main.yml") -> list[Task]:
        """A role's tasks from one of its files."""
        path = f"roles/{role}/tasks/{tasks}"
        file = File(f"{self.root}/{path}", read(path))
        return list(self._tasks(file, file.tree, role, parse(read(f"roles/{role}/defaults/main.yml")) or {}))

    def handlers(self, role: str) -> list[Task]:
        """A role's handlers in the order they would run."""
        path = f"roles/{role}/handlers/main.yml"
        file = File(f"{self.root}/{path}", read(path))
        return list(self._tasks(file, file.tree, role, parse(read(f"roles/{role}/defaults/main.yml")) or {}))

    def _tasks(self, file: File, nodes: list[Node] | None, role: str, variables: Mapping[str, Any]) -> Iterator[Task]:
        for node in nodes or []:
            if "ansible.builtin.import_role" in node:
                yield from self.role(node["ansible.builtin.import_role"]["name"])
                continue
            parts = {
                part: tuple(self._tasks(file, node[part], role, variables))
                for part in ("block", "rescue", "always")
                if part in node
            }
            yield Task(file, node, role, variables, **parts)
