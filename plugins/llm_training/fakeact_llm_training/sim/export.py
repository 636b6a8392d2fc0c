"""What follows training: the weights are gathered, converted and written as the Hub has them."""

import random
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.sim.companions import Companion, configuration, tokenizer_files, trainer_files
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.shards import LIMITS, Split, model_tensors, split

Limit = Literal["5GB", "50GB"]
PhaseName = Literal["gather", "convert", "write"]

# A GPU copies into pageable host memory at some 8 GB/s; a GPU of another node sends through its own port, most
# of whose rate is reached.
HOST_COPY, PORT_SHARE = 8e9, 0.8
# torch's cast from fp32 to bf16 on a host's cores, bytes read and written together.
CAST_RATE = 20e9
# One process writes what a node does at 0.6 of its rate, as in `Scenario.io_rate`.
ONE_PROCESS = 0.6
# Opening, writing and syncing a small file on shared storage, and putting a vocabulary into JSON.
FILE_SECONDS, JSON_RATE = 0.012, 60e6


@dataclass(frozen=True)
class ExportedFile:
    """A file and when it is written; `begins` in seconds after the export's start."""

    name: str
    bytes: int
    begins: float
    seconds: float
    is_weights: bool

    @property
    def ends(self) -> float:
        """Seconds after the export's start."""
        return self.begins + self.seconds

    @property
    def rate(self) -> float:
        """Bytes per second."""
        return self.bytes / self.seconds


@dataclass(frozen=True)
class Export:
    """A model on its way to `path`: gathered, cast to bf16, written file by file by one process.

    `gathered_bytes` are what leaves the GPUs: fp32 master weights, or 16-bit ones where they are kept.
    """

    model: Model
    path: str
    limit: Limit
    split: Split
    files: tuple[ExportedFile, ...]
    gathered_bytes: int
    gather_seconds: float
    convert_seconds: float

    @cached_property
    def seconds(self) -> float:
        """From the start to the last file's end."""
        return self.files[-1].ends

    @property
    def bytes(self) -> int:
        """All files."""
        return sum(file.bytes for file in self.files)

    @property
    def weights(self) -> tuple[ExportedFile, ...]:
        """The safetensors files in order."""
        return tuple(file for file in self.files if file.is_weights)

    @property
    def index_path(self) -> str | None:
        """Where each tensor's file is written down, if there are several."""
        return f"{self.path}/model.safetensors.index.json" if self.split.is_sharded else None

    def phase(self, elapsed: float) -> PhaseName:
        """What goes on `elapsed` seconds after the start."""
        if elapsed < self.gather_seconds:
            return "gather"
        return "convert" if elapsed < self.gather_seconds + self.convert_seconds else "write"

    def gathered(self, elapsed: float) -> int:
        """Bytes that have left the GPUs by then."""
        return int(self.gathered_bytes * min(max(elapsed / self.gather_seconds, 0.0), 1.0))

    def written(self, elapsed: float) -> int:
        """Bytes of all files that are written by then."""
        shares = ((file.bytes, (elapsed - file.begins) / file.seconds) for file in self.files)
        return sum(int(size * min(max(share, 0.0), 1.0)) for size, share in shares)

    def writing(self, elapsed: float) -> ExportedFile | None:
        """The file that is being written then."""
        return next((file for file in self.files if file.begins <= elapsed < file.ends), None)


def draw_export(scenario: Scenario, rng: random.Random, *, limit: Limit = "5GB", logged: int = 0) -> Export:
    """The export of a scenario's model; `logged` are the Trainer's log entries, which its state holds.

    `limit` is the largest shard: 5GB up to transformers 4.57, 50GB from 5.0 on. Sizes give the durations, `rng`
    their scatter. Files beside the weights are those of transformers; the Trainer's come with dialect "hf".
    """
    model = scenario.model
    plan = split(model_tensors(model), LIMITS[limit])
    width = 2 if scenario.precision in {"bf16", "fp16"} else 4
    gathered = scenario.parameters * width
    gather = gathered / (_gather_rate(scenario) * rng.uniform(0.85, 1.0))
    convert = (gathered + plan.total_bytes) / CAST_RATE if width == 4 else 0.0
    rate = scenario.io_per_node * ONE_PROCESS * rng.uniform(0.9, 1.05)
    return Export(
        model=model,
        path=f"{scenario.site.paths.output}/hf",
        limit=limit,
        split=plan,
        files=_timed(_files(scenario, plan, limit, logged), gather + convert, rate, rng),
        gathered_bytes=gathered,
        gather_seconds=gather,
        convert_seconds=convert,
    )


def _gather_rate(scenario: Scenario) -> float:
    if scenario.sharding == "DDP" or scenario.nodes == 1:
        return HOST_COPY
    return min(HOST_COPY, scenario.gpu.nic_GBps * 1e9 * PORT_SHARE)


def _files(scenario: Scenario, plan: Split, limit: Limit, logged: int) -> list[Companion]:
    """All files in the order in which transformers writes them."""
    model = scenario.model
    files = [*configuration(model), *(Companion(shard.name, shard.bytes) for shard in plan.shards)]
    if plan.is_sharded:
        files.append(Companion("model.safetensors.index.json", plan.index_bytes))
    files += tokenizer_files(model.tokenizer, slow=limit == "5GB")
    return files + list(trainer_files(logged)) if scenario.dialect == "hf" else files


def _timed(files: list[Companion], begins: float, rate: float, rng: random.Random) -> tuple[ExportedFile, ...]:
    """Files one after the other, each at nearly the same rate."""
    timed = []
    for file in files:
        is_weights = file.name.endswith(".safetensors")
        flow = rate * rng.uniform(0.96, 1.04) if is_weights else JSON_RATE
        seconds = FILE_SECONDS * rng.uniform(0.5, 1.5) + file.bytes / flow
        timed.append(ExportedFile(file.name, file.bytes, begins, seconds, is_weights))
        begins += seconds
    return tuple(timed)
