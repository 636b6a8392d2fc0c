"""Faults as Megatron shows them: its own source in the tracebacks, no word of its own."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fakeact_llm_training.dialects.faults import Broken
from fakeact_llm_training.dialects.faults import Faults as Story
from fakeact_llm_training.dialects.hangs import halves
from fakeact_llm_training.dialects.megatron.startup import SOURCE
from fakeact_llm_training.dialects.megatron.traceback import frames
from fakeact_llm_training.dialects.megatron.weights import buckets, weights
from fakeact_llm_training.tools.torchrun import Launcher
from fakeact_llm_training.tools.traceback import Frame

if TYPE_CHECKING:
    from fakeact_llm_training.sim import fault_events as ev


class Faults(Story):
    """Megatron's training loop, in the directory it was cloned to."""

    script = f"{SOURCE}/pretrain_gpt.py"
    checks_nodes = True

    def frames(self, broken: Broken, step: int, launcher: Launcher) -> Iterable[Frame]:  # noqa: ARG002
        return frames(broken, launcher, self._run.pp)

    def elements(self, event: "ev.WatchdogTimeout") -> tuple[int, int]:
        """Those of one of the buckets of the rank's stage."""
        stage = event.rank // (self._run.tp * self._run.dp)
        dense = [weight for weight in weights(self._run, stage) if not weight.expert]
        cut = buckets(dense, self._run.dp)
        return halves(event.op, cut[event.seq % len(cut)].padded, self._run.dp)

    def path(self, file: str, launcher: Launcher) -> str:
        return f"{launcher.packages if file.startswith('torch/') else SOURCE}/{file}"
