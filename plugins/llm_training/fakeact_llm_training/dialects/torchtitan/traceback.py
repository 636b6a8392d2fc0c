"""Tracebacks of torchtitan 0.3.0's training loop, by what broke in it."""

from fakeact_llm_training.dialects.faults import Broken
from fakeact_llm_training.tools.torchrun import Launcher, is_older, release
from fakeact_llm_training.tools.traceback import WORKER_DIED, Frame

_MAIN, _TRAINER, _UTILS = "torchtitan/train.py", "torchtitan/trainer.py", "torchtitan/distributed/utils.py"
_COLLECTIVES, _OPS = "torch/distributed/_functional_collectives.py", "torch/_ops.py"


FROZEN, RUNPY = "<frozen runpy>", "runpy.py"
_LOOP = Frame(_TRAINER, 1039, "train", "self.train_step(data_iterator)")
_REDUCE = (
    Frame(
        _TRAINER, 899, "train_step", "global_valid_tokens = dist_utils.dist_sum_tensor(", "dist_utils.dist_sum_tensor(",
    ),
    Frame(_UTILS, 161, "dist_sum_tensor", "return _dist_reduce_tensor(", "_dist_reduce_tensor("),
    Frame(
        _UTILS, 129, "_dist_reduce_tensor", "x = funcol.all_reduce(x, reduceOp=reduceOp, group=mesh)",
        "funcol.all_reduce(x, reduceOp=reduceOp, group=mesh)",
    ),
)  # fmt: skip
_COUNT = Frame(
    _TRAINER, 959, "train_step", 'sl.log_trace_scalar({"global_valid_tokens": int(global_valid_tokens)})',
    "int(global_valid_tokens)",
)  # fmt: skip
_NEXT = Frame(_TRAINER, 889, "train_step", "input_dict, labels = next(data_iterator)", "next(data_iterator)")
_COPY = Frame(_TRAINER, 915, "train_step", "label_mbs.append(labels.to(self.device))", "labels.to(self.device)")
_BATCH = Frame(_TRAINER, 679, "batch_generator", "batch = next(data_iterator)", "next(data_iterator)")
_SAMPLE = Frame("torchtitan/hf_datasets/text_datasets.py", 131, "__iter__", "for sample in self._get_data_iter():")
# Where a functional collective leaves Python, in torch 2.6.0, 2.7.1, 2.8.0, 2.9.1 and 2.12.0.
_LEAVES = {
    "2.6": (176, 1123, "**(kwargs or {})"),
    "2.7": (176, 1158, "**(kwargs or {})"),
    "2.8": (176, 1243, "**kwargs"),
    "2.9": (170, 1255, "**kwargs"),
    "2.12": (179, 1275, "**kwargs"),
}


def recorded(broken: Broken, step: int, launcher: Launcher) -> list[Frame]:
    """From where torch records exceptions, as it stands in the launcher's report."""
    wrapper = Frame(
        "torch/distributed/elastic/multiprocessing/errors/__init__.py", launcher.lines.wrapper, "wrapper",
        "return f(*args, **kwargs)", "f(*args, **kwargs)",
    )  # fmt: skip
    return [wrapper, _LOOP, *_where(broken, step, launcher)]


def full(broken: Broken, step: int, launcher: Launcher) -> list[Frame]:
    """From the beginning, as the worker writes it."""
    main = Frame(_MAIN, 79, "<module>", "main()"), Frame(_MAIN, 65, "main", "trainer.train()")
    return [*_run_as_module(launcher), *main, *recorded(broken, step, launcher)]


def _run_as_module(launcher: Launcher) -> list[Frame]:
    """Python's own frames under ``python -m``; newer ones are frozen and show no source."""
    if launcher.carets:
        return [Frame(FROZEN, 198, "_run_module_as_main"), Frame(FROZEN, 88, "_run_code")]
    return [
        Frame(RUNPY, 196, "_run_module_as_main", "return _run_code(code, main_globals, None,"),
        Frame(RUNPY, 86, "_run_code", "exec(code, run_globals)"),
    ]


def _where(broken: Broken, step: int, launcher: Launcher) -> list[Frame]:
    """The frames below the loop."""
    if broken == "stale_file":
        return [_NEXT, _BATCH, _SAMPLE]
    if broken == "loader_worker":
        return [_NEXT, _BATCH, WORKER_DIED]
    if broken == "nccl":
        line, leaves, kwargs = _LEAVES[release(launcher.torch)]
        op = "torch.ops._c10d_functional.all_reduce("
        if is_older(launcher.torch, "2.12"):
            op += "self, reduceOp.lower(), group_name)"
        inner = f"self._op(*args, {kwargs})"
        return [
            *_REDUCE,
            Frame(_COLLECTIVES, line, "all_reduce", f"tensor = {op}", op),
            Frame(_OPS, leaves, "__call__", f"return {inner}", inner),
        ]
    # A broken GPU shows at the next call that waits for it: where tokens are counted, else where data are copied.
    return [_COUNT] if step % 10 == 0 else [_COPY]
