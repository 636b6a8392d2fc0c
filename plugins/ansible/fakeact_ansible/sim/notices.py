"""Warnings, deprecations and errors, with the place in the source that ansible-core 2.21 shows."""

from fakeact_ansible.sim.events import Notice, Result
from fakeact_ansible.sim.failures import CAUSE
from fakeact_ansible.sim.hosts import Host
from fakeact_ansible.sim.playbook import File, Task
from fakeact_ansible.sim.templating import uses_legacy_fact
from fakeact_ansible.sim.yaml import Node

DISABLE = "Deprecation warnings can be disabled by setting `deprecation_warnings=False` in ansible.cfg."
_LEGACY = (
    "INJECT_FACTS_AS_VARS default to `True` is deprecated, top-level facts will not be auto injected after the "
    "change. This feature will be removed from ansible-core version 2.24."
)
_LEGACY_HELP = 'Use `ansible_facts["fact_name"]` (no `ansible_` prefix) instead.'
_DOCS = "https://docs.ansible.com/ansible-core/2.21/reference_appendices/interpreter_discovery.html"
_WIDEST = 120
"""Columns of a source line that are shown, with its number."""


def origin(file: File, line: int, column: int) -> str:
    """A place in a file and the source around it, as ansible-core shows it."""
    digits = len(str(line))
    rows = [f"Origin: {file.path}:{line}:{column}", ""]
    for number, text in list(enumerate(file.text.splitlines(), 1))[max(0, line - 3) : line]:
        widest = _WIDEST - digits - 1
        shown = text if len(text) <= widest else text[: widest - 3] + "..."
        rows.append(f"{number:>{digits}} {shown}".rstrip())
    return "\n".join([*rows, " " * (digits + column) + f"^ column {column}"])


def of_task(task: Task) -> tuple[Notice, ...]:
    """What a task's own text gives rise to, wherever it runs."""
    nodes = [node for node in (task.node, task.node.get(task.action)) if isinstance(node, Node)]
    for node in nodes:
        for key, value in node.items():
            if uses_legacy_fact(value):
                where = origin(task.file, *node.places[key])
                return Notice("warning", DISABLE), Notice("deprecation", f"{_LEGACY}\n{where}\n\n{_LEGACY_HELP}\n")
    return ()


def failure(task: Task, result: Result) -> Notice:
    """The error above a failed result."""
    why = result.get(CAUSE, result["msg"])
    return Notice("error", f"Task failed: Module failed: {why}\n{origin(task.file, *task.node.place)}\n")


def interpreter(host: Host) -> Notice:
    """The warning where no interpreter is configured."""
    return Notice(
        "warning",
        f"Host {host.name!r} is using the discovered Python interpreter at {host.python!r}, but future installation "
        f"of another Python interpreter could cause a different interpreter to be discovered. See {_DOCS} for more "
        "information.",
    )


def unreachable(host: Host) -> str:
    """What ssh says where nobody answers."""
    ssh = f"ssh: connect to host {host.name} port 22: Connection timed out"
    return f"Task failed: Failed to connect to the host via ssh: {ssh}"
