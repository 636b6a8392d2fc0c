"""What is trained on what: one consistent run. Pure Python, as it is there before a show's first line."""

from dataclasses import dataclass
from typing import NamedTuple

from fakeact_llm_training.catalogue.records import Dataset, Gpu, Model
from fakeact_llm_training.sim.flat import FlatNames
from fakeact_llm_training.sim.frameworks import FRAMEWORKS
from fakeact_llm_training.sim.kinds import DialectName, FaultRate, Kind, LossScaling
from fakeact_llm_training.sim.layout import Layout
from fakeact_llm_training.sim.memory import GIB, used_mib
from fakeact_llm_training.sim.model import flops_per_token, total_parameters, weight_bytes
from fakeact_llm_training.sim.schedule import Optimizer, Schedule
from fakeact_llm_training.sim.site import Site, Tone


class Data(NamedTuple):
    """The corpus packed into sequences: `available` of them, of which the first `samples` are trained on.

    `subset` says that those are not all; `validation` sequences are held out behind them. After `max_steps` the run
    is over, wherever in the corpus.
    """

    dataset: Dataset
    available: int
    samples: int
    validation: int
    subset: bool
    max_steps: int | None = None


@dataclass(frozen=True)
class Scenario(FlatNames):
    """A run in which everything fits; times in s, memory in GiB as torch and MiB as nvidia-smi say it."""

    tone: Tone
    model: Model
    gpu: Gpu
    layout: Layout
    site: Site
    data: Data
    epochs: int
    schedule: Schedule
    optimizer: Optimizer
    seed: int
    compiled: bool
    checkpoint_interval: int
    io_per_node: float
    """Bytes per second that a node writes to and reads from shared storage."""
    log_interval: int = 10
    kind: Kind = "pretrain"
    dialect: DialectName = "pytorch"
    faults: FaultRate = "none"
    start_step: int = 0
    """Steps done before this job."""
    prior_seconds: float = 0.0
    """Seconds that the jobs before this one have trained."""
    load_path: str | None = None
    """The directory that weights come from: a checkpoint, or a published model; None from scratch."""
    time_limit: float | None = None
    """Seconds of training after which the job saves and ends."""
    step_limit: int | None = None
    """Steps of this job after which it does."""
    validation_interval: int = 0
    """Steps between validations inside an epoch; 0 for none."""
    patience: int | None = None
    """Evaluations without improvement after which a fine-tune stops."""
    async_checkpoints: bool = False
    keep_checkpoints: int | None = None
    """How many checkpoints are kept; None for all."""
    max_restarts: int = 3
    collective_timeout: int = 120
    """Seconds after which the watchdog gives a collective up."""
    loss_scaling: LossScaling | None = None

    @property
    def by_ssh(self) -> bool:
        """Whether each node's launcher knows of its own workers only."""
        return self.nodes <= FRAMEWORKS[self.dialect].by_ssh

    # The batch
    @property
    def sequence_length(self) -> int:
        """Tokens in a sequence."""
        return self.layout.sequence_length

    @property
    def micro_batch(self) -> int:
        """Sequences a data-parallel rank takes at once."""
        return self.layout.micro_batch

    @property
    def grad_accum(self) -> int:
        """Micro-batches in an optimizer step."""
        return self.layout.grad_accum

    @property
    def global_batch(self) -> int:
        """Sequences in an optimizer step."""
        return self.layout.global_batch

    @property
    def tokens_per_step(self) -> int:
        """Tokens in an optimizer step."""
        return self.global_batch * self.sequence_length

    # The length
    @property
    def by_epoch(self) -> bool:
        """Whether the framework validates and saves at epochs' ends; else at its intervals and the run's end only."""
        return FRAMEWORKS[self.dialect].by_epoch

    def is_due(self, interval: int, step: int) -> bool:
        """Whether what is done at an interval, or at epochs' ends, is due after a step."""
        ends = step % self.steps_per_epoch == 0
        if step == self.total_steps or (ends and self.by_epoch and not FRAMEWORKS[self.dialect].as_trainer):
            return True
        if interval in {0, self.steps_per_epoch} and self.by_epoch:
            return ends
        return bool(interval) and self._place(step) % interval == 0

    def is_due_to_validate(self, step: int) -> bool:
        """Whether a validation follows a step."""
        if FRAMEWORKS[self.dialect].saves_first:
            return step == 1 or step % self.validation_interval == 0
        return self.is_due(self.validation_interval, step)

    def validates_behind(self, step: int) -> bool:
        """Whether the validation after a step belongs to what the trainer does when the loop is over."""
        due = step % (self.validation_interval or self.steps_per_epoch) == 0
        return FRAMEWORKS[self.dialect].evaluates_behind and step == self.total_steps and not due

    def saves_behind(self, step: int) -> bool:
        """Whether training goes on while a checkpoint is written; who saves first waits for the last one."""
        return self.async_checkpoints and not (FRAMEWORKS[self.dialect].saves_first and step == self.total_steps)

    def _place(self, step: int) -> int:
        """The step that intervals count: fine-tunes evaluate so many times an epoch, long runs at round steps."""
        if self.kind == "finetune" and self.by_epoch and not FRAMEWORKS[self.dialect].as_trainer:
            return (step - 1) % self.steps_per_epoch + 1
        return step

    @property
    def dataset(self) -> Dataset:
        """The corpus."""
        return self.data.dataset

    @property
    def train_samples(self) -> int:
        """Packed sequences in an epoch; most frameworks drop what does not fill a batch."""
        return self.data.samples

    @property
    def validation_samples(self) -> int:
        """Packed sequences that are held out."""
        return self.data.validation

    @property
    def validation_batches(self) -> int:
        """Batches of one micro-batch a rank in a validation."""
        return -(-self.data.validation // (self.micro_batch * self.dp))

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch."""
        return self.layout.steps_in(self.train_samples, partial=FRAMEWORKS[self.dialect].as_trainer)

    @property
    def total_steps(self) -> int:
        """Optimizer steps of the run."""
        return self.data.max_steps or self.steps_per_epoch * self.epochs

    @property
    def first_step(self) -> int:
        """The first step of this job, counted from 1 over the whole run."""
        return self.start_step + 1

    @property
    def last_step(self) -> int:
        """The last step that this job may come to."""
        return min(self.total_steps, self.start_step + (self.step_limit or self.total_steps))

    @property
    def consumed_samples_before(self) -> int:
        """Sequences that the jobs before this one have trained on."""
        return self.start_step * self.global_batch

    @property
    def consumed_tokens_before(self) -> int:
        """Tokens that the jobs before this one have trained on."""
        return self.start_step * self.tokens_per_step

    @property
    def total_tokens(self) -> int:
        """Tokens trained on in the whole run."""
        return self.total_steps * self.tokens_per_step

    # The pace
    @property
    def step_time(self) -> float:
        """Seconds of an undisturbed warm step."""
        return self.layout.step_time

    @property
    def flops_per_token(self) -> int:
        """FLOPs of forward and backward for one token."""
        return flops_per_token(self.model, self.sequence_length)

    @property
    def peak_flops(self) -> float:
        """The fleet's dense bf16 peak in FLOP/s."""
        return self.gpu.bf16_tflops * 1e12 * self.world_size

    @property
    def mfu(self) -> float:
        """Model FLOPs utilisation of an undisturbed step, as a fraction."""
        return self.mfu_at(self.step_time)

    @property
    def tokens_per_second(self) -> float:
        """Tokens a second of an undisturbed step, whole fleet."""
        return self.tokens_per_step / self.step_time

    @property
    def tflops_per_gpu(self) -> float:
        """Achieved TFLOP/s per GPU of an undisturbed step."""
        return self.tflops_at(self.step_time)

    def tflops_at(self, step_time: float) -> float:
        """TFLOP/s per GPU if a step takes `step_time` seconds."""
        return self.tokens_per_step * self.flops_per_token / step_time / self.world_size / 1e12

    def mfu_at(self, step_time: float) -> float:
        """Model FLOPs utilisation, a fraction, if a step takes `step_time` seconds."""
        return self.tflops_at(step_time) / self.gpu.bf16_tflops

    # The memory
    @property
    def allocated_gib(self) -> float:
        """Torch's peak of allocated memory on the fullest GPU."""
        return self.layout.memory.allocated / GIB

    @property
    def reserved_gib(self) -> float:
        """Torch's reserved memory on the fullest GPU, constant after the second step."""
        return self.layout.memory.reserved / GIB

    @property
    def used_mib(self) -> int:
        """What nvidia-smi shows on the fullest GPU."""
        return used_mib(self.layout.memory, self.layout.parallelism)

    # The files
    @property
    def parameters(self) -> int:
        """The model's parameter count."""
        return total_parameters(self.model)

    @property
    def weight_bytes(self) -> int:
        """The weights in bf16."""
        return weight_bytes(self.model)

    @property
    def checkpoint_bytes(self) -> int:
        """Weights and optimizer: fp32 weights and two moments, 12 a parameter; 14 with 16-bit ones as well."""
        return self.parameters * self.bytes_per_parameter

    @property
    def bytes_per_parameter(self) -> int:
        """Bytes of a parameter in a checkpoint."""
        return 14 if self.sharding.startswith("ZeRO") else 12

    @property
    def checkpoint_shards(self) -> int:
        """Files of a checkpoint: one a rank, or one in all when nothing is sharded."""
        return 1 if self.sharding == "DDP" else self.world_size

    @property
    def io_rate(self) -> float:
        """Bytes per second of a checkpoint: one process, or all nodes up to the file system's 200 GB/s."""
        return self.io_per_node * 0.6 if self.sharding == "DDP" else min(self.io_per_node * self.nodes, 200e9)
