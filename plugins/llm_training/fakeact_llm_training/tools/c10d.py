"""What torch's NCCL process group says when a collective hangs, rank by rank. Forms of torch 2.6 to 2.12, on stderr."""

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from fakeact.widgets import c10
from fakeact_llm_training.tools.c10d_frames import FRAMES, Address, on_machine
from fakeact_llm_training.tools.torchrun import Launcher, is_older, release
from fakeact_llm_training.tools.traceback import Frame

FILE = "ProcessGroupNCCL.cpp"
_SOURCE = f"/pytorch/torch/csrc/distributed/c10d/{FILE}"
_DOWN = "To avoid data inconsistency, we are taking the entire process down."
_ORDER = (
    "Some NCCL operations have failed or timed out. Due to the asynchronous nature of CUDA kernels, subsequent GPU "
    "operations might run on corrupted/incomplete data."
)
_NO_TRACE = (
    "Stack trace of the failed collective not found, potentially because FlightRecorder is disabled. You can enable "
    "it by setting TORCH_NCCL_TRACE_BUFFER_SIZE to a non-zero value."
)
_TRACE = "Stack trace of the failed collective: "
_LIKELY = (
    "This is most likely caused by incorrect usages of collectives, e.g., wrong sizes used across ranks, the order of "
    "collectives is not same for all ranks or the scheduled collective, for some reason, didn't run. Additionally, "
    "this can be caused by GIL deadlock or other reasons such as network errors or bugs in the communications library "
    "(e.g. NCCL), etc. "
)
_OBSERVED = "Observed flight recorder dump signal from another rank via TCPStore."
RECORDS_BY_DEFAULT = "2.11"
"""The release from which on the flight recorder has a buffer without being asked (FlightRecorder.hpp: 2000)."""


class _Lines(NamedTuple):
    """Source lines of a torch release in ProcessGroupNCCL.cpp; 0 where it is silent or no log was found."""

    timeout: int
    detected: int
    trace: int
    dump: int
    failed: int
    down: int
    terminated: int
    raised: int
    observed: int = 0
    received: int = 0
    preparing: int = 0

    @property
    def rethrown(self) -> int:
        """Where the watchdog wraps what it has caught."""
        return self.terminated + 6


# As they stand in public logs of 2.6.0, 2.7.1, 2.9.1 and 2.12.0, where 2.6 does not signal a dump, and in 2.12's source
# as a public walk through it numbers it. Of 2.8 only the line of the end is known; the others are those of 2.9, whose
# watchdog is the same class.
_RELEASES = {
    "2.6": _Lines(629, 2168, 667, 0, 681, 695, 1895, 632),
    "2.7": _Lines(632, 2271, 670, 2106, 684, 698, 1899, 635, 0, 1746, 1536),
    "2.8": _Lines(683, 2241, 730, 2573, 744, 758, 2068, 686),
    "2.9": _Lines(683, 2241, 730, 2573, 744, 758, 2057, 686),
    "2.12": _Lines(757, 2395, 801, 2732, 818, 832, 2197, 760, 1922, 1987, 1700),
}


class Hang(NamedTuple):
    """A collective that did not come to its end on a rank; times in milliseconds.

    Messages name a rank by its number in the group, only what stands before them by that in the job.
    """

    rank: int
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
    guid: int
    group_name: str
    group_rank: int

    @property
    def message(self) -> str:
        """What the watchdog caught."""
        return (
            f"[Rank {self.group_rank}] Watchdog caught collective operation timeout: WorkNCCL(SeqNum={self.seq}, "
            f"OpType={self.op}, NumelIn={self.numel_in}, NumelOut={self.numel_out}, Timeout(ms)={self.timeout_ms}) "
            f"ran for {self.ran_ms} milliseconds before timing out."
        )

    @property
    def group_prefix(self) -> str:
        """How its process group names itself."""
        return _prefix(self.group, self.guid, self.group_name, self.group_rank)


class Member(NamedTuple):
    """A rank in a process group."""

    rank: int
    pid: int
    group: int
    guid: int
    group_name: str
    group_rank: int

    @property
    def group_prefix(self) -> str:
        """How its process group names itself."""
        return _prefix(self.group, self.guid, self.group_name, self.group_rank)


def _prefix(number: int, guid: int, name: str, rank: int) -> str:
    """A group's numbers, its description if it has one, and the rank in it."""
    return f"[PG ID {number} PG GUID {guid}{f'({name})' if name else ''} Rank {rank}]"


class Dump(NamedTuple):
    """A rank is told to write its flight recorder: by a rank that has timed out, `source`, or by its own watchdog.

    The counters are those of the group of all ranks, whose monitor thread it is.
    """

    rank: int
    pid: int
    source: int | None
    last_enqueued: int
    last_completed: int


def timed_out(
    when: datetime, launcher: Launcher, hang: Hang, stack: Iterable[Frame] = (), *, signals: bool
) -> Iterator[str]:
    """The watchdog of a rank finds the collective late, and `signals` a dump unless its process has been told to.

    `stack` is where the collective was called, innermost first, if the flight recorder has kept that.
    """
    at = _RELEASES[release(launcher.torch)]
    # Some tenths of a millisecond pass until the group's state is read, a few microseconds from line to line; a stack
    # takes as long again.
    stack = tuple(stack)
    detected = 140 + hang.pid * 53 % 260
    trace = detected + 9 + hang.pid * 31 % 25 + bool(stack) * (700 + hang.pid * 37 % 400)
    yield _said(when, 0, hang, at.timeout, hang.message)
    yield _said(
        when, detected, hang, at.detected,
        f"{hang.group_prefix}  failure detected by watchdog at work sequence id: {hang.seq} PG status: last enqueued "
        f"work: {hang.last_enqueued}, last completed work: {hang.last_completed}",
    )  # fmt: skip
    if stack:
        yield _said(when, trace, hang, at.trace, _TRACE)
        yield from (_called(index, frame, launcher) for index, frame in enumerate(stack))
        yield ""
    else:
        yield _said(when, trace, hang, at.trace, _NO_TRACE)
    if at.dump and signals:
        yield _said(when, trace + 63, hang, at.dump, f"{hang.group_prefix} First PG on this rank to signal dumping.")


def _called(index: int, frame: Frame, launcher: Launcher) -> str:
    path = frame.file if frame.file.startswith("<") else f"{launcher.packages}/{frame.file}"
    return f"#{index} {frame.name} from {path}:{frame.line}"


def dumped(when: datetime, torch: str, signal: Dump) -> Iterator[str]:
    """A rank's monitor thread, which looks every second, writes down what the flight recorder has."""
    at, group = _RELEASES[release(torch)], f"[PG ID 0 PG GUID 0(default_pg) Rank {signal.rank}]"
    if not at.received:
        return
    source = "this local rank" if signal.source is None else f" rank {signal.source}"
    if signal.source is not None and at.observed:
        yield _said(when, -280, signal, at.observed, f"{group} {_OBSERVED}")
    yield _said(
        when, 0, signal, at.received,
        f"{group} Received a dump signal due to a collective timeout from {source} and we will try our best to dump "
        f"the debug info. Last enqueued NCCL work: {signal.last_enqueued}, last completed NCCL work: "
        f"{signal.last_completed}.{_LIKELY}",
    )  # fmt: skip
    active = "" if is_older(torch, "2.9") else ", only active collectives: 0"
    yield _said(
        when, 60 + signal.pid * 13 % 250, signal, at.preparing,
        f"{group} ProcessGroupNCCL preparing to dump debug info. Include stack trace: 1{active}",
    )  # fmt: skip


def aborted(when: datetime, launcher: Launcher, hang: Hang) -> Iterator[str]:
    """The watchdog takes its process down: three lines, the exception with its frames, twice, and C++'s last words."""
    at, frames = _RELEASES[release(launcher.torch)], FRAMES[release(launcher.torch)]
    yield _said(when, 0, hang, at.failed, f"[Rank {hang.group_rank}] {_ORDER}")
    yield _said(when, 5 + hang.pid * 17 % 60, hang, at.down, f"[Rank {hang.group_rank}] {_DOWN}")
    source = f"checkTimeout at {_SOURCE}:{at.raised}"
    error = hang.message, *_raised(launcher, hang.pid, source, (*frames.timeout, *frames.thread))
    yield from _terminated(when + timedelta(microseconds=1100 + hang.pid * 29 % 2900), hang, launcher, error)


def broken(when: datetime, launcher: Launcher, member: Member, error: Sequence[str]) -> Iterator[str]:
    """The watchdog meets a CUDA error, whose lines are given, where it asks whether a collective is through."""
    frames = FRAMES[release(launcher.torch)]
    source = f"c10_cuda_check_implementation at /pytorch/c10/cuda/CUDAException.cpp:{frames.checked}"
    raised = _raised(launcher, member.pid, source, (*frames.broken, *frames.thread))
    yield from _terminated(when, member, launcher, (*error, *raised))


def _terminated(when: datetime, of: Hang | Member, launcher: Launcher, error: Sequence[str]) -> Iterator[str]:
    """The watchdog's thread ends with an exception, and so does the process: all of it is told twice."""
    at, frames = _RELEASES[release(launcher.torch)], FRAMES[release(launcher.torch)]
    first, *more = error
    what = f"{of.group_prefix} Process group watchdog thread terminated with exception: {first}"
    yield _said(when, 0, of, at.terminated, what)
    yield from more
    yield "terminate called after throwing an instance of 'c10::DistBackendError'"
    yield f"  what():  {what}"
    yield from more
    source = f"{frames.thrower} at {_SOURCE}:{at.rethrown}"
    yield from _raised(launcher, of.pid, source, (*frames.rethrown, *frames.thread))


def _said(when: datetime, microseconds: int, who: Hang | Dump | Member, line: int, text: str) -> str:
    moment = when + timedelta(microseconds=microseconds)
    # Digits below the microsecond differ from line to line; nothing can be recomputed from them.
    nanoseconds = moment.microsecond * 1000 + (who.pid * 31 + line * 7) % 1000
    return c10(moment, nanoseconds, "E", FILE, line, rank=who.rank) + text


def _raised(launcher: Launcher, pid: int, source: str, frames: Iterable[Address]) -> Iterator[str]:
    """The exception's frames: offsets are the library's, addresses the process's."""
    yield f"Exception raised from {source} (most recent call first):"
    machine = launcher.environment.machine
    # Libraries lie anywhere, at whole pages.
    lowest, pages = (0x7F0000000000, 0xFFFFFF) if machine == "x86_64" else (0xFFFE00000000, 0xFFFFF)
    base = lowest + random.Random(pid).randrange(pages) * 0x1000
    for index, frame in enumerate(on_machine(one, machine) for one in frames):
        library = frame.library if frame.library.startswith("/") else f"{launcher.packages}/torch/lib/{frame.library}"
        yield f"frame #{index}: {frame.function} + {frame.offset:#x} ({base + frame.place:#x} in {library})"
    yield ""
