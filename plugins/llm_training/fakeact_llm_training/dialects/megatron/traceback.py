"""Tracebacks of Megatron's training loop, by what broke in it."""

from fakeact_llm_training.dialects.faults import Broken
from fakeact_llm_training.tools.torchrun import Launcher, release
from fakeact_llm_training.tools.traceback import WORKER_DIED, Frame

_TRAINING, _SCHEDULES = "megatron/training/training.py", "megatron/core/pipeline_parallel/schedules.py"
_OPTIMIZER, _CLIP = "megatron/core/optimizer/optimizer.py", "megatron/core/optimizer/clip_grads.py"
_GPT = "pretrain_gpt.py"


# Lines in megatron/core are 0.16.1's; in megatron/training those of main early in 2026, as near as could be told.
_DOWN = (
    Frame(_GPT, 281, "<module>", "pretrain("),
    Frame(_TRAINING, 1417, "pretrain", "iteration, num_floating_point_operations_so_far = train(", "train("),
    Frame(_TRAINING, 3124, "train", ") = train_step(", "train_step("),
)
_STEP = Frame(
    _TRAINING, 2031, "train_step", "update_successful, grad_norm, num_zeros_in_grad = optimizer.step()",
    "optimizer.step()",
)  # fmt: skip
_OF_ALL = Frame(_OPTIMIZER, 1314, "step", "grad_norm = self.get_grad_norm()", "self.get_grad_norm()")
_OF_ONE = Frame(
    _OPTIMIZER, 1273, "get_grad_norm", "return self.chained_optimizers[0].get_grad_norm()",
    "self.chained_optimizers[0].get_grad_norm()",
)  # fmt: skip
_NORM = Frame(_OPTIMIZER, 198, "get_grad_norm", "total_norm = get_grad_norm_fp32(", "get_grad_norm_fp32(")
_ITEM = Frame(
    _CLIP, 133, "get_grad_norm_fp32", "total_norm = total_norm.item() ** (1.0 / norm_type)", "total_norm.item()"
)
_REDUCE = Frame(_CLIP, 130, "get_grad_norm_fp32", "torch.distributed.all_reduce(")
_SCHEDULE = Frame(_TRAINING, 1979, "train_step", "losses_reduced = forward_backward_func(", "forward_backward_func(")
_ONE_STAGE, _STAGES = (636, "no_pipelining"), (2159, "pipelining_without_interleaving")
_FORWARD = (
    Frame(
        _SCHEDULES, 423, "forward_step", "output_tensor, loss_func = forward_step_func(data_iterator, model)",
        "forward_step_func(data_iterator, model)",
    ),
    Frame(
        _GPT, 154, "forward_step",
        "tokens, labels, loss_mask, attention_mask, position_ids = get_batch(data_iterator, vp_stage)",
        "get_batch(data_iterator, vp_stage)",
    ),
    Frame(
        _GPT, 64, "get_batch", "batch = get_batch_on_this_tp_rank(data_iterator)",
        "get_batch_on_this_tp_rank(data_iterator)",
    ),
    Frame(
        "megatron/training/utils.py", 512, "get_batch_on_this_tp_rank", "data = next(data_iterator)",
        "next(data_iterator)",
    ),
    Frame("megatron/core/rerun_state_machine.py", 1124, "__next__", "n = next(self.iterable)", "next(self.iterable)"),
)  # fmt: skip
_SAMPLE = Frame(
    "megatron/core/datasets/indexed_dataset.py", 421, "get",
    "sequence = self.bin_reader.read(", "self.bin_reader.read(",
)  # fmt: skip
# Where an all-reduce leaves Python, and where no_grad stands between, in torch's releases.
_LEAVES = {"2.6": (81, 2806, 116), "2.7": (81, 2810, 116), "2.8": (81, 2924, 120), "2.9": (81, 3012, 120)}


def frames(broken: Broken, launcher: Launcher, stages: int) -> list[Frame]:
    """Where a rank is when something breaks, from the script on."""
    return [*_DOWN, *_where(broken, launcher, stages)]


def _where(broken: Broken, launcher: Launcher, stages: int) -> list[Frame]:
    """The frames below the loop."""
    if broken in {"stale_file", "loader_worker"}:
        line, name = _ONE_STAGE if stages == 1 else _STAGES
        code = "output_tensor, num_tokens = forward_step("
        run = Frame(_SCHEDULES, line, f"forward_backward_{name}", code, "forward_step(")
        return [_SCHEDULE, run, *_FORWARD, _SAMPLE if broken == "stale_file" else WORKER_DIED]
    wrapper, leaves, context = _LEAVES[release(launcher.torch)]
    call = "func(*args, **kwargs)"
    no_grad = Frame("torch/utils/_contextlib.py", context, "decorate_context", f"return {call}", call)
    step = [_STEP, no_grad, _OF_ALL, no_grad, _OF_ONE, no_grad, _NORM]
    if broken != "nccl":
        # A broken GPU shows where the host first waits for it: when the gradients' norm is read.
        return [*step, _ITEM]
    work = "group.allreduce([tensor], opts)"
    return [
        *step,
        _REDUCE,
        Frame("torch/distributed/c10d_logger.py", wrapper, "wrapper", f"return {call}", call),
        Frame("torch/distributed/distributed_c10d.py", leaves, "all_reduce", f"work = {work}", work),
    ]
