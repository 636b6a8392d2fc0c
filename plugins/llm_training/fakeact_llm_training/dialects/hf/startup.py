"""From the launch script to the first step: a script in the manner of transformers' run_clm.py around the Trainer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fakeact.widgets import tqdm_meter
from fakeact_llm_training.dialects.hf import config
from fakeact_llm_training.dialects.hf.command import MOST_CONSOLES, command
from fakeact_llm_training.dialects.hf.parameters import parameters
from fakeact_llm_training.sim.shards import tensor_count
from fakeact_llm_training.sim.startup import Phase, PhaseName
from fakeact_llm_training.tools import torchrun

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.hf import Speaker

MOST_BANNERS = 4
"""Launchers that speak up; whoever has more nodes sets OMP_NUM_THREADS and hears nothing."""
REDRAW_MS = 100
_NO_GENERATION = "Generation config file not found, using a generation config created from the model config."
_RESUME = "batches to resume from the exact training state."
# Bytes from which on weights are published in several files.
LARGEST_FILE = 5e9
LINE_SECONDS = 0.00017


class StartUp:
    """The start-up of an attempt that began `began` seconds after the launch and goes on after `step` steps."""

    def __init__(self, speaker: "Speaker", phases: Sequence[Phase], began: float, step: int) -> None:
        self._speaker, self._io, self._log, self._run = speaker, speaker.io, speaker.log, speaker.scenario
        self._seconds = {phase.name: phase.seconds for phase in phases}
        self._began, self._at, self._step = began, began, step

    async def script(self) -> None:
        """The launch script under ``set -x``."""
        run = self._run
        if run.gpus_per_node > 1 and run.nodes > MOST_BANNERS:
            await self._log.plain("+ export OMP_NUM_THREADS=8")
        await self._log.plain(f"+ {command(run)}")

    async def launch(self, *, anew: bool = True) -> None:
        """New launchers (`anew`) or the old ones start the workers."""
        run = self._run
        if anew and run.gpus_per_node > 1 and run.nodes <= MOST_BANNERS:
            await self._pass("launch", 0.6)
            for node in range(run.nodes):
                for line in torchrun.omp_banner(self._io.now(), self._speaker.launcher(node)):
                    await self._log.plain(line)
            await self._pass("launch", 0.4)
        else:
            await self._pass("launch")
        await self._pass("preflight")

    async def play(self) -> None:
        """What is said until the first step."""
        await self._ranks()
        await self._data()
        await self._configuration()
        await self._model()
        await self._pass("nccl")
        await self._prepare()
        await self._header()
        self._speaker.begin_training(self._at)
        await self._compile()

    async def _pass(self, name: PhaseName, share: float = 1.0) -> None:
        """Let a part of the start-up, or a share of it, take its time."""
        self._at += share * self._seconds.get(name, 0.0)
        await self._speaker.until(self._at)

    async def _ranks(self) -> None:
        """Each rank says what it is once its process group is there."""
        await self._pass("rendezvous")
        run, startup = self._run, self._speaker.startup
        began, window = self._at, startup.phase("devices")
        # Of a large fleet only the first node's log is watched.
        ranks = range(run.world_size if run.nodes <= MOST_CONSOLES else run.gpus_per_node)
        pace = self._seconds.get("devices", 0.0) / (window.seconds if window else 1.0)
        for found in startup.detections(ranks):
            await self._speaker.until(began + pace * found.at)
            await self._log.script(
                f"Process rank: {found.rank}, device: cuda:{found.local_rank}, n_gpu: 1, distributed training: True, "
                "16-bits training: False",
                "WARNING",
            )
        await self._pass("devices")
        first, *rest = parameters(run)
        await self._log.script(f"Training/evaluation parameters {first}")
        for line in rest:
            await self._log.plain(line)
        if self._speaker.resumes_from:
            await self._log.script(f"Checkpoint detected, resuming training at {self._speaker.resumes_from}.")

    async def _data(self) -> None:
        run = self._run
        await self._pass("dataset")
        await self._log.script(
            f"Packed {run.dataset.name} from {run.site.paths.dataset}: {self._speaker.examples:,} train and "
            f"{self._speaker.held_out:,} validation sequences of {run.sequence_length:,} tokens"
        )
        await self._pass("tokenizer")

    @property
    def _weights(self) -> str:
        """Where the model's files are; a run from scratch has but a configuration."""
        paths = self._run.site.paths
        return (self._run.load_path if self._run.kind == "finetune" else None) or paths.tokenizer

    async def _configuration(self) -> None:
        """Read for the model, and once more by whoever loads a tokenizer."""
        for _ in range(2):
            await self._read_configuration()

    async def _read_configuration(self) -> None:
        await self._info("configuration_utils.py", 1035, f"loading configuration file {self._weights}/config.json")
        await self._info("configuration_utils.py", 1109, f"Model config {config.model_config(self._run.model)}")

    async def _info(self, file: str, line: int, text: str) -> None:
        await self._log.tell(file, line, text)

    async def _model(self) -> None:
        run, source = self._run, "modeling_utils.py"
        tuned = run.kind == "finetune"
        if tuned:
            name = "model.safetensors" + (".index.json" if run.weight_bytes > LARGEST_FILE else "")
            await self._info(source, 761, f"loading weights file {self._weights}/{name}")
            if run.precision == "bf16":
                await self._info(source, 832, "Will use dtype=torch.bfloat16 as defined in model's config object")
        if run.sharding == "ZeRO-3":
            line = 3825 if tuned else 1437
            await self._info(source, line, "Detected DeepSpeed ZeRO-3: activating zero.init() for this model")
        await self._pass("model", 0.3)
        generation = config.generation_config(run.model)
        await self._info("configuration_utils.py", 1154, f"Generate config {generation}")
        await self._pass("model", 0.1)
        if tuned:
            await self._loading()
            await self._generation()
        else:
            await self._pass("model", 0.6)
            if not self._step:
                await self._pass("weights")
            await self._log.script(f"Training new model from scratch - Total size={run.parameters / 2**20:.2f}M params")

    async def _generation(self) -> None:
        """The folder has no generation_config.json."""
        await self._info("utils.py", 573, _NO_GENERATION)
        await self._info("configuration_utils.py", 1108, f"loading configuration file {self._weights}/config.json")
        stored = config.generation_config(self._run.model, stored=True)
        await self._info("configuration_utils.py", 1154, f"Generate config {stored}")

    async def _loading(self) -> None:
        """Tensor after tensor; in a later attempt the files are in the hosts' memory."""
        parts: tuple[PhaseName, ...] = ("model",) if self._step else ("model", "weights")
        seconds = sum(self._seconds.get(part, 0.0) * (0.6 if part == "model" else 1.0) for part in parts)
        total, began = tensor_count(self._run.model), self._at
        if self._speaker.is_running:  # the region is the loop's
            await self._speaker.until(began + seconds)
        else:
            await self._load_live(total, began, seconds)
        for part in parts:
            await self._pass(part, 0.6 if part == "model" else 1.0)
        await self._log.plain(tqdm_meter(total, total, seconds, self._speaker.bars.columns, "Loading weights"))

    async def _load_live(self, total: int, began: float, seconds: float) -> None:
        async with self._io.live() as live:
            while (elapsed := self._speaker.elapsed - began) < seconds:
                done = int(total * elapsed / seconds)
                await live.show(tqdm_meter(done, total, elapsed, self._io.width - 1, "Loading weights"))
                await self._io.csleep(min(REDRAW_MS, (seconds - elapsed) * 1000 + 0.001))

    async def _prepare(self) -> None:
        """Model and optimizer are wrapped; what was saved of them is read."""
        if self._step:
            path = self._speaker.checkpoint(self._step)
            if self._run.sharding.startswith("ZeRO"):
                await self._info("deepspeed.py", 690, f"Attempting to resume from {path}")
            else:
                await self._info("trainer.py", 3667, f"Loading model from {path}.")
            await self._pass("weights")
        await self._pass("optimizer")

    async def _header(self) -> None:
        run, per_epoch = self._run, self._run.steps_per_epoch
        lines = [
            (1618, "***** Running training *****"),
            (1619, f"  Num examples = {self._speaker.examples:,}"),
            (1620, f"  Num Epochs = {run.epochs:,}"),
            (1621, f"  Num update steps per epoch = {per_epoch:,}"),
            (1622, f"  Instantaneous batch size per device = {run.micro_batch:,}"),
            (1625, f"  Total train batch size (w. parallel, distributed & accumulation) = {run.global_batch:,}"),
            (1626, f"  Gradient Accumulation steps = {run.grad_accum}"),
            (1627, f"  Total optimization steps = {run.total_steps:,}"),
            (1628, f"  Number of trainable parameters = {run.parameters:,}"),
        ]
        if self._step:
            epochs, rest = divmod(self._step, per_epoch)
            lines += [
                (1631, f"  Resuming training from checkpoint with epoch {epochs} and global step {self._step}"),
                (1635, f"  Fast-forwarding the dataloader past {epochs} epochs and {rest * run.grad_accum} {_RESUME}"),
            ]
        for place, (line, text) in enumerate(lines):
            # Formatting and writing a line takes a tenth of a millisecond or two.
            await self._log.tell("trainer.py", line, text, after=LINE_SECONDS * place)

    async def _compile(self) -> None:
        """Kernels are made in the first step; the bar stands at zero meanwhile."""
        if self._speaker.is_running:
            await self._pass("compile")
            return
        async with self._io.live() as live:
            await live.show(*self._speaker.rows())
            await self._pass("compile")
            await self._speaker.until(self._began + sum(self._seconds.values()))
