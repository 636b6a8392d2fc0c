"""The body of a resource or of a nested block in a plan: attributes, then blocks."""

from collections.abc import Collection, Iterator

from fakeact_terraform.sim.values import BLOCK, UNKNOWN, Value, Values
from fakeact_terraform.views.palette import (
    CREATE,
    DELETE,
    FORCES,
    SAME,
    TO_NULL,
    UPDATE,
    hidden,
    indent,
    mark,
)
from fakeact_terraform.views.value import compared, scalar

IMPORTANT = ("id", "name", "tags")
"""Attributes that are shown even if they have not changed."""


def body(before: Values, after: Values, depth: int = 0, forcing: Collection[str] = (), full: bool = False) -> str:
    """From the opening brace to the closing one."""
    lines = ["{", *_attributes(before, after, depth + 1, forcing, full)]
    lines += _blocks(before, after, depth + 1, forcing, bool(len(lines) > 1))
    return "\n".join((*lines, f"{indent(depth)}{mark(SAME)}}}"))


def _attributes(before: Values, after: Values, depth: int, forcing: Collection[str], full: bool) -> Iterator[str]:
    both = {**before, **after}
    # In a nested block Terraform counts what is null; in a resource it leaves it out.
    same = sum(value is None for name, value in both.items() if depth > 1 and not name.startswith(BLOCK))
    names = sorted(name for name, value in both.items() if not name.startswith(BLOCK) and value is not None)
    width = max(map(len, names), default=0)
    for name in names:
        shown = full or name in IMPORTANT
        symbol, text = compared(before.get(name), after.get(name), depth, full=shown)
        if symbol == SAME and not shown:
            same += 1
            continue
        ending = TO_NULL * (symbol == DELETE) + FORCES * (name in forcing)
        yield f"{indent(depth)}{mark(symbol)}{name.ljust(width)} = {text}{ending}"
    if same:
        yield f"{indent(depth)}{mark(SAME)}{hidden('attribute', same)}"


def _blocks(before: Values, after: Values, depth: int, forcing: Collection[str], spaced: bool) -> Iterator[str]:
    unchanged = 0
    for name in sorted(name for name in {**before, **after} if name.startswith(BLOCK)):
        first = spaced
        for symbol, text in _pairs(before.get(name), after.get(name), depth, FORCES * (name in forcing)):
            if symbol == SAME:
                unchanged += 1
                continue
            yield from [""] * first
            first = False
            yield f"{indent(depth)}{mark(symbol)}{name.removeprefix(BLOCK)} {text}"
    if unchanged:
        yield f"\n{indent(depth)}{mark(SAME)}{hidden('block', unchanged)}"


def _pairs(before: Value, after: Value, depth: int, forces: str) -> Iterator[tuple[str, str]]:
    """Mark and text of each block of one kind."""
    olds: list[Values] = before or []
    if after is UNKNOWN:
        yield UPDATE if olds else CREATE, scalar(UNKNOWN)
        yield from ((DELETE, body(old, {}, depth)) for old in olds)
        return
    news: list[Values] = after or []
    for index in range(max(len(olds), len(news))):
        old, new = (olds[index : index + 1] or [{}])[0], (news[index : index + 1] or [{}])[0]
        symbol = CREATE if not old else DELETE if not new else SAME if old == new else UPDATE
        text = body(old, new, depth)
        yield symbol, text.replace("{", f"{{{forces}", 1) if forces and symbol != SAME else text
