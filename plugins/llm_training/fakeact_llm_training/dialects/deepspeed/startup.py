"""From the runner's command to the moment before the first step; a restart goes the same way."""

import base64
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from fakeact.widgets import tqdm_meter
from fakeact_llm_training.dialects.deepspeed import defaults, pipeline, settings, tensors
from fakeact_llm_training.dialects.deepspeed.log import ARGUMENTS, SCRIPT
from fakeact_llm_training.dialects.deepspeed.memory import Reading, readings
from fakeact_llm_training.sim.startup import Phase
from fakeact_llm_training.tools import deepspeed, torchrun

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.deepspeed import Speaker

OPTIMIZERS = {
    2: "DeepSpeedZeroOptimizer",
    1: "DeepSpeedZeroOptimizer",
    3: "DeepSpeedZeroOptimizer_Stage3",
    0: "AdamW",
}
ACCELERATED = "Setting ds_accelerator to cuda (auto detect)"
DTYPES = {"fp16": "float16", "bf16": "bfloat16"}


class StartUp:
    """The phases of a launch that began `begins` seconds after the first one; `path` is what is loaded."""

    def __init__(self, speaker: "Speaker", phases: Sequence[Phase], begins: float, path: str | None) -> None:
        self._speaker, self._log, self._scenario = speaker, speaker.log, speaker.scenario
        self._phases, self._begins, self._path = phases, begins, path

    async def play(self) -> None:
        """Let the phases follow one another."""
        acts = {
            "launch": self._launch,
            "devices": self._devices,
            "nccl": self._nccl,
            "model": self._model,
            "weights": self._weights,
            "optimizer": self._optimizer,
            "compile": self._compile,
        }
        for phase in self._phases:
            if act := acts.get(phase.name):
                await act(phase)
            await self._until(phase, 1.0)

    async def _until(self, phase: Phase, share: float) -> None:
        await self._speaker.until(self._begins + phase.begins + share * phase.seconds)

    async def _launch(self, phase: Phase) -> None:
        if self._log.by_torchrun:
            for line in torchrun.omp_banner(self._speaker.io.now(), self._speaker.launcher(0)):
                await self._log.plain(line)
            self._speaker.load_simulation()
            return
        await self._run(phase)
        lines = [line for node in self._log.nodes for line in self._spawn(node, phase)]
        for at, node, source, text in sorted(lines, key=itemgetter(0)):
            await self._speaker.until(self._begins + phase.begins + at)
            await self._log.launcher(node, source, text)

    async def _run(self, phase: Phase) -> None:
        """The command that the user typed."""
        log, site = self._log, self._scenario.site
        await log.runner(deepspeed.ACCELERATOR, ACCELERATED)
        self._speaker.load_simulation()
        await self._until(phase, 0.1)
        if log.over_pdsh:
            address = site.address(0)
            await log.runner(deepspeed.RUNNER["address"], f"Using IP address of {address} for node {log.hosts[0]}")
            await log.runner(deepspeed.RUNNER["workers"], f"Running on the following workers: {','.join(log.hosts)}")
        await log.runner(deepspeed.RUNNER["command"], f"cmd = {self._command()}")

    def _command(self) -> str:
        scenario, site, hosts = self._scenario, self._scenario.site, self._log.hosts
        world = json.dumps(deepspeed.world(hosts, scenario.gpus_per_node)).encode()
        python = f"{self._speaker.launcher(0).binary} -u -m deepspeed.launcher.launch"
        info = f"--world_info={base64.urlsafe_b64encode(world).decode()}"
        end = f"--master_port={site.master_port}"
        script = " ".join((SCRIPT, *ARGUMENTS))
        if not self._log.over_pdsh:
            return f"{python} {info} --master_addr=127.0.0.1 {end} --enable_each_rank_log=None {script}"
        home = site.paths.output
        return (
            f"pdsh -S -f 1024 -w {','.join(hosts)} export PYTHONPATH={home}; export NCCL_DEBUG=WARN;  cd {home}; "
            f"{python} {info} --node_rank=%n --master_addr={site.address(0)} {end} {script}"
        )

    def _spawn(self, node: int, phase: Phase) -> Iterator[tuple[float, int, deepspeed.Source, str]]:
        """What a node's launcher says, and when: nodes are apart by their ssh, workers by some milliseconds."""
        log, per_node = self._log, self._scenario.gpus_per_node
        window = self._speaker.startup.phase("devices")
        assert window
        late = self._speaker.startup.detection(node * per_node).at / window.seconds
        at = phase.seconds * (0.4 + 0.4 * late)
        yield at, node, deepspeed.ACCELERATOR, ACCELERATED
        for source, text in deepspeed.launcher_lines(log.hosts, per_node, node):
            at += 0.0007
            yield at, node, source, text
        for local in range(per_node):
            at += 0.0031
            pid = self._speaker.pid(node * per_node + local)
            yield at, node, deepspeed.LAUNCHER["spawned"], f"process {pid} spawned with command: {log.command(local)}"

    async def _ranks(self, phase: Phase, begin: float, end: float) -> AsyncIterator[int]:
        """The ranks that are seen, in the order in which they get there, between two shares of a phase."""
        window = self._speaker.startup.phase("devices")
        assert window
        for found in self._speaker.startup.detections(self._log.ranks):
            await self._until(phase, begin + (end - begin) * found.at / window.seconds)
            yield found.rank

    async def _devices(self, phase: Phase) -> None:
        """Each rank imports DeepSpeed in its own time, then joins."""
        async for rank in self._ranks(phase, 0.0, 0.8):
            await self._log.say(deepspeed.ACCELERATOR, ACCELERATED, rank)
        async for rank in self._ranks(phase, 0.8, 0.98):
            await self._log.say(deepspeed.BACKEND["cdb"], "cdb=None", rank)
        backend = "Initializing TorchBackend in DeepSpeed with backend nccl"
        await self._log.say(deepspeed.BACKEND["initializing"], backend)

    async def _nccl(self, _phase: Phase) -> None:
        # At NCCL_DEBUG=WARN the first communicator says the version, and nothing else.
        library = "RCCL" if self._scenario.gpu.vendor == "amd" else "NCCL"
        await self._log.worker(0, f"{library} version {self._scenario.site.versions.nccl}")

    async def _model(self, phase: Phase) -> None:
        if settings.stage(self._scenario) == 3:
            await self._until(phase, 0.5)
            model = self._scenario.model
            count = tensors.matrices(model) + tensors.vectors(model)
            elements = self._scenario.parameters / 1e9
            await self._log.say(
                deepspeed.ZERO_INIT,
                f"finished initializing model - num_params = {count}, num_elems = {elements:.2f}B",
            )
        if self._scenario.pp > 1:
            await self._partition()
        if self._from_checkpoint:
            await self._until(phase, 0.55)
            await self._engine(phase, 0.55, 0.98)

    @property
    def _from_checkpoint(self) -> bool:
        """A checkpoint of this run is read by the engine, so that there has to be one."""
        return (self._path is not None and self._scenario.kind != "finetune") or self._speaker.restarts > 0

    async def _weights(self, phase: Phase) -> None:
        weights = self._speaker.startup.weights
        if self._from_checkpoint:
            if self._path:
                await self._load(phase, self._path)
        elif weights.what == "published":
            await self._until(phase, 0.97)
            # Behind a pipe only the last state of the bar is left to see.
            seconds = 0.97 * phase.seconds
            bar = tqdm_meter(weights.shards, weights.shards, seconds, None, "Loading checkpoint shards")
            await self._log.worker(0, bar)

    async def _load(self, phase: Phase, path: str) -> None:
        log = self._log
        files = self._speaker.model_file(path), self._speaker.optimizer_file(path)
        for share, file in zip((0.2, 0.9), files, strict=True):
            await log.on_rank_0(f"[Torch] Begin Load checkpoint from {file}...")
            await self._until(phase, share)
            await log.on_rank_0(f"[Torch] End Load checkpoint from {file}...")
        parts = self._scenario.dp
        async for rank in self._ranks(phase, 0.9, 0.99):
            await log.say(
                deepspeed.LOADING["read"], f"successfully read {parts} ZeRO state_dicts for rank {rank}", rank
            )
            await log.say(
                deepspeed.LOADING["partitions"], f"loading {parts} zero partition checkpoints for rank {rank}", rank
            )

    async def _optimizer(self, phase: Phase) -> None:
        if not self._from_checkpoint:
            await self._engine(phase, 0.0, 0.9)

    async def _engine(self, phase: Phase, begin: float, end: float) -> None:
        """deepspeed.initialize, between two shares of a phase."""
        log, scenario = self._log, self._scenario
        version = f"DeepSpeed info: version={deepspeed.VERSION}, git-hash=unknown, git-branch=unknown"
        await log.on_rank_0(version)
        mesh = f"Config mesh_device None world_size = {scenario.dp}"
        step = (end - begin) / 10
        async for rank in self._ranks(phase, begin, begin + step):
            await log.say(deepspeed.CONFIG["mesh"], mesh, rank)
        await log.on_rank_0("DeepSpeed Flops Profiler Enabled: False")
        await log.on_rank_0("Using client Optimizer as basic optimizer")
        await log.on_rank_0("Removing param_group that has no 'params' in the basic Optimizer")
        await log.on_rank_0("DeepSpeed Basic Optimizer = AdamW")
        await self._zero(phase, begin + step, end)
        await self._schedule()
        if scenario.pp > 1:
            await self._stages()
        await self._configuration()

    async def _zero(self, phase: Phase, begin: float, end: float) -> None:
        log, scenario = self._log, self._scenario
        level = settings.stage(scenario)
        bf16 = settings.accumulates_in_fp32(scenario)
        if level:
            kind = "<class 'torch.optim.adamw.AdamW'>"
            await log.say(deepspeed.SUPPORT, f"Checking ZeRO support for optimizer=AdamW type={kind}")
            await self._announce(level, bf16=bf16)
        found = list(readings(scenario))
        for at, reading in enumerate(found):
            await self._until(phase, begin + (end - begin) * (at + 1) / len(found))
            await self._memory(reading)
            await self._between(reading, level, bf16=bf16)
        await log.on_rank_0(f"DeepSpeed Final Optimizer = {'BF16_Optimizer' if bf16 else OPTIMIZERS[level]}")

    async def _announce(self, level: int, *, bf16: bool) -> None:
        """Which optimizer is made, with its settings."""
        log, dtype = self._log, f"torch.{DTYPES[self._scenario.precision]}"
        if bf16:
            await log.on_rank_0("Creating BF16 optimizer")
            return
        if level == 3:
            await log.on_rank_0(
                "Creating fp16 ZeRO stage 3 optimizer, MiCS is enabled False, Hierarchical params gather False"
            )
        await log.on_rank_0(f"Creating {dtype} ZeRO stage {level} optimizer")
        if level < 3:
            await log.say(deepspeed.ZERO_12["reduce"], f"Reduce bucket size {defaults.BUCKET}")
            await log.say(deepspeed.ZERO_12["allgather"], f"Allgather bucket size {defaults.BUCKET}")
            await log.say(deepspeed.ZERO_12["offload"], "CPU Offload: False")
            await log.say(deepspeed.ZERO_12["robin"], "Round robin gradient partitioning: False")

    async def _between(self, reading: Reading, level: int, *, bf16: bool) -> None:
        """What ZeRO says between its looks at the memory."""
        log, model = self._log, self._scenario.model
        if reading.title == "Stage 3 initialize beginning":
            await log.say(deepspeed.ZERO_3["reduce"], f"Reduce bucket size {defaults.BUCKET}")
            await log.say(deepspeed.ZERO_3["prefetch"], f"Prefetch bucket size {defaults.PREFETCH}")
        elif reading.title.endswith("initialize [begin]"):
            small = tensors.vectors(model), tensors.vector_parameters(model)
            text = "Parameter Offload - Persistent parameters statistics: param_count = {}, numel = {}"
            await log.worker(0, text.format(*small))
        elif reading.title == "After initializing optimizer states" and not bf16:
            source = deepspeed.ZERO_3["states"] if level == 3 else deepspeed.ZERO_12["states"]
            await log.say(source, "optimizer state initialized")

    async def _memory(self, reading: Reading) -> None:
        title, *device, used, total = reading
        await self._log.say(deepspeed.MEMORY["title"], title)
        await self._log.say(deepspeed.MEMORY["device"], deepspeed.device_memory(*device))
        await self._log.say(deepspeed.MEMORY["host"], deepspeed.host_memory(used, total))

    async def _schedule(self) -> None:
        scenario, optimizer = self._scenario, self._scenario.optimizer
        where = f"{settings.address(scenario, 2):#x}"
        await self._log.on_rank_0("DeepSpeed using client LR scheduler")
        await self._log.on_rank_0(f"DeepSpeed LR Scheduler = <torch.optim.lr_scheduler.LambdaLR object at {where}>")
        await self._log.on_rank_0(deepspeed.progress(0, 0, 0.0, (optimizer.beta1, optimizer.beta2)))

    async def _configuration(self) -> None:
        log, scenario = self._log, self._scenario
        await log.say(deepspeed.CONFIG["heading"], "DeepSpeedEngine configuration:")
        for name, value in settings.configuration(scenario):
            first, *rest = settings.row(name, value).split("\n")
            await log.say(deepspeed.CONFIG["row"], first)
            for line in rest:
                await log.worker(0, line)
        first, *rest = f"  json = {settings.as_json(settings.user_config(scenario))}".split("\n")
        await log.say(deepspeed.CONFIG["json"], first)
        for line in rest:
            await log.worker(0, line)

    async def _partition(self) -> None:
        await self._log.say(
            deepspeed.PIPELINE["partitioning"], "Partitioning pipeline stages with method type:transformer"
        )
        for line in pipeline.table(self._scenario):
            await self._log.worker(0, line)

    async def _stages(self) -> None:
        scenario, log = self._scenario, self._log
        sizes = f"micro_batches={scenario.grad_accum} micro_batch_size={scenario.micro_batch}"
        await log.say(deepspeed.PIPELINE["config"], f"CONFIG: {sizes}")
        cut = scenario.tp > 1
        for rank in log.ranks:
            text = f"is_pipe_partitioned= {cut} is_grad_partitioned= {cut}"
            await log.say(deepspeed.PIPELINE["partitioned"], text, rank)
        for rank, text in pipeline.stage_lines(scenario):
            await log.say(deepspeed.PIPELINE["stage"], f"RANK={rank} {text}", rank)

    async def _compile(self, phase: Phase) -> None:
        async for rank in self._ranks(phase, 0.0, 0.04):
            await self._log.say(deepspeed.COMPILING, "Compiling deepcompile=False backend=inductor", rank)
