"""Tracebacks of torchtitan 0.2.0's training loop, by what broke in it."""

from collections.abc import Iterator
from typing import NamedTuple

from fakeact_llm_training.sim.fault_events import Fault, RankFailed
from fakeact_llm_training.tools.torchrun import Launcher, release

_TRAIN, _UTILS = "torchtitan/train.py", "torchtitan/distributed/utils.py"
_COLLECTIVES, _OPS = "torch/distributed/_functional_collectives.py", "torch/_ops.py"


class _Frame(NamedTuple):
    """A line of a file; `marked` is the expression that newer Pythons underline."""

    file: str
    line: int
    name: str
    code: str
    marked: str = ""


_LOOP = _Frame(_TRAIN, 610, "train", "self.train_step(data_iterator)")
_REDUCE = (
    _Frame(
        _TRAIN, 537, "train_step", 'dist_utils.dist_mean(loss, parallel_dims.world_mesh["dp_cp"], ft_pg),',
        'dist_utils.dist_mean(loss, parallel_dims.world_mesh["dp_cp"], ft_pg)',
    ),
    _Frame(_UTILS, 78, "dist_mean", "return _dist_reduce(", "_dist_reduce("),
)  # fmt: skip
_ITEM = _Frame(
    _UTILS, 50, "_dist_reduce", "return funcol.all_reduce(x, reduceOp=reduceOp, group=mesh).item()",
    "funcol.all_reduce(x, reduceOp=reduceOp, group=mesh).item()",
)  # fmt: skip
_CALL = _ITEM._replace(marked="funcol.all_reduce(x, reduceOp=reduceOp, group=mesh)")
_NEXT = _Frame(_TRAIN, 509, "train_step", "input_dict, labels = next(data_iterator)", "next(data_iterator)")
_COPY = _Frame(_TRAIN, 411, "batch_generator", "labels = labels.to(device_type)", "labels.to(device_type)")
_BATCH = _Frame(_TRAIN, 394, "batch_generator", "batch = next(data_iterator)", "next(data_iterator)")
_SAMPLE = _Frame("torchtitan/datasets/hf_datasets.py", 115, "__iter__", "for sample in self._get_data_iter():")
_WORKERS = _Frame("torch/utils/data/_utils/signal_handling.py", 73, "handler", "_error_if_any_worker_fails()")
# Where a functional collective leaves Python, in torch 2.6.0, 2.7.1, 2.8.0 and 2.9.1.
_LEAVES = {
    "2.6": (176, 1123, "**(kwargs or {})"),
    "2.7": (176, 1158, "**(kwargs or {})"),
    "2.8": (176, 1243, "**kwargs"),
    "2.9": (170, 1255, "**kwargs"),
}
_NCCL_UTILS = "/pytorch/torch/csrc/distributed/c10d/NCCLUtils.cpp:94"
_REMOTE = "remote process exited or there was a network error"
_ASYNC = (
    "CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be "
    "incorrect."
)
_CUDA = (
    _ASYNC,
    "For debugging consider passing CUDA_LAUNCH_BLOCKING=1",
    "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.",
    "",
)


def recorded(failed: RankFailed, fault: Fault, launcher: Launcher, nccl: str) -> list[str]:
    """The traceback from where torch records exceptions, as it stands in the launcher's report."""
    wrapper = _Frame(
        "torch/distributed/elastic/multiprocessing/errors/__init__.py", launcher.lines.wrapper, "wrapper",
        "return f(*args, **kwargs)", "f(*args, **kwargs)",
    )  # fmt: skip
    frames = [wrapper, _LOOP, *_where(failed, fault, launcher)]
    lines = [line for frame in frames for line in _show(frame, launcher)]
    return ["Traceback (most recent call last):", *lines, *_error(failed, fault, launcher, nccl)]


def full(failed: RankFailed, fault: Fault, launcher: Launcher, nccl: str) -> list[str]:
    """The whole traceback, as the worker writes it."""
    head, *rest = recorded(failed, fault, launcher, nccl)
    main = _Frame(_TRAIN, 685, "<module>", "trainer.train()")
    return [head, *_run_as_module(launcher), *_show(main, launcher), *rest]


def _run_as_module(launcher: Launcher) -> list[str]:
    """Python's own frames under ``python -m``; newer ones are frozen and show no source."""
    if launcher.carets:
        return [
            '  File "<frozen runpy>", line 198, in _run_module_as_main',
            '  File "<frozen runpy>", line 88, in _run_code',
        ]
    return [
        '  File "/usr/lib/python3.10/runpy.py", line 196, in _run_module_as_main',
        "    return _run_code(code, main_globals, None,",
        '  File "/usr/lib/python3.10/runpy.py", line 86, in _run_code',
        "    exec(code, run_globals)",
    ]


def _where(failed: RankFailed, fault: Fault, launcher: Launcher) -> list[_Frame]:
    """The frames below the loop."""
    if failed.error == "stale_file":
        return [_NEXT, _BATCH, _SAMPLE]
    if failed.error == "loader_worker":
        return [_NEXT, _BATCH, _WORKERS]
    if failed.error == "nccl":
        line, leaves, kwargs = _LEAVES[release(launcher.torch)]
        op = "torch.ops._c10d_functional.all_reduce(self, reduceOp.lower(), group_name)"
        inner = f"self._op(*args, {kwargs})"
        return [
            *_REDUCE,
            _CALL,
            _Frame(_COLLECTIVES, line, "all_reduce", f"tensor = {op}", op),
            _Frame(_OPS, leaves, "__call__", f"return {inner}", inner),
        ]
    # A broken GPU shows at the next call that waits for it: where the loss is read, else where data are copied.
    return [*_REDUCE, _ITEM] if fault.step % 10 == 0 else [_NEXT, _COPY]


def _error(failed: RankFailed, fault: Fault, launcher: Launcher, nccl: str) -> list[str]:
    if failed.error == "stale_file":
        return [f"OSError: [Errno 116] Stale file handle: '{fault.path}'"]
    if failed.error == "loader_worker":
        return [f"RuntimeError: DataLoader worker (pid {fault.worker_pid}) is killed by signal: Killed. "]
    if failed.error == "nccl":
        version = nccl.partition("+")[0]
        return [
            f"torch.distributed.DistBackendError: NCCL error in: {_NCCL_UTILS}, {_REMOTE}, NCCL version {version}",
            "ncclRemoteError: A call failed possibly due to a network error or a remote process exiting prematurely.",
        ]
    what = "uncorrectable ECC error encountered" if failed.error == "ecc" else "unspecified launch failure"
    # torch 2.8 gave CUDA's errors a class of their own.
    kind = "RuntimeError" if release(launcher.torch) < "2.8" else "torch.AcceleratorError"
    return [f"{kind}: CUDA error: {what}", *_CUDA]


def _show(frame: _Frame, launcher: Launcher) -> Iterator[str]:
    yield f'  File "{launcher.packages}/{frame.file}", line {frame.line}, in {frame.name}'
    yield f"    {frame.code}"
    if frame.marked and launcher.carets:
        yield " " * (4 + frame.code.index(frame.marked)) + "^" * len(frame.marked)
