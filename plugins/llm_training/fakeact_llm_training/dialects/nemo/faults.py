"""Faults as NeMo shows them: Lightning's loops in the tracebacks, and its word at Ctrl-C."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fakeact_llm_training.dialects.faults import Broken
from fakeact_llm_training.dialects.faults import Faults as Story
from fakeact_llm_training.dialects.hangs import halves
from fakeact_llm_training.dialects.nemo.model import padded_size
from fakeact_llm_training.tools.torchrun import Launcher
from fakeact_llm_training.tools.traceback import Frame

if TYPE_CHECKING:
    from fakeact_llm_training.sim import fault_events as ev

SCRIPT = "pretrain.py"
_CONNECTOR = "lightning/pytorch/trainer/connectors/logger_connector"
_APPLY = "lightning/fabric/utilities/apply_func.py"


# Read in nemo_toolkit 2.3.1 and lightning 2.4.0.
_TO_THE_LOOP = (
    Frame("nemo/collections/llm/api.py", 171, "pretrain", "return train("),
    Frame("nemo/collections/llm/api.py", 127, "train", "trainer.fit(model, data)"),
    Frame("lightning/pytorch/trainer/trainer.py", 538, "fit", "call._call_and_handle_interrupt("),
    Frame(
        "lightning/pytorch/trainer/call.py", 46, "_call_and_handle_interrupt",
        "return trainer.strategy.launcher.launch(trainer_fn, *args, trainer=trainer, **kwargs)",
    ),
    Frame(
        "lightning/pytorch/strategies/launchers/subprocess_script.py", 105, "launch", "return function(*args, **kwargs)"
    ),
    Frame("lightning/pytorch/trainer/trainer.py", 574, "_fit_impl", "self._run(model, ckpt_path=ckpt_path)"),
    Frame("lightning/pytorch/trainer/trainer.py", 981, "_run", "results = self._run_stage()"),
    Frame("lightning/pytorch/trainer/trainer.py", 1025, "_run_stage", "self.fit_loop.run()"),
    Frame("lightning/pytorch/loops/fit_loop.py", 205, "run", "self.advance()"),
    Frame("lightning/pytorch/loops/fit_loop.py", 363, "advance", "self.epoch_loop.run(self._data_fetcher)"),
    Frame("lightning/pytorch/loops/training_epoch_loop.py", 140, "run", "self.advance(data_fetcher)"),
)  # fmt: skip
# A broken GPU or link shows where the step's loss is read for the progress line.
_READING_THE_LOSS = (
    Frame(
        "lightning/pytorch/loops/training_epoch_loop.py", 269, "advance",
        'call._call_callback_hooks(trainer, "on_train_batch_end", batch_output, batch, batch_idx)',
    ),
    Frame(
        "lightning/pytorch/trainer/call.py", 218, "_call_callback_hooks",
        "fn(trainer, trainer.lightning_module, *args, **kwargs)",
    ),
    Frame(
        "nemo/lightning/pytorch/callbacks/progress_printer.py", 130, "on_train_batch_end",
        "metrics = self.get_metrics(trainer, pl_module)",
    ),
    Frame(
        "lightning/pytorch/callbacks/progress/progress_bar.py", 198, "get_metrics",
        "pbar_metrics = trainer.progress_bar_metrics",
    ),
    Frame(
        "lightning/pytorch/trainer/trainer.py", 1635, "progress_bar_metrics",
        "return self._logger_connector.progress_bar_metrics",
    ),
    Frame(f"{_CONNECTOR}/logger_connector.py", 253, "progress_bar_metrics", 'metrics = self.metrics["pbar"]'),
    Frame(f"{_CONNECTOR}/logger_connector.py", 234, "metrics", "return self.trainer._results.metrics(on_step)"),
    Frame(
        f"{_CONNECTOR}/result.py", 490, "metrics", 'metrics["pbar"][forked_name] = convert_tensors_to_scalars(value)'
    ),
    Frame(_APPLY, 136, "convert_tensors_to_scalars", "return apply_to_collection(data, Tensor, to_item)"),
    Frame(
        "lightning_utilities/core/apply_func.py", 64, "apply_to_collection", "return function(data, *args, **kwargs)"
    ),
    Frame(_APPLY, 134, "to_item", "return value.item()"),
)  # fmt: skip
_READING_DATA = (
    Frame("lightning/pytorch/loops/training_epoch_loop.py", 212, "advance", "batch, _, __ = next(data_fetcher)"),
    Frame("lightning/pytorch/loops/fetchers.py", 133, "__next__", "batch = super().__next__()"),
    Frame("lightning/pytorch/loops/fetchers.py", 60, "__next__", "batch = next(self.iterator)"),
)


class Faults(Story):
    """A script that calls NeMo, which calls Lightning."""

    script = SCRIPT
    checks_nodes = True

    def frames(self, broken: Broken, step: int, launcher: Launcher) -> Iterable[Frame]:  # noqa: ARG002
        call = "llm.pretrain(model=model, data=data, trainer=trainer, log=log, resume=resume, optim=optim)"
        below = _READING_DATA if broken in {"stale_file", "loader_worker"} else _READING_THE_LOSS
        return [Frame(SCRIPT, 96, "<module>", call), *_TO_THE_LOOP, *below]

    def elements(self, event: "ev.WatchdogTimeout") -> tuple[int, int]:
        """Those of the one bucket that a rank has."""
        return halves(event.op, padded_size(self._run), self._run.dp)

    def path(self, file: str, launcher: Launcher) -> str:
        return f"{self._run.site.paths.output}/{file}" if file == SCRIPT else super().path(file, launcher)

    def interrupted_rank(self, rank: int, launcher: Launcher) -> Iterable[str]:  # noqa: ARG002
        """Lightning catches it: rank 0 says so, and all leave."""
        return [] if rank else ["", "Detected KeyboardInterrupt, attempting graceful shutdown ..."]
