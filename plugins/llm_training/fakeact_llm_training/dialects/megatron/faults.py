"""Faults as Megatron shows them: its own source in the tracebacks, no word of its own."""

from collections.abc import Iterable

from fakeact_llm_training.dialects.faults import Broken
from fakeact_llm_training.dialects.faults import Faults as Story
from fakeact_llm_training.dialects.megatron.startup import SOURCE
from fakeact_llm_training.dialects.megatron.traceback import frames
from fakeact_llm_training.tools.torchrun import Launcher
from fakeact_llm_training.tools.traceback import Frame


class Faults(Story):
    """Megatron's training loop, in the directory it was cloned to."""

    script = f"{SOURCE}/pretrain_gpt.py"

    def frames(self, broken: Broken, step: int, launcher: Launcher) -> Iterable[Frame]:  # noqa: ARG002
        return frames(broken, launcher, self._run.pp)

    def path(self, file: str, launcher: Launcher) -> str:
        return f"{launcher.packages if file.startswith('torch/') else SOURCE}/{file}"
