"""What torch's NCCL process group says when a collective hangs, rank by rank. Forms of torch 2.6 to 2.9, on stderr."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from fakeact.widgets import c10
from fakeact_llm_training.tools.torchrun import Launcher, release

FILE = "ProcessGroupNCCL.cpp"
_DOWN = "To avoid data inconsistency, we are taking the entire process down."
_ORDER = (
    "Some NCCL operations have failed or timed out. Due to the asynchronous nature of CUDA kernels, subsequent GPU "
    "operations might run on corrupted/incomplete data."
)
_NO_TRACE = (
    "Stack trace of the failed collective not found, potentially because FlightRecorder is disabled. You can enable "
    "it by setting TORCH_NCCL_TRACE_BUFFER_SIZE to a non-zero value."
)


class _Lines(NamedTuple):
    """Source lines of a torch release in ProcessGroupNCCL.cpp."""

    timeout: int
    detected: int
    trace: int
    dump: int
    failed: int
    down: int
    terminated: int
    raised: int


# As they stand in public logs of 2.6.0, 2.7.1 and 2.9.1, where 2.6 does not signal a dump. Of 2.8 only the line
# of the end is known; the others are those of 2.9, whose watchdog is the same class.
_RELEASES = {
    "2.6": _Lines(629, 2168, 667, 0, 681, 695, 1895, 632),
    "2.7": _Lines(632, 2271, 670, 2106, 684, 698, 1899, 635),
    "2.8": _Lines(683, 2241, 730, 2573, 744, 758, 2068, 686),
    "2.9": _Lines(683, 2241, 730, 2573, 744, 758, 2057, 686),
}


class _Frame(NamedTuple):
    """A frame of the exception: a function, the offset in it, and where in the process's map that lies."""

    function: str
    offset: int
    place: int
    library: str


_CHECK = "WorkNCCL::checkTimeout(std::optional<std::chrono::duration<long, std::ratio<1l, 1000l> > >)"
_CUDA, _SYSTEM = "libtorch_cuda.so", "/usr/lib/x86_64-linux-gnu/"
_THREAD = (
    _Frame("<unknown function>", 0xDC253, 0x3E0DC253, _SYSTEM + "libstdc++.so.6"),
    _Frame("<unknown function>", 0x94AC3, 0x41294AC3, _SYSTEM + "libc.so.6"),
    _Frame("clone", 0x44, 0x41325A04, _SYSTEM + "libc.so.6"),
)
_ERROR = "c10::Error::Error(c10::SourceLocation, std::string)"
_OLD = (
    _Frame(_ERROR, 0x96, 0x3F9E31B6, "libc10.so"),
    _Frame(f"c10d::ProcessGroupNCCL::{_CHECK}", 0x2B4, 0x6DFEC74, _CUDA),
    _Frame("c10d::ProcessGroupNCCL::watchdogHandler()", 0x890, 0x6E007D0, _CUDA),
    _Frame("c10d::ProcessGroupNCCL::ncclCommWatchdog()", 0x14D, 0x6E016ED, _CUDA),
    *_THREAD,
)
# In 2.8 the watchdog became a class of its own.
_NEW = (
    _Frame(_ERROR, 0x80, 0x3F77EEB0, "libc10.so"),
    _Frame(f"c10d::ProcessGroupNCCL::{_CHECK}", 0x247, 0x8171427, _CUDA),
    _Frame("c10d::ProcessGroupNCCL::Watchdog::runLoop()", 0x1691, 0x8176CA1, _CUDA),
    _Frame("c10d::ProcessGroupNCCL::Watchdog::run()", 0xDF, 0x81780BF, _CUDA),
    *_THREAD,
)


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
        """How a process group names itself; only some have a description."""
        name = f"({self.group_name})" if self.group_name else ""
        return f"[PG ID {self.group} PG GUID {self.guid}{name} Rank {self.group_rank}]"


def timed_out(when: datetime, torch: str, hang: Hang, *, first: bool) -> Iterator[str]:
    """The watchdog of a rank finds the collective late; the first rank of all signals the others to dump."""
    at = _RELEASES[release(torch)]
    # Some tenths of a millisecond pass until the group's state is read, a few microseconds from line to line.
    detected = 140 + hang.pid * 53 % 260
    trace = detected + 9 + hang.pid * 31 % 25
    yield _line(when, 0, hang, at.timeout, hang.message)
    yield _line(
        when, detected, hang, at.detected,
        f"{hang.group_prefix}  failure detected by watchdog at work sequence id: {hang.seq} PG status: last enqueued "
        f"work: {hang.last_enqueued}, last completed work: {hang.last_completed}",
    )  # fmt: skip
    yield _line(when, trace, hang, at.trace, _NO_TRACE)
    if first and at.dump:
        yield _line(when, trace + 63, hang, at.dump, f"{hang.group_prefix} First PG on this rank to signal dumping.")


def aborted(when: datetime, launcher: Launcher, hang: Hang) -> Iterator[str]:
    """The watchdog takes its process down: three lines, the exception with its frames, twice, and C++'s last words."""
    at = _RELEASES[release(launcher.torch)]
    yield _line(when, 0, hang, at.failed, f"[Rank {hang.group_rank}] {_ORDER}")
    yield _line(when, 5 + hang.pid * 17 % 60, hang, at.down, f"[Rank {hang.group_rank}] {_DOWN}")
    what = f"{hang.group_prefix} Process group watchdog thread terminated with exception: {hang.message}"
    raised = list(_raised(launcher, hang, at.raised))
    yield _line(when, 1100 + hang.pid * 29 % 2900, hang, at.terminated, what)
    yield from raised
    yield "terminate called after throwing an instance of 'c10::DistBackendError'"
    yield f"  what():  {what}"
    yield from raised


def _line(when: datetime, microseconds: int, hang: Hang, line: int, text: str) -> str:
    moment = when + timedelta(microseconds=microseconds)
    # Digits below the microsecond differ from line to line; nothing can be recomputed from them.
    nanoseconds = moment.microsecond * 1000 + (hang.pid * 31 + line * 7) % 1000
    return c10(moment, nanoseconds, "E", FILE, line, rank=hang.rank) + text


def _raised(launcher: Launcher, hang: Hang, line: int) -> Iterator[str]:
    """The exception's frames: offsets are the library's, addresses the process's."""
    source = f"/pytorch/torch/csrc/distributed/c10d/{FILE}:{line}"
    yield f"Exception raised from checkTimeout at {source} (most recent call first):"
    base = 0x7F0000000000 + hang.pid % 0xFFFF * 0x1000000
    for index, frame in enumerate(_OLD if release(launcher.torch) < "2.8" else _NEW):
        library = frame.library if frame.library.startswith("/") else f"{launcher.packages}/torch/lib/{frame.library}"
        yield f"frame #{index}: {frame.function} + {frame.offset:#x} ({base + frame.place:#x} in {library})"
    yield ""
