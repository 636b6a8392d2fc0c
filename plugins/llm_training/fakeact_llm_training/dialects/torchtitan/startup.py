"""torchtitan's start-up: the launch script, the launcher, the trainer's parts in the order of its constructor."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fakeact.style import blue, red
from fakeact_llm_training.dialects.torchtitan import reserved
from fakeact_llm_training.dialects.torchtitan.metrics import is_known, peak_flops
from fakeact_llm_training.dialects.torchtitan.registry import config, flavor, is_qwen_like, optimized_tensors
from fakeact_llm_training.sim.memory import GIB
from fakeact_llm_training.sim.startup import Phase, PhaseName
from fakeact_llm_training.tools import torchrun

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.torchtitan import Speaker

# Its constructor builds model and optimizer before it reads tokenizer and data, and weights come last of all.
ORDER: tuple[PhaseName, ...] = (
    "launch", "rendezvous", "devices", "nccl", "preflight", "model", "optimizer", "tokenizer", "dataset", "weights",
    "compile",
)  # fmt: skip
VERSION = "0.3.0"
MOST_BANNERS = 4
"""Launchers that speak up; whoever has more nodes sets OMP_NUM_THREADS and hears nothing."""

NODE_SPREAD = 0.15
MESH_SHARE = 0.15
"""Of the process groups' time, what their stores take; communicators are made when one is used first."""
SCRIPT_SHARE = 0.3
"""Of a launch is over when srun has started the script on the first machine."""


class StartUp:
    """The start-up of an attempt: `began` seconds after the launch, from `step` steps on."""

    def __init__(self, speaker: "Speaker", phases: Sequence[Phase], began: float, step: int) -> None:
        self._speaker, self._log, self._run = speaker, speaker.log, speaker.scenario
        self._seconds = {phase.name: phase.seconds for phase in phases}
        self._began, self._at, self._step = began, began, step
        self.load_path = ""

    async def script(self) -> None:
        """The launch script under ``set -x``: torchtitan's own on one machine, the team's on more."""
        if self._run.nodes == 1:
            await self._run_train()
            return
        run, (module, function) = self._run, self._job
        await self._trace(f"MODULE={module}")
        await self._trace(f"CONFIG={function}")
        await self._export("NCCL_DEBUG=VERSION")
        await self._export("PYTORCH_ALLOC_CONF=expandable_segments:True")
        if run.nodes > MOST_BANNERS:
            await self._export("OMP_NUM_THREADS=8")
        await self._trace(f"head_node={self._speaker.host(0)}")
        await self._trace(
            f"srun --quit-on-interrupt --nodes={run.nodes} --ntasks-per-node=1 ./torchtitan_node.sh {module} {function}"
        )

    @property
    def _job(self) -> tuple[str, str]:
        return flavor(self._run.model)[0], config(self._run.model)

    async def _run_train(self) -> None:
        """run_train.sh as its repository has it, but for the restarts."""
        module, function = self._job
        light = "TORCHFT_LIGHTHOUSE=http://localhost:29510"
        for line in (
            f"NGPU={self._run.gpus_per_node}", "export LOG_RANK=0", "LOG_RANK=0", f"MODULE={module}",
            f"CONFIG={function}", "COMM_MODE=", light, "[[ -n '' ]]", "'[' '' = fake_backend ']'",
            "PYTORCH_ALLOC_CONF=expandable_segments:True", light,
        ):  # fmt: skip
            await self._trace(line)
        await self._torchrun("", "--rdzv_endpoint=localhost:0")

    async def _torchrun(self, nodes: str, meeting: str) -> None:
        """The launcher shows its first worker; the other machines' are started so that theirs are silent."""
        run, (module, function) = self._run, self._job
        await self._trace(
            f"torchrun {nodes}--nproc_per_node={run.gpus_per_node} --max-restarts={run.max_restarts} --rdzv_backend "
            f"c10d {meeting} --local-ranks-filter 0 --role rank --tee 3 -m torchtitan.train --module {module} --config "
            f"{function}"
        )

    async def _export(self, setting: str) -> None:
        """Bash shows an export and the assignment in it."""
        await self._trace("export " + setting)
        await self._trace(setting)

    async def _trace(self, command: str) -> None:
        await self._log.launcher(f"+ {command}")

    async def launch(self) -> None:
        """The launchers start the workers, each at its own time."""
        run, speaker = self._run, self._speaker
        await self._pass("launch", SCRIPT_SHARE)
        if run.nodes > 1:
            # The script of the first machine alone traces what it does.
            meeting = f"--rdzv_id={run.site.job_id} --rdzv_endpoint={speaker.host(0)}:{run.site.master_port}"
            await self._torchrun(f"--nnodes={run.nodes} ", meeting)
        await self._pass("launch", 1 - SCRIPT_SHARE)
        if run.gpus_per_node == 1 or run.nodes > MOST_BANNERS:
            return
        for found in speaker.startup.detections(range(0, run.world_size, run.gpus_per_node)):
            # Nodes come up one after the other, in the order in which they find their GPUs later.
            await speaker.until(self._at + found.at * NODE_SPREAD)
            for line in torchrun.omp_banner(speaker.io.now(), speaker.launcher(found.rank // run.gpus_per_node)):
                await self._log.launcher(line)

    async def spawn(self) -> None:
        """The launchers that are there start new workers, and say nothing of it."""
        await self._pass("launch")

    async def play(self) -> None:
        """What rank 0 says until its first step."""
        await self._process_group()
        await self._model()
        await self._parallelize()
        await self._pass("optimizer", 0.05)
        await self._optimizer()
        await self._data()
        await self._load()
        await self._log.info(f"Training starts at step {self._step + 1}")
        await self._pass("compile")

    async def _pass(self, name: PhaseName, share: float = 1.0) -> None:
        """Let a part of the start-up, or a share of it, take its time."""
        self._at += share * self._seconds.get(name, 0.0)
        await self._speaker.until(self._at)

    async def _process_group(self) -> None:
        await self._pass("rendezvous")
        await self._log.info(f"torchtitan version: {VERSION} (0.0.0 means __version__ is not defined correctly).")
        await self._pass("devices")
        mesh = ", ".join(f"{name}={size}" for name, size in self._mesh())
        await self._log.info(f"Building device mesh with parallelism: {mesh}")
        await self._pass("nccl", MESH_SHARE)
        await self._log.info(f"Successfully created meshes with active dimensions: {self._dimensions()}")
        await self._pass("nccl", 0.01)
        await self._log.info("[GC] Initial GC collection took 0.00 seconds")
        await self._seed()

    async def _seed(self) -> None:
        """All ranks take rank 0's seed: the first collective, for which NCCL makes the communicator of all."""
        run, before = self._run, 0.99 - MESH_SHARE
        await self._pass("nccl", before * 0.2)
        if run.world_size > 1 and run.gpu.vendor == "nvidia":
            await self._log.worker(0, f"NCCL version {run.site.versions.nccl}")
        await self._pass("nccl", before * 0.8)
        await self._pass("preflight")

    def _mesh(self) -> list[tuple[str, int]]:
        run, how = self._run, self._run.layout.parallelism
        replicas = run.dp // how.shard_degree
        return [
            ("pp", how.pp), ("dp_replicate", replicas), ("dp_shard", how.shard_degree), ("cp", how.cp), ("tp", how.tp),
            ("ep", 1),
        ]  # fmt: skip

    def _dimensions(self) -> list[str]:
        """The meshes with more than one rank, in torchtitan's order."""
        size = dict(self._mesh())
        batch = size["dp_replicate"] * size["dp_shard"]
        meshes = {
            "pp": size["pp"], "batch": batch, "loss": batch * size["cp"], "dp_replicate": size["dp_replicate"],
            "cp": size["cp"], "tp": size["tp"], "fsdp": size["dp_shard"] * size["cp"],
        }  # fmt: skip
        return [name for name, ranks in meshes.items() if ranks > 1]

    async def _data(self) -> None:
        run, folder = self._run, self._run.site.paths.checkpoints
        await self._log.info("Loading tokenizer from tokenizer.json")
        await self._pass("tokenizer")
        await self._speaker.prepare("")
        await self._pass("dataset", 0.97)
        await self._log.info(f"Checkpointing active. Checkpoints will be loaded from and saved to {folder}")
        await self._pass("dataset", 0.03)
        await self._log.info(
            f"Trainer is initialized with local batch size {run.micro_batch}, global batch size {run.global_batch}, "
            f"gradient accumulation steps {run.grad_accum}, sequence length {run.sequence_length}, total steps "
            f"{run.total_steps} (warmup {run.warmup_steps})"
        )

    async def _model(self) -> None:
        run, gpu = self._run, self._run.gpu
        name, size = flavor(run.model)
        # Settings are passed on to the model's parts, layer by layer.
        await self._pass("model", 0.02)
        await self._log.info(f"Building {name} {size}")
        await self._pass("model", 0.10)
        await self._log.info(f"CUDA capacity: {gpu.device} with {gpu.memory_gib:.2f}GiB memory")
        await self._pass("model", 0.03)
        await self._warn_of_peak()
        self._speaker.meter.reset(self._speaker.elapsed)
        total = run.parameters
        if is_qwen_like(run.model):
            await self._log.info(f"Total parameter count: dense {total:,}, sparse 0, vision 0, active {total:,}")
        await self._log.info(blue(f"Model {name} {size} ") + red(f"size: {total:,} total parameters"))
        await self._pass("model", 0.01)

    async def _warn_of_peak(self) -> None:
        if not is_known(self._run.gpu.device):
            await self._log.warning(f"Peak flops undefined for: {self._run.gpu.device}, fallback to A100")

    async def _parallelize(self) -> None:
        run = self._run
        applied = (
            (run.compiled, 0.01, "Compiling the loss function with torch.compile"),
            (run.layout.parallelism.cp > 1, 0.05, "Applied Context Parallel (forward wrapping) to the model"),
            (
                run.layout.recompute != "none",
                0.02,
                f"Applied {run.layout.recompute.capitalize()}AC activation checkpointing to the model",
            ),
            (run.compiled, 0.02, "Compiling each TransformerBlock with torch.compile"),
            (True, 0.2, f"Applied {run.sharding} to the model"),
        )
        for wanted, share, text in applied:
            await self._pass("model", share)
            if wanted:
                await self._log.info(text)
        await self._pass("model", 0.52)
        await self._memory_use()
        await self._pass("model", 0.02)

    async def _memory_use(self) -> None:
        """Weights are in place, in fp32 and sharded, and rotary caches."""
        run = self._run
        await self._warn_of_peak()
        await self._log.info(f"Peak FLOPS used for computing MFU: {peak_flops(run.gpu.device):.3e}")
        held = reserved.of_model(run) / GIB
        await self._log.info(f"CUDA memory usage for model: {held:.2f}GiB({100 * held / run.gpu.memory_gib:.2f}%)")

    async def _optimizer(self) -> None:
        """One group of parameters, with the settings that it is made with."""
        run, optimizer = self._run, self._run.optimizer
        settings = {
            "fused": True, "foreach": False, "lr": run.peak_lr, "betas": (optimizer.beta1, optimizer.beta2),
            "eps": optimizer.eps, "weight_decay": optimizer.weight_decay,
        }  # fmt: skip
        tensors = optimized_tensors(run.model)
        await self._log.info(f"Optimizer {optimizer.name} (model_part=0): {tensors} params [.*] {settings}")
        await self._pass("optimizer", 0.95)

    async def _load(self) -> None:
        speaker, run = self._speaker, self._run
        if "weights" not in self._seconds or (not self._step and run.kind != "finetune"):
            await self._pass("weights")
            await self._log.info("No checkpoint was provided, this is a fresh start.")
            return
        if self.load_path == run.load_path and run.kind == "finetune":
            await self._log.info(f"Loading HF safetensors from --model.hf_assets_path: {self.load_path}")
        await self._log.info(f"Loading the checkpoint from {self.load_path}.")
        await self._pass("weights")
        await speaker.collected("GC collection for checkpoint loading.")
        await self._log.info(f"Finished loading the checkpoint in {self._seconds['weights']:.2f} seconds.")
