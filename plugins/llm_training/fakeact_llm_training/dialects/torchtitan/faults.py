"""Faults as torchtitan shows them: it runs as a module, and records its exceptions for the launcher."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fakeact_llm_training.dialects.faults import Broken
from fakeact_llm_training.dialects.faults import Faults as Story
from fakeact_llm_training.dialects.torchtitan import stack, traceback
from fakeact_llm_training.tools.torchrun import Failure, Launcher
from fakeact_llm_training.tools.traceback import HEAD, RAISED, Frame, error

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.torchtitan import Speaker
    from fakeact_llm_training.sim import fault_events as ev


class Faults(Story):
    """torchtitan's training loop."""

    script = "torchtitan.train"

    def __init__(self, speaker: "Speaker") -> None:
        super().__init__(speaker)
        self._titan = speaker

    def frames(self, broken: Broken, step: int, launcher: Launcher) -> Iterable[Frame]:
        return traceback.full(broken, step, launcher)

    def called(self, op: str) -> Iterable[Frame]:
        """Nearly half of all gathers are the forward pass's; one in a step has its place, as all ranks tell of one."""
        if "REDUCE" in op:
            return stack.reduced()
        ahead = bool(self._fault and self._fault.step % 2)
        return stack.gathered_ahead(compiled=self._run.compiled) if ahead else stack.gathered_back()

    def path(self, file: str, launcher: Launcher) -> str:
        if file == traceback.RUNPY:
            return f"{launcher.environment.library}/{file}"
        return file if file == traceback.FROZEN else super().path(file, launcher)

    def failure(self, event: "ev.RankFailed") -> Failure:
        plain = super().failure(event)
        if event.error not in RAISED or not self._fault:
            return plain
        launcher = self._titan.launcher(event.rank // self._run.gpus_per_node)
        frames = traceback.recorded(event.error, self._fault.step, launcher)  # type: ignore[arg-type]
        ended = error(event.error, self._fault, launcher, self._run.site.versions.nccl)
        lines = HEAD, *self.shown(frames, launcher), *ended, ""
        return plain._replace(error_file=self._titan.error_file(event.local_rank, launcher.pid), traceback=lines)
