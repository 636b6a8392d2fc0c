"""Frames of the exceptions that end a rank's watchdog: as in public logs of torch 2.6, 2.7, 2.9 and 2.12."""

from typing import NamedTuple


class Address(NamedTuple):
    """A frame of an exception: a function, the offset in it, and where in the process's map that lies."""

    function: str
    offset: int
    place: int
    library: str


class Frames(NamedTuple):
    """Frames of a time-out, of a CUDA error, and of what the watchdog throws then, which `thrower` does.

    All end in a thread's. `checked` is the line where an error of CUDA's is found, of which 2.12's last frames and
    2.9's offset in libc10_cuda stand for others: no log was found.
    """

    timeout: tuple[Address, ...]
    broken: tuple[Address, ...]
    checked: int
    rethrown: tuple[Address, ...]
    thread: tuple[Address, ...]
    thrower: str = "run"


_WORK, _UNKNOWN = "c10d::ProcessGroupNCCL::WorkNCCL::checkTimeout", "<unknown function>"
_CHECK = _WORK + "(std::optional<std::chrono::duration<long, std::ratio<1l, 1000l> > >)"
_CUDA, _C10, _SYSTEM = "libtorch_cuda.so", "libc10.so", "/usr/lib/x86_64-linux-gnu/"
_THREAD = (
    Address(_UNKNOWN, 0xDC253, 0xB82B2253, _SYSTEM + "libstdc++.so.6"),
    Address(_UNKNOWN, 0x94AC3, 0xBAB8CAC3, _SYSTEM + "libc.so.6"),
    Address(_UNKNOWN, 0x126850, 0xBAC1E850, _SYSTEM + "libc.so.6"),
)
# The same of Ubuntu 22.04 on Arm, where loaders name the folder without /usr; libc's are those of a public log.
_ON_ARM = {0xDC253: 0xD31FC, 0x94AC3: 0x7D5B8, 0x126850: 0xE5EDC}
_OWN_THREAD = (Address(_UNKNOWN, 0x145C0, 0x45A2D5C0, "libtorch.so"), *_THREAD[1:])
# Strings have had their new name since wheels were built with the C++11 ABI.
_STRING = "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >"


def _error(offset: int, place: int, string: str = _STRING) -> Address:
    return Address(f"c10::Error::Error(c10::SourceLocation, {string})", offset, place, _C10)


def _check_failed(offset: int, place: int, string: str = _STRING) -> Address:
    arguments = f"char const*, char const*, unsigned int, {string} const&"
    return Address(f"c10::detail::torchCheckFail({arguments})", offset, place, _C10)


_C10_CUDA = "libc10_cuda.so"
_CHECKED = "c10::cuda::c10_cuda_check_implementation(int, char const*, char const*, int, bool)"
_FINISHED = "c10d::ProcessGroupNCCL::WorkNCCL::finishedGPUExecutionInternal() const"
_COMPLETED = "c10d::ProcessGroupNCCL::WorkNCCL::isCompleted()"
_OLD = "c10d::ProcessGroupNCCL::watchdogHandler()", "c10d::ProcessGroupNCCL::ncclCommWatchdog()"
_NEW = "c10d::ProcessGroupNCCL::Watchdog::runLoop()", "c10d::ProcessGroupNCCL::Watchdog::run()"
_FRAMES_2_6 = Frames(
    (
        _error(0x96, 0x51D501B6, "std::string"),
        Address(_CHECK, 0x2B4, 0xDFEC74, _CUDA),
        Address(_OLD[0], 0x890, 0xE007D0, _CUDA),
        Address(_OLD[1], 0x14D, 0xE016ED, _CUDA),
    ),
    (
        _error(0x96, 0x51D501B6, "std::string"),
        _check_failed(0x64, 0x51CF9A76, "std::string"),
        Address(_CHECKED, 0x118, 0x51E3E918, _C10_CUDA),
        Address(_FINISHED, 0x56, 0xDF1556, _CUDA),
        Address(_COMPLETED, 0xA0, 0xDFE8C0, _CUDA),
        Address(_OLD[0], 0x617, 0xE00557, _CUDA),
        Address(_OLD[1], 0x14D, 0xE016ED, _CUDA),
    ),
    43,
    (_error(0x96, 0x51D501B6, "std::string"), Address(_UNKNOWN, 0xE5C6FC, 0xE5C6FC, _CUDA)),
    _OWN_THREAD,
    "ncclCommWatchdog",
)
_FRAMES_2_7 = Frames(
    (
        _error(0x98, 0x52C685E8),
        Address(_CHECK, 0x23D, 0x11E2A6D, _CUDA),
        Address(_OLD[0], 0xC80, 0x11E47F0, _CUDA),
        Address(_OLD[1], 0x14D, 0x11E5EFD, _CUDA),
    ),
    (
        _error(0x98, 0x52C685E8),
        _check_failed(0xE0, 0x52BFD4A2),
        Address(_CHECKED, 0x3C2, 0x5306A422, _C10_CUDA),
        Address(_FINISHED, 0x56, 0x11D24C6, _CUDA),
        Address(_COMPLETED, 0x70, 0x11E2760, _CUDA),
        Address(_OLD[0], 0x782, 0x11E42F2, _CUDA),
        Address(_OLD[1], 0x14D, 0x11E5EFD, _CUDA),
    ),
    43,
    (
        _error(0x98, 0x52C685E8),
        Address(_UNKNOWN, 0x11B4ABE, 0x11B4ABE, _CUDA),
        Address(_UNKNOWN, 0xE07BED, 0xE07BED, _CUDA),
    ),
    _THREAD,
    "ncclCommWatchdog",
)
_FRAMES_2_9 = Frames(
    (
        _error(0x80, 0x7A367B80),
        Address(_CHECK, 0x247, 0xE8D9D7, _CUDA),
        Address(_NEW[0], 0x1691, 0xE925E1, _CUDA),
        Address(_NEW[1], 0xDF, 0xE9382F, _CUDA),
    ),
    (
        _error(0x80, 0x7A367B80),
        Address(_UNKNOWN, 0x11FB7, 0x7A4BAFB7, _C10_CUDA),
        Address(_FINISHED, 0x56, 0xE7E716, _CUDA),
        Address(_COMPLETED, 0x70, 0xE8E9E0, _CUDA),
        Address(_NEW[0], 0x978, 0xE918C8, _CUDA),
        Address(_NEW[1], 0xDF, 0xE9382F, _CUDA),
    ),
    44,
    (
        _error(0x80, 0x7A367B80),
        Address(_UNKNOWN, 0xE69B51, 0xE69B51, _CUDA),
        Address(_UNKNOWN, 0x951271, 0x951271, _CUDA),
    ),
    _THREAD,
)
_FRAMES_2_12 = Frames(
    (
        _error(0x9D, 0xB4E90FAD),
        Address(_CHECK, 0x2B1, 0xF09611, _CUDA),
        Address(_NEW[0], 0x14F1, 0xF153B1, _CUDA),
        Address(_NEW[1], 0x157, 0xF16847, _CUDA),
    ),
    (
        _error(0x9D, 0xB4E90FAD),
        Address(_UNKNOWN, 0x1CCB9, 0xB4FE4CB9, _C10_CUDA),
        Address(_FINISHED, 0x56, 0xF01266, _CUDA),
        Address(_COMPLETED, 0x70, 0xF11530, _CUDA),
        Address(_NEW[0], 0x8F8, 0xF147B8, _CUDA),
        Address(_NEW[1], 0x157, 0xF16847, _CUDA),
    ),
    44,
    (_error(0x9D, 0xB4E90FAD), Address(_UNKNOWN, 0x6915EB, 0x6915EB, _CUDA)),
    _THREAD,
)
FRAMES = {
    "2.6": _FRAMES_2_6,
    "2.7": _FRAMES_2_7,
    "2.8": _FRAMES_2_9._replace(checked=43),
    "2.9": _FRAMES_2_9,
    "2.12": _FRAMES_2_12,
}


def on_machine(frame: Address, machine: str) -> Address:
    """The frame where processors are "x86_64" or "aarch64": the system's libraries are others, and lie elsewhere.

    >>> on_machine(_THREAD[1], "aarch64").library
    '/lib/aarch64-linux-gnu/libc.so.6'
    """
    if machine == "x86_64" or not frame.library.startswith("/"):
        return frame
    offset = _ON_ARM[frame.offset]
    library = frame.library.replace(_SYSTEM, "/lib/aarch64-linux-gnu/")
    return frame._replace(offset=offset, place=frame.place - frame.offset + offset, library=library)
