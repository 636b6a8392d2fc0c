"""The plan as it is shown before the question (internal/command/jsonformat/plan.go)."""

from collections.abc import Iterator, Mapping

from fakeact.style import bold, red
from fakeact_terraform.sim.plan import Action, Change, Plan
from fakeact_terraform.sim.values import Value, as_json
from fakeact_terraform.views.body import body
from fakeact_terraform.views.palette import CREATE, DELETE, SAME, TO_NULL, UPDATE, mark
from fakeact_terraform.views.value import compared
from fakeact_terraform.views.wrap import wrap

INTRODUCTION = (
    "Terraform used the selected providers to generate the following execution plan."
    " Resource actions are indicated with the following symbols:"
)
LEGEND = {
    Action.CREATE: (CREATE, "create"),
    Action.UPDATE: (UPDATE, "update in-place"),
    Action.DELETE: (DELETE, "destroy"),
    Action.DELETE_CREATE: ("-/+", "destroy and then create replacement"),
    Action.CREATE_DELETE: ("+/-", "create replacement and then destroy"),
}
FATES = {
    Action.CREATE: "will be created",
    Action.UPDATE: "will be updated in-place",
    Action.DELETE: f"will be {bold(red('destroyed'))}",
    Action.DELETE_CREATE: f"must be {bold(red('replaced'))}",
    Action.CREATE_DELETE: f"must be {bold(red('replaced'))}",
}


def show(plan: Plan, width: int) -> Iterator[str]:
    """The plan's lines on a terminal of so many columns."""
    yield f"\n{wrap(INTRODUCTION, width)}"
    present = {change.action for change in plan.changes}
    yield from (f"{mark(symbol)}{words}" for action, (symbol, words) in LEGEND.items() if action in present)
    yield "\nTerraform will perform the following actions:"
    yield from (f"\n{resource(change)}" for change in plan.changes)
    add, change_, destroy = plan.counts
    yield f"\n{bold('Plan:')} {add} to add, {change_} to change, {destroy} to destroy."
    outputs = list(output_changes(plan.outputs_before, plan.outputs_after))
    if outputs:
        yield "\nChanges to Outputs:"
        yield from outputs


def resource(change: Change) -> str:
    """One resource instance's change."""
    symbol = LEGEND[change.action][0]
    lines = [f"{bold(f'  # {change.address}')} {FATES[change.action]}"]
    if change.reason:
        lines.append(f"  # ({change.reason})")
    header = f'{mark(symbol)}resource "{change.address.type}" "{change.address.name}"'
    lines.append(f"{header} {body(change.before, change.after, forcing=change.forcing)}")
    return "\n".join(lines)


def output_changes(before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[str]:
    """The outputs that the plan changes."""
    names = sorted({**before, **after})
    changes = {name: compared(as_json(before.get(name)), as_json(after.get(name)), 0) for name in names}
    changes = {name: change for name, change in changes.items() if change[0] != SAME}
    # Terraform aligns by the longest of all outputs, shown or not.
    width = max(map(len, names), default=0)
    for name, (symbol, text) in changes.items():
        yield f"{mark(symbol)}{name.ljust(width)} = {text}{TO_NULL * (symbol == DELETE)}"
