"""A reader of NeMo logs with a pocket calculator: knows only the printed text, recomputes what can be."""

import re
from ast import literal_eval
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from math import isclose

from . import checker_export, checker_kernel

LINE = re.compile(r"\[NeMo ([IW]) (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (\w+):(\d+)\] (.*)")
STEP = re.compile(
    r"Training epoch (\d+), iteration (\d+)/(\d+) \| lr: (\S+) \| global_batch_size: (\d+) \| global_step: (\d+) \| "
    r"reduced_train_loss: (\S+) \|(?: (\w*load_balancing_loss): (\S+) \|)?"
    r" train_step_timing in s: (\S+) \| consumed_samples: (\d+)(?: \| val_loss: (\S+))?"
)
SAVE = re.compile(
    r"Global Checkpoint Save : Rank: 0 : Iteration: (\d+) : Start time: ([\d.]+)s : Save duration: ([\d.]+)s"
)
LOAD = re.compile(
    r"Global Checkpoint Load : Rank : 0 : Start time : ([\d.]+)s : Time spent in load_checkpoint: ([\d.]+)s"
)
VALIDATION = re.compile(r"Validation: iteration (\d+)/(\d+)")
SAMPLER = re.compile(r"Instantiating MegatronPretrainingSampler with total_samples: (\d+) and consumed_samples: (\d+)")
NUMBER = re.compile(r"-?\d\.?\d*(?:e[+-]\d\d)?|\d{1,4}\.?\d*")


@dataclass
class Step:
    """The figures of a step's line, as texts where their form matters."""

    epoch: int
    iteration: int
    total: int
    rate: str
    batch: int
    number: int
    loss: str
    seconds: str
    consumed: int
    validation: str | None
    balance: tuple[str, float] | None


@dataclass
class Said:
    """A line; NeMo's have a time and a place."""

    text: str
    at: datetime | None = None
    level: str = ""
    place: tuple[str, int] = ("", 0)
    step: Step | None = None


@dataclass
class Log:
    """All that was printed, in order."""

    said: list[Said] = field(default_factory=list)
    ending: list[str] = field(default_factory=list)
    """What another program printed, that the launch script ran behind the training."""

    @property
    def steps(self) -> list[Step]:
        """The steps in order."""
        return [said.step for said in self.said if said.step]

    def all(self, pattern: str | re.Pattern[str]) -> Iterator[tuple[Said, re.Match[str]]]:
        """Every line that a pattern matches."""
        for said in self.said:
            if match := re.match(pattern, said.text):
                yield said, match

    def first(self, pattern: str | re.Pattern[str]) -> re.Match[str]:
        """The first line that a pattern matches; there must be one."""
        return next(match for _, match in self.all(pattern))


def read(lines: list[str]) -> Log:
    """Take a log apart."""
    log = Log()
    end = next((at for at, line in enumerate(lines) if line.startswith("+ python3 -c ")), len(lines))
    log.ending = lines[end:]
    for line in lines[:end]:
        if match := LINE.fullmatch(line):
            at = datetime.fromisoformat(match[2]).replace(tzinfo=UTC)
            log.said.append(Said(match[5], at, match[1], (match[3], int(match[4]))))
        elif match := STEP.fullmatch(line):
            numbers = [int(match[i]) for i in (1, 2, 3, 5, 6, 11)]
            balance = (match[8], float(match[9])) if match[8] else None
            epoch, iteration, total, batch, number, consumed = numbers
            step = Step(
                epoch, iteration, total, match[4], batch, number, match[7], match[10], consumed, match[12], balance
            )
            log.said.append(Said(line, step=step))
        else:
            log.said.append(Said(line))
    return log


def faults(lines: list[str]) -> list[str]:
    """Everything that does not agree with something else."""
    log = read(lines)
    return [f"{rule.__name__}: {fault}" for rule in RULES for fault in rule(log)]


def clock_goes_forward(log: Log) -> Iterator[str]:
    """NeMo's time stamps never go back."""
    stamped = [said for said in log.said if said.at]
    for before, after in pairwise(stamped):
        assert before.at
        assert after.at
        if after.at < before.at:
            yield f"{after.at} {after.text[:60]}"


def places_fit_python(log: Log) -> Iterator[str]:
    """Either all of NeMo's own messages come from its logger's module, or none does."""
    core = {"utils", "num_microbatches_calculator"}
    modules = {said.place[0] for said in log.said if said.at} - core
    if "nemo_logging" in modules and modules != {"nemo_logging"}:
        yield f"{modules}"
    wanted = {"I": 393, "W": 405}
    yield from (
        said.text for said in log.said if said.place[0] == "nemo_logging" and said.place[1] != wanted[said.level]
    )


def world_is_complete(log: Log) -> Iterator[str]:
    """Ranks join once each, as the members that were announced; groups of a kind have all ranks between them."""
    worlds = {int(m[1]) for _, m in log.all(r"All distributed processes registered. Starting with (\d+) processes")}
    members = [tuple(map(int, m.groups())) for _, m in log.all(r"Initializing .*RANK: (\d+), MEMBER: (\d+)/(\d+)")]
    worlds |= {world for _, _, world in members}
    if len(worlds) != 1 or any(member != rank + 1 or member > world for rank, member, world in members):
        yield f"worlds {worlds}"
    starts = len(list(log.all("distributed_backend=")))
    if len(members) != starts * len(set(members)):
        yield "a rank joined twice"
    for _, match in log.all(r"All (.*?)(?: ranks)?(?: with context parallel combined)?: (\[\[.*\]\])"):
        ranks = sorted(rank for group in literal_eval(match[2]) for rank in group)
        if ranks != list(range(*worlds)):
            yield f"{match[1]} does not have all ranks"


def parallelism_multiplies_up(log: Log) -> Iterator[str]:
    """Tensor x pipeline = model group; with data and context that is the world; vocabulary and batch divide."""
    sizes = {
        kind: len(literal_eval(log.first(rf"Rank 0 has {kind} group ?: (\[.*\])")[1]))
        for kind in (
            "data parallel",
            "context parallel",
            "tensor model parallel",
            "pipeline model parallel",
            "model parallel",
        )
    }
    dp, cp, tp, pp, model = sizes.values()
    world = int(log.first(r"All distributed processes registered. Starting with (\d+)")[1])
    if tp * pp != model or dp * cp * tp * pp != world:
        yield f"{sizes} for {world}"
    padded, original, dummies = (
        int(n) for n in log.first(r"Padded vocab_size: (\d+), .*: (\d+), .*: (\d+)\.").groups()
    )
    if padded % (128 * tp) or padded - original != dummies or dummies >= 128 * tp:
        yield f"{padded} - {original} = {dummies}"
    micro = int(log.first(r"setting number of microbatches to constant (\d+)")[1])
    yield from (f"batch {s.batch}" for s in log.steps[:1] if s.batch % (micro * dp))


def buffer_has_all_parameters(log: Log) -> Iterator[str]:
    """The gradient buffer has as many elements as rank 0 parameters, filled up to a multiple of 128."""
    parameters = {int(m[1]) for _, m in log.all(r" > number of parameters on .*: (\d+)")}
    for _, m in log.all(r" +Params for bucket 1 \((\d+) elements, (\d+) padded size\):"):
        if {int(m[1])} != parameters or int(m[2]) % 128 or int(m[2]) < int(m[1]):
            yield f"{m[0].strip()}, {parameters}"


def steps_follow(log: Log) -> Iterator[str]:
    """Steps follow one another, also from epoch to epoch; after a restart they go on where a checkpoint was."""
    restarted = log.said[0]
    previous: Step | None = None
    for said in log.said:
        restarted = said if said.text.startswith("distributed_backend") else restarted
        if not (step := said.step):
            continue
        if previous and restarted.text:
            back = restarted.text.startswith("distributed_backend") and step.number <= previous.number + 1
            if step.number != previous.number + 1 and not back:
                yield f"{previous.number} then {step.number}"
            if step.total != previous.total or step.batch != previous.batch:
                yield said.text
        restarted, previous = Said("-"), step
    epochs = {(s.epoch, s.number - s.iteration) for s in log.steps}
    if len(epochs) != len({epoch for epoch, _ in epochs}):
        yield "an epoch begins at two steps"


def samples_are_counted(log: Log) -> Iterator[str]:
    """Consumed samples = steps x batch; the sampler begins where the steps do."""
    for s in log.steps:
        if s.consumed != (s.number + 1) * s.batch:
            yield f"{s.consumed} samples after step {s.number}"
    begin = [(i, match) for i, said in enumerate(log.said) if (match := SAMPLER.match(said.text))]
    for i, match in begin:
        step = next((said.step for said in log.said[i:] if said.step), None)
        if step and (int(match[1]) % step.batch or int(match[2]) != step.iteration * step.batch):
            yield f"{match[0]}, then iteration {step.iteration}"


def numbers_have_four_digits(log: Log) -> Iterator[str]:
    """Loss, time and rate have no more than four significant digits."""
    for s in log.steps:
        for text in (s.rate, s.loss, s.seconds, s.validation or "1"):
            digits = re.sub(r"e.*", "", text).replace(".", "").lstrip("0")
            if len(digits) > 4 or not NUMBER.fullmatch(text):
                yield text


def learning_rate_rises_then_falls(log: Log) -> Iterator[str]:
    """It rises in proportion to the steps up to the optimizer's rate, then it never rises again."""
    peaks = {float(m[1]) for _, m in log.all(r"Setting up optimizer with config OptimizerConfig\(.*?\blr=([\d.e-]+)")}
    for peak in peaks:
        yield from (f"lr {s.rate}, the peak is {peak}" for s in log.steps if float(s.rate) > peak * 1.0006)
    if not peaks:
        yield "no optimizer"
    seen = {s.number: float(s.rate) for s in log.steps}
    falling = False
    for (before, low), (after, high) in pairwise(sorted(seen.items())):
        if high > low and (falling or high / low > (after + 1) / (before + 1) * 1.002):
            yield f"lr {low} at {before}, {high} at {after}"
        falling = falling or high < low


def saves_take_their_time(log: Log) -> Iterator[str]:
    """A line's time stamp is the start and the duration; between two saves steps and validations took place."""
    before: float | None = None
    passed, slack, other = 0.0, 0.0, False
    for said in log.said:
        if said.step:
            passed += float(said.step.seconds)
            slack += 0.0006 * max(1.0, float(said.step.seconds))
        other = other or bool(VALIDATION.match(said.text))
        if "Restor" in said.text or "finalized" in said.text or "Traceback" in said.text:
            before = None
        if match := SAVE.match(said.text):
            start, seconds = float(match[2]), float(match[3])
            assert said.at
            if not -0.1 < said.at.timestamp() + 1 - start - seconds < 2.1:
                yield f"{match[0]} at {said.at}"
            late = before is not None and start - before > passed + slack + 0.05 and not other
            if late or (before is not None and start - before < passed - slack - 0.05):
                yield f"{match[0]} came too {'late' if late else 'soon'} after {passed:.3f} s of steps"
            before, passed, slack, other = start + seconds, 0.0, 0.0, False


def loads_take_their_time(log: Log) -> Iterator[str]:
    """A load is reported when it is over."""
    for said, match in log.all(LOAD):
        assert said.at
        if not -0.1 < said.at.timestamp() + 1 - float(match[1]) - float(match[2]) < 1.2:
            yield f"{match[0]} at {said.at}"


def checkpoints_are_there(log: Log) -> Iterator[str]:
    """A checkpoint is named after its step; what is restored was saved, or is older; from there steps go on."""
    saved: dict[str, int] = {}
    last, expected = -1, None
    for said in log.said:
        if said.step:
            if expected is not None and said.step.number != expected:
                yield f"step {said.step.number} after a checkpoint of {expected} steps"
            last, expected = said.step.number, None
        if (match := SAVE.match(said.text)) and int(match[1]) != last:
            yield f"{match[0]} after step {last}"
        if match := re.match(r"Successfully saved checkpoint from iteration ([ \d]{7}) to (.*-(\d+))", said.text):
            saved[match[2]] = int(match[3])
            if int(match[1]) != int(match[3]) - 1 or int(match[1]) > last:
                yield match[0]
        if match := re.match(r"Restored all states from the checkpoint at (.*-(\d+))", said.text):
            expected = int(match[2])
            if saved and match[1] not in saved and expected > min(saved.values()):
                yield f"{match[1]} was never saved"


def validation_is_counted(log: Log) -> Iterator[str]:
    """Batches of a validation come in order, all of them; the loss stays until the next one."""
    previous = 0
    loss: str | None = None
    fresh = True
    for said in log.said:
        if match := VALIDATION.fullmatch(said.text):
            done, total = int(match[1]), int(match[2])
            if done != previous + 1:
                yield said.text
            previous, fresh = (0 if done == total else done), True
        elif said.step:
            if previous or (said.step.validation != loss and not fresh):
                yield said.text
            loss, fresh = said.step.validation, False
        elif said.text.startswith("distributed_backend"):
            previous, fresh = 0, True


def ends_at_the_last_step(log: Log) -> Iterator[str]:
    """The number of steps is the one that was announced, and training stops when they are done."""
    announced = {int(m[1]) for _, m in log.all(r"Copying Trainer's 'max_steps' \((\d+)\)")}
    if announced != {s.total + 1 for s in log.steps}:
        yield f"{announced} announced"
    for _, match in log.all(r"`Trainer.fit` stopped: `max_steps=(\d+)` reached\."):
        if int(match[1]) != log.steps[-1].number + 1 or {int(match[1])} != announced:
            yield match[0]


def time_limit_is_over(log: Log) -> Iterator[str]:
    """When the limit is reached, the steps alone have not taken longer."""
    for _, match in log.all(r"Time limit reached. Elapsed time is (\d+):(\d\d):(\d\d)\."):
        elapsed = int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3])
        steps = sum(float(s.seconds) for s in log.steps)
        if steps > 1.01 * elapsed + 3:
            yield f"{match[0]}, {steps:.1f} s in steps"
        if isclose(elapsed, 0):
            yield match[0]


def experts_are_balanced(log: Log) -> Iterator[str]:
    """The loss that balances experts is summed over micro-batches, in each about 1; all steps print it or none."""
    micro = int(log.first(r"setting number of microbatches to constant (\d+)")[1])
    if len({step.balance and step.balance[0] for step in log.steps}) > 1:
        yield "some steps have no balance"
    for step in log.steps:
        if step.balance and not 0.9 * micro < step.balance[1] < 1.6 * micro:
            yield f"step {step.number}: {step.balance} in {micro} micro-batches"


def export_follows(log: Log) -> Iterator[str]:
    """What is exported is what was saved last, and has two bytes for each parameter that rank 0 says it has."""
    if not log.ending:
        return
    command = re.search(r'export_ckpt\(path="(.*?)", target="hf", output_path="(.*?)"\)', log.ending[0])
    assert command
    saved = [m[1] for _, m in log.all(r"Successfully saved checkpoint from iteration +\d+ to (\S+)")]
    if saved[-1:] != [command[1]] or f"✓ Checkpoint exported to {command[2]}" not in log.ending:
        yield log.ending[0]
    own = int(log.first(r" > number of parameters on .*: (\d+)")[1])
    padded, original = map(int, log.first(r"Padded vocab_size: (\d+), original vocab_size: (\d+)").groups())
    shards = len(literal_eval(log.first(r"Rank 0 has model parallel group ?: (\[.*\])")[1]))
    world = int(log.first(r"All distributed processes registered. Starting with (\d+)")[1])
    # Rank 0 may have a part of the experts; how wide the vocabulary's dummies are is not said, but how many they are.
    dummies = (padded - original) * 16384 * 2
    least = 2 * max(own - dummies, 0)
    slack = 2 * dummies + 2e6 + (0.0 if world == shards == 1 else 2.0 * own * world)
    yield from checker_export.faults(log.ending, command[2], least, slack)


def kernel_tells_why(log: Log) -> Iterator[str]:
    """What the driver wrote is of one GPU, in the driver's words, and that is the GPU which is drained."""
    lines = [said.text for said in log.said]
    yield from (*checker_kernel.faults(lines), *checker_kernel.failures(lines), *checker_kernel.stamps(lines))


RULES = (
    clock_goes_forward,
    places_fit_python,
    world_is_complete,
    parallelism_multiplies_up,
    buffer_has_all_parameters,
    steps_follow,
    samples_are_counted,
    numbers_have_four_digits,
    learning_rate_rises_then_falls,
    saves_take_their_time,
    loads_take_their_time,
    checkpoints_are_there,
    validation_is_counted,
    ends_at_the_last_step,
    time_limit_is_over,
    experts_are_balanced,
    export_follows,
    kernel_tells_why,
)
