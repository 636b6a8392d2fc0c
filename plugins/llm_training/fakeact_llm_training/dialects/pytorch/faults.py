"""Faults as a home-grown trainer shows them."""

from collections.abc import Iterable

from fakeact_llm_training.dialects.faults import Broken
from fakeact_llm_training.dialects.faults import Faults as Story
from fakeact_llm_training.tools.torchrun import Launcher
from fakeact_llm_training.tools.traceback import WORKER_DIED, Frame

SCRIPT = "train.py"
_MAIN = (
    Frame(SCRIPT, 412, "<module>", "main()"),
    Frame(SCRIPT, 388, "main", "train(run, model, optimizer, loader)", "train(run, model, optimizer, loader)"),
)
_STEP = Frame(
    SCRIPT, 307, "train", "loss = train_step(model, batches, optimizer)", "train_step(model, batches, optimizer)"
)
_ITEM = Frame(SCRIPT, 268, "train_step", "return loss.item(), norm.item()", "loss.item()")
_CLIP = Frame(
    SCRIPT, 259, "train_step", "norm = clip_grad_norm_(model.parameters(), clip)",
    "clip_grad_norm_(model.parameters(), clip)",
)  # fmt: skip
_NEXT = Frame(SCRIPT, 301, "train", "batches = next(batches_of_step)", "next(batches_of_step)")
_READ = Frame("data.py", 77, "__getitem__", "tokens = self.shard.read(offset, self.length)",
              "self.shard.read(offset, self.length)")  # fmt: skip


class Faults(Story):
    """The training loop of a script of one's own, started in its folder."""

    script = SCRIPT

    def frames(self, broken: Broken, step: int, launcher: Launcher) -> Iterable[Frame]:  # noqa: ARG002
        if broken == "stale_file":
            return [*_MAIN, _NEXT, _READ]
        if broken == "loader_worker":
            return [*_MAIN, _NEXT, WORKER_DIED]
        # An error of the GPU or of the network shows where the host first waits for the step.
        return [*_MAIN, _STEP, _CLIP if broken == "nccl" else _ITEM]

    def path(self, file: str, launcher: Launcher) -> str:
        return super().path(file, launcher) if file.startswith("torch/") else file
