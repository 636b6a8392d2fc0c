"""Templates like ``arn:aws:s3:::${self.bucket}``, the little of HCL that the catalogue needs.

A string that is one reference has the value it refers to; in any other string the values are
inserted, and it is unknown as soon as one of them is.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from fakeact_terraform.sim.values import BLOCK, UNKNOWN, Computed, Json, Members, Sensitive, Value, as_json, is_known

REFERENCE = re.compile(r"\$\{([^}]*)\}")
Lookup = Callable[[str], Value]


def references(node: Any) -> set[str]:
    """All references in a template, without the braces.

    >>> references({"a": ["${aws_vpc.this.id}", "x-${var.stack}"]}) == {"aws_vpc.this.id", "var.stack"}
    True
    """
    if isinstance(node, Mapping):
        return set().union(*(references(child) for child in node.values()))
    if isinstance(node, list):
        return set().union(*(references(child) for child in node))
    return set(REFERENCE.findall(node)) if isinstance(node, str) else set()


def evaluate(node: Any, lookup: Lookup, sets: frozenset[str] = frozenset()) -> Value:
    """The value of a template; attributes named in *sets* become sets.

    >>> evaluate("${var.stack}-assets", lambda reference: "shop")
    'shop-assets'
    """
    if isinstance(node, str):
        return _string(node, lookup)
    if isinstance(node, list):
        return [evaluate(child, lookup, sets) for child in node]
    if isinstance(node, Mapping):
        return _mapping(node, lookup, sets)
    return node


def _mapping(node: Mapping[str, Any], lookup: Lookup, sets: frozenset[str]) -> Value:
    """A map, or one of the three functions that a template may call."""
    if "jsonencode" in node:
        value = evaluate(node["jsonencode"], lookup)
        return Json(as_json(value)) if is_known(value) else UNKNOWN
    if "computed" in node:
        return Computed(node["computed"])
    if "sensitive" in node:
        return Sensitive(evaluate(node["sensitive"], lookup))
    return {key: _member(key, child, lookup, sets) for key, child in node.items()}


def _member(key: str, node: Any, lookup: Lookup, sets: frozenset[str]) -> Value:
    value = evaluate(node, lookup, sets)
    if key not in sets or not isinstance(value, list) or key.startswith(BLOCK):
        return value
    # cty has no set with unknown members: the whole set is unknown then.
    return Members(sorted(value, key=str)) if is_known(value) else UNKNOWN


def _string(text: str, lookup: Lookup) -> Value:
    whole = REFERENCE.fullmatch(text)
    if whole:
        return lookup(whole[1])
    values = [lookup(reference) for reference in REFERENCE.findall(text)]
    if any(value is UNKNOWN for value in values):
        return UNKNOWN
    replacements = iter(values)
    return REFERENCE.sub(lambda _: str(next(replacements)), text)
