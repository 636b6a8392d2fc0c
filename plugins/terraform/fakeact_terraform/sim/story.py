"""Which stack this is, what was applied before, and what somebody has changed since."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from fakeact_terraform.sim.catalogue import Cloud, Component, names
from fakeact_terraform.sim.chance import chance
from fakeact_terraform.sim.configuration import Configuration
from fakeact_terraform.sim.expressions import evaluate
from fakeact_terraform.sim.picks import Path, open_places, pick, pick_again
from fakeact_terraform.sim.plan import Plan, State, Stored, make_plan
from fakeact_terraform.sim.provider import Provider, World
from fakeact_terraform.sim.values import Value

SIZES = {"small": (2, 3), "medium": (4, 6), "large": (8, 11)}
"""Least and most components of a stack, besides those that they need."""

REPLACEMENTS = 0.5
"""How often somebody has changed what can't be changed in place, where there is such a thing."""

DAY = 24 * 60 * 60
"""Seconds."""


@dataclass(frozen=True)
class Story:
    """A state, a plan for it, and the state that applying the plan leads to."""

    cloud: Cloud
    variables: Mapping[str, Any]
    state: State
    plan: Plan
    wanted: Configuration
    result: State
    outputs: Mapping[str, Value]
    data_sources: Mapping[str, str]
    """Identifiers of what is read while planning, by address."""


def tell(cloud: Cloud, size: str, empty: bool, now: datetime, rng: Random) -> Story:
    """Make up a stack; with *empty* nothing of it exists yet."""
    variables = {**_variables(cloud, rng), **_dated(now)}
    before, wanted = _configurations(cloud, variables, size, empty, rng)
    state, outputs = _apply(before, {}, None, rng)
    plan = make_plan(wanted, state, outputs, rng)
    result, after = _apply(wanted, state, plan, rng)
    sources = {address: _identifier(node, variables, rng) for address, node in cloud.data_sources.items()}
    return Story(cloud, variables, state, plan, wanted, result, after, sources)


def _identifier(node: str, variables: Mapping[str, Any], rng: Random) -> str:
    def lookup(reference: str) -> str:
        scope, _, name = reference.partition(".")
        return str(variables[name]) if scope == "var" else chance(name, rng)

    return str(evaluate(node, lookup))


def _variables(cloud: Cloud, rng: Random) -> dict[str, Any]:
    """What the configuration is parametrized with: names that the clouds share, and the cloud's own."""
    drawn = {key: rng.choice(words) for key, words in {**names(), **cloud.variables}.items()}
    drawn["stack"] = f"{drawn['project']}-{drawn['environment']}"
    drawn["serial"] = rng.randint(4, 180)
    drawn["suffix"] = chance("letters.5", rng)
    drawn["uuid"] = chance("uuid", rng)
    drawn["number"] = chance("digits.12", Random(drawn["uuid"]))
    return drawn


def _dated(moment: datetime) -> dict[str, Any]:
    """When an apply takes place, as clouds write it into what they make."""
    return {"now": moment, "date": f"{moment:%Y-%m-%dT%H:%M:%S}", "stamp": f"{moment:%Y%m%d%H%M%S}"}


def _configurations(
    cloud: Cloud, variables: Mapping[str, Any], size: str, empty: bool, rng: Random
) -> tuple[Configuration, Configuration]:
    wanted = _select(cloud, size, empty, rng)
    picks = {path: pick(place, rng) for path, place in _places(cloud.components.values())}
    if empty:
        first = {**variables, "serial": 1}
        return Configuration(cloud, first, ()), Configuration(cloud, first, wanted, picks)
    old_components = _once(cloud, wanted, rng)
    old_picks = _changed(cloud, picks, wanted, rng)
    ago = variables["now"] - timedelta(seconds=rng.randint(DAY, 200 * DAY))
    before = Configuration(cloud, {**variables, **_dated(ago)}, old_components, old_picks)
    return before, Configuration(cloud, {**variables, "serial": variables["serial"] + 1}, wanted, picks)


def _select(cloud: Cloud, size: str, empty: bool, rng: Random) -> tuple[Component, ...]:
    """So many components, with those that they need, in the catalogue's order."""
    offered = [name for name, part in cloud.components.items() if not (empty and part.settled)]
    number = min(rng.randint(*SIZES[size]), len(offered))
    return _closed(cloud, rng.sample(offered, number))


def _closed(cloud: Cloud, chosen: list[str]) -> tuple[Component, ...]:
    needed: set[str] = set()
    waiting = list(chosen)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += cloud.components[name].needs
    return tuple(component for name, component in cloud.components.items() if name in needed)


def _once(cloud: Cloud, wanted: tuple[Component, ...], rng: Random) -> tuple[Component, ...]:
    """The components of the last apply: mostly those of today, without a new one, with one given up."""
    today = {component.name for component in wanted}
    needed = {need for component in wanted for need in component.needs}
    new = [name for name in sorted(today - needed) if not cloud.components[name].settled]
    absent = rng.sample(new, min(len(new), len(today) - 1, rng.choice((1, 1, 2))))
    kept = today.difference(absent)
    given_up = [
        name
        for name, part in cloud.components.items()
        if name not in today and kept.issuperset(part.needs) and not part.settled
    ]
    present = rng.sample(given_up, min(len(given_up), rng.choice((0, 1, 1))))
    return tuple(part for name, part in cloud.components.items() if name in kept | {*present})


def _places(components: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for component in components:
        for definition in component.definitions:
            yield from open_places(definition.body, (definition.resource,))


def _changed(cloud: Cloud, picks: Mapping[Path, Any], wanted: tuple[Component, ...], rng: Random) -> dict[Path, Any]:
    """The picks of the last apply: a few of today's were others then, often one that forces a replacement."""
    places = dict(_places(wanted))
    kinds = {item.resource: cloud.types[item.type] for part in wanted for item in part.definitions}
    forcing = [path for path in places if path[1] in kinds[path[0]].force_new]
    edited = rng.sample(list(places), min(len(places), rng.randint(2, 4)))
    if forcing and rng.random() < REPLACEMENTS:
        edited.append(rng.choice(forcing))
    return {**picks, **{path: pick_again(places[path], picks[path], rng) for path in edited}}


def _apply(
    configuration: Configuration, state: State, plan: Plan | None, rng: Random
) -> tuple[State, dict[str, Value]]:
    """The state and the outputs after an apply; what the plan does not touch stays as it is."""
    world: World = {resource: {} for resource in configuration.definitions}
    provider = Provider(configuration, world, rng)
    changes = {change.address: change for change in plan.changes} if plan else {}
    result: State = {}
    for instance in configuration.instances:
        address, old = instance.address, state.get(instance.address)
        if old and address not in changes:
            values = old.values
        elif old and not changes[address].action.adds:
            values = provider.updated(instance, old.values)
        else:
            values = provider.created(instance)
        world[address.resource][address.key] = values
        result[address] = Stored(values, configuration.needs[address.resource])
    return result, {name: provider.output(node) for name, node in configuration.outputs().items()}
