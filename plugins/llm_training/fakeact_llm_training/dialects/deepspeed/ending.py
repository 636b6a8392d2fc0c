"""Behind the training: the script that comes with a checkpoint puts ZeRO's parts together (zero_to_fp32.py)."""

from typing import TYPE_CHECKING

from fakeact.widgets import tqdm_meter
from fakeact_llm_training.dialects.deepspeed import settings
from fakeact_llm_training.export import timed_bar
from fakeact_llm_training.sim.shards import LIMITS, model_tensors, split
from fakeact_llm_training.tools.deepspeed import VERSION

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.deepspeed import Speaker

LONGEST = 150.0
"""Seconds that a viewer is asked to wait; what takes longer is left to another job."""
OPENING, GATHERING = 0.035, 0.00004
"""Seconds to map a file into memory, and to note where a tensor's parts are (estimates)."""
WIDTH = 4
"""Bytes of a number in fp32."""
ONE_PROCESS = 0.6
"""The share of a node's rate at which one process writes, as in the export."""


class Ending:
    """The conversion of the last checkpoint by one process on the first node."""

    def __init__(self, speaker: "Speaker") -> None:
        self._speaker, self._io, self._run = speaker, speaker.io, speaker.scenario
        self._stage = settings.stage(self._run)

    async def play(self) -> None:
        """Put the parts together and write them; nothing if there is no ZeRO, or if it would take too long."""
        run, path = self._run, self._speaker.run.last_checkpoint
        # Tensors are counted with two bytes a number.
        shards = split(model_tensors(run.model), LIMITS["5GB"] * 2 // WIDTH).shards
        tensors = sum(shard.tensors for shard in shards)
        seconds = run.parameters * WIDTH / (run.io_per_node * ONE_PROCESS)
        if not (path and self._stage and run.pp == run.tp == 1) or seconds > LONGEST:
            return
        await self._say(f"Processing zero checkpoint '{path}'")
        await self._bar("Loading checkpoint shards", run.dp, run.dp * OPENING)
        await self._say(f"Detected checkpoint of type zero stage {self._stage}, world_size: {run.dp}")
        await self._say(f"Parsing checkpoint created by deepspeed=={VERSION}")
        what = "fp32"
        if self._stage == 3:
            await self._bar("Gathering sharded weights", tensors, tensors * GATHERING)
            what = "Trainable fp32"
        await self._say(f"Reconstructed {what} state dict with {tensors} params {run.parameters} elements")
        await self._bar("Saving checkpoint shards", len(shards), seconds)

    async def _say(self, line: str) -> None:
        await self._io.print(line)

    async def _bar(self, name: str, total: int, seconds: float) -> None:
        columns = self._io.width - 1 if self._io.motion else None
        await timed_bar(
            self._io, seconds, lambda share: tqdm_meter(int(share * total), total, share * seconds, columns, name)
        )
