"""What the launch script runs behind a training that came to its end: NeMo's export on the CPU, a look, the harness."""

from datetime import timedelta
from typing import TYPE_CHECKING

from fakeact.style import green
from fakeact_llm_training.export import scripted_evaluation
from fakeact_llm_training.sim.export import draw_export
from fakeact_llm_training.tools import bridge, nemo

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.nemo import Speaker

LONGEST = 90.0
"""Seconds of silence that a viewer is asked to bear; what takes longer is left to another job."""
START_SECONDS = 14.0
"""To import NeMo and all that it imports."""
EXPORTED = ("llama-", "qwen", "mistral", "mixtral", "gemma", "deepseek")
"""Families whose models have an exporter in nemo_toolkit 2.3.1."""


class Ending:
    """The export of the last checkpoint by one process on the first node."""

    def __init__(self, speaker: "Speaker") -> None:
        self._speaker, self._io, self._run = speaker, speaker.io, speaker.scenario

    async def play(self) -> None:
        """Export, look, ask; nothing if there is no exporter, or if it would take too long."""
        run, speaker = self._run, self._speaker
        work, path = draw_export(run, speaker.dice), speaker.run.last_checkpoint
        reading = run.weight_bytes / run.io_per_node
        if not path or not run.model.slug.startswith(EXPORTED) or reading + work.seconds > LONGEST:
            return
        await self._say(
            f'+ python3 -c \'from nemo.collections import llm; llm.export_ckpt(path="{path}", target="hf", '
            f'output_path="{work.path}")\''
        )
        await self._io.csleep(1000 * START_SECONDS)
        for line in (*nemo.devices(used=False), nemo.joining(0, 1), *nemo.joined(1, "gloo")):
            await self._say(line)
        await self._io.csleep(1000 * (reading + work.seconds))
        await self._say(green(f"✓ Checkpoint exported to {work.path}"))
        began = self._io.now() - timedelta(seconds=work.seconds)
        await self._say(f"+ ls -l {work.path}")
        files = [(file.name, file.bytes, began + timedelta(seconds=file.ends)) for file in work.files]
        for line in bridge.listing(files):
            await self._say(line)
        await scripted_evaluation(self._io, run, speaker.run.step, work.path, speaker.dice)

    async def _say(self, line: str) -> None:
        await self._speaker.by_scheduler(line)
