"""What has to be done so that the world becomes what the configuration says."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Any, TypeAlias

from fakeact_terraform.sim.address import Address
from fakeact_terraform.sim.configuration import Configuration, Instance
from fakeact_terraform.sim.provider import Provider, World
from fakeact_terraform.sim.values import UNKNOWN, Computed, Value, Values


class Action(Enum):
    """What is done to one resource instance."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    DELETE_CREATE = "delete, create"
    CREATE_DELETE = "create, delete"

    @property
    def adds(self) -> bool:
        return self in (Action.CREATE, *REPLACEMENTS)

    @property
    def destroys(self) -> bool:
        return self in (Action.DELETE, *REPLACEMENTS)


REPLACEMENTS = (Action.DELETE_CREATE, Action.CREATE_DELETE)


@dataclass(frozen=True)
class Stored:
    """A resource instance in the state, with what it depended on when it was applied."""

    values: Values
    needs: frozenset[str]


State: TypeAlias = dict[Address, Stored]


@dataclass(frozen=True)
class Change:
    """One resource instance's part of a plan; a missing side is empty."""

    address: Address
    action: Action
    before: Values
    after: Values
    forcing: frozenset[str] = frozenset()
    """Attributes that force the replacement."""
    reason: str = ""
    """Why it is destroyed, as far as the configuration tells."""


@dataclass(frozen=True)
class Plan:
    """All changes in the order of their addresses, and the outputs before and after."""

    changes: list[Change]
    outputs_before: Mapping[str, Value] = field(default_factory=dict)
    outputs_after: Mapping[str, Value] = field(default_factory=dict)

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many to add, to change, to destroy: a replacement adds and destroys."""
        actions = Counter(change.action for change in self.changes)
        return (
            sum(number for action, number in actions.items() if action.adds),
            actions[Action.UPDATE],
            sum(number for action, number in actions.items() if action.destroys),
        )


def make_plan(wanted: Configuration, state: State, outputs: Mapping[str, Value], rng: Random) -> Plan:
    """Compare what is wanted with what there is."""
    world: World = {resource: {} for resource in wanted.definitions}
    provider = Provider(wanted, world, rng)
    changes = []
    for instance in wanted.instances:
        change = _compare(provider, instance, state.get(instance.address))
        world[instance.address.resource][instance.address.key] = change.after
        if change.before != change.after:
            changes.append(change)
    changes += _leftovers(wanted, state)
    after = {name: provider.output(node) for name, node in wanted.outputs().items()}
    return Plan(sorted(changes, key=lambda change: change.address.sort_key), outputs, after)


def _compare(provider: Provider, instance: Instance, stored: Stored | None) -> Change:
    address = instance.address
    if stored is None:
        return Change(address, Action.CREATE, {}, provider.planned(instance))
    kind, desired, before = provider.type_of(address), provider.desired(instance), stored.values
    wanted = {name: _merge(before.get(name, UNKNOWN), value) for name, value in desired.items()}
    changed = {name for name, value in wanted.items() if before.get(name) != value}
    gone = {name for name in before if name not in wanted and name not in kind.computed and name != "id"}
    forcing = kind.force_new & changed
    if forcing:
        action = Action.CREATE_DELETE if instance.create_before_destroy else Action.DELETE_CREATE
        return Change(address, action, before, provider.planned(instance), forcing)
    recomputed = dict.fromkeys(kind.recomputed, UNKNOWN) if changed else {}
    kept = {name: value for name, value in before.items() if name not in gone}
    return Change(address, Action.UPDATE, before, {**kept, **wanted, **recomputed})


def _merge(before: Value, desired: Value) -> Value:
    """What is desired, where the provider's own part of a nested block stays as it is."""
    if isinstance(desired, Computed):
        return before
    if isinstance(desired, dict):
        old = before if isinstance(before, dict) else {}
        return type(desired)({key: _merge(old.get(key, UNKNOWN), child) for key, child in desired.items()})
    if type(desired) is list:
        olds: list[Any] = before if isinstance(before, list) else []
        return [_merge(old, child) for old, child in zip([*olds, *[UNKNOWN] * len(desired)], desired, strict=False)]
    return desired


def _leftovers(wanted: Configuration, state: State) -> list[Change]:
    existing = {instance.address for instance in wanted.instances}
    return [
        Change(address, Action.DELETE, stored.values, {}, reason=_reason(wanted, address))
        for address, stored in state.items()
        if address not in existing
    ]


def _reason(wanted: Configuration, address: Address) -> str:
    if address.module and not any(item.module == address.module for item in wanted.definitions.values()):
        return f"because module.{address.module} is not in configuration"
    if address.resource not in wanted.definitions:
        return f"because {address.type}.{address.name} is not in configuration"
    if isinstance(address.key, int):
        return f"because index [{address.key}] is out of range for count"
    return f'because key ["{address.key}"] is not in for_each map'
