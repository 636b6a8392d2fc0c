"""Tracebacks of ranks as Python writes them, and the errors of torch and NCCL that end them."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from fakeact_llm_training.sim.kinds import Failure
from fakeact_llm_training.tools.torchrun import Launcher, is_older, release

if TYPE_CHECKING:
    from fakeact_llm_training.sim.fault_events import Fault

HEAD = "Traceback (most recent call last):"
INTERRUPTED = "KeyboardInterrupt"
SIGNAL_HANDLER = "torch/utils/data/_utils/signal_handling.py"
_C10D = "/pytorch/torch/csrc/distributed/c10d"
# Where torch asks NCCL for its result, in public logs of 2.6, 2.7 and 2.9; of a build on 2.12's way, with its NCCL. Of
# 2.8 none was found: it has 2.7's place here.
_NCCL_UTILS = {
    "2.6": "NCCLUtils.hpp:268", "2.7": "NCCLUtils.cpp:77", "2.8": "NCCLUtils.cpp:77", "2.9": "NCCLUtils.cpp:93",
    "2.12": "NCCLUtils.cpp:93",
}  # fmt: skip
_REMOTE = "remote process exited or there was a network error"
_ASYNC = "CUDA kernel errors might be asynchronously reported at some other API call"
_CUDA = (
    f"{_ASYNC}, so the stacktrace below might be incorrect.",
    "For debugging consider passing CUDA_LAUNCH_BLOCKING=1",
    "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.",
    "",
)


_ERRORS: dict[Failure, tuple[str, str]] = {
    "ecc": ("uncorrectable ECC error encountered", "cudaErrorECCUncorrectable"),
    "launch": ("unspecified launch failure", "cudaErrorLaunchFailure"),
}
_LOOK_UP = (
    "Search for `{}' in https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__TYPES.html for more information."
)
RAISED: frozenset[Failure] = frozenset(("ecc", "launch", "nccl", "stale_file", "loader_worker"))
"""What a script sees as an exception; the others end a process from outside."""


class Frame(NamedTuple):
    """A line of a file; `marked` is the expression that newer Pythons underline; frozen modules show no code."""

    file: str
    line: int
    name: str
    code: str = ""
    marked: str = ""


WORKER_DIED = Frame(SIGNAL_HANDLER, 73, "handler", "_error_if_any_worker_fails()")
"""Where torch's data loader notices that one of its processes was killed, whatever the main thread does."""


def show(frames: Iterable[Frame], carets: bool, path: Callable[[str], str]) -> Iterator[str]:
    """The lines of frames, outermost first; `path` tells where a file lies. A whole line is not marked.

    >>> list(show([Frame("a.py", 3, "main", "x = f(1)", "f(1)")], True, lambda file: "/src/" + file))
    ['  File "/src/a.py", line 3, in main', '    x = f(1)', '        ^^^^']
    >>> list(show([Frame("a.py", 4, "main", "f(1)", "f(1)")], True, str))
    ['  File "a.py", line 4, in main', '    f(1)']
    """
    for frame in frames:
        yield f'  File "{path(frame.file)}", line {frame.line}, in {frame.name}'
        if frame.code:
            yield f"    {frame.code}"
        if carets and frame.marked not in {"", frame.code}:
            yield " " * (4 + frame.code.index(frame.marked)) + "^" * len(frame.marked)


def error(kind: Failure, fault: "Fault", launcher: Launcher, nccl: str) -> list[str]:
    """What ended a rank: an error of CUDA's, of NCCL's, of the file system's or of the data loader's."""
    if kind == "stale_file":
        # A read knows no name; only opening tells it.
        return ["OSError: [Errno 116] Stale file handle"]
    if kind == "loader_worker":
        return [f"RuntimeError: DataLoader worker (pid {fault.worker_pid}) is killed by signal: Killed. "]
    if kind == "nccl":
        version, place = nccl.partition("+")[0], f"{_C10D}/{_NCCL_UTILS[release(launcher.torch)]}"
        return [
            f"torch.distributed.DistBackendError: NCCL error in: {place}, {_REMOTE}, NCCL version {version}",
            "ncclRemoteError: A call failed possibly due to a network error or a remote process exiting prematurely.",
        ]
    # torch 2.8 gave CUDA's errors a class of their own.
    accelerator = "RuntimeError" if is_older(launcher.torch, "2.8") else "torch.AcceleratorError"
    first, *more = cuda_error(kind, launcher)
    return [f"{accelerator}: {first}", *more]


def cuda_error(kind: Failure, launcher: Launcher) -> list[str]:
    """What CUDA says of a broken GPU ("ecc" or "launch"); torch 2.9 adds where to look it up."""
    what, name = _ERRORS[kind]
    look = [] if is_older(launcher.torch, "2.9") else [_LOOK_UP.format(name)]
    return [f"CUDA error: {what}", *look, *_CUDA]
