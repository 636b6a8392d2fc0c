"""A reader of DeepSpeed logs with a pocket calculator: knows only the printed text, recomputes what can be."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from math import exp, isclose, log2

LINE = re.compile(
    r"(?:([\w.-]+): )?\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3})\] \[(INFO|ERROR)\] \[([\w.]+):(\d+):(\w+)\] (.*)"
)
LABEL = re.compile(r"([\w.-]+): (.*)")
PROGRESS = re.compile(r"\[Rank 0\] step=(\d+), skipped=(\d+), lr=\[(\S+), (\S+)\], mom=\[\((.*)\), \((.*)\)\]")
TIMER = re.compile(
    r"epoch=(\d+)/micro_step=(\d+)/global_step=(\d+), RunningAvgSamplesPerSec=([\d.]+), CurrSamplesPerSec=([\d.]+), "
    r"MemAllocated=([\d.]+)GB, MaxMemAllocated=([\d.]+)GB"
)
RUN = re.compile(
    r"\S+: ([\d.]+) B parameters \| batch (\d+) = (\d+) x (\d+) x (\d+) \| sequence length (\d+) \| (\d+) steps"
)
SCRIPT = re.compile(
    r"epoch (\d+)/(\d+) step (\d+)/(\d+) \| loss [\d.]+ \| grad norm [\d.]+ \| ([\d.]+) s/step \| "
    r"([\d.]+) samples/s \| (\d+) tokens/s \| ([\d.]+) TFLOP/s per GPU"
)
STEPS = re.compile(r"steps: (\d+) loss: ([\d.]+) iter time \(s\): ([\d.]+) samples/sec: ([\d.]+)")
MEMORY = re.compile(r"MA ([\d.]+) GB {9}Max_MA ([\d.]+) GB {9}CA ([\d.]+) GB {9}Max_CA (\d+) GB ")
OVERFLOW = re.compile(
    r"\[deepspeed\] OVERFLOW! Rank 0 Skipping step\. Attempted loss scale: (\d+), "
    r"(?:reducing to (\d+)|but hysteresis is (\d+)\. Reducing hysteresis to (\d+))"
)
STAGE = re.compile(
    r"RANK=(\d+) STAGE=(\d+) LAYERS=(\d+) \[(\d+), (\d+)\) STAGE_PARAMS=(\d+) \(.*\) TOTAL_PARAMS=(\d+) "
)
GIB = 2**30


@dataclass
class Said:
    """A line: who said it, and when if it says so."""

    host: str
    text: str
    at: datetime | None = None
    level: str = ""
    file: str = ""
    line: int = 0
    function: str = ""


@dataclass
class Log:
    """All that was printed, in order."""

    said: list[Said] = field(default_factory=list)

    def all(self, pattern: str | re.Pattern[str]) -> Iterator[tuple[Said, re.Match[str]]]:
        """Every line that a pattern matches."""
        for said in self.said:
            if match := re.match(pattern, said.text):
                yield said, match

    def first(self, pattern: str | re.Pattern[str]) -> re.Match[str]:
        """The first line that a pattern matches; there must be one."""
        return next(match for _, match in self.all(pattern))

    @cached_property
    def config(self) -> dict[str, str]:
        """The engine's configuration as it was printed first."""
        rows = (match for said, match in self.all(r"  (\w+) [. ]*?(\S.*)?$") if said.function == "print")
        return {match[1]: (match[2] or "").lstrip(". ") for match in rows}

    @cached_property
    def processes(self) -> list["Log"]:
        """The parts of the log, one for each life of rank 0's process."""
        starts = [at for at, said in enumerate(self.said) if "DeepSpeed info: version" in said.text]
        return [Log(self.said[begin:end]) for begin, end in pairwise([*starts, len(self.said)])]


def read(lines: list[str]) -> Log:
    """Take a log apart; pdsh's labels tell hosts."""
    log = Log()
    for line in lines:
        if match := LINE.fullmatch(line):
            at = datetime.strptime(match[2], "%Y-%m-%d %H:%M:%S,%f")
            log.said.append(Said(match[1] or "", match[7], at, match[3], match[4], int(match[5]), match[6]))
        else:
            label = LABEL.fullmatch(line)
            hosts = {said.host for said in log.said if said.at}
            known = label is not None and label[1] in hosts
            log.said.append(Said(label[1], label[2]) if known and label else Said("", line))
    return log


def faults(lines: list[str]) -> list[str]:
    """Everything that does not agree with something else."""
    log = read(lines)
    return [f"{rule.__name__}: {fault}" for rule in RULES for fault in rule(log)]


def clock_goes_forward(log: Log) -> Iterator[str]:
    """On each host time stamps never go back."""
    seen: dict[str, datetime] = {}
    for said in log.said:
        if said.at:
            if said.at < seen.get(said.host, said.at):
                yield f"{said.host} {said.at} {said.text[:60]}"
            seen[said.host] = said.at


def a_message_has_one_place(log: Log) -> Iterator[str]:
    """A function's message stands in one line of the source."""
    places: dict[tuple[str, str, str], int] = {}
    for said in log.said:
        words = re.sub(r"[\d.]+|'.*|[A-Z]\w*_\w*", "", said.text)[:14]
        words += "hysteresis" * ("hysteresis is" in said.text)
        line = places.setdefault((said.file, said.function, words), said.line)
        if said.file and line != said.line:
            yield f"{said.file}:{said.line} and {line}: {said.text[:50]}"


def world_multiplies_up(log: Log) -> Iterator[str]:
    """Hosts x devices = world; each launcher spawns as many workers as it has devices, all of them new."""
    for _, match in log.all(r"WORLD INFO DICT: (\{.*\})"):
        devices = [len(part.split(",")) for part in re.findall(r"\[(.*?)\]", match[1])]
        nodes, per_node = (int(n) for n in log.first(r"nnodes=(\d+), num_local_procs=(\d+)").groups())
        size = int(log.first(r"dist_world_size=(\d+)")[1])
        if sum(devices) != size or len(devices) != nodes or set(devices) != {per_node}:
            yield f"{match[1]} for {size}"
    ranks = [int(n) for _, m in log.all(r"global_rank_mapping=.*?\{(.*)\}\)") for n in re.findall(r"[ \[](\d+)", m[1])]
    launchers = len(list(log.all("global_rank_mapping=")))
    if launchers and sorted(set(ranks)) != list(range(len(ranks) // launchers)):
        yield "a rank is missing in the mapping"
    pids = [(said.host, match[1]) for said, match in log.all(r"process (\d+) spawned")]
    if len(set(pids)) != len(pids):
        yield "two workers share a process"


def only_workers_end(log: Log) -> Iterator[str]:
    """Whatever is killed or exits was spawned on that host before."""
    spawned: set[tuple[str, str]] = set()
    for said in log.said:
        if match := re.match(r"process (\d+) spawned", said.text):
            spawned.add((said.host, match[1]))
        match = re.match(r"Killing subprocess (\d+)|Process (\d+) exits successfully", said.text)
        if match and (said.host, match[1] or match[2]) not in spawned:
            yield f"{said.host}: {said.text}"


def kills_have_no_rhythm(log: Log) -> Iterator[str]:
    """A launcher waits for each worker that it ends: dead ones are gone at once, live ones when their GPU is free."""
    runs: list[list[Said]] = []
    last: dict[str, Said] = {}
    for said in log.said:
        if said.function == "sigkill_handler":
            before = last.get(said.host)
            if before and before.text.startswith("Killing"):
                next(run for run in reversed(runs) if run[-1] is before).append(said)
            elif said.at:
                runs.append([said])
            last[said.host] = said
    for run in (run for run in runs if len(run) > 3):
        moments = [said.at for said in run if said.at]
        pauses = [(after - before).total_seconds() for before, after in pairwise(moments)]
        if max(pauses) - min(pauses) < 0.0025 and max(pauses) > 0.005:
            yield f"{run[0].host}: kills {pauses[0]} s apart"


def nodes_end_by_themselves(log: Log) -> Iterator[str]:
    """Over pdsh a launcher hears of its own workers only; the runner begins anew when the last of them has left."""
    starts = [at for at, said in enumerate(log.said) if said.text.startswith("cmd = pdsh")]
    for begin, end in pairwise([*starts, len(log.said)]):
        part = log.said[begin:end]
        hosts = set(re.findall(r"-w (\S+)", part[0].text)[0].split(","))
        text = "\n".join(said.text for said in part)
        ended = {m[1]: int(m[2]) for m in re.finditer(r"pdsh@\S+: (\S+): ssh exited with exit code (\d+)", text)}
        if end < len(log.said) and ended.keys() != hosts and ": interrupt" not in text:
            yield f"a new start, and no end of {', '.join(sorted(hosts - ended.keys()))}"
        for place, said in enumerate(part):
            if "Main process received" in said.text:
                yield f"{said.host}: {said.text}, from whom?"
            if match := re.search(r"exits with return code = (-?\d+)", said.text):
                yield from _has_reason(said.host, int(match[1]), part[:place])
                if ended.get(said.host) != int(match[1]) % 256:
                    yield f"{said.host} ends with {match[1]}, its ssh with {ended.get(said.host)}"


def _has_reason(host: str, code: int, before: list[Said]) -> Iterator[str]:
    """A worker that aborts or raises has said so on that host."""
    words = {-6: r"terminate called", 1: r"(\[rank\d+\]: )?Traceback"}.get(code, "")
    if not any(said.host == host and re.match(words, said.text) for said in before):
        yield f"{host}: return code {code}, and nobody said why"


def batch_multiplies_up(log: Log) -> Iterator[str]:
    """Batch = micro-batch x accumulation x data-parallel ranks, as printed in three places."""
    config = log.config
    batch, micro, accumulation, dp = (
        int(config[name])
        for name in (
            "train_batch_size", "train_micro_batch_size_per_gpu", "gradient_accumulation_steps", "world_size",
        )
    )  # fmt: skip
    if batch != micro * accumulation * dp:
        yield f"{batch} is not {micro} x {accumulation} x {dp}"
    meshes = {int(m[1]) for _, m in log.all(r"Config mesh_device None world_size = (\d+)")}
    if meshes != {dp}:
        yield f"world sizes {meshes}, {dp} in the configuration"
    said = float(log.first(r' +"train_batch_size": ([\d.e+]+)')[1])
    if said != batch:
        yield f"batch {said}, {batch} in the configuration"
    for _, m in log.all(RUN):
        if [int(m[group]) for group in range(2, 6)] != [batch, micro, accumulation, dp]:
            yield m[0]
    stage = int(log.first(r' +"stage": (\d)')[1]) if int(config["zero_optimization_stage"]) else 0
    if stage != int(config["zero_optimization_stage"]) or f"stage={stage} " not in config["zero_config"]:
        yield f"stage {stage}"


def memory_follows(log: Log) -> Iterator[str]:
    """Peaks lie between what is there and what is reserved; shards have the size that follows from the model."""
    found = [tuple(map(float, match.groups())) for _, match in log.all(MEMORY)]
    for now, peak, reserved, reserved_peak in found:
        if not now <= peak <= reserved + 0.011 or abs(reserved - reserved_peak) > 0.51:
            yield f"MA {now} Max_MA {peak} CA {reserved} Max_CA {reserved_peak}"
    stage, dp = int(log.config["zero_optimization_stage"]), int(log.config["world_size"])
    if stage == 2 and "layers=" not in "".join(said.text for said in log.said):
        size = float(log.first(RUN)[1]) * 1e9 / GIB
        before, after = found[0], found[1]
        if not isclose(before[0], 2 * size + 4 * size / dp, rel_tol=0.004, abs_tol=0.03):
            yield f"MA {before[0]} for {size:.2f} GiB of parameters over {dp} ranks"
        if not isclose(after[1] - after[0], 4 * size / dp, rel_tol=0.004, abs_tol=0.03):
            yield f"Max_MA {after[1]} over MA {after[0]}"


def host_memory_is_a_share(log: Log) -> Iterator[str]:
    """Used / percent is the same total everywhere, within rounding."""
    found = [
        (float(m[1]), float(m[2])) for _, m in log.all(r"CPU Virtual Memory:  used = ([\d.]+) GB, percent = ([\d.]+)%")
    ]
    low = max((used / (share + 0.051) * 100 for used, share in found), default=0.0)
    high = min((used / (share - 0.051) * 100 for used, share in found if share > 0.06), default=1e9)
    if low > high:
        yield f"totals of {low:.0f} and {high:.0f} GB"


def steps_follow(log: Log) -> Iterator[str]:
    """Every interval has its line once; both groups have one rate; a new process begins where a checkpoint was."""
    every = int(log.config["steps_per_print"])
    for process in log.processes:
        steps = [int(match[1]) for _, match in process.all(PROGRESS)]
        if steps[:1] != [0] or any(after - before != every for before, after in pairwise(steps[1:])):
            yield f"steps {steps[:4]}"
        if any(step % every for step in steps):
            yield "a step that is not to be shown"
    yield from (match[0] for _, match in log.all(PROGRESS) if match[3] != match[4] or match[5] != match[6])


def learning_rate_rises_then_falls(log: Log) -> Iterator[str]:
    """It rises in proportion to the steps that were not skipped, then it never rises again."""
    for process in log.processes:
        found = [(int(m[1]) - int(m[2]), float(m[3])) for _, m in process.all(PROGRESS)][1:]
        falling = False
        for (before, low), (after, high) in pairwise(found):
            if high > low and (falling or not isclose(high / low, after / before, rel_tol=1e-9)):
                # The last rise may end at the peak, between two lines.
                if falling or high / low > after / before:
                    yield f"lr {low} after {before} updates, {high} after {after}"
                falling = True
            falling = falling or high < low


def timer_counts(log: Log) -> Iterator[str]:
    """Micro-batches = steps x accumulation; the timer counts from the process' first step, ten at a time."""
    accumulation = int(log.config["gradient_accumulation_steps"])
    for process in log.processes:
        counts = [(int(m[1]), int(m[2]), int(m[3])) for _, m in process.all(TIMER)]
        for (epoch, micro, step), (later, more, last) in pairwise([(0, 0, 0), *counts]):
            if last - step != int(log.config["steps_per_print"]):
                yield f"global_step {step} then {last}"
            if later == epoch and more - micro != (last - step) * accumulation:
                yield f"micro_step {micro} then {more} in {last - step} steps"


def speed_is_what_was_waited(log: Log) -> Iterator[str]:
    """The running average gives the seconds of the last steps; more have passed only where ranks waited for data."""
    batch, late, intervals = int(log.config["train_batch_size"]), [], 0
    for process in log.processes:
        before: tuple[int, float, datetime] | None = None
        for said in process.said:
            if re.search(r"Checkpoint|eval |NCCL WARN", said.text):
                before = None
            if not (match := TIMER.match(said.text)) or said.at is None:
                continue
            step, seconds = int(match[3]), (int(match[3]) - 2) * batch / float(match[4])
            if before and step > 10:
                passed = (said.at - before[2]).total_seconds()
                took = seconds - before[1]
                intervals += 1
                fault = f"steps to {step} took {took:.2f} s, {passed:.2f} s passed"
                if passed < took - 0.03:
                    yield fault
                if passed > 1.003 * took + 0.03:
                    late.append(fault)
            before = step, seconds, said.at
    if len(late) > 1 + 0.2 * intervals:
        yield from late


def script_agrees(log: Log) -> Iterator[str]:
    """Samples a second x seconds a step = batch, x length = tokens; TFLOPs are always so many FLOPs of a token."""
    ranks = log.first(r"dist_world_size=(\d+)") if list(log.all("dist_world_size=")) else None
    run = log.first(RUN)
    billions, batch, length = float(run[1]), int(run[2]), int(run[6])
    ratios: list[float] = []
    slack: list[float] = []
    for _, m in log.all(SCRIPT):
        seconds, speed, tokens, tflops = (float(m[group]) for group in range(5, 9))
        if (
            abs(batch / speed - seconds) > 0.00051 + 0.0051 * batch / speed**2
            or abs(tokens / length - speed) > 0.005 + 0.51 / length
        ):
            yield m[0]
        ratios.append(tflops / speed)
        if ranks:
            flops = tflops * 1e12 * int(ranks[1]) / (speed * length)
            if not 0.03 < flops / (6e9 * billions) < 3.5:
                yield f"{flops:.3g} FLOP a token for {billions} B parameters"
        slack.append(0.051 / tflops + 0.0051 / speed)
        if abs(ratios[-1] / ratios[0] - 1) > slack[-1] + slack[0]:
            yield f"TFLOPs {tflops} at {speed} samples a second"


def clocks_differ(log: Log) -> Iterator[str]:
    """The script's clock runs a little longer than the engine's: some tenths of a percent, never shorter."""
    for before, said in pairwise(log.said):
        engine, script = TIMER.match(before.text), SCRIPT.match(said.text)
        if engine and script:
            ratio, digits = float(engine[5]) / float(script[6]), 0.006 / float(script[6])
            if not 1.0003 - digits < ratio < 1.005 + digits:
                yield f"{script[0]}, by the engine {engine[5]}"


def script_counts_as_the_engine(log: Log) -> Iterator[str]:
    """A step has the engine's number, the epoch that this is in, and its total; epochs have the same length."""
    accumulation = int(log.config["gradient_accumulation_steps"])
    micro = int(log.first(r"epoch \d+/\d+: (\d+) micro-batches")[1])
    steps, total, last = micro // accumulation, int(log.first(RUN)[7]), 0
    if micro % accumulation:
        yield f"{micro} micro-batches, {accumulation} at a time"
    for said in log.said:
        if match := PROGRESS.match(said.text):
            last = int(match[1])
        if match := SCRIPT.match(said.text):
            epoch, epochs, step, of = (int(match[group]) for group in range(1, 5))
            if step != last or of != total or of != epochs * steps or epoch != (step - 1) // steps + 1:
                yield f"{match[0]} after step {last}, {steps} in each epoch"


def perplexity_is_exp_loss(log: Log) -> Iterator[str]:
    """Perplexity = exp(loss), within what their digits leave open."""
    for _, m in log.all(r"eval \d+/\d+ \| loss ([\d.]+) \| ppl ([\d.]+) "):
        if abs(exp(float(m[1])) - float(m[2])) > 0.000051 * float(m[2]) + 0.00051:
            yield m[0]


def scale_halves(log: Log) -> Iterator[str]:
    """An overflow halves the scale or uses hysteresis up; the next is at that scale, or doubled; each is counted."""
    for process in log.processes:
        expected, count, base = 0.0, 0, None
        for said in process.said:
            if match := OVERFLOW.match(said.text):
                count += 1
                attempted = float(match[1])
                if expected and (attempted < expected or log2(attempted / expected) % 1):
                    yield f"{match[1]} after {expected}"
                expected = float(match[2] or match[1])
                if (match[2] and expected * 2 != attempted) or (match[3] and int(match[3]) != int(match[4]) + 1):
                    yield match[0]
            if (match := PROGRESS.match(said.text)) and int(match[1]):
                base = int(match[2]) - count if base is None else base
                if int(match[2]) != base + count:
                    yield f"skipped={match[2]} after {count} overflows"


def checkpoints_are_there(log: Log) -> Iterator[str]:
    """A checkpoint is named after its step; what is loaded was saved, or is older; from there steps go on."""
    saved: set[str] = set()
    last, every = 0, int(log.config["steps_per_print"])
    seen = False
    for said in log.said:
        if match := PROGRESS.match(said.text):
            if seen and int(match[1]) and not 0 < int(match[1]) - last <= every:
                yield f"step {match[1]} after a checkpoint of step {last}"
            last, seen = int(match[1]) or last, seen and not int(match[1])
        if match := re.match(r"\[Rank 0\] Saving model checkpoint: (.*-(\d+))/\w+_model_states.pt", said.text):
            saved.add(match[1])
            if not 0 <= int(match[2]) - last < every:
                yield f"{match[1]} after step {last}"
        if match := re.match(r"\[Rank 0\] \[Torch\] Begin Load checkpoint from (.*-(\d+))/", said.text):
            if saved and match[1] not in saved and int(match[2]) > min(int(path[-7:]) for path in saved):
                yield f"{match[1]} was never saved"
            last, seen = int(match[2]), True


def stages_add_up(log: Log) -> Iterator[str]:
    """Stages follow one another and have all parameters between them; samples a second x time a step = batch."""
    for process in log.processes:
        found = [[int(n) for n in m.groups()] for _, m in process.all(STAGE)]
        stages = {int(m[1]) for _, m in log.all(r"stage=(\d+) layers=")}
        if stages and {row[1] for row in found} == stages and sum(r[5] for r in found) != found[0][6]:
            yield f"{sum(row[5] for row in found)} of {found[0][6]} parameters"
        if any(before[4] != after[3] for before, after in pairwise(found) if before[1] != after[1]):
            yield "stages do not follow one another"
    for _, m in log.all(STEPS):
        slack = 0.0006 / float(m[3]) + 0.0006 / float(m[4])
        if not isclose(float(m[3]) * float(m[4]), int(log.config["train_batch_size"]), rel_tol=slack):
            yield m[0]


def conversion_agrees(log: Log) -> Iterator[str]:
    """zero_to_fp32 finds the last checkpoint, all ranks' parts of it, the stage, and all parameters."""
    saved = [m[1] for _, m in log.all(r"\[Rank 0\] Saving model checkpoint: (.*)/\w+_model_states.pt")]
    for _, match in log.all(r"Processing zero checkpoint '(.*)'"):
        if saved[-1:] != [match[1]]:
            yield match[0]
    for _, match in log.all(r"Detected checkpoint of type zero stage (\d), world_size: (\d+)"):
        if (match[1], match[2]) != (log.config["zero_optimization_stage"], log.config["world_size"]):
            yield match[0]
    sizes = {match[1] for _, match in log.all(RUN)}
    for _, match in log.all(r"Reconstructed .*fp32 state dict with \d+ params (\d+) elements"):
        if sizes and sizes != {f"{int(match[1]) / 1e9:.3f}"}:
            yield f"{match[0]}, {sizes} B"
    for said, following in pairwise(log.said):
        bar = re.match(r"Loading checkpoint shards: 100%\|.*\| (\d+)/(\d+) ", following.text)
        if said.text.startswith("Processing zero") and (not bar or {bar[1], bar[2]} != {log.config["world_size"]}):
            yield following.text


RULES = (
    clock_goes_forward,
    a_message_has_one_place,
    world_multiplies_up,
    only_workers_end,
    kills_have_no_rhythm,
    nodes_end_by_themselves,
    batch_multiplies_up,
    memory_follows,
    host_memory_is_a_share,
    steps_follow,
    learning_rate_rises_then_falls,
    timer_counts,
    speed_is_what_was_waited,
    script_agrees,
    clocks_differ,
    script_counts_as_the_engine,
    perplexity_is_exp_loss,
    scale_halves,
    checkpoints_are_there,
    stages_add_up,
    conversion_agrees,
)
