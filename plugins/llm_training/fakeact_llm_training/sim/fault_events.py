"""What happens when something breaks: from the cause to the step that training goes on after."""

from dataclasses import dataclass
from typing import NamedTuple

from fakeact_llm_training.sim.events import Event
from fakeact_llm_training.sim.kinds import Failure, FaultKind
from fakeact_llm_training.sim.startup import Phase


@dataclass(frozen=True)
class Fault(Event):
    """The cause, while `step` was running: on which GPU, link, port or file.

    `xid` is NVIDIA's number of the error, None where the driver has nothing to say. If it `hangs`, nobody fails
    at once: collectives spin until the watchdog gives them up.
    """

    kind: FaultKind
    step: int
    rank: int
    local_rank: int
    host: str
    pid: int
    bus_id: str
    xid: int | None
    link: int | None
    nic: str | None
    peer: str | None
    worker_pid: int | None
    hangs: bool


@dataclass(frozen=True)
class XidLogged(Event):
    """A line in the kernel's log about a GPU; `pid` is None where the driver names no process."""

    host: str
    rank: int
    local_rank: int
    bus_id: str
    pid: int | None
    xid: int
    link: int | None
    registers: tuple[int, ...]


@dataclass(frozen=True)
class WatchdogTimeout(Event):
    """The watchdog of rank `group_rank` of a group gives up the collective `seq` after `ran_ms`."""

    rank: int
    local_rank: int
    host: str
    pid: int
    seq: int
    op: str
    numel_in: int
    numel_out: int
    timeout_ms: int
    ran_ms: int
    last_enqueued: int
    last_completed: int
    group: int
    group_guid: int
    group_name: str
    group_rank: int
    signals: bool = True


@dataclass(frozen=True)
class DumpSignal(Event):
    """A rank learns that what its flight recorder holds is to be written: from its watchdog or from rank `source`.

    The counters are those of the group of all ranks.
    """

    rank: int
    pid: int
    source: int | None
    last_enqueued: int
    last_completed: int


@dataclass(frozen=True)
class RankFailed(Event):
    """A process ends; `exitcode` as torchrun has it, negative for a signal; `first` is the root cause."""

    rank: int
    local_rank: int
    host: str
    pid: int
    exitcode: int
    error: Failure
    first: bool

    @property
    def signal(self) -> int | None:
        """The signal's number, if it was one."""
        return -self.exitcode if self.exitcode < 0 else None


@dataclass(frozen=True)
class NodeLost(Event):
    """The scheduler no longer hears of a node; `ranks` were on it."""

    host: str
    node: int
    ranks: range


@dataclass(frozen=True)
class Teardown(Event):
    """The launcher on a node ends its other workers."""

    host: str
    node: int
    agent_pid: int
    pids: tuple[int, ...]
    signal: int


@dataclass(frozen=True)
class WorkerEnded(Event):
    """A launcher that ends its workers one by one turns to this one, and waits until it is gone."""

    host: str
    node: int
    pid: int


@dataclass(frozen=True)
class LauncherLeft(Event):
    """All its workers are gone: `rank` is the one whose end it has seen, None where it was told to end."""

    host: str
    node: int
    rank: int | None
    exitcode: int


@dataclass(frozen=True)
class Cancelled(Event):
    """The scheduler takes the job away to queue it again, and tells the launchers of these nodes to end."""

    reason: str
    nodes: tuple[int, ...]


class Replacement(NamedTuple):
    """A machine leaves the job and another joins it; the nodes behind the one that left move up by one."""

    old_node: int
    old_host: str
    new_node: int
    new_host: str


@dataclass(frozen=True)
class Restarted(Event):
    """New workers begin; `phases` of their start-up begin at seconds after this event and take `seconds` in all.

    `generation` counts the rendezvous of this launcher: a requeued job has new launchers and begins at 0.
    """

    attempt: int
    generation: int
    requeued: bool
    replaced: tuple[Replacement, ...]
    comm_id: int
    pids: tuple[int, ...]
    phases: tuple[Phase, ...]
    seconds: float


@dataclass(frozen=True)
class Resumed(Event):
    """Training goes on after `step`, from the checkpoint at `path`, or from the start if that is None.

    `lost_steps` were done and are done again; `bytes` were read in `seconds`.
    """

    attempt: int
    step: int
    epoch: int
    step_in_epoch: int
    path: str | None
    lost_steps: int
    consumed_samples: int
    consumed_tokens: int
    bytes: int
    seconds: float
