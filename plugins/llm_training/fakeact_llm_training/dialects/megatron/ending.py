"""What the launch script runs behind a training that came to its end: Megatron-Bridge, a look, the harness."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from fakeact_llm_training.dialects.megatron.figures import shard_parameters
from fakeact_llm_training.dialects.megatron.weights import weights
from fakeact_llm_training.export import scripted_evaluation, timed_bar
from fakeact_llm_training.sim.export import Export, draw_export
from fakeact_llm_training.sim.memory import GIB
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.tools import bridge

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.megatron import Speaker

LONGEST = 150.0
"""Seconds that a viewer is asked to wait; what takes longer is left to another job."""
START_SECONDS = 11.0
"""To import torch and Megatron, and to make process groups."""
FULLEST = 0.7
"""The share of a GPU's memory that weights may take while they are converted."""


class Ending:
    """The conversion of the last checkpoint on the first node."""

    def __init__(self, speaker: "Speaker") -> None:
        self._speaker, self._io, self._run = speaker, speaker.io, speaker.scenario

    async def play(self) -> None:
        """Convert, look, ask; nothing if the bridge does not know the model, or if it would take too long."""
        name, where = bridge.bridge(self._run.model.slug), as_converted(self._run)
        work = draw_export(self._run, self._speaker.dice)
        if name is None or where is None or work.seconds > LONGEST:
            return
        await self._convert(where, work, name)
        await self._look(work)
        await scripted_evaluation(self._io, self._run, self._speaker.run.step, work.path, self._speaker.dice)

    async def _convert(self, where: Scenario, work: Export, name: str) -> None:
        checkpoints, tp, pp = self._run.site.paths.checkpoints, where.tp, where.pp
        model = self._run.site.paths.tokenizer
        await self._say(f"+ {bridge.command(model, checkpoints, work.path, tp, pp)}")
        await self._io.csleep(1000 * START_SECONDS)
        for line in bridge.announced(checkpoints, work.path, tp, pp):
            await self._say(line)
        await self._say(f"Loading Megatron checkpoint from: {checkpoints}")
        await self._io.csleep(1000 * self._run.weight_bytes / self._run.io_per_node)
        for stage, count in enumerate(shard_parameters(where)):
            for tensor in range(tp):
                place = f"(tensor, pipeline) model parallel rank ({tensor}, {stage})"
                await self._say(f" > number of parameters on {place}: {count}")
        await self._say(f"Saving HuggingFace model to: {work.path}")
        total = len(weights(_split(where, tp, 1), 0))
        await timed_bar(
            self._io, work.seconds,
            lambda share: bridge.converting(
                int(share * total), total, (1 - share) * work.seconds if share > 0 else None, name
            ),
        )  # fmt: skip
        await self._say(bridge.WRITTEN)
        await self._say(f"Export complete: {work.path}")

    async def _look(self, work: Export) -> None:
        began = self._io.now() - timedelta(seconds=work.seconds)
        await self._say(f"+ ls -l {work.path}")
        files = [(file.name, file.bytes, began + timedelta(seconds=file.ends)) for file in work.files]
        for line in bridge.listing(files):
            await self._say(line)

    async def _say(self, line: str) -> None:
        await self._speaker.by_scheduler(line)


def as_converted(scenario: Scenario) -> Scenario | None:
    """The same model as it is laid out for the conversion, with as few stages as fit on a node; None if none does."""
    room = FULLEST * scenario.gpu.memory_gib * GIB
    most = scenario.gpus_per_node // scenario.tp
    fitting = (
        stages
        for stages in range(1, most + 1)
        if scenario.model.layers % stages == 0 and scenario.weight_bytes < room * scenario.tp * stages
    )
    stages = next(fitting, None)
    return None if stages is None or scenario.model.experts else _split(scenario, scenario.tp, stages)


def _split(scenario: Scenario, tp: int, pp: int) -> Scenario:
    how = scenario.layout.parallelism._replace(tp=tp, pp=pp, dp=1, ep=1)
    return replace(scenario, layout=scenario.layout._replace(parallelism=how))
