"""A reader of Megatron's log with a pocket calculator: knows only the printed text."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from math import cos, exp, isclose, pi, sqrt
from math import log as log_of

from . import checker_export, checker_kernel

MOMENT = r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6})"
FLOAT = r"\d\.\d{6}E[+-]\d\d"
STEP = re.compile(
    rf" \[{MOMENT}\] iteration ([ \d]{{7}}\d)/([ \d]{{7}}\d) \| consumed samples: ([ \d]{{11}}\d) \|"
    r" elapsed time per iteration \(ms\): (\d+\.\d) \|(?: throughput per GPU \(TFLOP/s/GPU\): (\d+\.\d) \|)?"
    r"(?: energy per GPU \(J/iter/GPU\): (\d+\.\d) \| power per GPU \(W/GPU\): (\d+\.\d) \|)?"
    rf" learning rate: ({FLOAT}) \| global batch size: ([ \d]{{4}}\d) \|(?: lm loss: ({FLOAT}) \|)?"
    rf"(?: (\w*load_balancing_loss): ({FLOAT}) \|)?"
    r" loss scale: (\d+\.0) \|(?: grad norm: (\d+\.\d{3}) \|)?(?: num zeros: (\d+\.0) \|)?"
    r"(?: params norm: (\d+\.\d{3}) \|)?"
    r" number of skipped iterations: ([ \d]{2}\d) \| number of nan iterations:   0 \|"
)
VALIDATION = re.compile(
    rf" validation loss at iteration (\d+)(?: on validation set)? \| lm loss value: ({FLOAT}) \| "
    rf"lm loss PPL: ({FLOAT}) \| "
)
MEMORY = re.compile(
    r"\[Rank (\d+)\] \(((?:before|after) [^)]*)\) memory \(MB\) \| allocated: (\d+\.\d\d) "
    r"\| max allocated: (\d+\.\d\d) \| reserved: (\d+\.\d\d) \| max reserved: (\d+\.\d\d)"
)
TIMER = re.compile(r"    (\S+) \.+: \((\d+\.\d\d), (\d+\.\d\d)\)")
ARGUMENT = re.compile(r"  (\w+) (\.*) (.*)")
STAMP = re.compile(rf"^ {{0,2}}\[{MOMENT}\]|datetime: {MOMENT} $")
MIB = 2**20
LONGEST_PAUSE = 1.0
# run.py's line in torch's releases, and the lines of the launcher's other messages.
RELEASES = {"792": ("897", "869"), "766": ("900", "874"), "774": ("900", "874"), "803": ("908", "882")}


def moment(text: str) -> datetime:
    """A printed time."""
    return datetime.fromisoformat(text)


@dataclass
class Step:
    """A training line; the loss is None before the first step that was not skipped."""

    at: datetime
    step: int
    total: int
    consumed: int
    milliseconds: float
    tflops: float | None
    energy: float | None
    power: float | None
    rate: float
    batch: int
    loss: float | None
    scale: float
    norm: float | None
    zeros: float | None
    weights: float | None
    skipped: int
    balance: tuple[str, float] | None

    @classmethod
    def read(cls, match: re.Match[str]) -> "Step":
        """From the line."""
        at, step, total, consumed, ms, tflops, energy, power, rate, batch, loss, name, balance, *rest = match.groups()
        scale, norm, zeros, weights, skipped = rest
        return cls(
            moment(at), int(step), int(total), int(consumed), float(ms), _figure(tflops), _figure(energy),
            _figure(power), float(rate), int(batch), _figure(loss), float(scale), _figure(norm), _figure(zeros),
            _figure(weights), int(skipped), (name, float(balance)) if balance else None,
        )  # fmt: skip


def _figure(text: str | None) -> float | None:
    return float(text) if text else None


@dataclass
class Attempt:
    """What a set of processes said."""

    lines: list[str] = field(default_factory=list)

    @cached_property
    def rows(self) -> list[str]:
        """The list of all arguments, line by line."""
        return self.lines[self._heading("arguments") + 1 : self._heading("end of arguments")]

    @cached_property
    def arguments(self) -> dict[str, str]:
        """All arguments."""
        found = (ARGUMENT.fullmatch(line) for line in self.rows)
        return {match[1]: match[3] for match in found if match}

    def _heading(self, title: str) -> int:
        return next(at for at, line in enumerate(self.lines) if re.fullmatch(f"-+ {title} -+", line))

    def number(self, name: str) -> int:
        """An argument that is a whole number."""
        return int(self.arguments[name])

    @property
    def in_samples(self) -> bool:
        """Whether the script counts in samples."""
        return self.arguments["train_samples"] != "None"

    @property
    def total(self) -> int:
        """Iterations of the whole run."""
        if not self.in_samples:
            return self.number("train_iters")
        found = self.find(r"^setting training iterations to (\d+)$")
        return int(found[1]) if found else self.number("train_samples") // self.number("global_batch_size")

    def length(self, name: str) -> float | None:
        """An argument about lengths in iterations, whatever it was counted in; None where the script leaves it out."""
        said = self.arguments[f"{name}_{'samples' if self.in_samples else 'iters'}"]
        return None if said == "None" else int(said) / (self.number("global_batch_size") if self.in_samples else 1)

    def flag(self, name: str) -> bool:
        """An argument that is a switch."""
        return self.arguments[name] == "True"

    @cached_property
    def steps(self) -> list[Step]:
        """The training lines."""
        return [Step.read(match) for line in self.lines if (match := STEP.fullmatch(line))]

    @property
    def loaded(self) -> int:
        """The step that training goes on after."""
        found = self.find(r"successfully loaded checkpoint from \S+ \[ t 1/\d+, p 1/\d+ \] at iteration (\d+)$")
        return int(found[1]) if found else 0

    def find(self, pattern: str) -> re.Match[str] | None:
        """The first line that a pattern matches."""
        return next(self.all(pattern), None)

    def all(self, pattern: str) -> Iterator[re.Match[str]]:
        """Every line that a pattern matches."""
        yield from (match for line in self.lines if (match := re.search(pattern, line)))

    def milestone(self, what: str) -> datetime | None:
        """When something was reached."""
        found = self.find(rf"^\[{re.escape(what)}\] datetime: {MOMENT} $")
        return moment(found[1]) if found else None

    @property
    def trains(self) -> bool:
        """Whether it came to its first line."""
        return bool(self.steps)


def attempts_of(lines: list[str]) -> list[Attempt]:
    """The log cut where new processes begin."""
    found: list[Attempt] = []
    for line in lines:
        if line.startswith("using world size:"):
            found.append(Attempt())
        if line.startswith("+ torchrun "):  # another program begins
            break
        if found:
            found[-1].lines.append(line)
    return found


@dataclass
class Log:
    """A whole log."""

    lines: list[str]

    def __post_init__(self) -> None:
        self.attempts = attempts_of(self.lines)

    @property
    def training(self) -> list[Attempt]:
        """Attempts that came to a training line."""
        return [attempt for attempt in self.attempts if attempt.trains]


def faults(lines: list[str]) -> list[str]:
    """Everything that does not add up, with the rule that found it."""
    log = Log(lines)
    return [f"{rule.__name__}: {fault}" for rule in RULES for fault in rule(log)]


def clock_goes_forward(log: Log) -> Iterator[str]:
    """Milestones, training lines and checkpoints are in the order of their times, milliseconds aside."""
    for attempt in log.attempts:
        stamps = [moment(match[1] or match[2]) for match in attempt.all(STAMP.pattern)]
        # Two of them are told late, with the time at which they were reached.
        stamps = [stamp for stamp in stamps if stamp not in _early(attempt)]
        for before, after in pairwise(stamps):
            if after < before - timedelta(milliseconds=12):
                yield f"{after} after {before}"


def _early(attempt: Attempt) -> set[datetime]:
    return {moment(match[1]) for match in attempt.all(rf"before initialize_megatron\] datetime: {MOMENT}")}


def lines_have_their_form(log: Log) -> Iterator[str]:
    """Whatever looks like a training line, a validation or a memory report is one."""
    for looks, form in ((" | consumed samples:", STEP), (" validation loss at", VALIDATION), ("memory (MB)", MEMORY)):
        yield from (line for line in log.lines if looks in line and not form.fullmatch(line))


def arguments_are_sorted(log: Log) -> Iterator[str]:
    """Arguments stand in order, values in one column unless the name is too long for it."""
    for attempt in log.attempts:
        if attempt.rows != sorted(attempt.rows, key=str.lower):
            yield "arguments are not in order"
        for line in attempt.rows:
            match = ARGUMENT.fullmatch(line)
            if not match or len(match[2]) != max(0, 48 - len(match[1])):
                yield line


def steps_follow(log: Log) -> Iterator[str]:
    """The first step of the job and then every tenth has a line; none is beyond the last."""
    for attempt in log.training:
        seen, every = [one.step for one in attempt.steps], attempt.number("log_interval")
        first = attempt.loaded + 1
        wanted = [n for n in range(first, seen[-1] + 1) if n == first or n % every == 0]
        if seen != wanted:
            yield f"steps {sorted(set(seen) ^ set(wanted))[:5]}"
        if seen[-1] > attempt.total:
            yield f"step {seen[-1]}"


def samples_are_counted(log: Log) -> Iterator[str]:
    """Consumed samples = iteration x global batch; the batch and the run's length are the arguments'."""
    for attempt in log.training:
        batch, total = attempt.number("global_batch_size"), attempt.total
        if attempt.in_samples and total != attempt.number("train_samples") // batch:
            yield f"{total} iterations of {batch} for {attempt.number('train_samples')} samples"
        wanted, held = attempt.find(r"^    train: +(\d+)$"), attempt.find(r"> total number of samples: (\d+)$")
        if wanted and held and not total * batch <= int(wanted[1]) <= int(held[1]):
            yield f"{wanted[0]}, {held[0]}"
        for one in attempt.steps:
            if (one.consumed, one.batch, one.total) != (one.step * batch, batch, total):
                yield f"iteration {one.step}: {one.consumed} samples"


def layout_multiplies_up(log: Log) -> Iterator[str]:
    """World = TP x PP x CP x DP, batch = micro-batches x micro-batch x DP, and what is cut can be cut."""
    for attempt in log.attempts:
        tp, pp, cp = (attempt.number(f"{name}_parallel_size") for name in ("tensor_model", "pipeline_model", "context"))
        dp, world = attempt.number("data_parallel_size"), attempt.number("world_size")
        said = list(map(int, re.findall(r"(?<=size: )\d+", attempt.lines[0])))
        if said != [world, dp, cp, tp, pp] or world != tp * pp * cp * dp:
            yield attempt.lines[0]
        rounds = attempt.find(r"setting number of microbatches to constant (\d+)")
        assert rounds
        if attempt.number("global_batch_size") != int(rounds[1]) * attempt.number("micro_batch_size") * dp:
            yield rounds[0]
        heads, groups = attempt.number("num_attention_heads"), attempt.number("num_query_groups")
        if heads % tp or (attempt.flag("group_query_attention") and (groups % tp or heads % groups)):
            yield f"{heads} heads in {groups} groups on {tp} ranks"
        vocabulary = attempt.find(r"padded vocab \(size: (\d+)\) with (\d+) dummy tokens \(new size: (\d+)\)")
        assert vocabulary
        size, dummies, padded = map(int, vocabulary.groups())
        if size + dummies != padded or padded % (128 * tp) or padded != attempt.number("padded_vocab_size"):
            yield vocabulary[0]


def parameters_add_up(log: Log) -> Iterator[str]:
    """Each shard reports once; buckets hold what its stage has, and the whole is what the arguments give."""
    for attempt in log.training:
        tp, pp = attempt.number("tensor_model_parallel_size"), attempt.number("pipeline_model_parallel_size")
        shards = {
            (int(match[1]), int(match[2])): int(match[3])
            for match in attempt.all(r"model parallel rank \((\d+), (\d+)\): (\d+)$")
        }
        if set(shards) != {(t, p) for t in range(tp) for p in range(pp)}:
            yield f"{len(shards)} shards on {tp} x {pp}"
        buckets = [tuple(map(int, m.groups())) for m in attempt.all(r"^Params for bucket \d+ \((\d+) \w+, (\d+) ")]
        if sum(size for size, _ in buckets) != sum(shards[0, p] for p in range(pp)):
            yield "buckets hold other parameters than shards"
        yield from (
            f"{size} elements padded to {padded}" for size, padded in buckets if not size <= padded < size + 2e5
        )
        least = _least_parameters(attempt)
        total = sum(shards.values())
        if attempt.arguments["num_experts"] == "None" and not least <= total <= 1.02 * least + tp * 6e8:
            yield f"{total:,} parameters, from the arguments {least:,}"
        if tp == pp == 1 and attempt.arguments["num_experts"] == "None" and total > 1.005 * least + 2e8:
            yield f"{total:,} parameters, from the arguments {least:,}"


def _least_parameters(attempt: Attempt) -> int:
    """Matrices of all layers, embedding and head."""
    hidden, layers, ffn = (attempt.number(name) for name in ("hidden_size", "num_layers", "ffn_hidden_size"))
    if attempt.flag("multi_latent_attention"):
        return 0
    query, key = _projections(attempt)
    layer = hidden * (2 * query + 2 * key) + (3 if attempt.flag("swiglu") else 2) * hidden * ffn
    words = hidden * attempt.number("padded_vocab_size")
    return layers * layer + words * (2 if attempt.flag("untie_embeddings_and_output_weights") else 1)


def _projections(attempt: Attempt) -> tuple[int, int]:
    width, heads = attempt.number("kv_channels"), attempt.number("num_attention_heads")
    groups = attempt.number("num_query_groups") if attempt.flag("group_query_attention") else heads
    return width * heads, width * groups


def _feed_forward(attempt: Attempt, *, active: bool) -> int:
    """Weights of all layers' feed-forward networks, of all experts or of those that work on a token."""
    hidden, layers, ffn = (attempt.number(name) for name in ("hidden_size", "num_layers", "ffn_hidden_size"))
    each = (3 if attempt.flag("swiglu") else 2) * hidden
    if attempt.arguments["num_experts"] == "None":
        return layers * each * ffn
    pattern = attempt.arguments["moe_layer_freq"]
    sparse = layers if pattern == "1" else pattern.count("1")
    experts = attempt.number("moe_router_topk") if active else attempt.number("num_experts")
    shared = attempt.arguments["moe_shared_expert_intermediate_size"]
    wide = attempt.number("moe_ffn_hidden_size") * experts + (0 if shared == "None" else int(shared))
    return each * (sparse * wide + (layers - sparse) * ffn)


def _latent_weights(attempt: Attempt, norm: int) -> int:
    """Weights of latent attention's projections in a layer."""
    names = ("hidden_size", "num_attention_heads", "q_lora_rank", "kv_lora_rank", "qk_head_dim", "qk_pos_emb_head_dim")
    hidden, heads, query, key, plain, rotary = (attempt.number(name) for name in names)
    value = attempt.number("v_head_dim")
    up = query * (hidden + heads * (plain + rotary) + norm) + key * (hidden + heads * (plain + value) + norm)
    return up + hidden * rotary + heads * value * hidden


def _flops(attempt: Attempt) -> float:
    """FLOPs of a token as Megatron counts them."""
    hidden, layers, length = (attempt.number(name) for name in ("hidden_size", "num_layers", "seq_length"))
    if attempt.flag("multi_latent_attention"):
        heads = attempt.number("num_attention_heads")
        wide = attempt.number("qk_head_dim") + attempt.number("qk_pos_emb_head_dim") + attempt.number("v_head_dim")
        attention = _latent_weights(attempt, 1) + length * heads * wide / 2
    else:
        query, key = _projections(attempt)
        attention = hidden * (2 * query + 2 * key) + query * length
    head = hidden * attempt.number("padded_vocab_size")
    return 6 * (layers * attention + _feed_forward(attempt, active=True) + head)


def throughput_follows(log: Log) -> Iterator[str]:
    """TFLOP/s x time x ranks = FLOPs of a batch, to the last digit."""
    for attempt in log.training:
        work = _flops(attempt) * attempt.number("seq_length") * attempt.number("global_batch_size") / 1e9
        for one in attempt.steps:
            want = work / one.milliseconds / attempt.number("world_size")
            if one.tflops is not None and abs(want - one.tflops) > 0.0501 + want * 0.0501 / one.milliseconds:
                yield f"iteration {one.step}: {one.tflops} TFLOP/s, {want:.2f} by the clock"


def learning_rate_follows_its_schedule(log: Log) -> Iterator[str]:
    """Warm-up and decay of the updates that were made, skipped iterations aside."""
    for attempt in log.training:
        if attempt.flag("fp16") and attempt.loaded:
            continue  # how many were skipped before is not printed
        steps = attempt.steps
        for place, one in enumerate(steps):
            # The first line of a job begins no new count: the second holds its steps once more.
            skipped = sum(other.skipped for other in steps[1 : place + 1]) if place else one.skipped
            want = _rate(attempt, one.step - skipped)
            if not isclose(one.rate, want, rel_tol=2e-6, abs_tol=1e-12):
                yield f"iteration {one.step}: {one.rate} instead of {want:.6E}"


def _rate(attempt: Attempt, updates: int) -> float:
    peak, floor = float(attempt.arguments["lr"]), float(attempt.arguments["min_lr"])
    style, share = attempt.arguments["lr_decay_style"], attempt.arguments["lr_warmup_fraction"]
    ends = attempt.length("lr_decay") or attempt.length("train")
    assert ends
    warmup = (attempt.length("lr_warmup") or 0.0) if share == "None" else float(share) * ends
    if updates <= warmup:
        return peak * updates / warmup
    if updates > ends:
        return floor
    done = (updates - warmup) / (ends - warmup)
    if style == "WSD":
        last = attempt.length("lr_wsd_decay")
        assert last
        done = max(0, updates - (ends - last)) / last
        style = attempt.arguments["lr_wsd_decay_style"]
    shapes = {
        "cosine": 0.5 * (1 + cos(pi * done)),
        "linear": 1 - done,
        "minus_sqrt": 1 - sqrt(done),
        "exponential": 2 * 0.5**done - 1,
    }
    return floor + (peak - floor) * shapes[style]


def pace_is_what_was_waited(log: Log) -> Iterator[str]:
    """Iterations x their time, evaluations and checkpoints fill the time between two lines."""
    for attempt in log.training:
        begun, step, counts_on = attempt.milestone("before the start of training step"), attempt.loaded, True
        paused, turns = 0.0, 0
        assert begun
        for line in attempt.lines:
            if (timer := TIMER.fullmatch(line)) and timer[1] in {"evaluate", "save-checkpoint"}:
                paused += float(timer[3]) / 1000
                turns += 1
            if not (match := STEP.fullmatch(line)):
                continue
            one = Step.read(match)
            waited, want = (one.at - begun).total_seconds() - paused, (one.step - step) * one.milliseconds / 1000
            # From an evaluation to a save it takes some hundredths of a second more.
            if abs(waited - want) > 0.02 + 0.03 * (turns > 1) + 0.00006 * (one.step - step):
                yield f"iteration {one.step}: {want:.3f} s in {waited:.3f} s"
            if not counts_on:
                begun, step, paused, turns = one.at, one.step, 0.0, 0
            counts_on = False


def perplexity_is_exp_loss(log: Log) -> Iterator[str]:
    """PPL = exp(loss) as far as its seven digits tell, between rules one longer than the text."""
    for before, line, after in zip(log.lines, log.lines[1:], log.lines[2:], strict=False):
        if match := VALIDATION.fullmatch(line):
            loss = float(match[2])
            if not isclose(float(match[3]), exp(loss), rel_tol=2e-6 if loss < 10 else 6e-6):
                yield line
            if {before, after} != {"-" * (len(line) + 1)}:
                yield f"rules of {len(before)} and {len(after)} around {len(line)}"


def theory_follows(log: Log) -> Iterator[str]:
    """Theoretical parameters and memory are those of the arguments."""
    for attempt in log.training:
        hidden, norm = attempt.number("hidden_size"), 1 if attempt.arguments["normalization"] == "RMSNorm" else 2
        layers, words = attempt.number("num_layers"), hidden * attempt.number("padded_vocab_size")
        if attempt.flag("multi_latent_attention"):
            attention = _latent_weights(attempt, norm)
        else:
            query, key = _projections(attempt)
            attention = 2 * hidden * (query + key)
        block = layers * (attention + 2 * hidden * norm) + _feed_forward(attempt, active=False) + norm * hidden
        tp, pp = attempt.number("tensor_model_parallel_size"), attempt.number("pipeline_model_parallel_size")
        untied = attempt.flag("untie_embeddings_and_output_weights")
        most = (block / pp + words * (2 if untied and pp == 1 else 1)) / tp
        embeddings = words * (1 + untied)
        states = most * (6 + 12 / attempt.number("data_parallel_size")) / MIB
        for pattern, want, unit in (
            (r"transformer block in billions:  (\d+\.\d\d)$", block / 1e9, 0.00501),
            (r"embedding layers in billions: (\d+\.\d\d)$", embeddings / 1e9, 0.00501),
            (r"Total number of parameters in billions: (\d+\.\d\d)$", (block + embeddings) / 1e9, 0.00501),
            (r"most loaded shard in billions: (\d+\.\d{4})$", most / 1e9, 0.0000501),
            (r"weight and optimizer=(\d+\.\d\d) MB", states, 0.00501),
        ):
            for match in attempt.all(pattern):
                if abs(float(match[1]) - want) > unit:
                    yield f"{match[0]}, {want:.4f} by the arguments"
        for match in attempt.all(r"optimizer=(\S+) MB, activation=(\S+) MB, total=(\S+) MB$"):
            parts = [float(part) for part in match.groups()]
            if abs(parts[0] + parts[1] - parts[2]) > 0.0151:
                yield match[0]


def memory_is_steady(log: Log) -> Iterator[str]:
    """Counters are in order and constant once the optimizer has its states; torch reserves 2 MiB at a time."""
    for attempt in log.training:
        seen: dict[str, set[tuple[float, float]]] = {}
        reports = [match for line in attempt.lines if (match := MEMORY.fullmatch(line))]
        for match in reports:
            allocated, most, reserved, most_reserved = map(float, match.groups()[2:])
            if not (allocated <= most <= most_reserved and allocated <= reserved <= most_reserved):
                yield match[0]
            if reserved % 2 or most_reserved % 2:
                yield f"{match[0]}: no whole segments"
            if f"after {attempt.loaded + 1} iterations" != match[2]:
                seen.setdefault(match[1], set()).add((allocated, most))
        yield from (f"rank {rank} has {values}" for rank, values in seen.items() if len(values) > 1)
        shards = attempt.number("tensor_model_parallel_size") * attempt.number("pipeline_model_parallel_size")
        counts = Counter(match[2] for match in reports)
        yield from (f"{count} reports {when}" for when, count in counts.items() if count != shards)


def durations_are_what_was_waited(log: Log) -> Iterator[str]:
    """Timers are the time between the lines around them."""
    for attempt in log.training:
        timers = {match[1]: float(match[3]) / 1000 for match in attempt.all(TIMER.pattern)}
        milestones = {
            "model-and-optimizer-setup": (
                "after megatron is initialized", "after model, optimizer, and learning rate scheduler are built"
            ),
            "train/valid/test-data-iterators-setup": (
                "after model, optimizer, and learning rate scheduler are built", "after dataloaders are built"
            ),
        }  # fmt: skip
        for name, (begin, end) in milestones.items():
            if begun := attempt.milestone(begin):
                ended = attempt.milestone(end)
                assert ended
                if abs((ended - begun).total_seconds() - timers[name]) > 0.012:
                    yield f"{name}: {timers[name]} s"
        begun, ended = (
            attempt.milestone("after in-process setup and before initialize_megatron"),
            attempt.milestone("after megatron is initialized"),
        )
        said = attempt.find(r"^time to initialize megatron \(seconds\): (\d+\.\d{3})$")
        if said and begun and ended and abs((ended - begun).total_seconds() - float(said[1])) > 0.02:
            yield said[0]
        yield from _saves(attempt)


def _saves(attempt: Attempt) -> Iterator[str]:
    """From the beginning of a save to its timer: to success, or to where it was scheduled."""
    began: datetime | None = None
    ended: datetime | None = None
    for line in attempt.lines:
        if match := re.match(rf"\[{MOMENT}\] saving checkpoint", line):
            began = moment(match[1])
        if match := re.match(rf"  \[{MOMENT}\] (?:successfully saved|scheduled an async)", line):
            ended = moment(match[1])
        if (timer := TIMER.fullmatch(line)) and timer[1] == "save-checkpoint":
            assert began
            assert ended
            if abs((ended - began).total_seconds() - float(timer[3]) / 1000) > 0.015:
                yield f"save of {timer[3]} ms in {ended - began}"


def pauses_have_a_reason(log: Log) -> Iterator[str]:
    """From an iteration to the save behind it no time passes but that of an evaluation or of an earlier save.

    Iterations that are not logged yet take their time as well, slow ones more: the next line's mean has it.
    """
    for attempt in log.training:
        last: Step | None = None
        waits: list[tuple[float, str]] = []
        judged = True
        for line in attempt.lines:
            if step := STEP.fullmatch(line):
                now = Step.read(step)
                yield from _unexplained(waits, last, now)
                last, waits, judged = now, [], False
            elif re.match(r"    evaluate \.|WARNING: Starting a checkpoint save before", line):
                judged = True
            elif (save := re.match(r"\[([\d :.-]+)\] saving checkpoint at iteration +(\d+) ", line)) and not judged:
                assert last
                unseen = (int(save[2]) - last.step) * last.milliseconds / 1000
                waited = (datetime.fromisoformat(save[1]) - last.at).total_seconds() - unseen
                waits.append((waited - 0.1 * unseen, f"{waited:.3f} s before {line}"))
        yield from _unexplained(waits, last, last)


def _unexplained(waits: list[tuple[float, str]], last: Step | None, now: Step | None) -> Iterator[str]:
    """Pauses longer than what the iterations from `last` to `now` took above the mean before."""
    if last and now:
        slow = max(0.0, (now.step - last.step) * (now.milliseconds - last.milliseconds) / 1000)
        yield from (line for waited, line in waits if waited > LONGEST_PAUSE + slow)


def checkpoints_come_back(log: Log) -> Iterator[str]:
    """A job resumes from what was saved before; each save succeeds once, at its own step."""
    saved: set[int] = set()
    for place, attempt in enumerate(log.attempts):
        if place and attempt.loaded and saved and attempt.loaded not in saved:
            yield f"{attempt.loaded} was never saved"
        asked = [int(match[1]) for match in attempt.all(r"saving checkpoint at iteration +(\d+) ")]
        done = [int(match[1]) for match in attempt.all(r"successfully saved checkpoint from iteration +(\d+) ")]
        if done != asked[: len(done)] or len(asked) - len(done) > 1:
            yield f"asked for {asked}, saved {done}"
        saved |= set(done)


def collectives_time_out(log: Log) -> Iterator[str]:
    """A watchdog speaks shortly after the time-out that was set; its counters surround the collective, a bucket's."""
    padded = {
        int(m[1]) for attempt in log.attempts for m in attempt.all(r"^Params for bucket .* elements, (\d+) padded")
    }
    ranks = {attempt.number("data_parallel_size") for attempt in log.attempts}
    limits = {1000 * attempt.number("distributed_timeout_seconds_after_init") for attempt in log.attempts}
    for line in log.lines:
        if m := re.search(r"Timeout\(ms\)=(\d+)\) ran for (\d+) milliseconds", line):
            limit, ran = int(m[1]), int(m[2])
            if limit not in limits or not 0 <= ran - limit <= 300:
                yield m[0]
        if m := re.search(r"OpType=(_\w+), NumelIn=(\d+), NumelOut=(\d+),", line):
            small, large = sorted(map(int, m.groups()[1:]))
            if large not in padded or {large} != {small * size for size in ranks}:
                yield m[0]
        if m := re.search(r"sequence id: (\d+) PG status: last enqueued work: (\d+), last completed work: (\d+)", line):
            seq, enqueued, completed = map(int, m.groups())
            if not completed < seq <= enqueued:
                yield m[0]


def launchers_agree(log: Log) -> Iterator[str]:
    """The launcher's lines are those of one release, and no process is told to end twice."""
    found = {m[1] for line in log.lines if (m := re.search(r" torch/distributed/run.py:(\d+)\]", line))}
    if len(found) > 1:
        yield f"run.py {found}"
    ended: set[str] = set()
    for line in log.lines:
        if m := re.search(r"multiprocessing/api.py:(\d+)\] (Sending|failed)", line):
            wanted = {RELEASES[release][m[2] == "failed"] for release in found}
            if wanted and m[1] not in wanted:
                yield line
        if m := re.search(r"Sending process (\d+) |\(pid: (\d+)\) of binary", line):
            pid = m[1] or m[2]
            if pid in ended:
                yield f"process {pid} ends twice"
            ended.add(pid)


def loss_learns(log: Log) -> Iterator[str]:
    """From scratch the loss starts near ln(vocabulary) and falls; it never stands still."""
    for attempt in log.training:
        losses = [one.loss for one in attempt.steps if one.loss]
        if attempt.find("will start from random") and attempt.steps[0].loss:
            words = attempt.number("padded_vocab_size")
            if not -0.3 < losses[0] - log_of(words) < 1.2:
                yield f"first loss {losses[0]} for a vocabulary of {words}"
            if len(losses) > 8 and losses[-1] > losses[0] - 1:
                yield "the loss does not learn"
        if any(len(set(losses[at : at + 3])) == 1 for at in range(len(losses) - 2)):
            yield "the loss is frozen"


def scale_follows_overflows(log: Log) -> Iterator[str]:
    """A loss scale is a power of two; bf16 has none, and never skips."""
    for attempt in log.training:
        for one in attempt.steps:
            if one.scale != 2.0 ** round(log_of(one.scale, 2)) or (not attempt.flag("fp16") and one.scale != 1):
                yield f"iteration {one.step}: loss scale {one.scale}"
            if one.skipped and not attempt.flag("fp16"):
                yield f"iteration {one.step}: {one.skipped} skipped"


def experts_are_balanced(log: Log) -> Iterator[str]:
    """A mixture of experts prints the loss of its kind of balancing, at least 1 and soon near it; others print none."""
    kinds = {"aux_loss": "load_balancing_loss", "seq_aux_loss": "seq_load_balancing_loss"}
    for attempt in log.training:
        routed = attempt.arguments["num_experts"] != "None"
        name = kinds[attempt.arguments["moe_router_load_balancing_type"]] if routed else None
        for one in attempt.steps:
            if one.loss is None:
                continue
            said, value = one.balance or (None, 1.0)
            if said != name or not 1.0 <= value < (1.25 if one.step > 400 else 1.6):
                yield f"iteration {one.step}: {said} {value}"


def what_was_asked_for_is_logged(log: Log) -> Iterator[str]:
    """A line has the figures that the script asks for, and no others; watts are joules by the step's time.

    Zeros are rows of the embedding, of which its dummies have no words; weights grow slowly.
    """
    for attempt in log.training:
        hidden, padded = attempt.number("hidden_size"), attempt.number("padded_vocab_size")
        words = attempt.find(r"with (\d+) dummy tokens")
        untied = attempt.flag("untie_embeddings_and_output_weights")
        assert words
        for one in attempt.steps:
            applied = one.norm is not None
            said = {
                "log_throughput": one.tflops is not None, "log_energy": one.power is not None,
                "log_params_norm": one.weights is not None,
            } | ({"log_num_zeros_in_grad": one.zeros is not None} if applied else {})  # fmt: skip
            yield from (f"iteration {one.step}: {name}" for name, there in said.items() if attempt.flag(name) != there)
            if (
                one.power
                and one.energy
                and abs(one.power * one.milliseconds / 1000 - one.energy) > 0.06 + 6e-5 * (one.milliseconds + one.power)
            ):
                yield f"iteration {one.step}: {one.power} W, {one.energy} J in {one.milliseconds} ms"
            rows = (one.zeros or 0.0) / hidden
            if one.zeros is not None and not int(words[1]) * untied <= rows <= padded * untied:
                yield f"iteration {one.step}: {one.zeros} zeros"
        for before, after in pairwise([one for one in attempt.steps if one.weights]):
            assert before.weights
            assert after.weights
            if abs(after.weights / before.weights - 1) > 2e-3 * (after.step - before.step):
                yield f"iteration {after.step}: weights of {after.weights} after {before.weights}"


def export_follows(log: Log) -> Iterator[str]:
    """What is converted is the model that the arguments give, to the byte; the harness is asked about that."""
    start = next((at for at, line in enumerate(log.lines) if line.startswith("+ torchrun ")), None)
    if start is None:
        return
    attempt, lines = log.attempts[-1], log.lines[start:]
    path = re.search(r"--hf-path (\S+) --tp (\d+) --pp (\d+)$", lines[0])
    assert path
    shards = {m[1] for line in lines if (m := re.search(r"model parallel rank (\(\d+, \d+\)): \d+$", line))}
    if len(shards) != int(path[2]) * int(path[3]) or f"Export complete: {path[1]}" not in lines:
        yield f"{len(shards)} shards, {lines[0]}"
    bars = [m for line in lines if (m := re.match(r"Converting to HuggingFace .* (\d+)% \S+ \((\d+)/(\d+)\)", line))]
    layers = attempt.number("num_layers")
    if [(m[1], m[2] == m[3], int(m[3]) >= 6 * layers) for m in bars] != [("100", True, True)]:
        yield f"bars of {layers} layers: {[m[0] for m in bars]}"
    words = attempt.find(r"with (\d+) dummy tokens")
    assert words
    tables = 2 if attempt.flag("untie_embeddings_and_output_weights") else 1
    least = 2 * (_least_parameters(attempt) - int(words[1]) * attempt.number("hidden_size") * tables)
    yield from checker_export.faults(lines, path[1], least, 0.004 * least + 1e6)


def kernel_tells_why(log: Log) -> Iterator[str]:
    """What the driver wrote is of one GPU, in the driver's words, and that is the GPU which is drained."""
    lines = log.lines
    yield from (*checker_kernel.faults(lines), *checker_kernel.failures(lines), *checker_kernel.stamps(lines))


RULES = (
    clock_goes_forward,
    lines_have_their_form,
    arguments_are_sorted,
    steps_follow,
    samples_are_counted,
    layout_multiplies_up,
    parameters_add_up,
    throughput_follows,
    learning_rate_follows_its_schedule,
    pace_is_what_was_waited,
    perplexity_is_exp_loss,
    theory_follows,
    memory_is_steady,
    durations_are_what_was_waited,
    pauses_have_a_reason,
    checkpoints_come_back,
    collectives_time_out,
    launchers_agree,
    loss_learns,
    scale_follows_overflows,
    experts_are_balanced,
    what_was_asked_for_is_logged,
    export_follows,
    kernel_tells_why,
)
