"""From the launcher to the moment before the first step."""

from fakeact.style import yellow
from fakeact.units import SHORT_SCALE, binary_bytes, clock_time, decimal_bytes, grouped, si
from fakeact.widgets import tqdm_meter
from fakeact_llm_training.dialects.base import Dialect
from fakeact_llm_training.dialects.pytorch.library import Library
from fakeact_llm_training.dialects.pytorch.log import Log
from fakeact_llm_training.sim.model import active_parameters, parameter_table
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.startup import Phase, PhaseName, Preflight, WeightsLoad
from fakeact_llm_training.tools import nccl_tests, torchrun

MOST_DETECTIONS = 64
"""Ranks that are listed one by one; larger fleets report node by node, very large ones by count."""
REDRAW_MS = 100


class StartUp:
    """The trainer's start-up, phase by phase."""

    def __init__(self, speaker: Dialect, log: Log, library: Library) -> None:
        self._library = library
        self._speaker, self._io, self._log, self._startup = speaker, speaker.io, log, speaker.startup
        self._run: Scenario = speaker.scenario

    async def play(self) -> None:
        """Let the phases of this run follow one another."""
        acts = {
            "launch": self._launch,
            "rendezvous": self._rendezvous,
            "devices": self._devices,
            "nccl": self._nccl,
            "preflight": self._preflight,
            "model": self._model,
            "weights": self._weights,
            "tokenizer": self._tokenizer,
            "dataset": self._dataset,
            "optimizer": self._optimizer,
            "compile": self._compile,
        }
        for phase in self._startup.phases:
            await acts[phase.name](phase)
            await self._until(phase.ends)
        await self._report()

    async def _until(self, seconds: float) -> None:
        await self._speaker.until(seconds)

    async def _launch(self, _phase: Phase) -> None:
        if self._run.gpus_per_node == 1:  # torchrun speaks up only if it starts several workers
            return
        for line in torchrun.omp_banner(self._io.now(), self._speaker.launcher(0)):
            await self._io.print(line)
        self._speaker.load_simulation()

    async def _rendezvous(self, phase: Phase) -> None:
        run, site = self._run, self._run.site
        await self._log.heading(f"{run.run_name}: {run.model.name} on {run.world_size} x {run.gpu.device}")
        stack = "ROCm" if run.gpu.vendor == "amd" else "CUDA"
        versions = site.versions
        await self._log.info(
            f"PyTorch {versions.torch}, {stack} {versions.cuda}, {self._ccl} {versions.nccl}, "
            f"driver {versions.driver}, Python {versions.python}, job {site.job_id}"
        )
        await self._log.info(
            f"init_process_group(backend='nccl', init_method='env://'): waiting for {run.world_size} ranks at "
            f"{run.master_addr}:{run.master_port}, timeout {clock_time(run.collective_timeout)}"
        )
        await self._until(phase.ends)
        await self._log.info(
            f"Process group of {run.world_size} ranks on {run.nodes} {_plural('node', run.nodes)} x "
            f"{run.gpus_per_node} GPUs ready after {phase.seconds:.1f} s"
        )

    @property
    def _ccl(self) -> str:
        return "RCCL" if self._run.gpu.vendor == "amd" else "NCCL"

    async def _devices(self, phase: Phase) -> None:
        run = self._run
        step = 1 if run.world_size <= MOST_DETECTIONS else run.gpus_per_node
        ranks = range(0, run.world_size, step)[:MOST_DETECTIONS]
        for found in self._startup.detections(ranks):
            await self._until(phase.begins + found.at)
            device = f"cuda:{found.local_rank}" if step == 1 else f"{step} x cuda"
            await self._log.info(
                f"{found.host} pid {found.pid}: {device} {found.device}, {found.memory_gib:.2f} GiB, "
                f"PCI {found.bus_id}",
                found.rank,
            )
        await self._until(phase.ends)
        total = run.world_size * run.gpu.memory_gib
        await self._log.info(f"{run.world_size} GPUs detected, {total:,.0f} GiB of device memory in all")

    async def _nccl(self, phase: Phase) -> None:
        nccl = self._startup.nccl
        assert nccl
        self._library.begin(phase.begins, phase.seconds)
        while (at := self._library.next_at) is not None:
            await self._until(at)
            await self._library.speak()
        await self._until(phase.ends)
        await self._log.info(
            f"{self._ccl} communicator {nccl.comm_id:#x}: {nccl.ranks} ranks, {nccl.nodes} "
            f"{_plural('node', nccl.nodes)}, {nccl.channels} channels, init {phase.seconds:.2f} s"
        )

    async def _preflight(self, phase: Phase) -> None:
        check = self._startup.preflight
        assert check
        await self._log.info(f"Preflight: all_reduce_perf over {self._run.world_size} ranks")
        for line in nccl_tests.heading(check):
            await self._io.print(line)
        await self._library.connect()
        await self._all_reduce(check, phase)
        await self._until(phase.ends)
        for line in nccl_tests.footing(check):
            await self._io.print(line)

    async def _all_reduce(self, check: Preflight, phase: Phase) -> None:
        """The table grows as sizes are done; larger ones take longer."""
        total = sum(row.time for row in check.rows)
        done = 0.0
        for row in check.rows:
            done += row.time
            await self._until(phase.begins + phase.seconds * done / total)
            await self._io.print(nccl_tests.row(row))

    async def _model(self, phase: Phase) -> None:
        run, model = self._run, self._run.model
        await self._log.info(
            f"Building {model.name}: {model.layers} layers, hidden {model.hidden}, ffn {model.ffn}, "
            f"{model.heads} heads ({model.kv_heads} kv) of {model.head_dim}, vocabulary {grouped(model.vocab)}, "
            f"context {grouped(model.context)}"
        )
        await self._until(phase.ends)
        for row in parameter_table(model):
            if row.total:
                await self._io.print(f"    {row.name:<28}{grouped(row.total):>18}")
        await self._io.print(f"    {'total':<28}{grouped(run.parameters):>18}")
        active = active_parameters(model)
        part = f", {si(active, prefixes=SHORT_SCALE)} active per token" if active != run.parameters else ""
        await self._log.info(
            f"Model has {grouped(run.parameters)} parameters ({si(run.parameters, prefixes=SHORT_SCALE)}{part}), "
            f"built in {phase.seconds:.1f} s"
        )
        await self._log.info(
            f"Parallel layout: TP={run.tp} PP={run.pp} CP={run.cp} DP={run.dp} EP={run.ep}, {run.sharding}, "
            f"recompute {run.layout.recompute}"
        )

    async def _weights(self, phase: Phase) -> None:
        load = self._startup.weights
        await self._log.info(
            f"Loading {_LOADED[load.what]} {load.path} ({load.shards} {_plural('shard', load.shards)}, "
            f"{decimal_bytes(load.total_bytes, 2)}{self._origin(load)})"
        )
        async with self._io.live() as live:
            while (elapsed := self._since(phase)) < phase.seconds:
                done = load.loaded(elapsed)
                meter = tqdm_meter(
                    done, load.total_bytes, elapsed, self._io.width - 1, "Loading weights", "B",
                    unit_scale=True,
                )  # fmt: skip
                await live.show(meter)
                await self._io.csleep(min(REDRAW_MS, (phase.seconds - elapsed) * 1000 + 0.001))
        await self._log.info(
            f"Loaded {decimal_bytes(load.total_bytes, 2)} in {phase.seconds:.2f} s ({self._read_rate(load)})"
        )

    def _origin(self, load: WeightsLoad) -> str:
        return f", random initialisation of seed {self._run.seed}" if load.what == "seed" else ""

    def _read_rate(self, load: WeightsLoad) -> str:
        """Replicas are read whole by every node, shards once by all of them together."""
        if self._run.sharding == "DDP":
            return f"{decimal_bytes(round(load.node_rate), 2)}/s on each node"
        nodes = self._run.nodes
        return f"{decimal_bytes(round(load.rate), 2)}/s over {nodes} {_plural('node', nodes)}"

    def _since(self, phase: Phase) -> float:
        return self._speaker.elapsed - phase.begins

    async def _tokenizer(self, phase: Phase) -> None:
        model = self._run.model
        await self._until(phase.ends)
        await self._log.info(
            f"Tokenizer {model.tokenizer.name} from {self._run.site.paths.tokenizer}: vocabulary "
            f"{grouped(model.tokenizer.vocab)} (embedding {grouped(model.vocab)}), {phase.seconds:.2f} s"
        )

    async def _dataset(self, phase: Phase) -> None:
        run, data = self._run, self._run.data
        documents = f", {grouped(data.dataset.documents)} documents" if data.dataset.documents else ""
        await self._log.info(
            f"Dataset {data.dataset.name} ({data.dataset.split}{documents}, "
            f"{si(data.dataset.tokens, prefixes=SHORT_SCALE)} tokens) from {run.site.paths.dataset}"
        )
        await self._until(phase.ends)
        which = (
            f"the first {grouped(data.samples)} of {grouped(data.available)}" if data.subset else grouped(data.samples)
        )
        await self._log.info(
            f"Packed into sequences of {run.sequence_length}: {which} for training, {grouped(data.validation)} held "
            f"out; index built in {phase.seconds:.1f} s"
        )
        await self._log.info(
            f"Global batch {run.global_batch} sequences = micro batch {run.micro_batch} x {run.grad_accum} "
            f"accumulation x {run.dp} data-parallel = {grouped(run.tokens_per_step)} tokens; "
            f"{grouped(run.steps_per_epoch)} steps an epoch, {run.epochs} {_plural('epoch', run.epochs)}, "
            f"{grouped(run.total_steps)} steps in all"
        )

    async def _optimizer(self, phase: Phase) -> None:
        run, opt = self._run, self._run.optimizer
        await self._until(phase.ends)
        fused = " (fused)" if opt.fused else ""
        await self._log.info(
            f"{opt.name}{fused}: betas ({opt.beta1}, {opt.beta2}), eps {opt.eps:g}, weight decay {opt.weight_decay} on "
            f"{grouped(self._startup.decayed)} of {grouped(run.parameters)} parameters, clip {opt.clip}"
        )
        await self._log.info(
            f"Learning rate: {run.warmup_steps} steps of linear warm-up to {run.peak_lr:.2e}, then {run.schedule_kind} "
            f"decay to {run.min_lr:.2e} at step {run.total_steps}"
        )
        await self._log.info(
            f"Precision {run.precision}; {run.flops_per_token / 1e9:.6g} GFLOP/token, peak "
            f"{run.gpu.bf16_tflops:g} TFLOP/s per GPU"
        )

    async def _compile(self, phase: Phase) -> None:
        await self._log.info("torch.compile: compiling the transformer block (inductor)")
        await self._until(phase.ends)
        await self._log.info(f"torch.compile: done in {phase.seconds:.1f} s")

    async def _report(self) -> None:
        """How long each part took; what took nothing was not there."""
        parts = ", ".join(f"{_CALLED[phase.name]} {phase.seconds:.1f}" for phase in self._startup.phases)
        await self._log.info(f"Start-up took {self._startup.seconds:.1f} s: {parts}")
        run = self._run
        await self._log.info(
            f"Expected peak memory {run.allocated_gib:.2f} GiB allocated, {run.reserved_gib:.2f} GiB reserved of "
            f"{run.gpu.memory_gib:.2f} GiB; a checkpoint is {binary_bytes(run.checkpoint_bytes, 1)}"
        )
        if run.start_step:
            await self._log.info(
                f"Resuming after step {run.start_step}: {grouped(run.consumed_samples_before)} samples and "
                f"{grouped(run.consumed_tokens_before)} tokens consumed"
            )
        if run.compiled:
            await self._io.print(yellow("The first steps are slower: kernels are being tuned."))


_LOADED = {"seed": "seed checkpoint", "published": "published weights", "checkpoint": "checkpoint"}
_CALLED: dict[PhaseName, str] = {
    "launch": "launch",
    "rendezvous": "rendezvous",
    "devices": "devices",
    "nccl": "communicator",
    "preflight": "preflight",
    "model": "model",
    "weights": "weights",
    "tokenizer": "tokenizer",
    "dataset": "dataset",
    "optimizer": "optimizer",
    "compile": "compile",
}


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else noun + "s"
