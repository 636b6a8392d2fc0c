"""What a provider's resource types are made of, and which stacks are built with them: data as records."""

import json
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from fakeact_terraform.sim.address import Address


@dataclass(frozen=True)
class ResourceType:
    """A resource type: what its provider fills in, what forces a replacement, how long things take."""

    id: str
    """A template for the identifier the provider gives."""
    seconds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Least and most seconds to create, update and destroy one."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    computed: Mapping[str, Any] = field(default_factory=dict)
    """Templates of what is known after apply; null where it is empty then."""
    recomputed: tuple[str, ...] = ()
    """Computed attributes that an update in place changes, too."""
    force_new: frozenset[str] = frozenset()
    sets: frozenset[str] = frozenset()
    write_only: str = ""
    """An argument that is kept nowhere."""
    tagged: bool = False
    located: bool = True
    """Whether the provider adds where the resource is: region or project."""


@dataclass(frozen=True)
class Definition:
    """A resource block of a configuration: where it stands and its body as templates."""

    module: str
    type: str
    name: str
    body: Mapping[str, Any]

    @property
    def resource(self) -> str:
        """The address that references and the graph go by."""
        return Address(self.module, self.type, self.name).resource


@dataclass(frozen=True)
class Component:
    """A part of a stack that comes and goes as a whole."""

    name: str
    definitions: tuple[Definition, ...]
    needs: tuple[str, ...]
    outputs: Mapping[str, Any]
    settled: bool
    """Takes too long to create for a show, so it always exists already."""


@dataclass(frozen=True)
class Cloud:
    """A provider: its resource types, the components of its stacks, and what it adds to every resource."""

    name: str
    types: Mapping[str, ResourceType]
    components: Mapping[str, Component]
    data_sources: Mapping[str, str]
    """Data sources that are read while planning: templates of their identifiers by address."""
    variables: Mapping[str, Any]
    location: Mapping[str, Any]
    tagging: Mapping[str, Any]


@cache
def names() -> Mapping[str, Any]:
    """Word lists that all clouds share."""
    return _read("names")


@cache
def cloud(name: str) -> Cloud:
    """A provider by name: ``aws``, ``azure`` or ``google``."""
    data = _read(name)
    return Cloud(
        name=name,
        types={key: _type(record) for key, record in data["types"].items()},
        components={key: _component(key, record) for key, record in data["components"].items()},
        data_sources=data["data_sources"],
        variables=data["variables"],
        location=data["location"],
        tagging=data["tagging"],
    )


def _read(name: str) -> Mapping[str, Any]:
    content = pkgutil.get_data("fakeact_terraform", f"data/{name}.json")
    assert content is not None
    data: Mapping[str, Any] = json.loads(content)
    return data


def _type(record: Mapping[str, Any]) -> ResourceType:
    kinds = {"recomputed": tuple, "force_new": frozenset, "sets": frozenset}
    fields = {key: kinds.get(key, lambda same: same)(value) for key, value in record.items() if key != "unset"}
    unset = dict.fromkeys(record.get("unset", "").split())
    return ResourceType(**{**fields, "computed": {**unset, **record.get("computed", {})}})


def _component(name: str, record: Mapping[str, Any]) -> Component:
    module = name if record.get("module") else ""
    return Component(
        name=name,
        definitions=tuple(_definition(module, *item) for item in record["resources"].items()),
        needs=tuple(record.get("needs", ())),
        outputs=record.get("outputs", {}),
        settled=record.get("settled", False),
    )


def _definition(module: str, address: str, body: Mapping[str, Any]) -> Definition:
    kind, name = address.split(".")
    return Definition(module, kind, name, body)
