"""A configuration: components, and what was picked where they leave something open."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fakeact_terraform.sim.address import Address, Key
from fakeact_terraform.sim.catalogue import Cloud, Component, Definition
from fakeact_terraform.sim.expressions import references
from fakeact_terraform.sim.picks import Path, Picks, settle

META = {"count", "for_each", "lifecycle", "depends_on"}


@dataclass(frozen=True)
class Instance:
    """One instance of a resource: its body is settled, but still has references."""

    address: Address
    index: int
    body: Mapping[str, Any]
    create_before_destroy: bool

    @property
    def arguments(self) -> dict[str, Any]:
        """What goes to the provider."""
        return {key: node for key, node in self.body.items() if key not in META}


@dataclass(frozen=True)
class Configuration:
    """What somebody wants to exist, in one cloud."""

    cloud: Cloud
    variables: Mapping[str, Any]
    components: tuple[Component, ...]
    picks: Mapping[Path, Any] = field(default_factory=dict)
    """By component, resource and place in its body."""

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """The resource blocks by address."""
        return {item.resource: item for component in self.components for item in component.definitions}

    @cached_property
    def instances(self) -> list[Instance]:
        """All resource instances, whatever they depend on first."""
        bodies = {resource: self._settled(resource) for resource in self.definitions}
        return [
            Instance(address, index, bodies[resource], "create_before_destroy" in _lifecycle(bodies[resource]))
            for resource in self.order
            for index, address in enumerate(_addresses(self.definitions[resource], bodies))
        ]

    @cached_property
    def needs(self) -> dict[str, frozenset[str]]:
        """Which resources each resource refers to, by address."""
        return {resource: frozenset(self._needs(resource)) for resource in self.definitions}

    @cached_property
    def order(self) -> list[str]:
        """Resources in an order in which they can be evaluated."""
        ordered: dict[str, None] = {}

        def visit(resource: str) -> None:
            if resource not in ordered:
                for need in sorted(self.needs[resource]):
                    visit(need)
                ordered[resource] = None

        for resource in self.definitions:
            visit(resource)
        return list(ordered)

    def outputs(self) -> dict[str, Any]:
        """Templates of the root module's outputs by name."""
        return {name: node for component in self.components for name, node in component.outputs.items()}

    def _settled(self, resource: str) -> Any:
        own: Picks = {path[1:]: value for path, value in self.picks.items() if path[0] == resource}
        return settle(self.definitions[resource].body, own)

    def _needs(self, resource: str) -> set[str]:
        definition = self.definitions[resource]
        found = {
            resource_of(reference, definition.module)
            for reference in references(definition.body) | set(_explicit(definition.body))
        }
        return {need for need in found if need}


def resource_of(reference: str, module: str) -> str:
    """The resource that a reference means, seen from a module; empty for variables and the like.

    >>> resource_of("aws_subnet.private[*].id", "network"), resource_of("root.aws_kms_key.main.arn", "db")
    ('module.network.aws_subnet.private', 'aws_kms_key.main')
    >>> resource_of("var.stack", "network")
    ''
    """
    parts = [part.partition("[")[0] for part in reference.split(".")]
    if parts[0] == "module":
        return ".".join(parts[:4])
    if parts[0] == "root":
        return ".".join(parts[1:3])
    if parts[0] in ("var", "each", "self", "rand"):
        return ""
    return f"{module and f'module.{module}.'}{'.'.join(parts[:2])}"


def _explicit(body: Mapping[str, Any]) -> list[str]:
    """What a resource waits for without using it, or has its keys from."""
    words = body.get("for_each")
    return [*body.get("depends_on", ()), *([words[1:]] if isinstance(words, str) else [])]


def _lifecycle(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(body.get("lifecycle", ()))


def _addresses(definition: Definition, bodies: Mapping[str, Mapping[str, Any]]) -> list[Address]:
    """One instance, or as many as count or for_each say; ``=x`` stands for the keys of resource x."""
    body = bodies[definition.resource]
    keys: list[Key] = [None]
    if "count" in body:
        keys = list(range(body["count"]))
    elif "for_each" in body:
        words = body["for_each"]
        if isinstance(words, str):
            words = bodies[resource_of(words[1:], definition.module)]["for_each"]
        keys = list(words)
    return [Address(definition.module, definition.type, definition.name, key) for key in keys]
