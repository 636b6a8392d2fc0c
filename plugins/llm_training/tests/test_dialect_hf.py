"""The Trainer's dialect: its lines against transformers and tqdm, a reader with a calculator, every size and moment."""

import json
import random
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fakeact_llm_training.catalogue import models
from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.dialects.hf import Speaker
from fakeact_llm_training.dialects.hf.command import arguments
from fakeact_llm_training.dialects.hf.config import family, generation_config, model_config
from fakeact_llm_training.dialects.hf.metrics import block, shown, single, speed, unembedded
from fakeact_llm_training.dialects.hf.parameters import parameters
from fakeact_llm_training.init import init
from fakeact_llm_training.loop import loop
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.startup import draw_startup
from fakeact_llm_training.tools.tqdm import Bar

from fakeact import IO, Module, ansi
from fakeact.testing import Performance, perform

from . import checker_hf as checker
from .runs import caught, first

SHORT: dict[str, Any] = {"gpus": 8, "steps": 25, "epochs": 2, "scenario": "finetune"}


def module(**wishes: Any) -> Module:
    """A show that speaks this dialect, whatever it is asked for."""

    async def play(io: IO, rng: random.Random) -> None:
        scenario = draw(rng, dialect="hf", **wishes)
        speaker = Speaker(io, draw_startup(scenario, rng))
        run = await init(io, speaker, rng)
        await speaker.end(await loop(io, run, speaker))

    return Module("hf", "./launch.sh", play)


@cache
def log(seed: int, **wishes: Any) -> tuple[str, ...]:
    """A whole run's printed lines, as in a file."""
    played = perform(module(**wishes), seed=seed, seconds=7200, motion=False, color=False)
    assert (played.error, played.ended) == (None, "finished")
    return tuple(played.raw.splitlines())


def by_slug(slug: str) -> Model:
    """A model of the catalogue."""
    return next(model for model in models() if model.slug == slug)


# Forms
def test_figures_are_texts_with_four_digits() -> None:
    """ProgressCallback of 5.x: floats become '%.4g' in quotes, total_flos is left out, the order stays."""
    logs = {"loss": 2.34567, "grad_norm": 0.414213, "learning_rate": 2.045454e-06, "total_flos": 1e18, "epoch": 1.0}
    assert shown(logs) == "{'loss': '2.346', 'grad_norm': '0.4142', 'learning_rate': '2.045e-06', 'epoch': '1'}"


def test_speeds_are_rounded_as_speed_metrics_does() -> None:
    """Seconds with four decimals, rates with three, in transformers' order."""
    figures = speed("eval", 5.0912345, 832, 13)
    assert list(figures.items()) == [
        ("eval_runtime", 5.0912), ("eval_samples_per_second", 163.418), ("eval_steps_per_second", 2.553),
    ]  # fmt: skip


def test_epochs_count_micro_batches_as_the_trainer_does() -> None:
    """819 examples on 2 devices, 4 at once, 2 accumulated: transformers 5.24 made 52 steps and these epochs of it."""
    scenario = draw(random.Random(1), dialect="hf", scenario="finetune", gpus=8, steps=25)
    layout = scenario.layout._replace(micro_batch=4, grad_accum=2)
    layout = layout._replace(parallelism=layout.parallelism._replace(dp=2))
    scenario = replace(scenario, layout=layout, data=scenario.data._replace(samples=819))
    speaker = Speaker.__new__(Speaker)
    speaker.scenario = scenario
    assert scenario.steps_per_epoch == 52
    said = [f"{speaker.epoch(step):.4g}" for step in (10, 50, 60, 100, 104)]
    assert said == ["0.1942", "0.9709", "1.155", "1.932", "2"]


def test_the_block_is_aligned() -> None:
    """log_metrics: sorted names to the left, values to the right, hundredths cut off, FLOPs in units of 2**30."""
    figures = {"train_runtime": 3725.999, "epoch": 3.0, "total_flos": 5.5 * 2**30, "train_loss": 0.68344}
    assert block("train", figures) == [
        "***** train metrics *****",
        "  epoch         =        3.0",
        "  total_flos    =        5GF",
        "  train_loss    =     0.6834",
        "  train_runtime = 1:02:05.99",
    ]


def test_flops_leave_embeddings_out() -> None:
    """8,030,261,248 parameters of Llama 3.1 8B less the input embedding; a tied head counts with it."""
    assert unembedded(by_slug("llama-3.1-8b")) == 8_030_261_248 - 128_256 * 4096
    assert unembedded(by_slug("gpt2")) == 124_439_808 - (50_257 + 1024) * 768


def test_a_score_is_a_single() -> None:
    """What comes out of a float32 tensor has its digits."""
    assert single(0.1) == 0.10000000149011612


CONFIGURED = [model for model in models() if family(model) and not model.experts and not model.latent]
ASK = """
import json, sys, tempfile
from transformers import AutoConfig, GenerationConfig
for text in json.load(sys.stdin):
    folder = tempfile.mkdtemp()
    with open(folder + "/config.json", "w") as file:
        file.write(text)
    config = AutoConfig.from_pretrained(folder)
    stored = GenerationConfig.from_pretrained(folder, config_file_name="config.json", _from_model_config=True)
    print(json.dumps([str(config), str(GenerationConfig.from_model_config(config)), str(stored)]))
"""


def test_configurations_are_transformers_own() -> None:
    """Read by transformers 5.24 and printed again, every model's configuration is the same text."""
    pytest.importorskip("transformers", minversion="5.24", reason="needs transformers 5.24 to compare with")
    texts = [model_config(model).partition(" ")[2] for model in CONFIGURED]
    asked = subprocess.run(
        [sys.executable, "-c", ASK], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    answers = [json.loads(line) for line in asked.stdout.splitlines()]
    wanted = [[model_config(m), generation_config(m), generation_config(m, stored=True)] for m in CONFIGURED]
    assert answers == wanted


ASK_SETTINGS = """
import json, pathlib, sys
from transformers import HfArgumentParser, TrainingArguments
pathlib.Path("fsdp2.json").write_text('{"fsdp_version": 2}')
for line in sys.stdin:
    (settings,) = HfArgumentParser((TrainingArguments,)).parse_args_into_dataclasses(json.loads(line))
    print(json.dumps(str(settings)))
"""
DEVICE = re.compile(r"^(use_cpu|dataloader_pin_memory)=", re.M)


def settings_of(seed: int) -> tuple[list[str], list[str]]:
    """A run's arguments for the Trainer, without those that need its libraries; the text that is printed."""
    run = draw(random.Random(seed), dialect="hf", scenario=None, gpus=16)
    lines = list(parameters(run))
    known = {line.partition("=")[0] for line in lines} - {"deepspeed"}
    given = [(name, str(value).strip("'")) for name, value in arguments(run) if name in known]
    return [word for name, value in given for word in (f"--{name}", value) if word], lines


def test_settings_are_transformers_own(tmp_path: Path) -> None:
    """Given the same arguments, transformers 5.24's TrainingArguments shows itself as the same text."""
    pytest.importorskip("transformers", minversion="5.24", reason="needs transformers 5.24 to compare with")
    found = [settings_of(seed) for seed in range(24)]
    asked = subprocess.run(
        [sys.executable, "-c", ASK_SETTINGS],
        input="\n".join(json.dumps([*given, "--use_cpu", "True"]) for given, _ in found),
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    for (_, ours), line in zip(found, asked.stdout.splitlines(), strict=True):
        wanted = json.loads(line).splitlines()
        pairs = [(a, b) for a, b in zip(ours, wanted, strict=True) if not DEVICE.match(a)]
        assert [(a, b) for a, b in pairs if a != b and not a.startswith("deepspeed=")] == []


@pytest.mark.parametrize("model", CONFIGURED, ids=lambda model: model.slug)
def test_configurations_have_the_models_shape(model: Model) -> None:
    """Sorted keys, and the catalogue's layers, width, heads and vocabulary under whatever names."""
    name, _, text = model_config(model).partition(" ")
    config = json.loads(text)
    assert name.endswith("Config")
    assert list(config) == sorted(config)
    assert {model.layers, model.hidden, model.heads, model.vocab} <= {v for v in config.values() if isinstance(v, int)}


def test_every_model_that_may_be_drawn_has_a_configuration() -> None:
    """No dense model up to 72B is without one."""
    assert [m.slug for m in models() if m.published < 73e9 and not m.experts and not model_config(m)] == []


# Bars
def test_bars_are_drawn_as_tqdm_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fed with the same moments, tqdm has the same line after each: also when many steps come at once."""
    std = pytest.importorskip("tqdm.std", reason="needs tqdm to compare with")
    now = 1000.0
    theirs = std.tqdm(total=500, ncols=80, file=open("/dev/null", "w"))  # noqa: SIM115 - closed with the bar
    theirs._time, theirs.start_t, theirs.last_print_t = (lambda: now), now, now
    ours, rng, done, drawn = Bar(500, now), random.Random(4), 0, [std.tqdm.format_meter(0, 500, 0, 80)]
    monkeypatch.setattr(theirs, "display", lambda *_, **__: drawn.append(str(theirs)))
    for _ in range(200):
        steps = rng.choice((1, 1, 1, 1, 1, 30)) if done < 300 else 1
        now += rng.choice((0.02, 0.3, 0.5, 1.2, 2.5))
        done += steps
        theirs.update(steps)
        ours.update(done, now)
        assert ours.row(80) == drawn[-1]
        if done > 460:
            break
    theirs.fp.close()


def test_a_resumed_bar_leaps() -> None:
    """The Trainer's bar begins at zero; its first update after a resumption counts all steps before."""
    bar = Bar(1000, 50.0)
    bar.update(501, 51.0)
    assert bar.row(None) == " 50%|█████     | 501/1000 [00:01<00:00, 501.00it/s]"
    bar.update(502, 52.0)
    assert bar.row(None).startswith(" 50%|█████     | 501/")


# A whole run
@pytest.mark.parametrize(
    ("seed", "wishes"),
    [
        (0, {"scenario": "finetune", "gpus": 16}),
        (1, {"scenario": "finetune", "gpus": 16, "faults": "drama"}),
        (2, {"scenario": "finetune"}),
        (3, {"scenario": "finetune", "gpus": 1}),
        (1, {"scenario": "pretrain", "gpus": 8}),
        (1, {"scenario": "pretrain", "faults": "some", "steps": 120}),
        (2, {"scenario": "resume"}),
    ],
)
def test_a_calculator_finds_no_slip(seed: int, wishes: dict[str, Any]) -> None:
    """Whatever is printed twice, or follows from what is printed, agrees."""
    assert checker.faults(list(log(seed, **wishes))) == []


def lines_with(pattern: str, replacement: str) -> Callable[[list[str]], list[str]]:
    """A slip: the last line that a pattern matches is changed."""

    def spoil(lines: list[str]) -> list[str]:
        at = max(i for i, line in enumerate(lines) if re.search(pattern, line))
        return [*lines[:at], re.sub(pattern, replacement, lines[at], count=1), *lines[at + 1 :]]

    return spoil


def at_once(lines: list[str]) -> list[str]:
    """A slip: two files are there in one millisecond."""
    at = next(i for i, line in enumerate(lines) if line.endswith("generation_config.json") and "saved in" in line)
    stamp = re.search(r"\] (\S+ \S+) >>", lines[at - 1])
    assert stamp
    return [*lines[:at], re.sub(r"\] \S+ \S+ >>", f"] {stamp[1]} >>", lines[at], count=1), *lines[at + 1 :]]


def without_a_bar(lines: list[str]) -> list[str]:
    """A slip: figures of an evaluation that nobody saw run."""
    at = next(i for i, line in enumerate(lines) if line.startswith("{'eval_loss'"))
    return [*lines[: at - 1], *lines[at:]]


def doubled(pattern: str) -> Callable[[list[str]], list[str]]:
    """A slip: the last line that a pattern matches stands there twice."""

    def spoil(lines: list[str]) -> list[str]:
        at = max(i for i, line in enumerate(lines) if re.search(pattern, line))
        return [*lines[:at], *lines[at:][:1] * 2, *lines[at + 1 :]]

    return spoil


def frozen(lines: list[str]) -> list[str]:
    """A slip: the loss stands still."""
    return [re.sub(r"'loss': '[\d.]+'", "'loss': '0.1'", line) for line in lines]


def _in_no_time(lines: list[str]) -> list[str]:
    """All of a header in one millisecond."""
    return [re.sub(r"(trainer\.py:16\d\d\] \S+ \S+),\d{3}", r"\1,123", line) for line in lines]


SLIPS = {
    "clock_goes_forward": lines_with(r"(trainer.py:2003\]) \d{4}", r"\1 2020"),
    "ranks_are_all_there": lines_with(r"Process rank: \d+", "Process rank: 99"),
    "batch_multiplies_up": lines_with(r"accumulation\) = \d+", "accumulation) = 77"),
    "epochs_divide": lines_with(r"Num update steps per epoch = \d+", "Num update steps per epoch = 7"),
    "epoch_follows_steps": lines_with(r"('loss'.*'epoch': ')[\d.]+", r"\g<1>0.77"),
    "learning_rate_follows_its_schedule": lines_with(r"'learning_rate': '\d", "'learning_rate': '9"),
    "speeds_follow": lines_with(r"'eval_samples_per_second': '", "'eval_samples_per_second': '1"),
    "bars_agree": lines_with(r" \d+%\|", " 42%|"),
    "training_bars_have_all_steps": lines_with(r"(\| \d+/)\d+( .*Saving)", r"\g<1>9999\2"),
    "evaluations_and_saves_are_due": lines_with(r"('eval_loss'.*'epoch': ')[\d.]+", r"\g<1>0.0123"),
    "files_belong_to_their_checkpoint": lines_with(r"Configuration saved in ", "Configuration saved in /elsewhere"),
    "files_take_their_time": at_once,
    "settings_are_the_command_s": lines_with(r"^seed=\d+", "seed=43"),
    "evaluations_have_a_bar": without_a_bar,
    "resumption_follows_the_checkpoint": lines_with(r"past \d+ epochs", "past 77 epochs"),
    "parameters_follow_the_configuration": lines_with(r'"num_hidden_layers": \d+', '"num_hidden_layers": 127'),
    "end_agrees": lines_with(r"(train_runtime += +\d:\d\d:)\d", r"\g<1>9"),
    "final_evaluation_agrees": lines_with(r"perplexity( +)= +\d", r"perplexity\1= 9"),
    "harness_agrees": lambda lines: [*lines, "|piqa|      1|none|     0|acc|↑  |0.7500|±  |0.0200|"],
    "evaluations_take_their_time": lines_with(r"'eval_runtime': '", "'eval_runtime': '1"),
    "sizes_are_real": _in_no_time,
    "loss_learns": frozen,
    "processes_are_new": doubled("closing signal SIGTERM"),
}


EVERYTHING = ("Resuming training from checkpoint", "closing signal SIGTERM", "train metrics", "eval_loss")


@pytest.fixture(scope="module")
def sound() -> list[str]:
    """A log without a slip that has everything: an attempt that fails, one that is resumed, an end."""
    return first(log, *EVERYTHING, scenario="finetune", gpus=16, faults="drama")


def test_every_rule_has_its_slip(sound: list[str]) -> None:
    """No rule goes untested, and the log they are tested on has all that rules speak of."""
    assert set(SLIPS) == {rule.__name__ for rule in checker.RULES}
    assert checker.faults(sound) == []


@pytest.mark.parametrize("rule", SLIPS)
def test_each_rule_catches_its_slip(rule: str) -> None:
    """A planted error is found by the rule that looks for it."""
    assert caught(log, rule, SLIPS[rule], checker.faults, scenario="finetune", gpus=16, faults="drama")


# On a terminal
BAR = re.compile(r"^(?:Loading weights: |Writing model shards: )? *\d+%\|")


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_plays_to_the_end_without_a_wrapped_row(columns: int) -> None:
    """At any width the run ends, no row of a frame is wider than the screen, and the full training bar stays."""
    played = perform(module(**SHORT), seed=3, seconds=900, columns=columns, rows=40)
    assert (played.error, played.ended) == (None, "finished")
    assert played.screen.cursor_shown
    for frame in played.frames:
        for row in re.split(r"[\r\n]", ansi.strip(frame.text)):
            if BAR.match(row):
                # What a logger says goes on behind the bar, in the last column.
                assert ansi.width(re.split(r"(?<=(?:s/it|it/s)\])", row)[0]) < columns
    assert sum(bool(re.match(r"100%\|", line)) and "50/50" in line for line in played.lines) >= (columns > 40)


def test_bars_are_seen_in_motion() -> None:
    """Training and, below it, an evaluation; weights while they load."""
    played = perform(module(**SHORT), seed=3, seconds=900, columns=120, rows=40)
    frames = ansi.strip(played.raw)
    assert re.search(r"Loading weights: +\d+%\|[█▏▎▍▌▋▊▉ ]+\| \d+/\d+ \[00:0\d<", frames)
    assert re.search(r" +\d+%\|[█▏▎▍▌▋▊▉ ]+\| \d+/50 \[\d\d:\d\d<\d\d:\d\d, +[\d.]+(it/s|s/it)\]", frames)


def test_the_same_seed_is_the_same_show() -> None:
    """Same seed, same bytes; another seed, another run."""
    first, again, other = (perform(module(**SHORT), seed=seed, seconds=60).raw for seed in (7, 7, 8))
    assert first == again
    assert first != other


@pytest.mark.parametrize("seconds", [0.5, 3.0, 9.0, 14.0, 20.0, 33.3])
def test_it_can_be_stopped_at_any_moment(seconds: float) -> None:
    """Cut off in the start-up or in the loop, it ends at once."""
    played: Performance = perform(module(**SHORT), seed=3, seconds=seconds)
    assert (played.ended, played.error, played.seconds) == ("stopped", None, seconds)
    assert played.screen.cursor_shown


def test_a_traceback_leads_through_the_trainer() -> None:
    """Each line has its rank before it; the frames are the script's, the Trainer's, and the error ends it."""
    lines = [
        line
        for line in first(log, r"^\[rank\d+\]: ", scenario="finetune", gpus=16, faults="drama")
        if re.search(r"\[rank\d+\]: ", line)
    ]
    assert any(line.endswith("in _inner_training_loop") and "transformers/trainer.py" in line for line in lines)
    assert any(re.search(r"\]: [\w.]+Error: ", line) for line in lines)


def test_time_stamps_are_those_of_the_show() -> None:
    """The first line of transformers comes as long after the start as the phases before it take."""
    played = perform(module(**SHORT), seed=3, seconds=900, motion=False, color=False)
    info = checker.INFO.search(played.raw)
    assert info
    frame = next(frame for frame in played.frames if info[0].splitlines()[0] in frame.text)
    passed = checker.moment(info) - datetime(2026, 1, 30, 10, 45, 32)
    assert abs(passed.total_seconds() - frame.at) < 0.2
