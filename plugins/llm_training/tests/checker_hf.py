"""A reader with a pocket calculator for the Trainer's log: knows only the printed text."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from math import ceil, cos, exp, isclose, pi
from typing import Any

from . import checker_lm_eval

INFO = re.compile(r"\[INFO\|([\w.]+:\d+)\] (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) >> (.*)")
FIGURES = re.compile(r"\{'(?:loss|eval_loss|train_runtime)': .*\}")
BAR = re.compile(
    r"(?:(Loading weights|Writing model shards): )? *(\d+)%\|[^|]{10}\| (\d+)/(\d+) "
    r"\[([\d:]+)<([\d:?]+), +([\d.?]+)(it/s|s/it)\]"
)
HELD_OUT = re.compile(r":2959\] \S+ \S+ >>   Num examples = (\d+)")
RANK = re.compile(r"- WARNING - __main__ - Process rank: (\d+), device: cuda:(\d+), n_gpu: 1")
LARGE_BATCH = 1024
"""Of which a data set is hardly a multiple by chance; of eight one in eight is."""


@dataclass
class Attempt:
    """What one set of processes said: the header's numbers, and its figures as (step, figures)."""

    header: dict[str, int] = field(default_factory=dict)
    began: datetime | None = None
    ranks: list[tuple[int, int]] = field(default_factory=list)
    first: int = 0
    detected: int | None = None
    epoch: int | None = None
    skipped: tuple[int, int] | None = None
    figures: list[dict[str, float]] = field(default_factory=list)

    @property
    def batches(self) -> int:
        """Batches of an epoch, as a data loader without drop_last has them."""
        head = self.header
        whole = head["Total train batch size (w. parallel, distributed & accumulation)"]
        return ceil(head["Num examples"] * head["Gradient Accumulation steps"] / whole)

    def epoch_at(self, step: int) -> float:
        """The Trainer's epoch after a step: whole ones, and the share of the running one's batches."""
        epochs, rest = divmod(step, self.header["Num update steps per epoch"])
        return epochs + rest * self.header["Gradient Accumulation steps"] / self.batches


@dataclass
class Log:
    """A log taken apart."""

    text: str
    lines: list[str]
    infos: list[tuple[datetime, str, str]]
    attempts: list[Attempt]
    bars: list[re.Match[str]]
    options: dict[str, str]

    @property
    def world(self) -> int:
        return int(self.options["nproc_per_node"]) * int(self.options.get("nnodes", "1"))

    def number(self, option: str) -> float:
        return float(self.options[option])


def read(lines: list[str]) -> Log:
    """Take a log apart."""
    text = "\n".join(lines)
    command = next(line for line in lines if line.startswith("+ ") and "torchrun" in line)
    options = dict(re.findall(r"--(\w+)(?: (?!--)('[^']*'|\S+))?", command))
    log = Log(text, lines, [], [], list(BAR.finditer(text)), options)
    for line in lines:
        if rank := RANK.search(line):
            if not log.attempts or log.attempts[-1].header:
                log.attempts.append(Attempt())
            log.attempts[-1].ranks.append((int(rank[1]), int(rank[2])))
        if found := re.search(r"Checkpoint detected, resuming training at \S+-(\d+)\.$", line):
            log.attempts[-1].detected = int(found[1])
        if info := INFO.search(line):
            _take(log, moment(info), info[1], info[3])
        if found := FIGURES.search(line):
            figures = {name: float(value) for name, value in ast.literal_eval(found[0]).items()}
            log.attempts[-1].figures.append(figures)
    return log


def _take(log: Log, at: datetime, where: str, text: str) -> None:
    log.infos.append((at, where, text))
    if not log.attempts:
        return
    attempt = log.attempts[-1]
    if found := re.fullmatch(r"  (\w[\w ().,&]*) = ([\d,]+)", text):
        attempt.header.setdefault(found[1], int(found[2].replace(",", "")))
    if "Running training" in text:
        attempt.began = at
    if found := re.search(r"checkpoint with epoch (\d+) and global step (\d+)", text):
        attempt.epoch, attempt.first = int(found[1]), int(found[2])
    if found := re.search(r"past (\d+) epochs and (\d+) batches", text):
        attempt.skipped = int(found[1]), int(found[2])


def faults(lines: list[str]) -> list[str]:
    """Everything that does not agree with something else."""
    log = read(lines)
    return [f"{rule.__name__}: {fault}" for rule in RULES for fault in rule(log)]


def clock_goes_forward(log: Log) -> Iterator[str]:
    """Time stamps never go back."""
    for (before, *_), (after, _, text) in pairwise(log.infos):
        if after < before:
            yield f"{text} at {after} after {before}"


def ranks_are_all_there(log: Log) -> Iterator[str]:
    """Each attempt has every rank once, on the device of its place in the node; of many nodes the first is seen."""
    per_node = int(log.options["nproc_per_node"])
    wanted = range(per_node if "output" in log.options else log.world)
    for attempt in log.attempts:
        if sorted(rank for rank, _ in attempt.ranks) != list(wanted):
            yield f"ranks {len(attempt.ranks)} of {len(wanted)}"
        yield from (f"rank {rank} on cuda:{device}" for rank, device in attempt.ranks if rank % per_node != device)


def batch_multiplies_up(log: Log) -> Iterator[str]:
    """Total batch = per device x world x accumulation, as the command line has them."""
    for attempt in log.attempts:
        head = attempt.header
        each, accumulation = head["Instantaneous batch size per device"], head["Gradient Accumulation steps"]
        total = head["Total train batch size (w. parallel, distributed & accumulation)"]
        if total != each * accumulation * log.world:
            yield f"{total} is not {each} x {accumulation} x {log.world}"
        named = log.number("per_device_train_batch_size"), log.number("gradient_accumulation_steps")
        epochs = float(log.options.get("num_train_epochs", head["Num Epochs"]))
        if (each, accumulation) != named or head["Num Epochs"] != epochs:
            yield f"{each}, {accumulation} are not those of the command"


def epochs_divide(log: Log) -> Iterator[str]:
    """Steps an epoch follow from examples, batch and accumulation as the Trainer rounds them; times epochs is all.

    Where steps were given, epochs follow from them.
    """
    for attempt in log.attempts:
        head = attempt.header
        each, accumulation = head["Instantaneous batch size per device"], head["Gradient Accumulation steps"]
        steps = ceil(ceil(head["Num examples"] / (each * log.world)) / accumulation)
        if steps != head["Num update steps per epoch"]:
            yield f"{head['Num examples']} examples make {steps} steps"
        given = int(log.options.get("max_steps", "0"))
        if given and head["Num Epochs"] != ceil(given / steps):
            yield f"{head['Num Epochs']} epochs for {given} steps of {steps}"
        if head["Total optimization steps"] != (given or steps * head["Num Epochs"]):
            yield f"{head['Total optimization steps']} steps in all"


def sizes_are_real(log: Log) -> Iterator[str]:
    """No data set is by chance a multiple of a large batch or of a thousand; a header takes longer than a millisecond.

    What somebody typed is used as it is.
    """
    for attempt in log.attempts:
        head = attempt.header
        whole = head["Total train batch size (w. parallel, distributed & accumulation)"]
        examples, typed = head["Num examples"], log.options.get("max_train_samples")
        if typed and examples != int(typed):
            yield f"{examples} examples, not {typed}"
        fits = whole >= LARGE_BATCH and examples % whole == 0
        if not typed and log.world > 4 and (fits or examples % 1000 == 0):
            yield f"{examples} examples in batches of {whole}"
    for found in re.finditer(r":1618\] (\S+ \S+) >> .*?:1628\] (\S+ \S+) >> ", log.text, re.DOTALL):
        if found[1] == found[2]:
            yield f"a whole header at {found[1]}"


def logged(log: Log) -> Iterator[tuple[Attempt, int, dict[str, float]]]:
    """Figures of training with the step that they must be of."""
    every = int(log.number("logging_steps"))
    for attempt in log.attempts:
        step = attempt.first // every * every
        for figures in attempt.figures:
            if "loss" in figures:
                step += every
                yield attempt, step, figures


def epoch_follows_steps(log: Log) -> Iterator[str]:
    """The epoch is the step's share, in four digits."""
    for attempt, step, figures in logged(log):
        want = float(f"{attempt.epoch_at(step):.4g}")
        if figures["epoch"] != want:
            yield f"step {step}: epoch {figures['epoch']}, {want} by the steps"


def learning_rate_follows_its_schedule(log: Log) -> Iterator[str]:
    """Linear warm-up from zero, then the decay of the command line, counted in updates before the step."""
    peak, given, kind = log.number("learning_rate"), log.number("warmup_steps"), log.options["lr_scheduler_type"]
    more = json.loads(log.options.get("lr_scheduler_kwargs", "'{}'").strip("'"))
    floor = more.get("min_lr", more.get("lr_end", more.get("min_lr_ratio", 0.0) * peak))
    for attempt, step, figures in logged(log):
        total, before = attempt.header["Total optimization steps"], step - 1
        warmup = given if given >= 1 else ceil(given * total)
        done, slack = (before - warmup) / max(1, total - warmup), 1e-12
        if kind == "warmup_stable_decay":
            decay = more["num_decay_steps"]
            decayed = max(0.0, (before - (total - decay)) / decay)
            share = 1 - decayed**0.5
            # The decay begins up to half a step earlier or later than a whole number of steps can say.
            slack = 0.75 * peak / decay / max(decayed, 1 / decay) ** 0.5
        else:
            share = (1 + cos(pi * done)) / 2 if kind.startswith("cosine") else 1 - done
        want = peak * before / warmup if before <= warmup else floor + (peak - floor) * share
        if not isclose(want, figures["learning_rate"], rel_tol=1e-3, abs_tol=slack):
            yield f"step {step}: {figures['learning_rate']}, {want:.4g} by the schedule"


def speeds_follow(log: Log) -> Iterator[str]:
    """Samples and steps a second times seconds are the samples and steps."""
    held_out = [int(found[1]) for found in HELD_OUT.finditer(log.text)]
    for attempt in log.attempts:
        head = attempt.header
        for figures in attempt.figures:
            if "train_runtime" in figures:
                samples, steps = head["Num examples"] * head["Num Epochs"], head["Total optimization steps"]
                if "max_steps" in log.options:
                    samples = steps * head["Total train batch size (w. parallel, distributed & accumulation)"]
                split = "train"
            elif "eval_loss" in figures:
                samples, split = held_out[0], "eval"
                steps = ceil(samples / (log.number("per_device_eval_batch_size") * log.world))
            else:
                continue
            seconds = figures[f"{split}_runtime"]
            for what, count in (("samples", samples), ("steps", steps)):
                rate = figures[f"{split}_{what}_per_second"]
                if not isclose(rate * seconds, count, rel_tol=1.5e-3 + 0.0006 / rate):
                    yield f"{rate} {what} a second in {seconds} s are not {count}"


def bars_agree(log: Log) -> Iterator[str]:
    """Percentage and time left of a bar follow from its numbers and its rate."""
    for bar in log.bars:
        percent, done, total = int(bar[2]), int(bar[3]), int(bar[4])
        if abs(done / total * 100 - percent) > 0.5001:
            yield bar[0]
        if bar[6] == "?" or bar[7] == "?" or done == total:
            continue
        rate = float(bar[7]) if bar[8] == "it/s" else 1 / float(bar[7])
        if abs((total - done) / rate - seconds_in(bar[6])) > 1.01 + 0.006 / float(bar[7]) * (total - done) / rate:
            yield f"{bar[0]}: {(total - done) / rate:.0f} s left"


def seconds_in(clock: str) -> int:
    """Seconds of tqdm's [H:]MM:SS."""
    total = 0
    for part in clock.split(":"):
        total = 60 * total + int(part)
    return total


def training_bars_have_all_steps(log: Log) -> Iterator[str]:
    """The training bar's total is the number of steps, and the bar before a checkpoint stands at its step."""
    total, held_out = log.attempts[0].header["Total optimization steps"], HELD_OUT.search(log.text)
    each = log.number("per_device_eval_batch_size") * log.world
    evaluation = ceil(int(held_out[1]) / each) if held_out else None
    for line in log.lines:
        bar = BAR.search(line)
        if not bar or bar[1] or int(bar[4]) == evaluation:
            continue
        if int(bar[4]) != total:
            yield bar[0]
        saved = re.search(r"Saving model checkpoint to \S+-(\d+)$", line)
        # Behind the leap of a resumed run tqdm does not draw each step for a while.
        lag = 30 if seconds_in(bar[5]) < 60 else 0
        if saved and not 0 <= int(saved[1]) - int(bar[3]) <= lag:
            yield line


def evaluations_and_saves_are_due(log: Log) -> Iterator[str]:
    """Both come at multiples of their steps or where an epoch ends, and at the end; the best is one that was saved.

    A job whose time is over saves as well, and who stops before the last step does so where it stops.
    """
    for attempt in log.attempts:
        head = attempt.header
        per_epoch, total = head["Num update steps per epoch"], head["Total optimization steps"]
        due = {what: interval(log, what, per_epoch) for what in ("eval", "save")}
        ends = {float(f"{attempt.epoch_at(step):.4g}") for step in (*range(0, total, due["eval"]), total)}
        for figures in attempt.figures:
            if "eval_loss" in figures and figures["epoch"] not in ends:
                yield f"an evaluation at epoch {figures['epoch']}"
        if "load_best_model_at_end" in log.options and due["save"] % due["eval"]:
            yield f"saved every {due['save']} steps, evaluated every {due['eval']}"
    over = re.search(r"DUE TO|death signal", log.text)
    saves = list(re.finditer(r"Saving model checkpoint to \S+/checkpoint-(\d+)$", log.text, re.M))
    stopped = saves[-1:] if "Training completed" in log.text else []
    for found in saves:
        if int(found[1]) % due["save"] and int(found[1]) != total and not over and found not in stopped:
            yield found[0]


def interval(log: Log, what: str, per_epoch: int) -> int:
    """Steps from one to the next."""
    return int(log.options.get(f"{what}_steps", per_epoch))


def files_belong_to_their_checkpoint(log: Log) -> Iterator[str]:
    """What is saved lies in the directory that was announced last."""
    folder = ""
    for _, _, text in log.infos:
        if found := re.match(r"Saving model checkpoint to (\S+)$", text):
            folder = found[1]
        if (found := re.search(r"saved in (\S+)/[\w.]+$", text)) and found[1] != folder:
            yield text


def files_take_their_time(log: Log) -> Iterator[str]:
    """On a network mount no two files of a checkpoint are there in the same millisecond."""
    for (before, _, first), (after, _, text) in pairwise(log.infos):
        small = r".*(saved in \S+\.jinja|saved in \S+config\.json)$"
        if re.match(small, text) and re.match(r"Saving model|.*saved in ", first) and after == before:
            yield f"{text} with {first}"


def settings_are_the_command_s(log: Log) -> Iterator[str]:
    """All fields in order; what the command sets has that value, and what follows from it."""
    for found in re.finditer(r"Training/evaluation parameters TrainingArguments\(\n((?:\w+=.*,\n)+)\)\n", log.text):
        fields = dict(line[:-1].split("=", 1) for line in found[1].splitlines())
        if len(fields) != FIELDS or list(fields) != sorted(fields):
            yield f"{len(fields)} fields"
        for name in fields.keys() & log.options.keys():
            said, given = fields[name], log.options[name].strip("'") or "True"
            if name.endswith("_kwargs"):
                agrees = ast.literal_eval(said) == json.loads(given)
            elif re.fullmatch(r"[\d.e+-]+", given):
                agrees = float(said) == float(given)
            else:
                agrees = name == "fsdp_config" or said.rpartition(".")[2].lower() == given.rpartition(".")[2].lower()
            if not agrees:
                yield f"{name}={said}, {given} in the command"
        best = fields["metric_for_best_model"], fields["greater_is_better"]
        if best != (("loss", "False") if "load_best_model_at_end" in log.options else ("None", "None")):
            yield f"the best model by {best}"
        if (fields["eval_steps"] == "None") != (fields["eval_strategy"] == "IntervalStrategy.EPOCH"):
            yield f"eval_steps={fields['eval_steps']} with {fields['eval_strategy']}"
    if log.text.count("TrainingArguments(") != len(log.attempts):
        yield "settings are not printed once in each attempt"


FIELDS = 114
"""Of transformers 5.24's TrainingArguments."""


def evaluations_have_a_bar(log: Log) -> Iterator[str]:
    """In a file a bar of all held-out batches, or nearly all, stands before the figures of an evaluation."""
    held_out = HELD_OUT.search(log.text)
    if not held_out:
        return
    total = ceil(int(held_out[1]) / (log.number("per_device_eval_batch_size") * log.world))
    for line, following in pairwise(log.lines):
        if following.startswith("{'eval_loss'"):
            bar = BAR.search(line)
            if not bar or int(bar[4]) != total or int(bar[3]) < 0.5 * total:
                yield f"{line[:80]} before {following[:40]}"


def resumption_follows_the_checkpoint(log: Log) -> Iterator[str]:
    """Epoch and batches to skip follow from the step of the checkpoint that was detected, which had been saved."""
    saved = {int(step) for step in re.findall(r"Saving model checkpoint to \S+-(\d+)\n", log.text)}
    saved.add(log.attempts[0].detected or 0)
    for place, attempt in enumerate(log.attempts):
        if attempt.detected is None:
            continue
        per_epoch = attempt.header["Num update steps per epoch"]
        epoch, rest = divmod(attempt.detected, per_epoch)
        wanted = attempt.detected, epoch, (epoch, rest * attempt.header["Gradient Accumulation steps"])
        if (attempt.first, attempt.epoch, attempt.skipped) != wanted:
            yield f"{(attempt.first, attempt.epoch, attempt.skipped)} is not {wanted}"
        if place and attempt.detected not in saved:
            yield f"checkpoint-{attempt.detected} was never saved"


def parameters_follow_the_configuration(log: Log) -> Iterator[str]:
    """The parameter count is that of the printed configuration, for types like Llama."""
    said = {attempt.header["Number of trainable parameters"] for attempt in log.attempts}
    for found in re.finditer(r"Model config \w+ (\{.*?\n\})\n", log.text, re.DOTALL):
        config = json.loads(found[1])
        if config["model_type"] in LIKE_LLAMA and said != {parameters(config)}:
            yield f"{said}, by the configuration {parameters(config):,}"


def parameters(config: dict[str, Any]) -> int:
    """Parameters of a dense model with gated MLPs and RMS norms."""
    hidden, ffn, heads = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    size = config.get("head_dim") or hidden // heads
    queries, keys = heads * size, config["num_key_value_heads"] * size
    biases_and_norms = {"qwen2": queries + 2 * keys, "qwen3": 2 * size, "olmo2": queries + keys, "gemma2": 2 * hidden}
    layer = 2 * hidden * (queries + keys) + 3 * hidden * ffn + 2 * hidden
    layer += biases_and_norms.get(config["model_type"], 0)
    embeddings = config["vocab_size"] * hidden * (1 if config["tie_word_embeddings"] else 2)
    total: int = config["num_hidden_layers"] * layer + embeddings + hidden
    return total


LIKE_LLAMA = {"llama", "mistral", "qwen2", "qwen3", "gemma2", "olmo2"}


def end_agrees(log: Log) -> Iterator[str]:
    """The block of metrics says again what the last figures said; the runtime is that between the time stamps."""
    block = dict(re.findall(r"^  (\w+) += +(\S+)$", log.text, re.M))
    attempt = log.attempts[-1]
    last = attempt.figures[-1] if attempt.figures else {}
    if "train_runtime" not in last:
        return
    hours, minutes, seconds = block["train_runtime"].split(":")
    runtime = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    if not isclose(runtime, last["train_runtime"], rel_tol=6e-4, abs_tol=0.02):
        yield f"runtime {block['train_runtime']}, {last['train_runtime']}"
    for name in ("epoch", "train_loss", "train_samples_per_second", "train_steps_per_second"):
        if not isclose(float(block[name]), last[name], rel_tol=6e-4, abs_tol=6e-5):
            yield f"{name} {block[name]}, {last[name]}"
    if int(block["train_samples"]) != attempt.header["Num examples"]:
        yield f"train_samples {block['train_samples']}"
    ended = next(at for at, where, _ in log.infos if where == "trainer.py:2003")
    assert attempt.began
    passed = (ended - attempt.began).total_seconds()
    if abs(passed - runtime) > 0.1:
        yield f"{passed} s passed, {runtime} s by the metrics"


def final_evaluation_agrees(log: Log) -> Iterator[str]:
    """Behind the training the loss is one that was there before, its perplexity exp(loss), its speed the samples'."""
    found = re.search(r"^\*{5} eval metrics \*{5}\n((?:  \w+ += +\S+\n)+)", log.text + "\n", re.M)
    if not found:
        return
    block = dict(re.findall(r"^  (\w+) += +(\S+)$", found[1], re.M))
    loss, seen = (
        float(block["eval_loss"]),
        [f["eval_loss"] for a in log.attempts for f in a.figures if "eval_loss" in f],
    )
    if not any(abs(loss - other) < 0.0006 for other in seen):
        yield f"eval_loss {loss}, never seen before"
    if not isclose(exp(loss), float(block["perplexity"]), rel_tol=6e-5 + 6e-5 / exp(loss)):
        yield f"perplexity {block['perplexity']} of {loss}"
    hours, minutes, seconds = block["eval_runtime"].split(":")
    runtime = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    samples = float(block["eval_samples_per_second"]) * runtime
    if not isclose(samples, int(block["eval_samples"]), rel_tol=1e-3 + 0.011 / runtime):
        yield f"{block['eval_samples']} samples, {samples:.0f} by speed and time"
    if int(block["eval_samples"]) != int(HELD_OUT.findall(log.text)[-1]):
        yield f"{block['eval_samples']} samples"


def harness_agrees(log: Log) -> Iterator[str]:
    """Standard errors fit, and the model is the one that was saved last."""
    yield from checker_lm_eval.wrong_errors(log.lines)
    saved = re.findall(r"Saving model checkpoint to (\S+)\n", log.text)
    yield from checker_lm_eval.table_is_of(log.lines, saved[-1] if saved else "")


def evaluations_take_their_time(log: Log) -> Iterator[str]:
    """Where a checkpoint follows an evaluation, the time of the evaluation and some milliseconds have passed.

    More where the weights are sharded: they are gathered before the Trainer says that it saves them.
    """
    began: datetime | None = None
    sharded = "fsdp" in log.options or log.options.get("deepspeed", "").endswith("z3.json")
    least, most = (0.022, 3600.0) if sharded else (0.002, 0.022)
    for line, following in pairwise(log.lines):
        if info := INFO.search(line):
            began = moment(info) if info[1] == "trainer.py:2957" else began
        saving = INFO.search(following)
        if "'eval_loss'" in line and began and saving and saving[1] == "trainer.py:4149":
            # One that is saved because the time is over comes some steps behind it.
            if int(saving[3].rpartition("-")[2]) % int(log.options.get("eval_steps", "1")):
                continue
            runtime = ast.literal_eval(FIGURES.search(line)[0])["eval_runtime"]  # type: ignore[index]
            passed = (moment(saving) - began).total_seconds()
            rounding = 0.0006 * passed
            if not least - rounding < passed - float(runtime) < most + rounding:
                yield f"{passed} s for an evaluation of {runtime} s"


def moment(info: re.Match[str]) -> datetime:
    """The time stamp of a line of transformers."""
    return datetime.strptime(info[2], "%Y-%m-%d %H:%M:%S,%f")


def loss_learns(log: Log) -> Iterator[str]:
    """Losses differ, fall, and their mean is the training loss of a run that nothing interrupted."""
    for attempt in log.attempts:
        losses = [figures["loss"] for figures in attempt.figures if "loss" in figures]
        learns = not attempt.first and len(losses) > 10
        if learns and (sum(losses[-5:]) > 1.05 * sum(losses[:5]) or len(set(losses)) < 0.6 * len(losses)):
            yield "the loss does not learn, or is frozen"
    last = log.attempts[-1].figures[-1] if log.attempts[-1].figures else {}
    alone = "train_loss" in last and len(log.attempts) == 1
    if alone and learns and not isclose(sum(losses) / len(losses), last["train_loss"], rel_tol=0.05):
        yield f"train_loss {last['train_loss']}, mean {sum(losses) / len(losses):.4f}"


def processes_are_new(log: Log) -> Iterator[str]:
    """No process is told to end twice, and none is said to have failed in two attempts."""
    told = re.findall(r"Sending process (\d+) closing", log.text)
    failed = re.findall(r"failed \(exitcode: -?\d+\) local_rank: \d+ \(pid: (\d+)\)", log.text)
    if len(told) != len(set(told)) or set(told) & set(failed) or len(failed) != len(set(failed)):
        yield "a process ends twice"


RULES = (
    clock_goes_forward,
    ranks_are_all_there,
    batch_multiplies_up,
    epochs_divide,
    sizes_are_real,
    epoch_follows_steps,
    learning_rate_follows_its_schedule,
    speeds_follow,
    bars_agree,
    training_bars_have_all_steps,
    evaluations_and_saves_are_due,
    files_belong_to_their_checkpoint,
    files_take_their_time,
    settings_are_the_command_s,
    evaluations_have_a_bar,
    resumption_follows_the_checkpoint,
    parameters_follow_the_configuration,
    end_agrees,
    final_evaluation_agrees,
    harness_agrees,
    evaluations_take_their_time,
    loss_learns,
    processes_are_new,
)
