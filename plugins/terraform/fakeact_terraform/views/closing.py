"""What is said at the end: the summary and the outputs (internal/command/views/apply.go, internal/repl)."""

from collections.abc import Iterator, Mapping

from fakeact.style import bold, green
from fakeact_terraform.sim.values import Sensitive, Value
from fakeact_terraform.views.value import scalar


def summary(added: int, changed: int, destroyed: int, values: Mapping[str, Value]) -> Iterator[str]:
    """The last lines of an apply."""
    counted = f"{added} added, {changed} changed, {destroyed} destroyed."
    yield bold(green(f"\nApply complete! Resources: {counted}"))
    if values:
        yield bold(green("\nOutputs:\n"))
        yield from outputs(values)


def outputs(values: Mapping[str, Value]) -> Iterator[str]:
    """A line, or several, for each output."""
    for name in sorted(values):
        yield f"{name} = {_expression(values[name], 0)}"


def _expression(value: Value, depth: int) -> str:
    if isinstance(value, Sensitive):
        return "<sensitive>"
    inner, outer = "  " * (depth + 1), "  " * depth
    if isinstance(value, list) and value:
        return "\n".join(("[", *(f"{inner}{_expression(each, depth + 1)}," for each in value), f"{outer}]"))
    if isinstance(value, dict) and value:
        items = (f'{inner}"{key}" = {_expression(value[key], depth + 1)}' for key in sorted(value))
        return "\n".join(("{", *items, f"{outer}}}"))
    return scalar(value) if value not in ([], {}) else str(value)
