"""What torch's NCCL process group says when a collective hangs, rank by rank. Forms of torch 2.6 to 2.12, on stderr."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from fakeact.widgets import c10
from fakeact_llm_training.tools.torchrun import Launcher, is_older, release
from fakeact_llm_training.tools.traceback import Frame

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


class _Address(NamedTuple):
    """A frame of an exception: a function, the offset in it, and where in the process's map that lies."""

    function: str
    offset: int
    place: int
    library: str


class _Frames(NamedTuple):
    """Frames of the time-out and of what the watchdog throws then, which `thrower` does; both end in a thread's."""

    timeout: tuple[_Address, ...]
    rethrown: tuple[_Address, ...]
    thread: tuple[_Address, ...]
    thrower: str = "run"


_WORK, _UNKNOWN = "c10d::ProcessGroupNCCL::WorkNCCL::checkTimeout", "<unknown function>"
_CHECK = _WORK + "(std::optional<std::chrono::duration<long, std::ratio<1l, 1000l> > >)"
_CUDA, _C10, _SYSTEM = "libtorch_cuda.so", "libc10.so", "/usr/lib/x86_64-linux-gnu/"
_THREAD = (
    _Address(_UNKNOWN, 0xDC253, 0xB82B2253, _SYSTEM + "libstdc++.so.6"),
    _Address(_UNKNOWN, 0x94AC3, 0xBAB8CAC3, _SYSTEM + "libc.so.6"),
    _Address(_UNKNOWN, 0x126850, 0xBAC1E850, _SYSTEM + "libc.so.6"),
)
_OWN_THREAD = (_Address(_UNKNOWN, 0x145C0, 0x45A2D5C0, "libtorch.so"), *_THREAD[1:])
# Strings have had their new name since wheels were built with the C++11 ABI.
_STRING = "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >"


def _error(offset: int, place: int, string: str = _STRING) -> _Address:
    return _Address(f"c10::Error::Error(c10::SourceLocation, {string})", offset, place, _C10)


_OLD = "c10d::ProcessGroupNCCL::watchdogHandler()", "c10d::ProcessGroupNCCL::ncclCommWatchdog()"
_NEW = "c10d::ProcessGroupNCCL::Watchdog::runLoop()", "c10d::ProcessGroupNCCL::Watchdog::run()"
_FRAMES_2_6 = _Frames(
    (
        _error(0x96, 0x51D501B6, "std::string"),
        _Address(_CHECK, 0x2B4, 0xDFEC74, _CUDA),
        _Address(_OLD[0], 0x890, 0xE007D0, _CUDA),
        _Address(_OLD[1], 0x14D, 0xE016ED, _CUDA),
    ),
    (_error(0x96, 0x51D501B6, "std::string"), _Address(_UNKNOWN, 0xE5C6FC, 0xE5C6FC, _CUDA)),
    _OWN_THREAD,
    "ncclCommWatchdog",
)
_FRAMES_2_7 = _Frames(
    (
        _error(0x98, 0x52C685E8),
        _Address(_CHECK, 0x23D, 0x11E2A6D, _CUDA),
        _Address(_OLD[0], 0xC80, 0x11E47F0, _CUDA),
        _Address(_OLD[1], 0x14D, 0x11E5EFD, _CUDA),
    ),
    (
        _error(0x98, 0x52C685E8),
        _Address(_UNKNOWN, 0x11B4ABE, 0x11B4ABE, _CUDA),
        _Address(_UNKNOWN, 0xE07BED, 0xE07BED, _CUDA),
    ),
    _THREAD,
    "ncclCommWatchdog",
)
_FRAMES_2_9 = _Frames(
    (
        _error(0x80, 0x7A367B80),
        _Address(_CHECK, 0x247, 0xE8D9D7, _CUDA),
        _Address(_NEW[0], 0x1691, 0xE925E1, _CUDA),
        _Address(_NEW[1], 0xDF, 0xE9382F, _CUDA),
    ),
    (
        _error(0x80, 0x7A367B80),
        _Address(_UNKNOWN, 0xE69B51, 0xE69B51, _CUDA),
        _Address(_UNKNOWN, 0x951271, 0x951271, _CUDA),
    ),
    _THREAD,
)
_FRAMES_2_12 = _Frames(
    (
        _error(0x9D, 0xB4E90FAD),
        _Address(_CHECK, 0x2B1, 0xF09611, _CUDA),
        _Address(_NEW[0], 0x14F1, 0xF153B1, _CUDA),
        _Address(_NEW[1], 0x157, 0xF16847, _CUDA),
    ),
    (_error(0x9D, 0xB4E90FAD), _Address(_UNKNOWN, 0x6915EB, 0x6915EB, _CUDA)),
    _THREAD,
)
_FRAMES = {"2.6": _FRAMES_2_6, "2.7": _FRAMES_2_7, "2.8": _FRAMES_2_9, "2.9": _FRAMES_2_9, "2.12": _FRAMES_2_12}


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
    at = _RELEASES[release(launcher.torch)]
    yield _said(when, 0, hang, at.failed, f"[Rank {hang.group_rank}] {_ORDER}")
    yield _said(when, 5 + hang.pid * 17 % 60, hang, at.down, f"[Rank {hang.group_rank}] {_DOWN}")
    what = f"{hang.group_prefix} Process group watchdog thread terminated with exception: {hang.message}"
    frames = _FRAMES[release(launcher.torch)]
    raised = list(_raised(launcher, hang, "checkTimeout", at.raised, (*frames.timeout, *frames.thread)))
    yield _said(when, 1100 + hang.pid * 29 % 2900, hang, at.terminated, what)
    yield from raised
    yield "terminate called after throwing an instance of 'c10::DistBackendError'"
    yield f"  what():  {what}"
    yield from raised
    yield from _raised(launcher, hang, frames.thrower, at.rethrown, (*frames.rethrown, *frames.thread))


def _said(when: datetime, microseconds: int, who: Hang | Dump, line: int, text: str) -> str:
    moment = when + timedelta(microseconds=microseconds)
    # Digits below the microsecond differ from line to line; nothing can be recomputed from them.
    nanoseconds = moment.microsecond * 1000 + (who.pid * 31 + line * 7) % 1000
    return c10(moment, nanoseconds, "E", FILE, line, rank=who.rank) + text


def _raised(launcher: Launcher, hang: Hang, where: str, line: int, frames: Iterable[_Address]) -> Iterator[str]:
    """The exception's frames: offsets are the library's, addresses the process's."""
    source = f"/pytorch/torch/csrc/distributed/c10d/{FILE}:{line}"
    yield f"Exception raised from {where} at {source} (most recent call first):"
    base = 0x7F0000000000 + hang.pid % 0xFFFF * 0x1000000
    for index, frame in enumerate(frames):
        library = frame.library if frame.library.startswith("/") else f"{launcher.packages}/torch/lib/{frame.library}"
        yield f"frame #{index}: {frame.function} + {frame.offset:#x} ({base + frame.place:#x} in {library})"
    yield ""
