"""What is said while resources are read and changed (internal/command/views/hook_ui.go)."""

from collections import Counter
from datetime import datetime, timedelta

from fakeact.style import bold
from fakeact_terraform.sim.graph import Operation
from fakeact_terraform.sim.walk import Event

DOING = {"create": "Creating", "modify": "Modifying", "destroy": "Destroying", "read": "Reading"}
DONE = {
    "create": "Creation complete",
    "modify": "Modifications complete",
    "destroy": "Destruction complete",
    "read": "Read complete",
}
LONGEST_ID = 80


class Progress:
    """Remembers when each operation began, by the whole second, as the tool does."""

    def __init__(self) -> None:
        self._began: dict[Operation, datetime] = {}
        self._done_by_verb: Counter[str] = Counter()

    @property
    def running(self) -> int:
        """How many operations have begun and are not done."""
        return len(self._began) - self._done_by_verb.total()

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many resources have been added, changed and destroyed."""
        done = self._done_by_verb
        return done["create"], done["modify"], done["destroy"]

    def line(self, event: Event[Operation], now: datetime) -> str:
        """The line for an event, or nothing where Terraform says nothing."""
        operation = event.step
        if event.what == "started":
            return self._started(operation, now)
        self._done_by_verb[operation.verb] += event.what == "done"
        elapsed = whole_second(now) - self._began[operation]
        if operation.verb == "refresh":
            return ""
        return self._alive(operation, elapsed) if event.what == "alive" else self._done(operation, elapsed)

    def _started(self, operation: Operation, now: datetime) -> str:
        self._began[operation] = whole_second(now)
        identifier = f" [id={operation.id_before}]" if operation.id_before else ""
        doing = "Refreshing state" if operation.verb == "refresh" else DOING[operation.verb]
        return bold(f"{operation.name}: {doing}...{identifier}")

    def _alive(self, operation: Operation, elapsed: timedelta) -> str:
        identifier = f"id={_shortened(operation.id_before)}, " if operation.id_before else ""
        minutes, seconds = divmod(int(elapsed.total_seconds()), 60)
        doing = DOING[operation.verb].lower()
        name = operation.name.partition(" (")[0]
        return bold(f"{name}: Still {doing}... [{identifier}{minutes:02}m{seconds:02}s elapsed]")

    def _done(self, operation: Operation, elapsed: timedelta) -> str:
        identifier = f" [id={operation.id_after}]" if operation.id_after else ""
        return bold(f"{operation.name}: {DONE[operation.verb]} after {duration(elapsed)}{identifier}")


def whole_second(moment: datetime) -> datetime:
    """The nearest whole second, a half upwards (Go's time.Round)."""
    return (moment + timedelta(milliseconds=500)).replace(microsecond=0)


def duration(elapsed: timedelta) -> str:
    """Whole seconds as Go writes a duration.

    >>> duration(timedelta(seconds=9)), duration(timedelta(seconds=120))
    ('9s', '2m0s')
    """
    minutes, seconds = divmod(int(elapsed.total_seconds()), 60)
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def _shortened(identifier: str) -> str:
    """An identifier with its middle left out where it is too long; the left part is one longer."""
    if len(identifier) <= LONGEST_ID:
        return identifier
    left = LONGEST_ID // 2 - 1
    return f"{identifier[:left]}...{identifier[left + 3 - LONGEST_ID :]}"
