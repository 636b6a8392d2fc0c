"""Tracebacks of Megatron's training loop, by what broke in it."""

from collections.abc import Iterator
from typing import NamedTuple

from fakeact_llm_training.sim.fault_events import Fault, RankFailed
from fakeact_llm_training.tools.torchrun import Launcher, release

_TRAINING, _SCHEDULES = "megatron/training/training.py", "megatron/core/pipeline_parallel/schedules.py"
_OPTIMIZER, _CLIP = "megatron/core/optimizer/optimizer.py", "megatron/core/optimizer/clip_grads.py"
_GPT = "pretrain_gpt.py"


class _Frame(NamedTuple):
    """A line of a file, relative to Megatron's directory or to the packages; `marked` is what Python underlines."""

    file: str
    line: int
    name: str
    code: str
    marked: str = ""


# Lines in megatron/core are 0.16.1's; in megatron/training those of main early in 2026, as near as could be told.
_DOWN = (
    _Frame(_GPT, 281, "<module>", "pretrain("),
    _Frame(_TRAINING, 1417, "pretrain", "iteration, num_floating_point_operations_so_far = train(", "train("),
    _Frame(_TRAINING, 3124, "train", ") = train_step(", "train_step("),
)
_STEP = _Frame(
    _TRAINING, 2031, "train_step", "update_successful, grad_norm, num_zeros_in_grad = optimizer.step()",
    "optimizer.step()",
)  # fmt: skip
_OF_ALL = _Frame(_OPTIMIZER, 1314, "step", "grad_norm = self.get_grad_norm()", "self.get_grad_norm()")
_OF_ONE = _Frame(
    _OPTIMIZER, 1273, "get_grad_norm", "return self.chained_optimizers[0].get_grad_norm()",
    "self.chained_optimizers[0].get_grad_norm()",
)  # fmt: skip
_NORM = _Frame(_OPTIMIZER, 198, "get_grad_norm", "total_norm = get_grad_norm_fp32(", "get_grad_norm_fp32(")
_ITEM = _Frame(
    _CLIP, 133, "get_grad_norm_fp32", "total_norm = total_norm.item() ** (1.0 / norm_type)", "total_norm.item()"
)
_REDUCE = _Frame(_CLIP, 130, "get_grad_norm_fp32", "torch.distributed.all_reduce(")
_SCHEDULE = _Frame(_TRAINING, 1979, "train_step", "losses_reduced = forward_backward_func(", "forward_backward_func(")
_ONE_STAGE, _STAGES = (636, "no_pipelining"), (2159, "pipelining_without_interleaving")
_FORWARD = (
    _Frame(
        _SCHEDULES, 423, "forward_step", "output_tensor, loss_func = forward_step_func(data_iterator, model)",
        "forward_step_func(data_iterator, model)",
    ),
    _Frame(
        _GPT, 154, "forward_step",
        "tokens, labels, loss_mask, attention_mask, position_ids = get_batch(data_iterator, vp_stage)",
        "get_batch(data_iterator, vp_stage)",
    ),
    _Frame(
        _GPT, 64, "get_batch", "batch = get_batch_on_this_tp_rank(data_iterator)",
        "get_batch_on_this_tp_rank(data_iterator)",
    ),
    _Frame(
        "megatron/training/utils.py", 512, "get_batch_on_this_tp_rank", "data = next(data_iterator)",
        "next(data_iterator)",
    ),
    _Frame("megatron/core/rerun_state_machine.py", 1124, "__next__", "n = next(self.iterable)", "next(self.iterable)"),
)  # fmt: skip
_WORKERS = _Frame("torch/utils/data/_utils/signal_handling.py", 73, "handler", "_error_if_any_worker_fails()")
_SAMPLE = _Frame(
    "megatron/core/datasets/indexed_dataset.py", 421, "get",
    "sequence = self.bin_reader.read(", "self.bin_reader.read(",
)  # fmt: skip
# Where an all-reduce leaves Python, and where no_grad stands between, in torch's releases.
_LEAVES = {"2.6": (81, 2806, 116), "2.7": (81, 2810, 116), "2.8": (81, 2924, 120), "2.9": (81, 3012, 120)}
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


def traceback(  # noqa: PLR0917 - what broke where
    failed: RankFailed, fault: Fault, launcher: Launcher, nccl: str, source: str, stages: int
) -> list[str]:
    """What a worker writes when an exception ends it; Megatron lies in the directory `source`."""
    frames = [*_DOWN, *_where(failed, launcher, stages)]
    shown = [line for frame in frames for line in _show(frame, launcher, source)]
    return ["Traceback (most recent call last):", *shown, *_error(failed, fault, launcher, nccl)]


def _where(failed: RankFailed, launcher: Launcher, stages: int) -> list[_Frame]:
    """The frames below the loop."""
    if failed.error in {"stale_file", "loader_worker"}:
        line, name = _ONE_STAGE if stages == 1 else _STAGES
        code = "output_tensor, num_tokens = forward_step("
        run = _Frame(_SCHEDULES, line, f"forward_backward_{name}", code, "forward_step(")
        return [_SCHEDULE, run, *_FORWARD, _SAMPLE if failed.error == "stale_file" else _WORKERS]
    wrapper, leaves, context = _LEAVES[release(launcher.torch)]
    call = "func(*args, **kwargs)"
    no_grad = _Frame("torch/utils/_contextlib.py", context, "decorate_context", f"return {call}", call)
    step = [_STEP, no_grad, _OF_ALL, no_grad, _OF_ONE, no_grad, _NORM]
    if failed.error != "nccl":
        # A broken GPU shows where the host first waits for it: when the gradients' norm is read.
        return [*step, _ITEM]
    work = "group.allreduce([tensor], opts)"
    return [
        *step,
        _REDUCE,
        _Frame("torch/distributed/c10d_logger.py", wrapper, "wrapper", f"return {call}", call),
        _Frame("torch/distributed/distributed_c10d.py", leaves, "all_reduce", f"work = {work}", work),
    ]


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


def _show(frame: _Frame, launcher: Launcher, source: str) -> Iterator[str]:
    root = launcher.packages if frame.file.startswith("torch/") else source
    yield f'  File "{root}/{frame.file}", line {frame.line}, in {frame.name}'
    yield f"    {frame.code}"
    if frame.marked and launcher.carets:
        yield " " * (4 + frame.code.index(frame.marked)) + "^" * len(frame.marked)
