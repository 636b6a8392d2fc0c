"""A reader with a pocket calculator: knows only the printed text, recomputes what can be recomputed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise, takewhile
from math import cos, exp, isclose, pi, sqrt
from math import log as log_of

from . import checker_kernel, checker_nccl

NUMBER = r"([\d,]+(?:\.\d+)?(?:e[+-]?\d+)?)"
LINE = re.compile(r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\] \[Rank (\d+)/(\d+)\] (INFO|WARNING|ERROR) (.*)")
STEP = re.compile(
    r"step +(\d+)/(\d+) \| loss ([\d.]+) \| ppl ([\d.]+|inf) \| lr ([\d.e+-]+) \| grad norm ([\d.]+) \| ([\d.]+) ms \| "
    r"([\d,]+) tok/s \| MFU ([\d.]+)% \| mem ([\d.]+) GiB \(([\d.]+)%\)"
)
UNITS = {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}


def number(text: str) -> float:
    """A number as it is printed."""
    return float(text.replace(",", ""))


@dataclass
class Step:
    """The figures of a step's line."""

    at: datetime
    step: int
    total: int
    loss: float
    perplexity: float
    rate: float
    milliseconds: float
    tokens_per_second: float
    mfu: float
    memory: float
    share: float


@dataclass
class Log:
    """What stands in a log: lines with their times, and the steps among them."""

    lines: list[tuple[datetime, int, int, str]] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def find(self, pattern: str) -> re.Match[str]:
        """The first line that a pattern matches; the log must have one."""
        for *_, text in self.lines:
            if match := re.search(pattern, text):
                return match
        raise AssertionError(f"no line like {pattern!r}")

    def all(self, pattern: str) -> Iterator[tuple[datetime, re.Match[str]]]:
        """Every line that a pattern matches, with its time."""
        for at, _, _, text in self.lines:
            if match := re.search(pattern, text):
                yield at, match


def read(lines: list[str]) -> Log:
    """Take a log apart."""
    log = Log()
    for line in lines:
        if not (match := LINE.fullmatch(line)):
            log.plain.append(line)
            continue
        at = datetime.fromisoformat(match[1])
        log.lines.append((at, int(match[2]), int(match[3]), match[5]))
        if step := STEP.fullmatch(match[5]):
            values = [number(value) for value in step.groups()]
            log.steps.append(Step(at, int(values[0]), int(values[1]), *values[2:5], *values[6:]))
    return log


def faults(lines: list[str]) -> list[str]:
    """Everything that does not agree with something else."""
    log = read(lines)
    return [f"{rule.__name__}: {fault}" for rule in RULES for fault in rule(log)] + checker_nccl.faults(lines)


def clock_goes_forward(log: Log) -> Iterator[str]:
    """Time stamps never go back."""
    for (before, *_), (after, *_, text) in pairwise(log.lines):
        if after < before:
            yield f"{text} at {after} after {before}"


def ranks_exist(log: Log) -> Iterator[str]:
    """No rank is outside the world, whose size never changes; each detected GPU is another one."""
    worlds = {world for _, _, world, _ in log.lines}
    if len(worlds) != 1:
        yield f"worlds {worlds}"
    yield from (f"rank {rank}/{world}" for _, rank, world, _ in log.lines if rank >= world)
    found = [match.groups() for _, match in log.all(r"^(\S+) pid (\d+): .* PCI (\S+)$")]
    if len({(host, bus) for host, _, bus in found}) != len(found) or len({(h, p) for h, p, _ in found}) != len(found):
        yield "two ranks share a GPU or a process"


def layout_multiplies_up(log: Log) -> Iterator[str]:
    """World = TP x PP x CP x DP = nodes x GPUs; batch = micro x accumulation x DP; tokens = batch x sequence."""
    world = log.lines[0][2]
    tp, pp, cp, dp, ep = (int(n) for n in log.find(r"TP=(\d+) PP=(\d+) CP=(\d+) DP=(\d+) EP=(\d+)").groups())
    if tp * pp * cp * dp != world or dp % ep:
        yield f"TP={tp} PP={pp} CP={cp} DP={dp} EP={ep} for {world} ranks"
    nodes, per_node = (int(n) for n in log.find(r"on (\d+) nodes? x (\d+) GPUs").groups())
    if nodes * per_node != world:
        yield f"{nodes} nodes x {per_node} for {world} ranks"
    batch = log.find(
        rf"Global batch (\d+) sequences = micro batch (\d+) x (\d+) accumulation x (\d+) .*= {NUMBER} tokens"
    )
    size, micro, accumulation, ways = (int(n) for n in batch.groups()[:4])
    sequence = int(log.find(r"sequences of (\d+)")[1])
    if (size, ways) != (micro * accumulation * dp, dp) or number(batch[5]) != size * sequence:
        yield batch[0]


def model_has_its_parameters(log: Log) -> Iterator[str]:
    """The table adds up to the parameter count; heads divide by the tensor-parallel degree, layers by the stages.

    Embedding and head may count as a layer each, and multi-token prediction as another.
    """
    rows = [
        (m[1], number(m[2])) for line in log.plain if (m := re.fullmatch(rf"    (\S[\w ()-]*?) {{2,}}{NUMBER}", line))
    ]
    parts = list(takewhile(lambda row: row[0] != "total", rows))
    total = rows[len(parts)][1]
    named = log.find(rf"Model has {NUMBER} parameters \(([\d.]+)([KMBT])")
    short = float(named[2]) * {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}[named[3]]
    if (
        sum(count for _, count in parts) != total
        or number(named[1]) != total
        or not isclose(short, total, rel_tol=0.006)
    ):
        yield f"parts {sum(count for _, count in parts):,.0f}, total {total:,.0f}, said {named[0]}"
    layers, heads, kv = (int(n) for n in log.find(r"(\d+) layers, .* (\d+) heads \((\d+) kv\)").groups())
    tp, pp = (int(n) for n in log.find(r"TP=(\d+) PP=(\d+)").groups())
    if heads % tp or kv % tp or heads % kv or all(slots % pp for slots in (layers, layers + 2, layers + 3)):
        yield f"{layers} layers, {heads} heads ({kv} kv) with TP={tp} PP={pp}"
    decayed, of = (number(n) for n in log.find(rf"on {NUMBER} of {NUMBER} parameters").groups())
    if of != total or decayed >= of:
        yield f"weight decay on {decayed} of {of}"


def epochs_divide(log: Log) -> Iterator[str]:
    """Samples // batch = steps an epoch; steps x epochs = steps in all."""
    samples = number(log.find(rf"{NUMBER}(?: of [\d,]+)? for training")[1])
    match = log.find(rf"Global batch (\d+) .*; {NUMBER} steps an epoch, (\d+) epochs?, {NUMBER} steps in all")
    batch, steps, epochs, total = (number(n) for n in match.groups())
    if samples // batch != steps or steps * epochs != total:
        yield f"{samples} samples, {match[0]}"
    yield from (f"step {s.step} of {s.total}" for s in log.steps if s.total != total or s.step > total)


def steps_follow(log: Log) -> Iterator[str]:
    """The first, every tenth and the last step have their line, in order; after a resume they go on from there."""
    total, done, began = log.steps[-1].total, 0, False
    for *_, text in log.lines:
        if match := re.match(r"Resuming after step (\d+)", text):
            done = int(match[1])
            began = began or done == 0
        elif match := STEP.fullmatch(text):
            wanted = min(done + 1 if not began else done // 10 * 10 + 10, total)
            if int(match[1]) not in (wanted, done + 1):
                yield f"step {match[1]} where {wanted} was due"
            done, began = int(match[1]), True


def first_after_resume(log: Log) -> set[int]:
    """Indices of the steps that are the first since processes were started."""
    found, index, fresh = set(), 0, True
    for *_, text in log.lines:
        fresh = fresh or text.startswith("Resuming after")
        if STEP.fullmatch(text):
            if fresh:
                found.add(index)
            index, fresh = index + 1, False
    return found


def speed_follows(log: Log) -> Iterator[str]:
    """tok/s x step time = tokens a step; MFU = tok/s x FLOP/token over the fleet's peak."""
    tokens = number(log.find(rf"= {NUMBER} tokens;")[1])
    match = log.find(r"([\d.]+) GFLOP/token, peak ([\d.]+) TFLOP/s")
    flop, peak = float(match[1]) * 1e9, float(match[2]) * 1e12
    # Both factors are printed with few digits.
    rounded = 0.5 * 10.0 ** -len(match[1].partition(".")[2]) / float(match[1])
    world = log.lines[0][2]
    for s in log.steps:
        slack = 1 + 0.51e-3 * s.milliseconds + 0.051e-3 * s.tokens_per_second
        if not isclose(s.tokens_per_second * s.milliseconds / 1000, tokens, rel_tol=2e-6, abs_tol=slack):
            yield f"step {s.step}: {s.tokens_per_second} tok/s x {s.milliseconds} ms is not {tokens}"
        if abs(s.tokens_per_second * flop / world / peak * 100 - s.mfu) > 0.0051 + s.mfu * (
            rounded + 0.5 / s.tokens_per_second
        ):
            yield f"step {s.step}: MFU {s.mfu} for {s.tokens_per_second} tok/s"
    if not all(0 < s.mfu < 70 for s in log.steps):
        yield "an MFU nobody reaches"


def perplexity_is_exp_loss(log: Log) -> Iterator[str]:
    """Perplexity = exp(loss), to the last printed digit, wherever both stand."""
    pairs = [(s.loss, s.perplexity) for s in log.steps]
    pairs += [(float(m[1]), float(m[2])) for _, m in log.all(r"alidation loss ([\d.]+)(?: \(|, )ppl ([\d.]+)")]
    for loss, perplexity in pairs:
        if abs(exp(loss) - perplexity) > 0.0051:
            yield f"loss {loss}, ppl {perplexity}"


def learning_rate_follows_its_schedule(log: Log) -> Iterator[str]:
    """Linear warm-up, then the decay that was announced."""
    match = log.find(r"(\d+) steps of linear warm-up to ([\d.e+-]+), then (\w+) decay to ([\d.e+-]+) at step (\d+)")
    warmup, total = int(match[1]), int(match[5])
    peak, floor = float(match[2]), float(match[4])
    shapes = {"cosine": lambda x: (1 + cos(pi * x)) / 2, "linear": lambda x: 1 - x,
              "wsd": lambda x: 1 - sqrt(max(0.0, (x - 0.8) / 0.2))}  # fmt: skip
    for s in log.steps:
        done = (s.step - warmup) / max(1, total - warmup)
        want = peak * s.step / warmup if s.step <= warmup else floor + (peak - floor) * shapes[match[3]](done)
        if not isclose(want, s.rate, rel_tol=6e-3, abs_tol=1e-15):
            yield f"step {s.step}: lr {s.rate}, by the schedule {want:.3e}"


def memory_is_constant(log: Log) -> Iterator[str]:
    """Memory grows with the second step and then stays; its percentage is that of the card."""
    card = float(log.find(r"([\d.]+) GiB, PCI")[1])
    for s in log.steps:
        if abs(s.memory / card * 100 - s.share) > 0.051 + 0.5 / card:
            yield f"step {s.step}: {s.memory} GiB of {card} is not {s.share} %"
    later = {s.memory for at, s in enumerate(log.steps) if at not in first_after_resume(log)}
    if len(later) > 1 or any(s.memory > card for s in log.steps):
        yield "memory is not constant after the second step, or more than there is"


def pace_is_what_was_waited(log: Log) -> Iterator[str]:
    """Between two step lines as much time has passed as their steps took, unless something else went on."""
    others = [
        at
        for at, _ in log.all(r"Saved|Staged|Validation|WARNING|slower|waited|down for|Attempt|Resuming|Process group")
    ]
    fresh = first_after_resume(log)
    for at, (before, after) in enumerate(pairwise(log.steps)):
        if at in fresh or any(before.at <= other <= after.at for other in others):
            continue
        passed = (after.at - before.at).total_seconds()
        want = (after.step - before.step) * after.milliseconds / 1000
        if abs(passed - want) > 1.01 + 0.15 * want:
            yield f"step {after.step}: {passed} s passed, {want:.1f} s by its figures"


def transfers_take_their_time(log: Log) -> Iterator[str]:
    """Bytes = seconds x rate for weights and checkpoints; a checkpoint is 12 or 14 bytes a parameter."""
    form = r"([\d.]+) (\w+)(?: in [\w ]+,)? (?:in )?([\d.]+) s \(([\d.]+) (\w+)/s"
    for _, m in log.all(rf"(?:Loaded|Saved \S+:) {form}"):
        size, seconds, rate = float(m[1]) * UNITS[m[2]], float(m[3]), float(m[4]) * UNITS[m[5]]
        if not isclose(size, seconds * rate, rel_tol=0.006 + 0.0051 / seconds):
            yield m[0]
    parameters = number(log.find(rf"Model has {NUMBER} parameters")[1])
    for _, m in log.all(rf"Saved \S+: {form}"):
        each = float(m[1]) * UNITS[m[2]] / parameters
        if not (isclose(each, 12, rel_tol=0.006) or isclose(each, 14, rel_tol=0.006)):
            yield f"{m[0]}: {each:.2f} bytes a parameter"


def start_up_adds_up(log: Log) -> Iterator[str]:
    """The parts of the start-up add up to all of it, and to the time that passed."""
    at, match = next(log.all(r"Start-up took ([\d.]+) s: (.*)"))
    parts = [float(part.rsplit(" ", 1)[1]) for part in match[2].split(", ")]
    if abs(sum(parts) - float(match[1])) > 0.05 * (len(parts) + 1):
        yield f"{sum(parts):.1f} s in parts, {match[1]} s in all"
    if (at - log.lines[0][0]) > timedelta(seconds=float(match[1]) + 1):
        yield "the start-up took longer than it says"


def bandwidths_fit(log: Log) -> Iterator[str]:
    """In the all-reduce table algbw = size / time and busbw = algbw x 2(n-1)/n."""
    world = log.lines[0][2]
    for line in log.plain:
        if m := re.match(r" +(\d+) +(\d+) +float +sum +-1 +([\d.]+) +([\d.]+) +([\d.]+) ", line):
            size, count, time, algbw, busbw = map(float, m.groups())
            if count * 4 != size or not isclose(size / time / 1e3, algbw, rel_tol=2e-3):
                yield line
            if not isclose(algbw * 2 * (world - 1) / world, busbw, rel_tol=2e-3, abs_tol=0.02):
                yield line


def summary_agrees(log: Log) -> Iterator[str]:
    """The summary's totals are those of the run."""
    rows = {m[1]: m[2] for line in log.plain if (m := re.fullmatch(r"    (\S[\w -]*?) {2,}(\S.*)", line))}
    tokens_per_step = number(log.find(rf"= {NUMBER} tokens;")[1])
    batch = number(log.find(r"Global batch (\d+)")[1])
    flop = float(log.find(r"([\d.]+) GFLOP/token")[1]) * 1e9
    steps, tokens = number(rows["steps"].split()[0]), number(rows["tokens"].split()[0])
    last = log.steps[-1].step
    reached = last <= steps < last + 10 if "stopped early" in rows["steps"] else steps == last
    if not (reached or "in this job" in rows["steps"]):
        yield f"{rows['steps']} after step {last}"
    if tokens != steps * tokens_per_step or number(rows["samples"]) != steps * batch:
        yield f"{rows['steps']}, {rows['tokens']}, {rows['samples']}"
    if not isclose(float(rows["compute"].split()[0]), tokens * flop, rel_tol=1e-3):
        yield f"compute {rows['compute']}"
    mean, speed = float(rows["mean step"].split()[0]), number(rows["throughput"].split()[0])
    if not isclose(mean * speed / 1000, tokens_per_step, rel_tol=1e-4):
        yield f"{rows['mean step']}, {rows['throughput']}"
    best = min((float(m[1]) for _, m in log.all(r"Validation loss ([\d.]+)")), default=0.0)
    # What was found before a restart and is repeated after it may differ in the fourth decimal.
    slack = 0.002 if int(rows["restarts"]) else 0.0
    if "best validation loss" in rows and abs(float(rows["best validation loss"].split()[0]) - best) > slack:
        yield f"best {rows['best validation loss']} is not {best}"
    saved = len(list(log.all("Saved ")))
    if int(rows.get("checkpoints", "0").split()[0]) != saved:
        yield f"{rows.get('checkpoints')}, seen {saved}"
    restarts = len(list(log.all(r"^Attempt \d+")))
    if int(rows["restarts"]) != restarts:
        yield f"{rows['restarts']} restarts, seen {restarts}"


def loss_learns(log: Log) -> Iterator[str]:
    """The loss starts near ln(vocabulary), falls, and never stands still."""
    losses = [s.loss for s in log.steps]
    if not list(log.all("Loading seed checkpoint")):
        return  # a model that has learnt before
    vocabulary = number(log.find(rf"vocabulary {NUMBER}, context")[1])
    if not -0.3 < losses[0] - log_of(vocabulary) < 1.0:
        yield f"first loss {losses[0]} for a vocabulary of {vocabulary}"
    restarted = any(log.all(r"^Attempt \d+"))
    if sum(losses[-5:]) / 5 > losses[0] - 0.3 or (len(set(losses)) < 0.9 * len(losses) and not restarted):
        yield "the loss does not learn, or is frozen"


def collectives_time_out(log: Log) -> Iterator[str]:
    """A watchdog gives a collective up after the time that the process group was given."""
    hours, minutes, seconds = map(int, log.find(r"init_process_group.* timeout (\d+):(\d\d):(\d\d)$").groups())
    limit = 1000 * (3600 * hours + 60 * minutes + seconds)
    for line in log.plain:
        if (match := re.search(r"Timeout\(ms\)=(\d+)\) ran for (\d+) milliseconds", line)) and (
            int(match[1]) != limit or not 0 <= int(match[2]) - limit <= 300
        ):
            yield f"{match[0]}, {limit} ms were given"


def kernel_tells_why(log: Log) -> Iterator[str]:
    """What a rank reads in its node's kernel log is in the driver's words, of a GPU in a slot that GPUs are in."""
    said = [text for *_, text in log.lines if ": kernel: NVRM: " in text]
    yield from checker_kernel.faults(said)
    slots = {match[1][4:].rpartition(".")[0].lower() for _, match in log.all(r"^\S+ pid \d+: .* PCI (\S+)$")}
    hosts = {match[1] for _, match in log.all(r"^(\S+) pid \d+: ")}
    hosts |= {match[1] for _, match in log.all(r"is drained, (\S+) joins as node")}
    each = not any(log.all(r"^\S+ pid \d+: \d+ x cuda"))
    for text in said if each else ():
        host, match = text.partition(":")[0], checker_kernel.XID.search(text)
        if not match or match[1] not in slots or host not in hosts:
            yield text


RULES = (
    clock_goes_forward,
    ranks_exist,
    layout_multiplies_up,
    model_has_its_parameters,
    epochs_divide,
    steps_follow,
    speed_follows,
    perplexity_is_exp_loss,
    learning_rate_follows_its_schedule,
    memory_is_constant,
    pace_is_what_was_waited,
    transfers_take_their_time,
    start_up_adds_up,
    bandwidths_fit,
    summary_agrees,
    loss_learns,
    collectives_time_out,
    kernel_tells_why,
)
