"""What has to wait for what: the operations of a refresh and of an apply."""

from dataclasses import dataclass
from random import Random

from fakeact_terraform.sim.plan import Action, Change
from fakeact_terraform.sim.story import Story
from fakeact_terraform.sim.walk import TICK

READ = (150, 900)
"""Least and most milliseconds of reading one resource's state."""


@dataclass(frozen=True)
class Operation:
    """Something the graph walk does with one resource instance."""

    name: str
    """The address, for people; with the deposed object's key if it is one."""
    verb: str
    """``refresh``, ``read``, ``create``, ``modify`` or ``destroy``."""
    resource: str
    milliseconds: int
    id_before: str = ""
    id_after: str = ""


Graph = dict[Operation, set[Operation]]
"""Operations, each with those that it waits for."""


def refresh_graph(story: Story, rng: Random) -> Graph:
    """Reading everything that is in the state, and the data sources."""
    by_resource: dict[str, list[Operation]] = {}
    waits: dict[Operation, frozenset[str]] = {}
    for source, identifier in story.data_sources.items():
        operation = Operation(f"data.{source}", "read", source, _between(100, 1100, rng), id_after=identifier)
        waits[operation] = frozenset()
    for address, stored in story.state.items():
        operation = Operation(str(address), "refresh", address.resource, _between(*READ, rng), stored.values["id"])
        waits[operation] = stored.needs
        by_resource.setdefault(address.resource, []).append(operation)
    return {each: {other for need in needs for other in by_resource.get(need, ())} for each, needs in waits.items()}


def apply_graph(story: Story, rng: Random) -> Graph:
    """Carrying out the plan: creators after what they refer to, destroyers after what referred to them."""
    parts = [(change, _operations(story, change, rng)) for change in story.plan.changes]
    return _Dependencies(story, parts).graph()


class _Dependencies:
    """Who waits for whom in an apply."""

    def __init__(self, story: Story, parts: list[tuple[Change, list[Operation]]]) -> None:
        self._story, self._parts = story, parts
        self._creators: dict[str, list[Operation]] = {}
        self._destroyers: dict[str, list[Operation]] = {}
        for _, operations in parts:
            for operation in operations:
                kind = self._destroyers if operation.verb == "destroy" else self._creators
                kind.setdefault(operation.resource, []).append(operation)

    def graph(self) -> Graph:
        return {
            operation: self._destroyer_needs(change, operations)
            if operation.verb == "destroy"
            else self._creator_needs(change, operations)
            for change, operations in self._parts
            for operation in operations
        }

    def _destroyer_needs(self, change: Change, own: list[Operation]) -> set[Operation]:
        """Something can only go when all is through with what depended on it."""
        late = change.action is Action.CREATE_DELETE
        users = {
            address.resource for address, stored in self._story.state.items() if change.address.resource in stored.needs
        }
        kinds = (self._creators, self._destroyers) if late else (self._destroyers,)
        needs = {other for user in users for kind in kinds for other in kind.get(user, ())}
        return needs | {other for other in own if late and other.verb == "create"}

    def _creator_needs(self, change: Change, own: list[Operation]) -> set[Operation]:
        """Something is made when what it refers to is there, and what it no longer needs is gone."""
        early = {other for other in own if other.verb == "destroy" and change.action is Action.DELETE_CREATE}
        wanted = self._story.wanted.needs[change.address.resource]
        stored = self._story.state.get(change.address)
        made = {other for need in wanted for other in self._creators.get(need, ())}
        gone = {other for need in (stored.needs if stored else ()) for other in self._destroyers.get(need, ())}
        return early | made | {other for other in gone if "deposed" not in other.name}


def _operations(story: Story, change: Change, rng: Random) -> list[Operation]:
    address, action = change.address, change.action
    seconds = story.cloud.types[address.type].seconds
    before = str(change.before.get("id", ""))
    after = str(story.result[address].values["id"]) if address in story.result else ""

    def operation(verb: str, timed: str, name: str, id_before: str = "", id_after: str = "") -> Operation:
        low, high = seconds[timed]
        duration = _between(int(low * 1000), int(high * 1000), rng)
        return Operation(name, verb, address.resource, duration, id_before, id_after)

    if action is Action.UPDATE:
        return [operation("modify", "update", str(address), before, before)]
    deposed = f"{address} (deposed object {rng.getrandbits(32):08x})"
    gone = deposed if action is Action.CREATE_DELETE else str(address)
    create = [operation("create", "create", str(address), "", after)] if action.adds else []
    destroy = [operation("destroy", "destroy", gone, before)] if action.destroys else []
    return [*create, *destroy]


def _between(low: int, high: int, rng: Random) -> int:
    """Milliseconds, more often few than many, in whole ticks."""
    return max(TICK, round(rng.triangular(low, high, low + (high - low) * 0.3) / TICK) * TICK)
