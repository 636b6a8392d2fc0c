"""One attribute's value in a plan (internal/command/jsonformat/computed/renderers).

A value is shown whole, each line with one mark, where it is created, destroyed or kept; otherwise
as the difference of two values, in which what is the same is only counted.
"""

import json
import re
from collections.abc import Iterable, Mapping

from fakeact_terraform.sim.values import UNKNOWN, WRITE_ONLY, Json, Members, Object, Sensitive, Value
from fakeact_terraform.views.palette import ARROW, CREATE, DELETE, SAME, UPDATE, hidden, indent, mark
from fakeact_terraform.views.sequence import pairs

IDENTIFIER = re.compile(r"[^\W\d][\w-]*")


def scalar(value: Value) -> str:
    """A value without parts.

    >>> scalar(True), scalar("a"), scalar(2.5), scalar(UNKNOWN)
    ('true', '"a"', '2.5', '(known after apply)')
    """
    if value is UNKNOWN:
        return "(known after apply)"
    if value is WRITE_ONLY:
        return "(write-only attribute)"
    if isinstance(value, Sensitive):
        return "(sensitive value)"
    return json.dumps(value, ensure_ascii=False)


def whole(value: Value, symbol: str, depth: int) -> str:
    """A value with the same mark on all its lines."""
    if isinstance(value, Json):
        return _jsonencode(whole(value.value, symbol, depth + 1), SAME, depth)
    if isinstance(value, list):
        return _brackets("[]", [(symbol, f"{whole(each, symbol, depth + 1)},") for each in value], depth)
    if isinstance(value, Mapping):
        names = _names(value)
        lines = [
            (symbol, f"{names[key]} = {whole(value[key], symbol, depth + 1)}")
            for key in sorted(value)
            if value[key] is not None
        ]
        return _brackets("{}", lines, depth)
    return scalar(value)


def difference(before: Value, after: Value, depth: int, *, full: bool = False) -> str:
    """Two different values, both there; with *full* also what is the same in them."""
    if after is UNKNOWN:
        return f"{whole(before, DELETE, depth)} -> {scalar(UNKNOWN)}"
    if isinstance(before, Json) and isinstance(after, Json):
        return _jsonencode(difference(before.value, after.value, depth + 1), UPDATE, depth)
    if isinstance(after, Sensitive):
        return scalar(after)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return _mapping(before, after, depth, full)
    if isinstance(before, list) and isinstance(after, list):
        return (_members if isinstance(after, Members) else _sequence)(before, after, depth)
    return f"{whole(before, DELETE, depth)} {ARROW} {whole(after, CREATE, depth)}"


def compared(before: Value, after: Value, depth: int, *, full: bool = False) -> tuple[str, str]:
    """The mark and the text of two values of which one may be missing; without a remark on nothing."""
    if before is None:
        return CREATE, whole(after, CREATE, depth)
    if after is None:
        return DELETE, whole(before, DELETE, depth)
    if before == after:
        return SAME, whole(before, SAME, depth)
    return UPDATE, difference(before, after, depth, full=full)


def _mapping(before: Mapping[str, Value], after: Mapping[str, Value], depth: int, full: bool) -> str:
    kind = Object if isinstance(after, Object) else dict
    names = _names(kind({**before, **after}))
    lines, same = [], 0
    for key in sorted(names):
        symbol, text = compared(before.get(key), after.get(key), depth + 1, full=full)
        if symbol == SAME and not full:
            same += 1
        else:
            lines.append((symbol, f"{names[key]} = {text}"))
    noun = "attribute" if kind is Object else "element"
    return _brackets("{}", [*lines, *_remark(noun, same)], depth)


def _members(before: list[Value], after: list[Value], depth: int) -> str:
    gone = [each for each in before if each not in after]
    new = [each for each in after if each not in before]
    lines = [(DELETE, f"{whole(each, DELETE, depth + 1)},") for each in gone]
    lines += [(CREATE, f"{whole(each, CREATE, depth + 1)},") for each in new]
    return _brackets("[]", [*lines, *_remark("element", len(before) - len(gone))], depth)


def _sequence(before: list[Value], after: list[Value], depth: int) -> str:
    """A list's difference, with the neighbours of what has changed."""
    lines: list[tuple[str, str]] = []
    same: list[Value] = []
    show_next = False
    for old, new in pairs(before, after):
        symbol, text = compared(old, new, depth + 1)
        if symbol == SAME and not show_next:
            same.append(old)
            continue
        lines += _remark("element", len(same) - 1)
        lines += [(SAME, f"{whole(each, SAME, depth + 1)},") for each in same[-1:]]
        lines.append((symbol, f"{text},"))
        same, show_next = [], symbol != SAME
    return _brackets("[]", [*lines, *_remark("element", len(same))], depth)


def _remark(noun: str, number: int) -> list[tuple[str, str]]:
    return [(SAME, hidden(noun, number))] if number > 0 else []


def _names(value: Mapping[str, Value]) -> dict[str, str]:
    """Keys as they are shown, all equally wide."""
    shown = {key: key if isinstance(value, Object) and IDENTIFIER.fullmatch(key) else scalar(key) for key in value}
    width = max(map(len, shown.values()), default=0)
    return {key: name.ljust(width) for key, name in shown.items()}


def _brackets(pair: str, lines: Iterable[tuple[str, str]], depth: int) -> str:
    rows = [f"{indent(depth + 1)}{mark(symbol)}{text}" for symbol, text in lines]
    if not rows:
        return pair
    return "\n".join((pair[0], *rows, f"{indent(depth)}{mark(SAME)}{pair[1]}"))


def _jsonencode(text: str, symbol: str, depth: int) -> str:
    if "\n" not in text:
        return f"jsonencode({text})"
    return f"jsonencode(\n{indent(depth + 1)}{mark(symbol)}{text}\n{indent(depth + 1)})"
