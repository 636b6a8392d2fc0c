"""The small Terraform by itself: configuration, plan, graph and walk."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import pytest
from fakeact_terraform.sim.catalogue import Cloud, Definition, cloud, names
from fakeact_terraform.sim.configuration import Configuration, resource_of
from fakeact_terraform.sim.expressions import references
from fakeact_terraform.sim.graph import apply_graph, refresh_graph
from fakeact_terraform.sim.picks import open_places, pick, pick_again, settle
from fakeact_terraform.sim.plan import Action, Change, make_plan
from fakeact_terraform.sim.story import Story, tell
from fakeact_terraform.sim.walk import HEARTBEAT, walk

CLOUDS = ("aws", "azure", "google")
NOW = datetime(2026, 1, 30, 10, 45, 32)


def stories(number: int = 8) -> Iterator[tuple[Story, Random]]:
    for name in CLOUDS:
        for seed in range(number):
            rng = Random(seed)
            yield tell(cloud(name), "medium", seed % 4 == 0, NOW, rng), rng


@dataclass(frozen=True)
class Task:
    name: str
    milliseconds: int


def test_nothing_starts_before_what_it_needs() -> None:
    """In every apply and every refresh an operation starts after all that it waits for is done, and all is done."""
    for story, rng in stories():
        for graph in (apply_graph(story, rng), refresh_graph(story, rng)):
            done: set[object] = set()
            for event in walk(graph, 10, rng):
                if event.what == "started":
                    assert graph[event.step] <= done, event.step.name
                elif event.what == "done":
                    done.add(event.step)
            assert done == set(graph)


def test_as_many_run_at_once_as_may() -> None:
    """Thirty independent tasks of one length take three turns by tens, and never more than ten run."""
    graph: dict[Task, set[Task]] = {Task(str(number), 1000): set() for number in range(30)}
    running = most = last = 0
    for event in walk(graph, 10, Random(1)):
        running += {"started": 1, "done": -1}.get(event.what, 0)
        most, last = max(most, running), event.at
    assert (most, last) == (10, 3000)


def test_signs_of_life_come_every_ten_seconds() -> None:
    """A task of 25 seconds gives two of them; one of exactly 10 seconds is done instead."""
    events = list(walk({Task("a", 25_000): set(), Task("b", HEARTBEAT): set()}, 10, Random(1)))
    assert [(event.at, event.step.name) for event in events if event.what == "alive"] == [(10_000, "a"), (20_000, "a")]


def test_a_second_apply_has_nothing_to_do() -> None:
    """The state after an apply is what the configuration wants: planning again finds no change."""
    for story, rng in stories():
        assert [
            str(change.address) for change in make_plan(story.wanted, story.result, story.outputs, rng).changes
        ] == []


def test_what_is_replaced_has_a_reason() -> None:
    """Replacements are forced by attributes that differ; every deletion says why; nothing else does."""
    seen = set()
    for story, _ in stories(20):
        for change in story.plan.changes:
            replaced = change.action.adds and change.action.destroys
            assert bool(change.forcing) == replaced
            assert all(change.before.get(name) != change.after.get(name) for name in change.forcing)
            assert bool(change.reason) == (change.action is Action.DELETE)
            seen.add(change.action)
    assert seen == set(Action)


def changed(component: str, resource: str, **picks: tuple[Any, Any]) -> tuple[Story, list[Change]]:
    """The plan for a stack of one AWS component in which some picks of one resource were others before."""
    aws, rng = cloud("aws"), Random(5)
    parts = tuple(
        part for name, part in aws.components.items() if name in (component, *aws.components[component].needs)
    )
    variables = {key: words[0] for key, words in {**names(), **aws.variables}.items()}
    variables |= {"stack": "a-b", "suffix": "c", "serial": 1, "uuid": "u", "date": "", "stamp": ""}
    today = {
        (item.resource, *path): pick(place, rng)
        for part in parts for item in part.definitions for path, place in open_places(item.body)
    }  # fmt: skip
    sides = [
        {**today, **{(resource, *path.split(">")): values[side] for path, values in picks.items()}} for side in (0, 1)
    ]
    before, after = (Configuration(aws, variables, parts, side) for side in sides)
    built = make_plan(before, {}, {}, rng)
    assert {change.action for change in built.changes} == {Action.CREATE}
    state, outputs = story_state(before, rng)
    plan = make_plan(after, state, outputs, rng)
    return Story(aws, variables, state, plan, after, story_state(after, rng)[0], {}, {}), plan.changes


def story_state(configuration: Configuration, rng: Random) -> Any:
    from fakeact_terraform.sim.story import _apply

    return _apply(configuration, {}, None, rng)


def test_a_lower_count_destroys_the_last() -> None:
    """From three subnets to two: the third goes, the others stay."""
    _, changes = changed("network", "module.network.aws_subnet.private", count=(3, 2))
    assert [(str(change.address), change.action, change.reason) for change in changes] == [
        ("module.network.aws_subnet.private[2]", Action.DELETE, "because index [2] is out of range for count")
    ]


def test_a_replacement_may_come_before_the_destruction() -> None:
    """A target group is replaced create-first: new one, then the listener, then the deposed one goes."""
    story, changes = changed("alb", "module.alb.aws_lb_target_group.this", port=(3000, 8080))
    assert {str(change.address): change.action for change in changes} == {
        "module.alb.aws_lb_listener.http": Action.UPDATE,
        "module.alb.aws_lb_target_group.this": Action.CREATE_DELETE,
    }
    done = [event.step for event in walk(apply_graph(story, Random(1)), 10, Random(1)) if event.what == "done"]
    assert [step.verb for step in done] == ["create", "modify", "destroy"]
    assert re.search(r"\(deposed object [0-9a-f]{8}\)$", done[-1].name)


def test_a_new_revision_reaches_the_service() -> None:
    """A task definition with other memory is destroyed, made anew, and the service is pointed to it."""
    story, changes = changed("service", "module.service.aws_ecs_task_definition.this", memory=("1024", "2048"))
    assert {change.address.type: change.action for change in changes} == {
        "aws_ecs_service": Action.UPDATE,
        "aws_ecs_task_definition": Action.DELETE_CREATE,
    }
    done = [event.step.verb for event in walk(apply_graph(story, Random(1)), 10, Random(1)) if event.what == "done"]
    assert done == ["destroy", "create", "modify"]


def test_what_is_made_is_dated_by_its_apply() -> None:
    """Dates in the state are older than the show, those of what it creates are its own."""
    for story, _ in stories(6):
        old = re.findall(r"20\d\d-\d\d-\d\dT[\d:]{8}", repr([stored.values for stored in story.state.values()]))
        assert all(date < NOW.isoformat() for date in old)
        for change in story.plan.changes:
            if change.action is Action.CREATE:
                made = re.findall(r"20\d\d-\d\d-\d\dT[\d:]{8}", repr(story.result[change.address].values))
                assert set(made) <= {NOW.isoformat()}


def test_picking_again_changes_something() -> None:
    """Another pick is another one, and a list of words keeps one word at least."""
    rng = Random(3)
    for place in ({"choose": [1, 2]}, {"some": ["a", "b", "c"], "count": [1, 2]}):
        for _ in range(50):
            old = pick(place, rng)
            new = pick_again(place, old, rng)
            assert new != old
            assert new != []


def test_places_are_filled_in_everywhere() -> None:
    """After settling a template nothing is left open, in lists and in blocks neither."""
    body = {"a": {"choose": [1]}, "/b": [{"c": [{"choose": ["x"]}]}]}
    picks = {path: pick(place, Random(1)) for path, place in open_places(body)}
    assert settle(body, picks) == {"a": 1, "/b": [{"c": ["x"]}]}


def defined(provider: Cloud) -> dict[str, Definition]:
    return {item.resource: item for part in provider.components.values() for item in part.definitions}


@pytest.mark.parametrize("name", CLOUDS)
def test_every_reference_has_something_to_refer_to(name: str) -> None:
    """All resource types are described, and references name attributes that their resource has."""
    provider = cloud(name)
    there = defined(provider)
    for part in provider.components.values():
        outputs = [(reference, "") for reference in references(dict(part.outputs))]
        inside = [(reference, item.module) for item in part.definitions for reference in references(dict(item.body))]
        for reference, module in outputs + inside:
            resource = resource_of(reference, module)
            if resource:
                kind, attribute = provider.types[there[resource].type], reference.rpartition(".")[2]
                assert attribute in {"id", *kind.computed, *kind.defaults, *there[resource].body}, reference
    assert {item.type for item in there.values()} == set(provider.types)


@pytest.mark.parametrize("name", CLOUDS)
def test_components_bring_what_they_need(name: str) -> None:
    """A component refers only to itself and to those that it says it needs."""
    provider = cloud(name)
    owner = {item.resource: part.name for part in provider.components.values() for item in part.definitions}
    for part in provider.components.values():
        reached = set(part.needs) | {need for other in part.needs for need in provider.components[other].needs}
        for item in part.definitions:
            for reference in references(dict(item.body)):
                resource = resource_of(reference, item.module)
                assert not resource or owner[resource] in {part.name, *reached}, (item.resource, reference)


@pytest.mark.parametrize("name", CLOUDS)
def test_nothing_real_is_named(name: str) -> None:
    """Addresses are private, or documented for examples, or ranges that the cloud publishes; no key, no person."""
    text = "".join(line for story, _ in stories(4) if story.cloud.name == name for line in dump(story))
    published = {"0.0.0.0"}
    allowed = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "10.0.0.0/8")
    for address in set(re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", text)) - published:
        number = ipaddress.ip_address(address)
        assert any(number in ipaddress.ip_network(net) for net in allowed), address
    assert not re.search(r"\b(AKIA|ASIA|AROA[A-Z0-9]{16}|AIza|ghp_|-----BEGIN)", text)
    mails = set(re.findall(r"[\w.+-]+@[\w.-]+", text))
    assert all(mail.endswith(".iam.gserviceaccount.com") for mail in mails), mails


def dump(story: Story) -> Iterator[str]:
    for stored in [*story.state.values(), *story.result.values()]:
        yield repr(stored.values)


def test_a_project_has_one_number_and_nothing_is_older_than_itself() -> None:
    """All that Google's resources say of their project and of when they were made and updated is the same."""
    for seed in range(6):
        state = tell(cloud("google"), "large", False, NOW, Random(seed)).result
        values = [stored.values for stored in state.values()]
        assert len({each["project_number"] for each in values if "project_number" in each}) <= 1
        for each in values:
            if "time_created" in each:
                assert each["updated"] >= each["time_created"]
            if "create_time" in each and "update_time" in each:
                assert each["update_time"] >= each["create_time"]


def test_a_rising_choice_goes_up() -> None:
    """Whatever release is wanted, the last apply had an earlier one."""
    place = {"choose": ["app:1", "app:2", "app:3"], "rising": True}
    for seed in range(20):
        now = pick(place, Random(seed))
        assert pick_again(place, now, Random(seed)) < now
