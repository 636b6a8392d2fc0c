"""The simulation's own rules, and the parts that Ansible or PyYAML can be asked about."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fakeact_ansible.callback import Callback
from fakeact_ansible.catalogue import read_json, sites
from fakeact_ansible.sim import failures
from fakeact_ansible.sim.events import Event, PlayStarted, Recapped, Reported, TaskStarted
from fakeact_ansible.sim.hosts import Host, inventory
from fakeact_ansible.sim.linear import Run
from fakeact_ansible.sim.notices import origin
from fakeact_ansible.sim.playbook import File, Project, Task
from fakeact_ansible.sim.trouble import Trouble
from fakeact_ansible.sim.yaml import parse

DATA = Path(__file__).parent.parent / "fakeact_ansible" / "data"
PLAYBOOKS = sorted(DATA.rglob("*.yml"))
STARTED = datetime(2026, 5, 4, 9, 30)


def events(site: str, hosts: int, forks: int, seed: int = 1) -> Iterator[tuple[float, Event]]:
    rng = Random(seed)
    project, machines = Project(read_json("sites.json")[site]["root"]), inventory(site, hosts, rng)
    luck = Trouble(machines, rng, on=False)
    return Run(project, machines, luck, rng, forks=forks, warn=False, started=STARTED).events(project.plays(site))


def all_tasks() -> Iterator[Task]:
    def inside(tasks: Any) -> Iterator[Task]:
        for task in tasks:
            parts = task.block + task.rescue + task.always
            yield from inside(parts) if parts else [task]

    project = Project("/p")
    for site in sites():
        for play in project.plays(site):
            yield from inside((*(task for section in play.sections for task in section), *play.handlers))
    for role in sorted(path.name for path in (DATA / "roles").iterdir()):
        for file in sorted((DATA / "roles" / role / "tasks").iterdir()):
            yield from inside(project.role(role, file.name))


def test_yaml_is_read_as_pyyaml_reads_it() -> None:
    """The package's own reader and PyYAML agree on every playbook of the package."""
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    for path in PLAYBOOKS:
        assert parse(path.read_text()) == yaml.safe_load(path.read_text()), path


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: str(path.relative_to(DATA)))
def test_places_point_at_what_stands_there(path: Path) -> None:
    """Line and column of every task are those of its first key, as in an Origin of Ansible's."""
    lines = path.read_text().splitlines()
    tree = parse(path.read_text())
    for node in tree if isinstance(tree, list) else [tree]:
        line, column = node.place
        assert lines[line - 1][column - 1 :].startswith(f"{next(iter(node))}:")


def test_every_module_is_known() -> None:
    """There is a time and a kind for each module that a playbook uses, and none besides."""
    used = {task.module for task in all_tasks()}
    assert used <= set(read_json("modules.json"))
    assert used >= set(read_json("modules.json"))


def test_every_notified_handler_exists() -> None:
    """Who notifies a handler that is not there would be told so by Ansible."""
    for role in sorted(path.name for path in (DATA / "roles").iterdir()):
        handlers = {handler.node["name"] for handler in Project("/p").handlers(role)}
        for file in (DATA / "roles" / role / "tasks").iterdir():
            for task in Project("/p").role(role, file.name):
                assert {task.node["notify"]} <= handlers if "notify" in task.node else True, task.name


def test_names_are_unique_within_a_role() -> None:
    """Two tasks of one file are never called the same."""
    for path in PLAYBOOKS:
        names = [node["name"] for node in parse(path.read_text()) or [] if isinstance(node, dict) and "name" in node]
        assert len(names) == len(set(names)), path


@pytest.mark.parametrize("forks", [1, 2, 5, 50])
def test_no_more_hosts_at_a_time_than_forks(forks: int) -> None:
    """Gathering facts from 12 hosts takes at least as many rounds as forks make necessary."""
    reported, elapsed = [], 0.0
    for wait, event in events("ci", 12, forks):
        elapsed += wait
        if isinstance(event, TaskStarted) and reported:
            break
        if isinstance(event, Reported):
            reported.append(elapsed)
    rounds = -(-12 // forks)
    assert len(reported) == 12
    assert reported[-1] >= rounds * 0.8
    assert reported[-1] <= rounds * 3.5 + 1


class AllLost(Trouble):
    """No host of a group answers."""

    def unreachable(self, host: Host) -> bool:
        return host.group == "proxy"


def test_a_batch_that_is_lost_ends_the_run() -> None:
    """As in ansible-core 2.21.5: after a batch without survivors comes the recap, not the next play."""
    rng = Random(1)
    machines = inventory("patching", 8, rng)
    run = Run(Project("/p"), machines, AllLost(machines, rng, on=False), rng, forks=5, warn=False, started=STARTED)
    happened = [event for _, event in run.events(Project("/p").plays("patching"))]
    assert [type(event) for event in happened] == [PlayStarted, TaskStarted, Reported, Recapped]


def test_more_forks_are_faster() -> None:
    """The same site with more workers is done in less time."""
    few, many = (sum(wait for wait, _ in events("ci", 16, forks)) for forks in (2, 16))
    assert many < few / 2


def test_all_hosts_finish_a_task_before_any_begins_the_next() -> None:
    """In the linear strategy a host has at most one final result between two banners."""
    seen: set[str] = set()
    for _, event in events("webshop", 9, 5):
        if isinstance(event, TaskStarted):
            seen = set()
        elif isinstance(event, Reported) and event.item is None:
            assert event.host not in seen
            seen.add(event.host)


def test_failures_are_what_modules_return() -> None:
    """Each way to fail gives a JSON object with a message, and says it took at least its own elapsed time."""
    for task in all_tasks():
        args = {"name": "x", **task.args}
        if failures.can_fail(task.module, args):
            result, seconds = failures.fail(task.module, args, Random(1), STARTED)
            assert json.loads(json.dumps(result))["msg"]
            assert seconds >= result.get("elapsed", 0)


def test_there_is_something_to_fail_on_each_site() -> None:
    """No site is without a task that can go wrong."""
    project = Project("/p")
    for site in sites():
        roles = [task for play in project.plays(site) for section in play.sections for task in section]
        assert any(failures.can_fail(task.module, {"name": "x", **task.args}) for task in roles), site


def test_origins_are_shown_as_ansible_shows_them() -> None:
    """Recorded from ansible-core 2.21.5: two lines before, blank ones as their number, a caret below."""
    text = "".join(f"x{n}\n" for n in range(1, 40)) + "  when: false\n\n- name: fail on one\n"
    assert origin(File("/p/main.yml", text), 42, 3) == (
        "Origin: /p/main.yml:42:3\n\n40   when: false\n41\n42 - name: fail on one\n     ^ column 3"
    )
    assert origin(File("/p/main.yml", "---\n- name: a\n"), 2, 3) == (
        "Origin: /p/main.yml:2:3\n\n1 ---\n2 - name: a\n    ^ column 3"
    )


def test_long_source_lines_are_cut_as_ansible_cuts_them() -> None:
    """A source line takes at most 120 columns with its number, the last three of them dots."""
    shown = origin(File("/p/a.yml", "a: 1\n" + "x" * 200 + "\n"), 2, 1).splitlines()
    assert shown[3] == "2 " + "x" * 115 + "..."


@pytest.mark.parametrize(("columns", "counts"), [(80, (9, 0, 0, 0, 0, 0, 0)), (80, (12, 3, 1, 0, 100, 0, 2))])
def test_recap_is_ansibles(columns: int, counts: tuple[int, ...]) -> None:
    """Recap lines are what ansible-core's own functions make of the same counts."""
    color = pytest.importorskip("ansible.utils.color", reason="ansible-core is not installed")
    from fakeact_ansible.sim.stats import KEYS

    from fakeact import ansi

    host, table = "web01.staging.internal", dict(zip(KEYS, counts, strict=True))
    line = [*Callback(columns).lines(Recapped({host: table}))][2]
    theirs = [color.colorize(key, table[key], None) for key in KEYS]
    stats = {"failures": 0, "unreachable": 0, "changed": 0}
    assert ansi.strip(line) == f"{color.hostcolor(host, stats, False)} : {' '.join(theirs)}"
