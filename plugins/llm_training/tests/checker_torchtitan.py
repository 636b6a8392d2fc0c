"""A reader of torchtitan's log with a pocket calculator: knows only the printed text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from math import ceil, gcd, isclose, prod
from math import log as log_of
from typing import NamedTuple

from . import checker_lm_eval

LINE = re.compile(r"\[rank0\]:\[titan\] (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) - root - (INFO|WARNING) - (.*)")
MEMORY = r"memory: ([ \d]\d\.\d\d|\d{3}\.\d\d)GiB\((\d+\.\d\d)%\)"
STEP = re.compile(
    r"step: ([ \d]\d|\d{3,})  loss: ([ \d]?\d\.\d{5})  grad_norm: ([ \d]\d\.\d{4}|\d{3,}\.\d{4})  "
    + MEMORY
    + r"  tps: ([\d,]+)  tflops: ([\d,]+\.\d\d)  mfu: (\d+\.\d\d)%"
)
VALIDATE = re.compile(r"validate step: ([ \d]\d|\d{3,})  loss: ([ \d]\d\.\d{4})  " + MEMORY + r"  tps: ([\d,]+)")
PEAKS = {"A100": 312e12, "H100": 989e12, "H200": 989e12, "GB200": 2.5e15, "B200": 2.25e15, "MI300X": 1300e12}


class Shape(NamedTuple):
    """A model of torchtitan's registry."""

    dim: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    hidden_dim: int
    words: int
    tied: bool = False
    qk_norm: bool = False

    @property
    def parameters(self) -> int:
        """Embedding and head, matrices and norms of all layers, the last norm."""
        norms = 2 * self.dim + 2 * self.head_dim * self.qk_norm
        heads = 2 * (self.heads + self.kv_heads)
        layer = self.dim * self.head_dim * heads + 3 * self.dim * self.hidden_dim + norms
        return (1 if self.tied else 2) * self.words * self.dim + self.layers * layer + self.dim

    @property
    def tensors(self) -> int:
        """Parameters of the optimizer, queries, keys and values in one."""
        return self.layers * (9 if self.qk_norm else 7) + (2 if self.tied else 3)


# Read in torchtitan 0.3.0's registries.
REGISTRY = {
    ("llama3", "1B"): Shape(2048, 16, 32, 8, 64, 8192, 128256, tied=True),
    ("llama3", "3B"): Shape(3072, 28, 24, 8, 128, 8192, 128256, tied=True),
    ("llama3", "8B"): Shape(4096, 32, 32, 8, 128, 14336, 128256),
    ("llama3", "70B"): Shape(8192, 80, 64, 8, 128, 28672, 128256),
    ("llama3", "405B"): Shape(16384, 126, 128, 8, 128, 53248, 128256),
    ("qwen3", "8B"): Shape(4096, 36, 32, 8, 128, 12288, 151936, qk_norm=True),
    ("qwen3", "14B"): Shape(5120, 40, 40, 8, 128, 17408, 151936, qk_norm=True),
    ("qwen3", "32B"): Shape(5120, 64, 64, 8, 128, 25600, 151936, qk_norm=True),
}
# ProcessGroupNCCL.cpp of torch 2.12.0 by the words behind its lines.
C10D = {
    "watchdog thread terminated": 2197,
    "Watchdog caught": 757, "failure detected by": 2395, "Stack trace of": 801, "First PG on": 2732, "Observed": 1922,
    "Received a dump signal": 1987, "preparing to dump": 1700, "Some NCCL operations": 818, "To avoid data": 832,
}  # fmt: skip
SAID = re.compile(r"\[rank0\]:\[rank(\d+)\]:\[E(\d+) (\d\d:\d\d:\d\d\.\d{6})\d{3} ProcessGroupNCCL\.cpp:(\d+)\] (.*)")
OF_ALL = re.compile("Received a dump signal|preparing to dump|Observed flight recorder")
"""What the monitor thread says, which is that of the group of all ranks."""
CALLS = {"_ALLGATHER_BASE": "all_gather_into_tensor", "_REDUCE_SCATTER_BASE": "reduce_scatter_tensor"}
# run.py's line in torch's releases, the lines of the launcher's other messages, and NCCL as the wheels bundle it.
RELEASES = {
    "862": ("1014", "988", "2.29.7"),
    "792": ("897", "869", "2.21.5"),
    "766": ("900", "874", "2.26.2"),
    "774": ("900", "874", "2.27.3"),
    "803": ("908", "882", "2.27.5"),
}


def number(text: str) -> float:
    """A number as it is printed."""
    return float(text.replace(",", ""))


@dataclass
class Metrics:
    """A step's or a validation's line; a validation has no FLOPs."""

    at: datetime
    step: int
    loss: float
    memory: float
    share: float
    tps: float
    tflops: float = 0.0
    mfu: float = 0.0

    @property
    def trains(self) -> bool:
        """Whether it is a training step's."""
        return self.mfu > 0


@dataclass
class Attempt:
    """What a set of processes said, from its first line to the next set's."""

    texts: list[tuple[datetime, str]] = field(default_factory=list)
    metrics: list[Metrics] = field(default_factory=list)

    def find(self, pattern: str) -> tuple[datetime, re.Match[str]] | None:
        """The first line that a pattern matches, with its time."""
        return next(self.all(pattern), None)

    def all(self, pattern: str) -> Iterator[tuple[datetime, re.Match[str]]]:
        """Every line that a pattern matches."""
        for at, text in self.texts:
            if match := re.search(pattern, text):
                yield at, match

    def get(self, pattern: str) -> re.Match[str]:
        """The first match; there must be one."""
        found = self.find(pattern)
        assert found, pattern
        return found[1]

    @property
    def start(self) -> int | None:
        """The first step."""
        found = self.find(r"Training starts at step (\d+)")
        return int(found[1][1]) if found else None

    @property
    def world(self) -> int:
        """Ranks: the mesh's sizes multiplied."""
        return prod(self.mesh.values())

    @property
    def mesh(self) -> dict[str, int]:
        """Sizes of the mesh's dimensions."""
        sizes = re.findall(r"(\w+)=(\d+)", self.get(r"device mesh with parallelism: (.*)")[1])
        return {name: int(size) for name, size in sizes}

    @property
    def data_parallel(self) -> int:
        """Ranks that read different data."""
        return prod(size for name, size in self.mesh.items() if name.startswith("dp"))

    @property
    def tokens(self) -> int:
        """Tokens of a step."""
        match = self.get(r"global batch size (\d+), .* sequence length (\d+)")
        return int(match[1]) * int(match[2])

    @property
    def shape(self) -> Shape | None:
        """The model, if it is one of the registry's."""
        built = self.get(r"Building (\w+) (\S+)$")
        return REGISTRY.get((built[1], built[2]))

    @property
    def flops(self) -> int | None:
        """FLOPs of a token, from the model's shape and size."""
        if not (shape := self.shape):
            return None
        length = int(self.get(r"sequence length (\d+)")[1])
        total = int(number(self.get(r"size: ([\d,]+) total")[1]))
        matrices = total if shape.tied else total - shape.words * shape.dim
        return 6 * matrices + 12 * shape.layers * shape.heads * shape.head_dim * length


@dataclass
class Log:
    """A whole log: attempts, and what launchers and others said between."""

    attempts: list[Attempt] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def running(self) -> list[Attempt]:
        """Attempts that came to their first step."""
        return [attempt for attempt in self.attempts if attempt.start]


def read(lines: list[str]) -> Log:
    """Take a log apart."""
    log = Log()
    for line in lines:
        if not (match := LINE.fullmatch(line)):
            log.others.append(line)
            continue
        at, text = datetime.fromisoformat(match[1].replace(",", ".")), match[3]
        if text.startswith("torchtitan version"):
            log.attempts.append(Attempt())
        attempt = log.attempts[-1]
        attempt.texts.append((at, text))
        if step := STEP.fullmatch(text) or VALIDATE.fullmatch(text):
            figures = [number(value) for value in step.groups()]
            if STEP.fullmatch(text):
                del figures[2]
            attempt.metrics.append(Metrics(at, int(figures[0]), *figures[1:]))
    return log


def faults(lines: list[str]) -> list[str]:
    """Everything that does not agree with something else."""
    log = read(lines)
    return [f"{rule.__name__}: {fault}" for rule in RULES for fault in rule(log)]


def clock_goes_forward(log: Log) -> Iterator[str]:
    """Time stamps of rank 0 never go back."""
    stamps = [at for attempt in log.attempts for at, _ in attempt.texts]
    yield from (f"{after} after {before}" for before, after in pairwise(stamps) if after < before)


def metrics_have_their_form(log: Log) -> Iterator[str]:
    """Whatever looks like metrics is metrics, with torchtitan's widths."""
    for attempt in log.attempts:
        seen = list(attempt.all(r"^(?:validate )?step:"))
        if len(seen) != len(attempt.metrics):
            yield f"{len(seen)} lines, {len(attempt.metrics)} readable"


def steps_follow(log: Log) -> Iterator[str]:
    """From the announced step on, the first of the run and every tenth have a line; none after the last."""
    for attempt in log.running:
        seen = [m.step for m in attempt.metrics if m.trains]
        first = attempt.start or 1
        wanted = [n for n in range(first, (seen or [0])[-1] + 1) if n == 1 or n % 10 == 0]
        if seen != wanted:
            yield f"steps {sorted(set(seen) ^ set(wanted))[:5]}"
        total = int(attempt.get(r"total steps (\d+)")[1])
        yield from (f"step {step} of {total}" for step in seen if step > total)


def resumes_from_a_checkpoint(log: Log) -> Iterator[str]:
    """The first step is the one behind the loaded checkpoint; a restart loads one that was reached before."""
    reached = 0
    for attempt in log.running:
        loaded = attempt.find(r"Loading the checkpoint from \S*/step-(\d+)\.$")
        step = int(loaded[1][1]) if loaded else 0
        if attempt.start != step + 1:
            yield f"starts at {attempt.start} from step {step}"
        if reached and step > reached + 10:
            yield f"step {step} was never reached, only {reached}"
        reached = max([reached, *(m.step for m in attempt.metrics)])


def layout_multiplies_up(log: Log) -> Iterator[str]:
    """Global batch = local batch x data-parallel ranks x accumulation; the mesh fills the nodes."""
    for attempt in log.running:
        match = attempt.get(r"local batch size (\d+), global batch size (\d+), gradient accumulation steps (\d+)")
        local, whole, accumulation = map(int, match.groups())
        if whole != local * accumulation * attempt.data_parallel:
            yield f"{match[0]} on {attempt.data_parallel} data-parallel ranks"
        nodes = next((int(m[1]) for line in log.others if (m := re.search(r"srun .*--nodes=(\d+)", line))), 1)
        if attempt.world % nodes:
            yield f"{attempt.world} ranks on {nodes} nodes"
        total, warmup = map(int, attempt.get(r"total steps (\d+) \(warmup (\d+)\)").groups())
        if warmup >= total:
            yield f"{warmup} of {total} steps are warm-up"


def model_has_its_parameters(log: Log) -> Iterator[str]:
    """The size and the optimizer's tensors are those of the registry's model, and its name is not far off."""
    for attempt in log.attempts:
        said = attempt.find(r"Model (\w+) (\S+) size: ([\d,]+) total")
        if not said:
            continue
        total, name = number(said[1][3]), said[1][2]
        shape = REGISTRY.get((said[1][1], name))
        if shape and total != shape.parameters:
            yield f"{total:,.0f} parameters, by the registry {shape.parameters:,}"
        tensors = attempt.find(r"Optimizer AdamW \(model_part=0\): (\d+) params")
        if shape and tensors and int(tensors[1][1]) != shape.tensors:
            yield f"{tensors[1][1]} tensors, by the registry {shape.tensors}"
        if not isclose(float(name[:-1]) * {"M": 1e6, "B": 1e9}[name[-1]], total, rel_tol=0.25):
            yield f"{name} for {total:,.0f} parameters"


def validations_are_due(log: Log) -> Iterator[str]:
    """Behind the first step and at multiples of one number; what is saved at that step has been saved before."""
    steps = [m.step for attempt in log.running for m in attempt.metrics if not m.trains and m.step > 1]
    if steps and gcd(*steps) < 2:
        yield f"validations at {steps[:5]}"
    # A job that knows how long it may run saves before its time is over.
    over = any("DUE TO TIME LIMIT" in line for line in log.others)
    for attempt in log.running:
        trained = [m.step for m in attempt.metrics if m.trains]
        if trained[:1] == [1] and [m.step for m in attempt.metrics if not m.trains][:1] not in ([1], []):
            yield "no validation behind the first step"
        for (validated, before), (saved, text) in pairwise(attempt.texts):
            at_once = (saved - validated).total_seconds() < 0.1
            if before.startswith("validate step") and re.match("(Saving|Staging) the", text) and at_once and not over:
                yield f"{text} behind {before}"


def speed_follows(log: Log) -> Iterator[str]:
    """TFLOP/s = FLOPs of a token x tokens a second; MFU = that over the device's peak."""
    for attempt in log.running:
        device = attempt.get(r"CUDA capacity: (.*) with")[1]
        peak = next((value for part, value in PEAKS.items() if part in device), 312e12)
        if float(attempt.get(r"computing MFU: (\S+)")[1]) != peak:
            yield f"peak of {device}"
        for m in (m for m in attempt.metrics if m.trains):
            flops = attempt.flops
            if flops and abs(m.tflops - flops * m.tps / 1e12) > 0.0051 + 0.51 * flops / 1e12:
                yield f"step {m.step}: {m.tflops} TFLOP/s at {m.tps} tokens/s"
            if abs(m.mfu - 100e12 * m.tflops / peak) > 0.0051 + 0.51e12 / peak:
                yield f"step {m.step}: MFU {m.mfu} at {m.tflops} TFLOP/s"
            if not 0 < m.mfu < 70:
                yield f"step {m.step}: MFU {m.mfu}, which nobody reaches"


def speed_is_what_was_waited(log: Log) -> Iterator[str]:
    """Tokens a second and device x time since the last metrics = tokens of the steps between, checkpoints and all."""
    for attempt in log.running:
        ready = attempt.find(r"size: .* total parameters")
        assert ready
        since, step = ready[0], (attempt.start or 1) - 1
        for m in attempt.metrics:
            seconds = (m.at - since).total_seconds()
            want = (m.step - step) * attempt.tokens / attempt.world / max(seconds, 1e-3)
            if m.trains and not isclose(m.tps, want, rel_tol=0.004 / max(seconds, 1e-3) + 0.6 / m.tps):
                yield f"step {m.step}: {m.tps} tokens/s, by the clock {want:.0f}"
            since, step = m.at, m.step


def memory_is_constant(log: Log) -> Iterator[str]:
    """Memory stays once the optimizer has its states; percentages are those of the card."""
    for attempt in log.running:
        capacity = float(attempt.get(r"with ([\d.]+)GiB memory")[1])
        pairs = [(m.memory, m.share) for m in attempt.metrics]
        model = attempt.get(r"usage for model: ([\d.]+)GiB\(([\d.]+)%\)")
        for gib, share in [*pairs, (float(model[1]), float(model[2]))]:
            if abs(100 * gib / capacity - share) > 0.0051 + 0.6 / capacity or gib > capacity:
                yield f"{gib} GiB of {capacity} is not {share} %"
        if len({m.memory for m in attempt.metrics if m.step > 1}) > 1:
            yield "memory is not constant"
        if attempt.shape and abs(_held(attempt, attempt.shape) - float(model[1])) > 0.0051:
            yield f"{model[1]} GiB for the model, by its tensors {_held(attempt, attempt.shape)}"


def _held(attempt: Attempt, shape: Shape) -> float:
    """GiB of a rank's weights and rotary caches, in segments of 20 MiB, of 2 MiB for tensors up to 1 MiB."""
    mesh, length = attempt.mesh, int(attempt.get(r"sequence length (\d+)")[1])
    tp, width = mesh["tp"], shape.head_dim
    heads, keys = shape.heads * width, (shape.heads + 2 * shape.kv_heads) * width
    layer = [
        (keys // tp, shape.dim), (shape.dim, heads // tp), (shape.hidden_dim // tp, shape.dim),
        (shape.hidden_dim // tp, shape.dim), (shape.dim, shape.hidden_dim // tp), (shape.dim, 1), (shape.dim, 1),
        *[(width, 1)] * 2 * shape.qk_norm,
    ]  # fmt: skip
    matrices = layer * shape.layers + [(shape.words // tp, shape.dim)] * (1 if shape.tied else 2) + [(shape.dim, 1)]
    sizes = [4 * ceil(rows / mesh["dp_shard"]) * columns for rows, columns in matrices]
    cache = length * width * (8 if shape.qk_norm else 4)
    sizes += [cache] * shape.layers + [int(cache * (2.75 if shape.qk_norm else 2))]
    blocks = [ceil(size / 512) * 512 for size in sizes]
    small = sum(size for size in blocks if size <= 2**20)
    return (ceil((sum(blocks) - small) / (20 * 2**20)) * 20 + ceil(small / 2**21) * 2) / 1024


def transfers_take_their_time(log: Log) -> Iterator[str]:
    """What is said to have taken so many seconds took them."""
    pairs = (
        (r"^Saving the checkpoint", r"^Finished saving the checkpoint in ([\d.]+) seconds"),
        (r"^Staging the checkpoint", r"^Finished staging the checkpoint in ([\d.]+) seconds"),
        (r"^(Saving|Staging) the checkpoint", r"^Last step checkpoint completed in ([\d.]+)s"),
        (r"^Loading the checkpoint", r"^Finished loading the checkpoint in ([\d.]+) seconds"),
        (r"^Checkpointer is deleting", r"^Checkpointer deleted \S+ in ([\d.]+) seconds"),
    )
    for attempt in log.attempts:
        for begin, end in pairs:
            for at, match in attempt.all(end):
                began = max(when for when, _ in attempt.all(begin) if when <= at)
                if abs((at - began).total_seconds() - float(match[1])) > 0.0065:
                    yield f"{match[0]} after {(at - began).total_seconds()} s"


def garbage_is_collected(log: Log) -> Iterator[str]:
    """Before every fiftieth step's line stands a collection; each is reported when it is over."""
    for attempt in log.running:
        collected = len(list(attempt.all("periodic GC")))
        done = [m.step for m in attempt.metrics if m.trains]
        wanted = sum(step > 1 and step % 50 == 0 for step in done)
        if collected != wanted:
            yield f"{collected} collections, {wanted} wanted"
        for (before, said), (after, text) in pairwise(attempt.texts):
            took = re.match(r"\[GC\] (?!Initial).* took (\d+\.\d\d) seconds", text)
            # Milliseconds are cut off; what was collected cannot have begun before what was said before.
            took = None if said.startswith("Checkpointer deleted") else took  # by another thread
            if took and (after - before).total_seconds() < float(took[1]) - 0.0061:
                yield f"{text} after {(after - before).total_seconds()} s"
        yield from _collections_are_early(attempt)


def _collections_are_early(attempt: Attempt) -> Iterator[str]:
    """Python begins with a step a bit before the GPU does: nine steps behind the line before, less a quarter of one."""
    lines = list(zip(attempt.texts, attempt.texts[1:], attempt.texts[2:], strict=False))
    for (before, first), (reported, text), (after, last) in lines:
        took = re.match(r"\[GC\] Performing periodic GC collection took (\d+\.\d\d) seconds", text)
        steps = [int(m[1]) for said in (first, last) if (m := re.match(r"step: +(\d+) ", said))]
        if took and len(steps) == 2 and steps[0] > 1:
            mean = (after - before).total_seconds() / (steps[1] - steps[0])
            ahead = (after - reported).total_seconds() + float(took[1]) - mean
            # Steps differ, some by a tenth; who waits for data within the ten makes the mean longer.
            if not -0.15 * mean - 0.02 <= ahead <= 0.45 * mean + 0.02 and _is_even(attempt, steps[1]):
                yield f"{text} {ahead} s ahead of steps of {mean} s"


def _is_even(attempt: Attempt, step: int) -> bool:
    """Whether a line's steps were as fast as the fastest."""
    speeds = {m.step: m.tps for m in attempt.metrics if m.trains}
    return speeds[step] > 0.985 * max(speeds.values())


def collectives_time_out(log: Log) -> Iterator[str]:
    """A watchdog speaks shortly after the time-out that was set, and its counters surround the collective."""
    spoken = [m for attempt in log.attempts for _, m in attempt.all(r"all ProcessGroups to (\d+):(\d\d):(\d\d)$")]
    sizes = [attempt.mesh for attempt in log.attempts if attempt.find("device mesh with parallelism")]
    shards, worlds = {one.get("dp_shard", 1) for one in sizes}, {prod(one.values()) for one in sizes}
    limits = {1000 * (3600 * int(m[1]) + 60 * int(m[2]) + int(m[3])) for m in spoken}
    for line in log.others:
        if m := re.search(r"Timeout\(ms\)=(\d+)\) ran for (\d+) milliseconds", line):
            limit, ran = int(m[1]), int(m[2])
            yield from [m[0]] * ((bool(limits) and limit not in limits) or not 0 <= ran - limit <= 300)
        if m := re.search(r"OpType=(_\w+), NumelIn=(\d+), NumelOut=(\d+),", line):
            small, large = sorted(map(int, m.groups()[1:]))
            if {large} != {small * size for size in shards}:
                yield f"{m[0]} in groups of {shards}"
        if (m := re.search(r"PG GUID \d+\((\w+)\) Rank", line)) and not OF_ALL.search(line):
            yield from [m[0]] * ((m[1] == "default_pg") != (worlds == shards))
        if m := re.search(r"sequence id: (\d+) PG status: last enqueued work: (\d+), last completed work: (\d+)", line):
            seq, enqueued, completed = map(int, m.groups())
            if not completed < seq <= enqueued:
                yield m[0]


def _said(log: Log) -> Iterator[tuple[int, datetime, int, str]]:
    """Which lines the process group of rank 0 says, when, where in its source, what."""
    for at, line in enumerate(log.others):
        if match := SAID.fullmatch(line):
            yield at, datetime.strptime(f"2024 {match[3]}", "%Y %H:%M:%S.%f"), int(match[4]), match[5]


def one_worker_is_shown(log: Log) -> Iterator[str]:
    """``--local-ranks-filter 0 --tee 3``: workers write as rank 0 or not at all, and c10d's rank stands behind that."""
    if not any("--local-ranks-filter 0 --role rank --tee 3" in line for line in log.others):
        yield "nobody says what is shown"
    for line in log.others:
        found = re.match(r"(\[rank0\]:)?\[rank(\d+)\]: ?(?=\[|\w|$)", line)
        if found and not line.startswith("[rank0]:" * 2) and (found[1] or found[2] != "0"):
            yield line
        if re.match(r"#\d+ |frame #|terminate called|  what", line):
            yield line


def recorder_speaks_in_order(log: Log) -> Iterator[str]:
    """Time-out, stack, signal, dump within a second or so, and a minute after the time-out the end."""
    said = list(_said(log))
    for _, _, source, text in said:
        if (wanted := next((line for words, line in C10D.items() if words in text), None)) != source:
            yield f"{text} in line {source}, not {wanted}"
    for place, (at, when, source, text) in enumerate(said):
        if source != C10D["Watchdog caught"]:
            continue
        begun = [entry for entry in said[place + 1 :] if (entry[1] - when).total_seconds() >= 0]
        if [entry[2] for entry in begun[:2]] != [C10D["failure detected by"], C10D["Stack trace of"]] or (
            "not found" in begun[1][3]
        ):
            yield f"{text}, and then {begun[:2]}"
            continue
        yield from _stack_is_whole(log.others[begun[1][0] + 1 :], text)
        if at > begun[1][0]:
            yield f"{text} behind its stack"
        yield from _dump_follows(said, when)


def _stack_is_whole(lines: list[str], caught: str) -> Iterator[str]:
    """Frames are numbered from 0 on, an empty line ends them; the innermost is the operation that hangs."""
    end = lines.index("[rank0]:")
    frames = [
        re.fullmatch(r"\[rank0\]:#(\d+) (\S+) from \S+\.py:\d+|.*<frozen runpy>:\d+", line) for line in lines[:end]
    ]
    numbers = [line.split("#")[1].split(" ")[0] for line in lines[:end]]
    if not all(frames) or numbers != [str(place) for place in range(end)]:
        yield f"{caught}: {lines[:end]}"
    op = re.search(r"OpType=(\w+)", caught)
    if op and end and not lines[0].startswith(f"[rank0]:#0 {CALLS[op[1]]} from "):
        yield f"{caught}: {lines[0]}"


def _dump_follows(said: list[tuple[int, datetime, int, str]], when: datetime) -> Iterator[str]:
    """A dump within 1.3 s, before if another rank was the first to be late; the end a minute later."""
    for words, earliest, latest in (
        ("Received a dump signal", -1.0, 1.3),
        ("preparing to dump", -1.0, 1.31),
        ("Some NCCL operations", 59.9, 61.0),
    ):
        after = [(moment - when).total_seconds() for _, moment, source, _ in said if source == C10D[words]]
        if not any(earliest <= seconds <= latest for seconds in after):
            yield f"{words} {after} s after the time-out"


def reports_are_whole(log: Log) -> Iterator[str]:
    """A launcher's report has each of its workers, the first to fail as [0], and names the signals."""
    workers = next((int(m[1]) for line in log.others if (m := re.search(r"--nproc_per_node=(\d+)", line))), 0)
    for at, line in enumerate(log.others):
        if line != "torchtitan.train FAILED":
            continue
        block = log.others[at : next(n for n in range(at + 2, len(log.others)) if set(log.others[n]) == {"="})]
        numbers = [int(m[1]) for entry in block if (m := re.fullmatch(r"\[(\d+)\]:", entry))]
        if sorted(numbers) != list(range(workers)) or numbers[-1]:
            yield f"{numbers} of {workers} workers"
        codes = [entry for entry in block if entry.startswith("  exitcode")]
        if not all(
            re.fullmatch(r"  exitcode  : (-\d+ \(pid: \d+\)  \(SIG[A-Z]+\)|\d+ \(pid: \d+\) )", code) for code in codes
        ):
            yield f"{codes}"


def conversion_follows(log: Log) -> Iterator[str]:
    """What is converted is the last step's checkpoint of the model that was built; standard errors fit."""
    for line in log.others:
        found = re.search(r"convert_to_hf\.py \S+/step-(\d+) (\S+) .*--model_name (\S+) --model_flavor (\S+)", line)
        if not found:
            continue
        last = log.running[-1]
        built, total = last.get(r"Building (\w+) (\S+)$"), last.get(r"total steps (\d+)")[1]
        if found[1] != total or (found[3], found[4]) != (built[1], built[2]):
            yield line
        yield from checker_lm_eval.table_is_of(log.others, found[2])
    yield from checker_lm_eval.wrong_errors(log.others)


def versions_agree(log: Log) -> Iterator[str]:
    """The launcher's lines and NCCL are those of one torch release."""
    found = {m[1] for line in log.others if (m := re.search(r" torch/distributed/run.py:(\d+)\]", line))}
    if len(found) > 1:
        yield f"run.py {found}"
    for release in found & set(RELEASES):
        closing, failed, nccl = RELEASES[release]
        for line in log.others:
            if (m := re.search(r"multiprocessing/api.py:(\d+)\] (Sending|failed)", line)) and m[1] != (
                closing if m[2] == "Sending" else failed
            ):
                yield line
            if (m := re.fullmatch(r"\[rank0\]:NCCL version ([\d.]+)\+cuda\S+", line)) and m[1] != nccl:
                yield f"{line} with run.py:{release}"


def processes_end_once(log: Log) -> Iterator[str]:
    """No process is told to end that has failed, or twice; new attempts have new processes."""
    ended: set[str] = set()
    for line in log.others:
        if m := re.search(r"Sending process (\d+) |\(pid: (\d+)\) of binary", line):
            pid = m[1] or m[2]
            if pid in ended:
                yield f"process {pid} ends twice"
            ended.add(pid)


def loss_learns(log: Log) -> Iterator[str]:
    """From scratch the loss starts near ln(vocabulary) and falls; it never stands still."""
    for attempt in log.running:
        losses = [m.loss for m in attempt.metrics if m.trains]
        shape = attempt.shape
        if attempt.start == 1 and losses and shape and not attempt.find("Loading HF safetensors"):
            words = shape.words
            if not -0.3 < losses[0] - log_of(words) < 1.0:
                yield f"first loss {losses[0]} for a vocabulary of {words}"
            if len(losses) > 8 and losses[-1] > losses[0] - 1:
                yield "the loss does not learn"
        if any(len(set(losses[at : at + 3])) == 1 for at in range(len(losses) - 2)):
            yield "the loss is frozen"


RULES = (
    clock_goes_forward,
    metrics_have_their_form,
    steps_follow,
    resumes_from_a_checkpoint,
    layout_multiplies_up,
    model_has_its_parameters,
    validations_are_due,
    speed_follows,
    speed_is_what_was_waited,
    memory_is_constant,
    transfers_take_their_time,
    garbage_is_collected,
    collectives_time_out,
    one_worker_is_shown,
    recorder_speaks_in_order,
    reports_are_whole,
    conversion_follows,
    versions_agree,
    processes_end_once,
    loss_learns,
)
