"""Tracebacks out of the Trainer of transformers 5.16.0 (accelerate 1.15.0), by what broke in it."""

from collections.abc import Iterator
from typing import NamedTuple

from fakeact_llm_training.sim.fault_events import Fault, RankFailed
from fakeact_llm_training.tools.torchrun import Launcher, release

SCRIPT = "train.py"
_TRAINER = "transformers/trainer.py"
_GATHER = "accelerate/utils/operations.py"


class _Frame(NamedTuple):
    """A line of a file; `marked` is the expression that newer Pythons underline."""

    file: str
    line: int
    name: str
    code: str
    marked: str = ""


_TO_LOOP = (
    _Frame(SCRIPT, 214, "<module>", "main()"),
    _Frame(
        SCRIPT, 196, "main", "train_result = trainer.train(resume_from_checkpoint=checkpoint)",
        "trainer.train(resume_from_checkpoint=checkpoint)",
    ),
    _Frame(_TRAINER, 1458, "train", "return inner_training_loop(", "inner_training_loop("),
    _Frame(_TRAINER, 1540, "_inner_training_loop", "self._run_epoch("),
)  # fmt: skip
_SYNCHRONISES = _Frame(
    _TRAINER, 1773, "_run_epoch", "and (torch.isnan(tr_loss_step) or torch.isinf(tr_loss_step))",
    "torch.isnan(tr_loss_step)",
)  # fmt: skip
_BATCHES = _Frame(
    _TRAINER, 1735, "_run_epoch",
    "batch_samples, num_items_in_batch = self.get_batch_samples(epoch_iterator, num_batches, self.args.device)",
    "self.get_batch_samples(epoch_iterator, num_batches, self.args.device)",
)  # fmt: skip
_NEXT = _Frame(
    _TRAINER, 2143, "get_batch_samples", "batch_samples.append(next(epoch_iterator))", "next(epoch_iterator)"
)
_PREFETCH = _Frame(
    "accelerate/data_loader.py", 598, "__iter__", "next_batch = next(dataloader_iter)", "next(dataloader_iter)"
)
_ITEMS = (
    _Frame(
        _TRAINER, 2147, "get_batch_samples",
        "num_items_in_batch = self._get_num_items_in_batch(batch_samples, device)",
        "self._get_num_items_in_batch(batch_samples, device)",
    ),
    _Frame(
        _TRAINER, 2194, "_get_num_items_in_batch",
        "num_items_in_batch = self.accelerator.gather(num_items_in_batch.to(device)).sum()",
        "self.accelerator.gather(num_items_in_batch.to(device))",
    ),
    _Frame("accelerate/accelerator.py", 3107, "gather", "return gather(tensor)", "gather(tensor)"),
    _Frame(_GATHER, 378, "wrapper", "return function(*args, **kwargs)", "function(*args, **kwargs)"),
    _Frame(_GATHER, 439, "gather", "return _gpu_gather(tensor)", "_gpu_gather(tensor)"),
    _Frame(
        _GATHER, 358, "_gpu_gather",
        "return recursively_apply(_gpu_gather_one, tensor, error_on_other_type=True)",
        "recursively_apply(_gpu_gather_one, tensor, error_on_other_type=True)",
    ),
    _Frame(
        _GATHER, 127, "recursively_apply", "return func(data, *args, **kwargs)", "func(data, *args, **kwargs)"
    ),
    _Frame(_GATHER, 348, "_gpu_gather_one", "gather_op(output_tensors, tensor)"),
    _Frame(
        "torch/distributed/c10d_logger.py", 81, "wrapper", "return func(*args, **kwargs)", "func(*args, **kwargs)"
    ),
)  # fmt: skip
_WORKERS = _Frame("torch/utils/data/_utils/signal_handling.py", 73, "handler", "_error_if_any_worker_fails()")
# In torch 2.6.0, 2.7.1, 2.8.0 and 2.9.1: all_gather_into_tensor, and the data loader's next and fetch.
_LINES = {"2.6": (3798, 708, 764), "2.7": (3836, 733, 789), "2.8": (3986, 734, 790), "2.9": (4049, 732, 788)}
_NCCL_UTILS = "/pytorch/torch/csrc/distributed/c10d/NCCLUtils.cpp:94"
_REMOTE = "remote process exited or there was a network error"
_ASYNC = "CUDA kernel errors might be asynchronously reported at some other API call"
_CUDA = (
    f"{_ASYNC}, so the stacktrace below might be incorrect.",
    "For debugging consider passing CUDA_LAUNCH_BLOCKING=1",
    "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.",
    "",
)


def traceback(failed: RankFailed, fault: Fault, launcher: Launcher, folder: str, nccl: str) -> list[str]:
    """What the worker writes, without the rank that torch puts before each line; the script is in `folder`."""
    frames = [*_TO_LOOP, *_where(failed, launcher)]
    lines = [line for frame in frames for line in _show(frame, launcher, folder)]
    return ["Traceback (most recent call last):", *lines, *_error(failed, fault, launcher, nccl)]


def _where(failed: RankFailed, launcher: Launcher) -> list[_Frame]:
    """The frames below the epoch."""
    gather, following, fetch = _LINES[release(launcher.torch)]
    if failed.error == "nccl":
        code = "work = group._allgather_base(output_tensor, input_tensor, opts)"
        inner = _Frame("torch/distributed/distributed_c10d.py", gather, "all_gather_into_tensor", code, code[7:])
        return [_BATCHES, *_ITEMS, inner]
    if failed.error == "stale_file":
        return [_BATCHES, _NEXT, _PREFETCH, *_fetching(following, fetch)]
    # The loader's handler interrupts whatever goes on: nearly always this first line that waits for the GPU.
    return [_SYNCHRONISES, _WORKERS] if failed.error == "loader_worker" else [_SYNCHRONISES]


def _fetching(following: int, fetch: int) -> list[_Frame]:
    loader = "torch/utils/data/dataloader.py"
    items = "data = [self.dataset[idx] for idx in possibly_batched_index]"
    return [
        _Frame(loader, following, "__next__", "data = self._next_data()", "self._next_data()"),
        _Frame(
            loader, fetch, "_next_data", "data = self._dataset_fetcher.fetch(index)  # may raise StopIteration",
            "self._dataset_fetcher.fetch(index)",
        ),
        _Frame("torch/utils/data/_utils/fetch.py", 52, "fetch", items, items[7:]),
        _Frame(
            SCRIPT, 71, "__getitem__", "self.file.readinto(buffer)"
        ),
    ]  # fmt: skip


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


def _show(frame: _Frame, launcher: Launcher, folder: str) -> Iterator[str]:
    where = folder if frame.file == SCRIPT else launcher.packages
    yield f'  File "{where}/{frame.file}", line {frame.line}, in {frame.name}'
    yield f"    {frame.code}"
    if frame.marked and launcher.carets:
        yield " " * (4 + frame.code.index(frame.marked)) + "^" * len(frame.marked)
