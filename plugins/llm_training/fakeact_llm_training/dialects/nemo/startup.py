"""From the launcher to the moment before the first step; a restart goes the same way."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fakeact_llm_training.dialects.nemo import groups, model
from fakeact_llm_training.sim.startup import Phase
from fakeact_llm_training.tools import nemo, torchrun

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.nemo import Speaker


def since_1970(when: datetime) -> float:
    """Seconds since 1970 on a cluster whose clocks run in UTC."""
    return when.replace(tzinfo=UTC).timestamp()


class StartUp:
    """The phases of a launch that began `begins` seconds after the first one.

    `path` is a checkpoint of this run after `step` steps, if there is one; `fresh` says that launchers are new.
    """

    def __init__(
        self, speaker: "Speaker", phases: Sequence[Phase], begins: float, *, path: str | None, step: int, fresh: bool
    ) -> None:
        self._speaker, self._log, self._scenario = speaker, speaker.log, speaker.scenario
        self._phases, self._begins = phases, begins
        self._path, self._step, self._fresh = path, step, fresh

    async def play(self) -> None:
        """Let the phases follow one another."""
        acts = {
            "launch": self._launch,
            "devices": self._devices,
            "nccl": self._nccl,
            "model": self._model,
            "weights": self._weights,
            "dataset": self._dataset,
            "optimizer": self._optimizer,
        }
        for phase in self._phases:
            if act := acts.get(phase.name):
                await act(phase)
            await self._until(phase, 1.0)

    async def _until(self, phase: Phase, share: float) -> None:
        await self._speaker.until(self._begins + phase.begins + share * phase.seconds)

    async def _launch(self, phase: Phase) -> None:
        if self._fresh and self._scenario.gpus_per_node > 1:
            for line in torchrun.omp_banner(self._speaker.io.now(), self._speaker.launcher(0)):
                await self._log.plain(line)
        self._speaker.load_simulation()
        await self._until(phase, 0.85)
        for line in nemo.devices():
            await self._log.plain(line)
        await self._experiment()

    async def _experiment(self) -> None:
        log, output = self._log, self._scenario.site.paths.output
        await log.inform("nemo_logger", 160, f"Experiments will be logged at {output}")
        overwriting = '"update_logger_directory" is True. Overwriting tensorboard logger "save_dir" to'
        await log.caution("nemo_logger", 188, f"{overwriting} {output}/tb_logs")

    async def _devices(self, phase: Phase) -> None:
        """Each rank joins in its own time; rank 0 lists the groups before it does."""
        async for rank in self._ranks(phase, 0.0, 0.95):
            if not rank:
                for line, text in groups.lines(self._scenario):
                    await self._log.inform("megatron_init", line, text)
            await self._log.plain(nemo.joining(rank, self._scenario.world_size))
        if self._scenario.world_size == 1:  # a communicator of one is there at once
            await self._joined()

    async def _ranks(self, phase: Phase, begin: float, end: float) -> AsyncIterator[int]:
        """The ranks that are seen, in the order in which they get there, between two shares of a phase."""
        window = self._speaker.startup.phase("devices")
        assert window
        for found in self._speaker.startup.detections(self._log.ranks):
            await self._until(phase, begin + (end - begin) * found.at / window.seconds)
            yield found.rank

    async def _nccl(self, phase: Phase) -> None:
        await self._until(phase, 0.95)
        await self._joined()

    async def _joined(self) -> None:
        for line in nemo.joined(self._scenario.world_size):
            await self._log.plain(line)

    async def _model(self, phase: Phase) -> None:
        scenario, log = self._scenario, self._log
        async for rank in self._ranks(phase, 0.0, 0.1):
            await log.plain(nemo.visible(rank % scenario.gpus_per_node, scenario.gpus_per_node))
        await log.core(
            f"setting number of microbatches to constant {scenario.grad_accum}", "num_microbatches_calculator", 228
        )
        vocabulary, padded = scenario.model.vocab, model.padded_vocabulary(scenario)
        dummies = f"dummy tokens: {padded - vocabulary}."
        await log.inform("base", 48, f"Padded vocab_size: {padded}, original vocab_size: {vocabulary}, {dummies}")
        steps = scenario.total_steps
        copying = f"Copying Trainer's 'max_steps' ({steps}) to LR scheduler's 'max_steps'."
        await log.inform("megatron_strategy", 438, copying)
        await self._until(phase, 0.9)
        own = model.own_parameters(scenario)
        where = " > number of parameters on (tensor, pipeline) model parallel rank (0 ,0)"
        await log.inform("megatron_parallel", 623, f"{where}: {own}")
        await log.core(f"Setting up DistributedDataParallel with config {model.ddp_config()}")
        await self._buckets(own)

    async def _buckets(self, own: int) -> None:
        if not (names := model.parameter_names(self._scenario)):
            return
        rows = [
            "Number of buckets for gradient all-reduce / reduce-scatter: 1",
            f"Params for bucket 1 ({own} elements, {model.padded_size(self._scenario)} padded size):",
            *(f"\t{name}" for name in names),
        ]
        # One message of many lines, of which a terminal gets one after the other.
        for line in nemo.log(self._speaker.io.now(), "utils:553", "\n".join(rows)).split("\n"):
            await self._log.plain(line.expandtabs(8))

    async def _weights(self, phase: Phase) -> None:
        weights = self._speaker.startup.weights
        if self._path:
            await self._restore(phase, self._path)
        elif weights.what == "published":
            await self._adopt(phase, weights.path)

    async def _restore(self, phase: Phase, path: str) -> None:
        """Lightning goes on from a checkpoint of this run."""
        await self._log.plain(f"Restoring states from the checkpoint path at {path}")
        begun = since_1970(self._speaker.io.now())
        await self._until(phase, 0.97)
        seconds = since_1970(self._speaker.io.now()) - begun
        await self._log.inform("pl", 305, nemo.load_line(begun, seconds))
        await self._log.plain(f"Restored all states from the checkpoint at {path}")

    async def _adopt(self, phase: Phase, path: str) -> None:
        """A fine-tune takes the weights of an imported checkpoint, nothing else."""
        what = f"RestoreConfig(path='{path}', load_model_state=True, load_optim_state=False, load_artifacts=True)"
        await self._log.inform("megatron_strategy", 978, f"Doing selective restore from {what}")
        begun = since_1970(self._speaker.io.now())
        await self._until(phase, 0.9)
        seconds = since_1970(self._speaker.io.now()) - begun
        await self._log.inform("pl", 305, nemo.load_line(begun, seconds))
        await self._log.inform("megatron_strategy", 983, f"Restoring model weights from {what}")
        await self._until(phase, 0.98)
        await self._log.inform("megatron_strategy", 991, f"Finished restoring from {what}, cleaning up.")

    async def _dataset(self, phase: Phase) -> None:
        scenario, log = self._scenario, self._log
        if scenario.kind != "finetune":
            await self._indices(phase)
        await self._until(phase, 0.95)
        total = scenario.steps_per_epoch * scenario.global_batch
        consumed = (
            self._step * scenario.global_batch % total if scenario.epochs > 1 else self._step * scenario.global_batch
        )
        await log.inform(
            "data", 291,
            f"Instantiating MegatronPretrainingSampler with total_samples: {total} and consumed_samples: {consumed}",
        )  # fmt: skip

    async def _indices(self, phase: Phase) -> None:
        log, data = self._log, self._scenario.data
        prefix = f"{self._scenario.site.paths.dataset}/train_text_document"
        await log.core(f"Load the _IndexReader from {prefix}.idx")
        for what in ("sequence lengths", "sequence pointers", "document indices"):
            await log.core(f"        Extract the {what}")
        if data.dataset.documents:
            await log.core(f"> total number of sequences: {data.dataset.documents}")
            await log.core(f"> total number of documents: {data.dataset.documents}")
        await log.core("Build and save the GPTDataset train indices")
        await self._until(phase, 0.85)
        await log.core(f"> total number of samples: {data.samples}")
        await log.core("> total number of epochs: 1")

    async def _optimizer(self, phase: Phase) -> None:
        await self._until(phase, 0.5)
        await self._log.core(f"Setting up optimizer with config {model.optimizer_config(self._scenario)}")
