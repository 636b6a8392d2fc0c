"""Megatron's start-up in its own order: arguments and tokenizer before the process group, data last."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from fakeact_llm_training.dialects.megatron import lines, setup
from fakeact_llm_training.dialects.megatron.arguments import FEW_RANKS, listing, load_directory
from fakeact_llm_training.dialects.megatron.figures import shard_parameters, typed, vocabulary
from fakeact_llm_training.dialects.megatron.weights import bucket_lists
from fakeact_llm_training.sim.startup import Phase, PhaseName
from fakeact_llm_training.tools import nccl, process_group, slurm, torchrun

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.megatron import Speaker

SOURCE = "/opt/Megatron-LM"
MOST_BANNERS = 4
"""Launchers that speak up; whoever has more nodes sets OMP_NUM_THREADS and hears nothing."""
NODE_SPREAD, RANK_SPREAD = 0.15, 0.03
"""Ranks come to a place in the order in which they found their GPUs, closer together."""


class StartUp:
    """The start-up of an attempt: `began` seconds after the launch, from `step` steps on."""

    def __init__(self, speaker: "Speaker", phases: Sequence[Phase], began: float, step: int) -> None:
        self._speaker, self._run = speaker, speaker.scenario
        self._seconds = {phase.name: phase.seconds for phase in phases}
        self._at, self._step = began, step
        self._imported = began

    async def script(self) -> None:
        """What srun says while the job waits for its nodes."""
        if self._run.nodes > 1:
            await self._speaker.say_all(slurm.queued(self._run.site.job_id))

    async def launch(self, *, banner: bool = True) -> None:
        """The launchers start the workers, each at its own time."""
        run, speaker = self._run, self._speaker
        speaker.load_simulation()
        await self._pass("launch")
        if banner and run.gpus_per_node > 1 and run.nodes <= MOST_BANNERS:
            for found in speaker.startup.detections(range(0, run.world_size, run.gpus_per_node)):
                await speaker.until(self._at + found.at * NODE_SPREAD)
                launcher = speaker.launcher(found.rank // run.gpus_per_node)
                await speaker.say_all(torchrun.omp_banner(speaker.io.now(), launcher))
        self._imported = self._at

    async def play(self) -> None:
        """What the ranks say until the first step."""
        await self._arguments()
        await self._process_groups()
        await self._initialized()
        began = self._at
        await self._model()
        await self._optimizer()
        await self._load()
        await self._milestone("after model, optimizer, and learning rate scheduler are built")
        built = self._at
        await self._data()
        await self._milestone("after dataloaders are built")
        await self._training(built - began, self._at - built)

    async def _say(self, text: str) -> None:
        await self._speaker.say(text)

    async def _pass(self, name: PhaseName, share: float = 1.0) -> None:
        """Let a part of the start-up, or a share of it, take its time."""
        self._at += share * self._seconds.get(name, 0.0)
        await self._speaker.until(self._at)

    async def _milestone(self, what: str) -> None:
        await self._speaker.milestone(what)

    async def _info(self, module: str, text: str) -> None:
        await self._say(f"INFO:megatron.core.{module}:{text}")

    async def _arguments(self) -> None:
        run = self._run
        await self._pass("rendezvous", 0.6)
        await self._say(
            f"using world size: {run.world_size}, data-parallel size: {run.dp}, context-parallel size: {run.cp}, "
            f"hierarchical context-parallel sizes: None, tensor-model-parallel size: {run.tp}, "
            f"pipeline-model-parallel size: {run.pp}"
        )
        await self._say("Number of virtual stages per pipeline stage: None")
        half = run.precision == "fp16"
        if half:
            await self._say(
                "WARNING: Setting args.check_for_nan_in_loss_and_grad to False since dynamic loss scaling is being used"
            )
        await self._say(f"using torch.{'float16' if half else 'bfloat16'} for parameters ...")
        await self._speaker.say_all(listing(run, self._step))
        await self._info("num_microbatches_calculator", f"setting number of microbatches to constant {run.grad_accum}")
        await self._say("> building HuggingFaceTokenizer tokenizer ...")
        await self._pass("tokenizer")
        words = vocabulary(run.model, run.tp)
        await self._say(
            f" > padded vocab (size: {words.size}) with {words.dummies} dummy tokens (new size: {words.padded})"
        )
        await self._say(
            "WARNING: one_logger package is required to enable e2e metrics tracking. please go to "
            "https://confluence.nvidia.com/display/MLWFO/Package+Repositories for details to install it"
        )
        await self._say(
            "WARNING:megatron.core.rerun_state_machine:RerunStateMachine initialized in mode RerunMode.VALIDATE_RESULTS"
        )

    async def _process_groups(self) -> None:
        run = self._run
        await self._say("> initializing torch distributed ...")
        await self._pass("rendezvous", 0.4)
        await self._pass("devices")
        if 1 < run.world_size <= FEW_RANKS:
            await self._gloo()
        await self._say(f"> initialized tensor model parallel with size {run.tp}")
        await self._say(f"> initialized pipeline model parallel with size {run.pp}")
        await self._say(f"> setting random seeds to {max(run.seed, 1)} ...")
        await self._index_builder()

    async def _gloo(self) -> None:
        """A line for each group of data-parallel ranks: with and without context parallelism, and the experts'."""
        run = self._run
        stage = run.tp * run.dp
        for found in self._speaker.startup.detections(range(run.world_size)):
            rank = found.rank % stage // run.tp
            experts = run.dp // run.ep
            for ranks, place in ((run.dp, rank), (run.dp, rank), (experts, rank // run.ep)):
                await self._say(process_group.gloo(place, ranks))

    async def _index_builder(self) -> None:
        began = self._at
        directory = f"{SOURCE}/megatron/core/datasets"
        await self._say("> compiling dataset index builder ...")
        await self._pass("optimizer", 0.3)
        await self._say(f"make: Entering directory '{directory}'")
        await self._say("make: Nothing to be done for 'default'.")
        await self._say(f"make: Leaving directory '{directory}'")
        await self._say(f">>> done with dataset index builder. Compilation time: {self._at - began:.3f} seconds")

    async def _initialized(self) -> None:
        """The first collective makes the communicators; then kernels are fused."""
        run, speaker = self._run, self._speaker
        if run.world_size > 1:
            await self._first_barrier()
        await self._pass("nccl")
        await self._pass("preflight")
        await self._pass("compile")
        await self._say(f"time to initialize megatron (seconds): {self._at - self._imported:.3f}")
        ready = speaker.io.now() - timedelta(seconds=self._at - self._imported)
        for what in ("in-process", "in-job"):
            # Both were taken before anything was set up, and are said now that it is.
            await self._say(lines.at(f"after {what} setup and before initialize_megatron", ready))
            ready += timedelta(microseconds=211)
        await self._milestone("after megatron is initialized")

    async def _first_barrier(self) -> None:
        run, speaker = self._run, self._speaker
        for found in speaker.startup.detections(range(run.gpus_per_node)):
            await speaker.until(self._at + RANK_SPREAD * found.at)
            now, pid = speaker.io.now(), speaker.pid(found.rank)
            warning = process_group.guessed_device(now, run.site.versions.torch, found.rank, found.local_rank, pid)
            if warning:
                await self._say(warning)
        if run.gpu.vendor == "nvidia":
            await self._say(nccl.version(run.site.versions.nccl))

    async def _model(self) -> None:
        run, speaker = self._run, self._speaker
        await self._say("building GPT model ...")
        await self._pass("model", 0.7)
        counts = shard_parameters(run)
        for rank, tensor, stage in speaker.reporters:
            await speaker.until(self._at + RANK_SPREAD * speaker.startup.detection(rank).at)
            await self._say(
                " > number of parameters on (tensor, pipeline) model parallel rank "
                f"({tensor}, {stage}): {counts[stage]}"
            )
        await self._pass("model", 0.2)
        await self._info(
            "distributed.distributed_data_parallel",
            f"Setting up DistributedDataParallel with config {setup.data_parallel(run)}",
        )
        await self._pass("model", 0.1)
        for stage in range(run.pp):
            await speaker.say_all(list(bucket_lists(run, stage)))

    async def _optimizer(self) -> None:
        run = self._run
        await self._pass("optimizer", 0.3)
        await self._info("optimizer", f"Setting up optimizer with config {setup.optimizer(run, self._speaker.pid(0))}")
        await self._pass("optimizer", 0.3)
        if typed(run.schedule).samples:
            await self._say(f"setting training iterations to {run.total_steps}")
        await self._info("optimizer_param_scheduler", f"> learning rate decay style: {setup.decay_style(run)}")

    async def _load(self) -> None:
        run = self._run
        directory, began = load_directory(run, self._step), self._at
        if self._step:
            await self._resume(directory)
        elif run.kind == "finetune":
            await self._say(f"sharded_state_dict metadata loaded from the checkpoint: {setup.SHARDING}")
            await self._say(f" loading release distributed checkpoint from {directory}")
            await self._pass("weights")
            await self._say("could not find arguments in the checkpoint ...")
            await self._loaded(directory)
        else:
            await self._pass("weights")
            await self._say(f"WARNING: could not find the metadata file {directory}/latest_checkpointed_iteration.txt")
            await self._say("    will not load any checkpoints and will start from random")
        await self._timers({"load-checkpoint": self._at - began})

    async def _resume(self, directory: str) -> None:
        await self._say(f"sharded_state_dict metadata loaded from the checkpoint: {setup.SHARDING}")
        await self._say(f" loading distributed checkpoint from {directory} at iteration {self._step}")
        await self._pass("weights")
        await self._loaded(directory)

    async def _loaded(self, directory: str) -> None:
        run = self._run
        await self._say(" checkpoint version 3.0")
        if self._step:
            for name, value in setup.scheduler_state(run).items():
                await self._info("optimizer_param_scheduler", f" > using checkpoint value {value} for {name}")
        await self._say(
            f"  successfully loaded checkpoint from {directory} [ t 1/{run.tp}, p 1/{run.pp} ] "
            f"at iteration {self._step}"
        )

    async def _timers(self, seconds: dict[str, float]) -> None:
        pid = self._speaker.pid(self._speaker.last_rank)
        await self._speaker.say_all(lines.timers({name: lines.spread(took, pid) for name, took in seconds.items()}))

    async def _data(self) -> None:
        run, path = self._run, self._run.site.paths.dataset
        said = typed(run.schedule)
        wanted = said.total if said.samples else run.total_steps * run.global_batch
        await self._say("> building train, validation, and test datasets ...")
        await self._say(" > datasets target sizes (minimum size):")
        await self._say(f"    train:      {wanted}")
        await self._say("    validation: None")
        await self._say(f"    test:       {setup.test_samples(run)}")
        await self._info("datasets.blended_megatron_dataset_config", "blend not provided for test split")
        await self._say("> building train, validation, and test datasets for GPT ...")
        await self._info(
            "datasets.blended_megatron_dataset_builder",
            f"Building GPTDataset splits with sizes=({wanted}, None, {setup.test_samples(run)}) and "
            f"config={setup.dataset(run, self._speaker.pid(0))}",
        )
        # Of a large file only the first sequences are wanted; what is to be seen again makes a file of its own.
        held = run.train_samples if run.epochs > 1 else run.data.available - run.data.validation
        await self._split(f"{path}_train", "train", held, run.epochs)
        await self._split(f"{path}_valid", "valid", run.validation_samples, 1)
        await self._say("> finished creating GPT datasets ...")

    async def _split(self, path: str, split: str, samples: int, epochs: int) -> None:
        """An indexed file whose documents are packed sequences with the one token more that labels need."""
        run = self._run
        tokens = samples * (run.sequence_length + 1)
        share = 0.8 if split == "train" else 0.2
        await self._info("datasets.indexed_dataset", f"Load the _IndexReader from {path}.idx")
        for what in ("sequence lengths", "sequence pointers", "document indices"):
            await self._info("datasets.indexed_dataset", f"\tExtract the {what}")
        await self._info("datasets.indexed_dataset", f"> total number of sequences: {samples}")
        await self._info("datasets.indexed_dataset", f"> total number of documents: {samples}")
        fresh = not self._step
        verb = "Build and save" if fresh else "Load"
        await self._info("datasets.gpt_dataset", f"{verb} the GPTDataset {split} indices")
        if not fresh:
            name = hashlib.md5(f"{path} {run.seed}".encode(), usedforsecurity=False).hexdigest()
            for index in ("document", "sample", "shuffle"):
                file = f"{name}-GPTDataset-{split}-{index}_index.npy"
                await self._info("datasets.gpt_dataset", f"\tLoad the {index} index from {file}")
        await self._pass("dataset", share)
        total = (epochs * tokens - 1) // run.sequence_length
        await self._info("datasets.gpt_dataset", f"> total number of samples: {total}")
        if fresh:
            await self._info("datasets.gpt_dataset", f"> total number of epochs: {epochs}")

    async def _training(self, building: float, data: float) -> None:
        await self._say("done with setup ...")
        await self._timers({"model-and-optimizer-setup": building, "train/valid/test-data-iterators-setup": data})
        await self._say("training ...")
        await self._pass("optimizer", 0.1)
        await self._milestone("before the start of training step")
