"""Faults as a script around the Trainer shows them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fakeact_llm_training.dialects.faults import Broken
from fakeact_llm_training.dialects.faults import Faults as Story
from fakeact_llm_training.dialects.hf.traceback import SCRIPT, frames
from fakeact_llm_training.tools.torchrun import Launcher
from fakeact_llm_training.tools.traceback import Frame

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.hf import Speaker


class Faults(Story):
    """The Trainer's loop, called from a script in the run's folder."""

    script = SCRIPT

    def __init__(self, speaker: "Speaker") -> None:
        super().__init__(speaker)
        self._folder = speaker.folder

    def frames(self, broken: Broken, step: int, launcher: Launcher) -> Iterable[Frame]:  # noqa: ARG002
        return frames(broken, launcher)

    def path(self, file: str, launcher: Launcher) -> str:
        return f"{self._folder}/{file}" if file == SCRIPT else super().path(file, launcher)
