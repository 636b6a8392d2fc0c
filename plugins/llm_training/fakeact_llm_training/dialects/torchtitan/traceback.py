"""Tracebacks of torchtitan 0.2.0's training loop, by what broke in it."""

from fakeact_llm_training.dialects.faults import Broken
from fakeact_llm_training.tools.torchrun import Launcher, release
from fakeact_llm_training.tools.traceback import WORKER_DIED, Frame

_TRAIN, _UTILS = "torchtitan/train.py", "torchtitan/distributed/utils.py"
_COLLECTIVES, _OPS = "torch/distributed/_functional_collectives.py", "torch/_ops.py"


FROZEN, RUNPY = "<frozen runpy>", "/usr/lib/python3.10/runpy.py"
_LOOP = Frame(_TRAIN, 610, "train", "self.train_step(data_iterator)")
_REDUCE = (
    Frame(
        _TRAIN, 537, "train_step", 'dist_utils.dist_mean(loss, parallel_dims.world_mesh["dp_cp"], ft_pg),',
        'dist_utils.dist_mean(loss, parallel_dims.world_mesh["dp_cp"], ft_pg)',
    ),
    Frame(_UTILS, 78, "dist_mean", "return _dist_reduce(", "_dist_reduce("),
)  # fmt: skip
_ITEM = Frame(
    _UTILS, 50, "_dist_reduce", "return funcol.all_reduce(x, reduceOp=reduceOp, group=mesh).item()",
    "funcol.all_reduce(x, reduceOp=reduceOp, group=mesh).item()",
)  # fmt: skip
_CALL = _ITEM._replace(marked="funcol.all_reduce(x, reduceOp=reduceOp, group=mesh)")
_NEXT = Frame(_TRAIN, 509, "train_step", "input_dict, labels = next(data_iterator)", "next(data_iterator)")
_COPY = Frame(_TRAIN, 411, "batch_generator", "labels = labels.to(device_type)", "labels.to(device_type)")
_BATCH = Frame(_TRAIN, 394, "batch_generator", "batch = next(data_iterator)", "next(data_iterator)")
_SAMPLE = Frame("torchtitan/datasets/hf_datasets.py", 115, "__iter__", "for sample in self._get_data_iter():")
# Where a functional collective leaves Python, in torch 2.6.0, 2.7.1, 2.8.0 and 2.9.1.
_LEAVES = {
    "2.6": (176, 1123, "**(kwargs or {})"),
    "2.7": (176, 1158, "**(kwargs or {})"),
    "2.8": (176, 1243, "**kwargs"),
    "2.9": (170, 1255, "**kwargs"),
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
    main = Frame(_TRAIN, 685, "<module>", "trainer.train()")
    return [*_run_as_module(launcher), main, *recorded(broken, step, launcher)]


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
        op = "torch.ops._c10d_functional.all_reduce(self, reduceOp.lower(), group_name)"
        inner = f"self._op(*args, {kwargs})"
        return [
            *_REDUCE,
            _CALL,
            Frame(_COLLECTIVES, line, "all_reduce", f"tensor = {op}", op),
            Frame(_OPS, leaves, "__call__", f"return {inner}", inner),
        ]
    # A broken GPU shows at the next call that waits for it: where the loss is read, else where data are copied.
    return [*_REDUCE, _ITEM] if step % 10 == 0 else [_NEXT, _COPY]
