"""What happens in a run, as the strategy tells the callback."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["ok", "changed", "skipping", "failed", "unreachable"]
Result = Mapping[str, Any]


@dataclass(frozen=True)
class Notice:
    """A warning, deprecation or error; one that was shown is not shown again."""

    kind: Literal["warning", "deprecation", "error"]
    text: str


@dataclass(frozen=True)
class PlayStarted:
    """A play, or one batch of a serial play, begins."""

    name: str


@dataclass(frozen=True)
class TaskStarted:
    """A task or a handler begins on the hosts that are left."""

    name: str
    handler: bool = False


@dataclass(frozen=True)
class Included:
    """Tasks or a role were included for some hosts."""

    what: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Retried:
    """A task with ``until`` is not there yet."""

    host: str
    task: str
    left: int


@dataclass(frozen=True)
class Reported:
    """A host has a result, for a task or for one item of its loop."""

    host: str
    """As shown: with the host it was delegated to."""
    status: Status
    item: str | None = None
    looped: bool = False
    """True for the result that sums up a loop; of those only a skipped one is shown."""
    ignored: bool = False
    verbose: bool = False
    """True for modules that show their result always, as debug does."""
    result: Result = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Recapped:
    """The run is over: counts by host."""

    counts: Mapping[str, Mapping[str, int]]


Event = PlayStarted | TaskStarted | Included | Retried | Reported | Recapped
