"""DeepSpeed's dialect: the form of its lines, a reader with a calculator, every size and moment."""

import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

import pytest
from fakeact_llm_training.catalogue import models
from fakeact_llm_training.dialects.deepspeed import Speaker, settings, tensors
from fakeact_llm_training.dialects.deepspeed.throughput import ThroughputTimer, described, script_tflops
from fakeact_llm_training.init import init
from fakeact_llm_training.loop import loop
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.startup import draw_startup
from fakeact_llm_training.tools import deepspeed

from fakeact import IO, Module
from fakeact.testing import perform

from . import checker_deepspeed as checker
from .runs import caught, first

WHEN = datetime(2026, 11, 3, 9, 5, 6, 123456)
FP16 = {"scenario": "pretrain", "model": "pythia-1.4b", "gpu": "a100-80g", "gpus": 64, "steps": 60, "epochs": 2}
FAULTY = {"scenario": None, "gpus": 16, "steps": 150, "epochs": 1, "faults": "drama"}
PIPELINE = {"scenario": "pretrain", "model": "llama-3.1-405b", "gpu": "h100", "gpus": 128, "steps": 20, "epochs": 1}


def module(**wishes: object) -> Module:
    """A show that speaks this dialect, whatever it is asked for."""

    async def play(io: IO, rng: random.Random) -> None:
        scenario = draw(rng, dialect="deepspeed", **wishes)  # type: ignore[arg-type]
        speaker = Speaker(io, draw_startup(scenario, rng))
        run = await init(io, speaker, rng)
        await speaker.end(await loop(io, run, speaker))

    return Module("deepspeed", "deepspeed train.py", play)


@cache
def log(seed: int, **wishes: object) -> tuple[str, ...]:
    """A whole run's printed lines, as in a pipe."""
    played = perform(module(**wishes), seed=seed, seconds=7200, motion=False, color=False)
    assert (played.error, played.ended) == (None, "finished")
    return tuple(played.raw.splitlines())


def test_a_line_has_deepspeeds_prefix() -> None:
    """The logger's format, with a comma before the milliseconds."""
    line = deepspeed.log(WHEN, deepspeed.LOG_DIST, "[Rank 0] " + deepspeed.progress(10, 0, 3e-4, (0.9, 0.95)))
    assert line == (
        "[2026-11-03 09:05:06,123] [INFO] [logging.py:107:log_dist] [Rank 0] step=10, skipped=0, "
        "lr=[0.0003, 0.0003], mom=[(0.9, 0.95), (0.9, 0.95)]"
    )


def test_an_overflow_that_is_forgiven() -> None:
    """While there is hysteresis the scale stays."""
    source, text = deepspeed.overflow(65536, 65536, 2)
    assert source == deepspeed.FORGIVEN
    assert text == (
        "[deepspeed] OVERFLOW! Rank 0 Skipping step. Attempted loss scale: 65536, but hysteresis is 2. "
        "Reducing hysteresis to 1"
    )


def test_the_timer_leaves_out_two_steps() -> None:
    """ThroughputTimer starts with the third step, adds 1e-6 s to the last one, and counts micro-batches anew."""
    scenario = draw(random.Random(0), dialect="deepspeed", gpus=8, steps=20)
    timer = ThroughputTimer(scenario)
    for seconds in (9.0, 8.0, 0.5, 0.25):
        timer.step(seconds)
    timer.next_epoch()
    timer.step(0.75)
    batch, micro = scenario.global_batch, scenario.grad_accum
    assert timer.line(12.3456, 34.0) == (
        f"epoch=1/micro_step={micro}/global_step=5, RunningAvgSamplesPerSec={batch / 0.5}, "
        f"CurrSamplesPerSec={batch / 0.750001}, MemAllocated=12.35GB, MaxMemAllocated=34.0GB"
    )


def test_the_script_counts_flops_as_megatrons_paper() -> None:
    """GPT-3 175B, 1536 sequences of 2048 on 1024 GPUs in 32.0 s with recomputation: 140 TFLOP/s, as published."""
    scenario = draw(random.Random(1), dialect="deepspeed", gpus=128, steps=20, model="gpt3-175b", gpu="a100-80g")
    passes = 4 if scenario.layout.recompute == "full" else 3
    work = 96 * passes / 4 * scenario.global_batch * scenario.sequence_length * 96 * 12288**2
    extra = 1 + scenario.sequence_length / (6 * 12288) + scenario.model.vocab / (16 * 96 * 12288)
    assert script_tflops(scenario, 10.0) == pytest.approx(work * extra / 10.0 / 128 / 1e12)
    assert re.fullmatch(checker.RUN, described(scenario))


@pytest.mark.parametrize(("slug", "count"), [("llama-3.1-8b", 291), ("gpt2", 148), ("pythia-6.9b", 388)])
def test_models_have_as_many_tensors_as_published(slug: str, count: int) -> None:
    """The number of tensors in the weights' files on the Hub."""
    model = next(model for model in models() if model.slug == slug)
    assert tensors.matrices(model) + tensors.vectors(model) == count


def test_the_configuration_is_in_order_and_aligned() -> None:
    """Names are sorted, values begin in one column unless the name is too long, numbers above 1000 are scientific."""
    rows = list(settings.configuration(draw(random.Random(3), dialect="deepspeed", gpus=8, steps=20)))
    assert [name for name, _ in rows] == sorted(name for name, _ in rows)
    assert {settings.row(name, "x").index("x", len(name) + 2) for name, _ in rows if len(name) < 28} == {33}
    assert '"max_train_micro_batch_size_per_gpu": 1.024000e+03, ' in dict(rows)["autotuning_config"]


@pytest.mark.parametrize("seed", range(4))
def test_a_calculator_finds_no_slip(seed: int) -> None:
    """Whatever is printed twice, or follows from what is printed, agrees; kinds and shardings are drawn."""
    assert checker.faults(list(log(seed, scenario=None, gpus=16, steps=60, epochs=2))) == []


@pytest.mark.parametrize("wishes", [FP16, PIPELINE], ids=["fp16", "pipeline"])
def test_loss_scales_and_stages_agree(wishes: dict[str, object]) -> None:
    """Loss scaling and pipeline stages have lines of their own, and the same rules hold."""
    lines = first(log, "OVERFLOW" if wishes is FP16 else "STAGE=3", **wishes)
    assert checker.faults(lines) == []


@pytest.mark.parametrize(("seed", "gpus"), [(3, 16), (4, 16), (6, 256), (5, 8)])
def test_faults_agree(seed: int, gpus: int) -> None:
    """After a fault launchers end, all begins anew with other processes, and steps go on from a checkpoint."""
    lines = log(seed, scenario=None, gpus=gpus, steps=150, epochs=1, faults="drama")
    assert checker.faults(list(lines)) == []


def test_a_restart_is_seen() -> None:
    """Somewhere a launcher ends its workers and says how, and pdsh that it is gone."""
    seen = ("Killing subprocess", r"exits with return code = -?\d", "ssh exited with exit code")
    first(log, *seen, **FAULTY)


@pytest.mark.parametrize(("slip", "fault"), [
    (r"^(\S+: \[.*sigkill_handler\] ).*exits with return code = -?\d+", "from whom"),
    (r"^pdsh@.*ssh exited.*", "no end of"),
    (r"^\S+: terminate called.*", "nobody said why"),
])  # fmt: skip
def test_no_launcher_is_told_of_another_s_end(slip: str, fault: str) -> None:
    """A node that is told to end, a start before its end, an abort without last words: each is noticed."""
    lines = first(log, r"ssh exited with exit code 250", r"(?s)cmd = pdsh.*cmd = pdsh", **FAULTY)
    assert not list(checker.nodes_end_by_themselves(checker.read(lines)))
    spoiled = [re.sub(slip, r"\g<1>Main process received SIGTERM, exiting" if "(" in slip else "", x) for x in lines]
    assert any(fault in said for said in checker.nodes_end_by_themselves(checker.read(spoiled)))


def test_a_broken_gpu_is_told_by_the_watchdog_too() -> None:
    """Behind the exception come c10d's words, twice with the frames from CUDA's check to the thread, and it aborts."""
    lines = first(log, r"CUDA error: (unspecified launch failure|uncorrectable ECC)", **FAULTY)
    text = "\n".join(lines)
    words = (
        r"\[(rank\d+)\]: \S+Error: (CUDA error: .*)\n(?:.*\n)*?.*\[\1\]:\[E.* Process group watchdog thread "
        r"terminated with exception: \2\n(?:.*\n)*?.*Exception raised from c10_cuda_check_implementation at .*\n"
        r"(?:.*frame #\d.*\n)*.*WorkNCCL::isCompleted\(\)(?:.*\n)*?.*terminate called after throwing an instance of "
        r"'c10::DistBackendError'\n.*what\(\): .*\2\n(?:.*\n)*?.*exits with return code = -6"
    )
    assert re.search(words, text)


@pytest.mark.parametrize(("columns", "rows"), [(40, 24), (80, 24), (120, 40), (200, 60)])
def test_plays_at_any_size(columns: int, rows: int) -> None:
    """It comes to its end, and leaves no panel behind."""
    played = perform(module(gpus=8, steps=25, epochs=1), seed=3, seconds=600, columns=columns, rows=rows)
    assert (played.error, played.ended) == (None, "finished")
    assert "●" not in "".join(played.lines)


def test_the_same_seed_is_the_same_show() -> None:
    """Same seed, same bytes; another seed, another run."""
    first, again, other = (perform(module(gpus=8, steps=25), seed=seed, seconds=60).raw for seed in (7, 7, 8))
    assert first == again
    assert first != other


@pytest.mark.parametrize("seconds", [0.4, 2.0, 9.0, 25.0, 41.5])
def test_it_can_be_stopped_at_any_moment(seconds: float) -> None:
    """Ctrl-C in the start-up or in the loop: each launcher ends its workers, and that is all."""
    played = perform(module(gpus=16, steps=60), seed=3, seconds=seconds, motion=False, color=False)
    assert (played.ended, played.error, played.seconds) == ("stopped", None, seconds)


def in_step(lines: list[str]) -> list[str]:
    """A slip: a launcher's kills are 20 ms apart."""
    place = next(i for i, line in enumerate(lines) if "Killing subprocess" in line)
    host, stamp = re.match(r"(?:(\S+): )?\[(.*?)\]", lines[place]).groups()  # type: ignore[union-attr]
    when, own = datetime.fromisoformat(stamp.replace(",", ".")), list(lines)
    for i, line in enumerate(lines[place:], place):
        if "sigkill_handler" in line and line.startswith(host or "["):
            own[i] = re.sub(r"\[2.*?\]", f"[{when:%Y-%m-%d %H:%M:%S},{when.microsecond // 1000:03}]", line, count=1)
            when += timedelta(milliseconds=20)
            if "exits" in line:
                break
    return own


def lines_with(pattern: str, replacement: str, at: int = -1) -> Callable[[list[str]], list[str]]:
    """A slip: one line that a pattern matches is changed."""

    def spoil(lines: list[str]) -> list[str]:
        place = [i for i, line in enumerate(lines) if re.search(pattern, line)][at]
        return [*lines[:place], re.sub(pattern, replacement, lines[place], count=1), *lines[place + 1 :]]

    return spoil


SLIPS = {
    "clock_goes_forward": lines_with(r"\[2026", "[2020"),
    "a_message_has_one_place": lines_with(r"timer\.py:264", "timer.py:197"),
    "world_multiplies_up": lines_with(r"dist_world_size=\d+", "dist_world_size=13", 0),
    "only_workers_end": lines_with(r"Process \d+ exits", "Process 7 exits"),
    "kills_have_no_rhythm": in_step,
    "nodes_end_by_themselves": lines_with(r"ssh exited with exit code \d+", "ssh exited with exit code 7"),
    "batch_multiplies_up": lines_with(r"(gradient_accumulation_steps \.+ )\d+", r"\g<1>97", 0),
    "memory_follows": lines_with(r"Max_MA \d", "Max_MA 99"),
    "host_memory_is_a_share": lines_with(r"percent = \d", "percent = 9"),
    "steps_follow": lines_with(r"step=(\d+)0, skipped", r"step=\g<1>5, skipped"),
    "learning_rate_rises_then_falls": lines_with(r"lr=\[(\S+), \S+\]", "lr=[0.5, 0.5]"),
    "timer_counts": lines_with(r"micro_step=\d", "micro_step=9"),
    "speed_is_what_was_waited": lines_with(r"RunningAvgSamplesPerSec=\d", "RunningAvgSamplesPerSec=0"),
    "script_agrees": lines_with(r"\d TFLOP/s", "99 TFLOP/s"),
    "clocks_differ": lines_with(r"(\S+ samples/s)", r"9\g<1>"),
    "script_counts_as_the_engine": lines_with(r"epoch 2/2 step \d", "epoch 2/2 step 9"),
    "perplexity_is_exp_loss": lines_with(r"ppl \d", "ppl 9"),
    "scale_halves": lines_with(r"reducing to \d", "reducing to 9"),
    "checkpoints_are_there": lines_with(r"Saving model checkpoint: (\S+-)0", r"Saving model checkpoint: \g<1>9"),
    "conversion_agrees": lines_with(r"params \d", "params 9", -1),
    "stages_add_up": lines_with(r"STAGE_PARAMS=\d", "STAGE_PARAMS=9"),
}


WISHES = {"stages_add_up": PIPELINE, "kills_have_no_rhythm": FAULTY, "nodes_end_by_themselves": FAULTY}


def test_every_rule_has_its_slip() -> None:
    """No rule of the checker goes untested."""
    assert set(SLIPS) == {rule.__name__ for rule in checker.RULES}


@pytest.mark.parametrize("rule", SLIPS)
def test_each_rule_catches_its_slip(rule: str) -> None:
    """A planted error is found by the rule that looks for it."""
    wishes = WISHES.get(rule, FP16)
    assert caught(log, rule, SLIPS[rule], checker.faults, **wishes)
