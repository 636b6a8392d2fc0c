"""Where FSDP calls its collectives in torchtitan 0.3.0 under torch 2.12.0, as the flight recorder keeps it.

Which frames follow one another was seen with torch 2.13's FSDP 2 on two ranks; the lines are those of 2.12's wheel. On
a GPU the backward pass has a thread of its own, in which no frame of the script stands.
"""

from fakeact_llm_training.dialects.torchtitan.traceback import FROZEN
from fakeact_llm_training.tools.traceback import Frame

_FSDP, _MODULE = "torch/distributed/fsdp/_fully_shard/", "torch/nn/modules/module.py"
_COLLECTIVES, _GROUP, _STATE = _FSDP + "_fsdp_collectives.py", _FSDP + "_fsdp_param_group.py", _FSDP + "_fsdp_state.py"
_DYNAMO, _C10D = "torch/_dynamo/eval_frame.py", "torch/distributed/distributed_c10d.py"
_TRAINER, _MAIN = "torchtitan/trainer.py", "torchtitan/train.py"
_TIMED = Frame("torch/distributed/c10d_logger.py", 83, "wrapper")
_NO_GRAD = Frame("torch/utils/_contextlib.py", 124, "decorate_context")
# FSDP's hooks are kept from being compiled.
_HOOK = Frame(_DYNAMO, 1298, "_fn"), Frame(_FSDP + "_fsdp_common.py", 24, "wrapper")
_GATHER = (
    Frame(_C10D, 4316, "all_gather_into_tensor"), _TIMED, Frame(_COLLECTIVES, 119, "__call__"),
    Frame(_COLLECTIVES, 364, "foreach_all_gather"), _NO_GRAD, Frame(_GROUP, 372, "unshard"),
)  # fmt: skip
_CALL, _CALLED = Frame(_MODULE, 1884, "_call_impl"), Frame(_MODULE, 1778, "_wrapped_call_impl")
_COMPILED = Frame(_DYNAMO, 1047, "compile_wrapper"), Frame(_MODULE, 1776, "_wrapped_call_impl")
_FORWARD = (
    Frame("torchtitan/models/common/decoder.py", 238, "forward"), Frame(_MODULE, 1832, "inner"), _CALL, _CALLED,
    Frame(_TRAINER, 814, "_forward_backward_body"), Frame(_TRAINER, 804, "forward_backward_step"),
    Frame(_TRAINER, 925, "train_step"), Frame(_TRAINER, 1039, "train"),
    Frame("torch/distributed/elastic/multiprocessing/errors/__init__.py", 367, "wrapper"), Frame(_MAIN, 65, "main"),
    Frame(_MAIN, 79, "<module>"), Frame(FROZEN, 88, "_run_code"), Frame(FROZEN, 198, "_run_module_as_main"),
)  # fmt: skip


def gathered_ahead(*, compiled: bool) -> list[Frame]:
    """A layer's weights are gathered before its forward pass."""
    layer = (_CALL, *_COMPILED) if compiled else (_CALL, _CALLED)
    hook = Frame(_GROUP, 481, "pre_forward"), Frame(_STATE, 297, "_pre_forward"), *_HOOK
    return [*_GATHER, *hook, Frame(_MODULE, 1811, "inner"), *layer, *_FORWARD]


def gathered_back() -> list[Frame]:
    """A layer's weights are gathered while the one behind it computes its gradients."""
    prefetch = Frame(_GROUP, 710, "_prefetch_unshard"), Frame(_GROUP, 692, "_backward_prefetch")
    return [
        *_GATHER,
        *prefetch,
        Frame(_GROUP, 514, "pre_backward"),
        *_HOOK,
        Frame(_STATE, 339, "_pre_backward"),
        *_HOOK,
    ]


def reduced() -> list[Frame]:
    """A layer's gradients are reduced behind its backward pass."""
    return [
        Frame(_C10D, 4835, "reduce_scatter_tensor"), _TIMED, Frame(_COLLECTIVES, 184, "__call__"),
        Frame(_COLLECTIVES, 620, "foreach_reduce"), _NO_GRAD, Frame(_GROUP, 590, "post_backward"), *_HOOK,
        Frame(_GROUP, 922, "backward"), Frame("torch/autograd/function.py", 317, "apply"),
    ]  # fmt: skip
