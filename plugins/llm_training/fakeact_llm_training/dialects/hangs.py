"""What the simulation knows of a hang or of a broken GPU, in the words of torch's process group."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from fakeact_llm_training.sim.process_groups import shard_group
from fakeact_llm_training.tools import c10d
from fakeact_llm_training.tools.c10d import Dump, Hang, Member
from fakeact_llm_training.tools.torchrun import Launcher
from fakeact_llm_training.tools.traceback import cuda_error

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.base import Dialect
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


def broken(speaker: "Dialect", event: "ev.RankFailed", launcher: Launcher) -> Iterator[str]:
    """An error of CUDA's stays: the watchdog, which asks ten times a second, ends what the exception has begun."""
    when = speaker.moment(event.at) + timedelta(microseconds=3000 + event.pid * 7919 % 90_000)
    group, rank = shard_group(speaker.scenario, event.rank), event.rank
    member = Member(rank, event.pid, group.number, group.guid, group.name, group.place(rank))
    return c10d.broken(when, launcher, member, cuda_error(event.error, launcher))


def halves(op: str, whole: int, ranks: int) -> tuple[int, int]:
    """Elements in and out of a collective that gathers or scatters a buffer of so many.

    >>> halves("_ALLGATHER_BASE", 80, 8), halves("_REDUCE_SCATTER_BASE", 80, 8)
    ((10, 80), (80, 10))
    """
    return (whole // ranks, whole) if "GATHER" in op else (whole, whole // ranks)
