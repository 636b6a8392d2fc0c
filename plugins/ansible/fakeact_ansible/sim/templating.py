"""The little of Jinja that the package's playbooks use: names to fill in, conditions to judge."""

import re
from collections.abc import Callable, Mapping
from typing import Any

_EXPRESSION = re.compile(r"\{\{ *((?:(?!\}\}).)+?) *\}\}")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]|\['([^']+)'\]")
_COMPARED = re.compile(r"(.+?) (==|!=) (.+)")
_LEGACY_FACT = re.compile(r"\bansible_(?:hostname|os_family|distribution|default_ipv4|memtotal_mb|processor_vcpus)\b")

Scope = Mapping[str, Any]


def uses_legacy_fact(value: object) -> bool:
    """Whether a template names a fact as a variable of its own, which ansible-core 2.24 will not know.

    >>> uses_legacy_fact("{{ ansible_hostname }}"), uses_legacy_fact("{{ ansible_facts['hostname'] }}")
    (True, False)
    """
    return isinstance(value, str) and bool(_LEGACY_FACT.search(value))


def lookup(expression: str, scope: Scope) -> Any:
    """The value of a name with attributes and indices, with or without ``| lower``.

    >>> lookup("groups['db'][0] | lower", {"groups": {"db": ["DB01"]}})
    'db01'
    """
    path, _, filter_name = expression.partition(" | ")
    name = re.match(r"\w+", path)
    if not name:
        return scope_literal(path)
    value: Any = scope.get(name.group())
    for attribute, index, key in _STEP.findall(path):
        value = value[int(index)] if index else value.get(attribute or key) if value is not None else None
    return str(value).lower() if filter_name == "lower" else value


def scope_literal(text: str) -> str | int:
    """A quoted text or a number.

    >>> scope_literal("'Debian'"), scope_literal("200")
    ('Debian', 200)
    """
    return int(text) if text.isdigit() else text.strip("'\"")


def fill(value: Any, scope: Scope) -> Any:
    """A value with its templates filled in.

    >>> fill(["v{{ v }}", "{{ l }}"], {"v": 1, "l": [2]})
    ['v1', [2]]
    """
    if isinstance(value, list):
        return [fill(each, scope) for each in value]
    if isinstance(value, dict):
        return {key: fill(each, scope) for key, each in value.items()}
    if not isinstance(value, str):
        return value
    if whole := _EXPRESSION.fullmatch(value):
        return lookup(whole.group(1), scope)
    return _EXPRESSION.sub(lambda match: str(lookup(match.group(1), scope)), value)


def holds(condition: Any, scope: Scope, coin: Callable[[str], bool]) -> bool:
    """Whether a ``when`` is true; what can't be known is decided by a coin that falls the same way again.

    >>> holds(["not x.stat.exists", "y is changed"], {"x": {"stat": {"exists": False}}, "y": {"changed": True}}, bool)
    True
    """
    if isinstance(condition, list):
        return all(holds(each, scope, coin) for each in condition)
    if isinstance(condition, bool):
        return condition
    if condition.startswith("not "):
        return not holds(condition[4:], scope, coin)
    if condition.endswith((" is changed", " is failed", " is skipped")):
        name, _, state = condition.partition(" is ")
        return bool(scope.get(name, {}).get(state))
    if compared := _COMPARED.fullmatch(condition):
        left, operator, right = compared.groups()
        right_value = lookup(right, scope) if right[0].isalpha() else scope_literal(right)
        return bool((lookup(left, scope) == right_value) == (operator == "=="))
    value = lookup(condition, scope)
    return coin(condition) if value is None else bool(value)
