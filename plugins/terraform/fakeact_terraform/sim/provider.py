"""What a provider makes of a resource: planned with unknowns, or created with everything known."""

from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias

from fakeact_terraform.sim.address import Address, Key
from fakeact_terraform.sim.catalogue import ResourceType
from fakeact_terraform.sim.chance import chance
from fakeact_terraform.sim.configuration import Configuration, Instance, resource_of
from fakeact_terraform.sim.expressions import evaluate
from fakeact_terraform.sim.values import UNKNOWN, WRITE_ONLY, Computed, Value, Values

World: TypeAlias = dict[str, dict[Key, Values]]
"""Values of all instances, by resource and key."""

PRIVATE = "_"
"""How computed values begin that others are made from but nobody sees."""


class Provider:
    """Evaluates one configuration's resources against a world that it reads and others fill."""

    def __init__(self, configuration: Configuration, world: World, rng: Random) -> None:
        self.configuration, self.world, self._rng = configuration, world, rng
        self._cloud = configuration.cloud

    def desired(self, instance: Instance) -> Values:
        """What the configuration says, with the provider's defaults; unknown what refers to unknowns."""
        kind = self.type_of(instance.address)
        location = self._cloud.location if kind.located else {}
        nodes = {**location, **kind.defaults, **instance.arguments}
        evaluated: Values = evaluate(nodes, lambda name: self._lookup(name, instance), kind.sets)
        values = {name: value for name, value in evaluated.items() if value is not None}
        return {**values, **self._derived_tags(kind, values)}

    def planned(self, instance: Instance) -> Values:
        """What a new resource is planned as."""
        desired = self.desired(instance)
        kind = self.type_of(instance.address)
        unknown = {"id": UNKNOWN, **{name: UNKNOWN for name in kind.computed if name[0] != PRIVATE}}
        write_only = {kind.write_only: WRITE_ONLY} if kind.write_only else {}
        return {**unknown, **write_only, **_fill(desired, lambda _: UNKNOWN)}

    def created(self, instance: Instance) -> Values:
        """A new resource with everything known, as the state keeps it."""
        kind, values = self.type_of(instance.address), self.desired(instance)
        templates = {"id": kind.id, **kind.computed}

        def look(reference: str) -> Value:
            scope, _, name = reference.partition(".")
            if scope != "self":
                return self._lookup(reference, instance)
            if name not in values:
                values[name] = evaluate(templates[name], look, kind.sets)
            return values[name]

        for name in templates:
            look(f"self.{name}")
        filled: Values = _fill(values, lambda part: evaluate(part.template, look))
        return {name: value for name, value in filled.items() if value is not None and name[0] != PRIVATE}

    def updated(self, instance: Instance, before: Values) -> Values:
        """An existing resource after an update in place."""
        kind, desired = self.type_of(instance.address), self.desired(instance)
        stays = {"id", *kind.computed}.difference(desired, kind.recomputed)
        return {**self.created(instance), **{name: value for name, value in before.items() if name in stays}}

    def type_of(self, address: Address) -> ResourceType:
        """The resource type at an address."""
        return self._cloud.types[address.type]

    def output(self, node: Any) -> Value:
        """The value of an output of the root module."""
        return evaluate(node, lambda reference: self._resource(reference, "", None))

    def _derived_tags(self, kind: ResourceType, values: Values) -> Values:
        tagging = self._cloud.tagging
        if not kind.tagged:
            return {}
        defaults = evaluate(tagging["defaults"], lambda name: self.configuration.variables[name[4:]])
        return {name: {**defaults, **values.get(tagging["attribute"], {})} for name in tagging["derived"]}

    def _lookup(self, reference: str, instance: Instance) -> Value:
        scope, _, name = reference.partition(".")
        if scope == "var":
            return self.configuration.variables[name]
        if scope == "each":
            return _each(instance)[name]
        if scope == "rand":
            return chance(name, self._rng)
        return self._resource(reference, instance.address.module, instance.address.key)

    def _resource(self, reference: str, module: str, key: Key) -> Value:
        if reference.startswith("var."):
            return self.configuration.variables[reference[4:]]
        instances = self.world[resource_of(reference, module)]
        name = reference.rpartition(".")[2]
        if "[*]" in reference:
            return [values.get(name) for values in instances.values()]
        if "[each]" in reference:
            return instances[key].get(name)
        if "[map]" in reference:
            return {str(each): values.get(name) for each, values in instances.items()}
        if "[0]" in reference:
            return instances[0].get(name)
        return instances[None].get(name)


def _each(instance: Instance) -> dict[str, Key]:
    """What tells one instance from another; the number does not change when other keys come or go."""
    key = instance.address.key
    return {
        "key": key,
        "index": instance.index,
        "letter": "abcdef"[instance.index],
        "number": sum(map(ord, str(key))) % 100,
    }


def _fill(value: Value, make: Callable[[Computed], Value]) -> Value:
    """A value whose computed parts are made."""
    if isinstance(value, Computed):
        return make(value)
    if isinstance(value, dict):
        return type(value)({key: _fill(child, make) for key, child in value.items()})
    return [_fill(child, make) for child in value] if type(value) is list else value
