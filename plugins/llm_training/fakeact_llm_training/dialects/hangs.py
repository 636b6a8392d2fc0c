"""What the simulation knows of a hang, in the words of torch's process group."""

from typing import TYPE_CHECKING

from fakeact_llm_training.tools.c10d import Dump, Hang

if TYPE_CHECKING:
    from fakeact_llm_training.sim import fault_events as ev


def hang(event: "ev.WatchdogTimeout", elements: tuple[int, int]) -> Hang:
    """A collective that is late on a rank, with its elements in and out."""
    return Hang(
        event.rank, event.pid, event.seq, event.op, *elements, event.timeout_ms, event.ran_ms, event.last_enqueued,
        event.last_completed, event.group, event.group_guid, event.group_name, event.group_rank,
    )  # fmt: skip


def dump(event: "ev.DumpSignal") -> Dump:
    """A rank that writes its flight recorder."""
    return Dump(event.rank, event.pid, event.source, event.last_enqueued, event.last_completed)
