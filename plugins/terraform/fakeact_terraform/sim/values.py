"""Values of attributes, as far as Terraform shows them differently."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Value: TypeAlias = Any
"""str, int, float, bool, None, list, dict (a map), Object, Members, Json, Sensitive, Computed or UNKNOWN."""
Values: TypeAlias = dict[str, Value]
"""Attributes by name; a name that begins with a slash is a nested block: a list of Values, or UNKNOWN."""
BLOCK: Final = "/"


class Unknown:
    """A value that only the apply will tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
WRITE_ONLY: Final = Unknown()
"""What is sent to the provider but kept nowhere."""


@dataclass(frozen=True)
class Sensitive:
    """A value that is never shown."""

    value: Value


@dataclass(frozen=True)
class Json:
    """A string that holds JSON, which Terraform shows as a call of jsonencode."""

    value: Value


@dataclass(frozen=True)
class Computed:
    """What the provider fills in inside a nested block: a template that it makes the value from."""

    template: Any


class Object(dict[str, Value]):
    """An object: its keys are shown without quotes, a map's with."""


class Members(list[Value]):
    """A set, sorted as Terraform keeps sets of strings."""


def is_known(value: Value) -> bool:
    """Whether nothing in a value is unknown.

    >>> is_known(["a", {"b": 1}]), is_known(["a", UNKNOWN])
    (True, False)
    """
    return not any(leaf is UNKNOWN for leaf in leaves(value))


def leaves(value: Value) -> Iterator[Value]:
    """All scalars in a value."""
    if isinstance(value, Mapping):
        for child in value.values():
            yield from leaves(child)
    elif isinstance(value, list):
        for child in value:
            yield from leaves(child)
    elif isinstance(value, Json | Sensitive):
        yield from leaves(value.value)
    else:
        yield value


def as_json(value: Value) -> Value:
    """A value with its maps as objects, which is what JSON has."""
    if isinstance(value, Mapping):
        return Object({key: as_json(child) for key, child in value.items()})
    if isinstance(value, list):
        return [as_json(child) for child in value]
    return value
