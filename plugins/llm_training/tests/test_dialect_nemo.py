"""NeMo's dialect: the form of its lines, a reader with a calculator, every size and moment."""

import random
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache

import pytest
from fakeact_llm_training.dialects.nemo import Speaker, groups
from fakeact_llm_training.dialects.nemo.model import own_parameters, padded_vocabulary, parameter_names
from fakeact_llm_training.dialects.nemo.rate import learning_rate
from fakeact_llm_training.init import init
from fakeact_llm_training.loop import loop
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.schedule import Schedule
from fakeact_llm_training.sim.startup import draw_startup
from fakeact_llm_training.tools import nemo

from fakeact import IO, Module, ansi
from fakeact.testing import perform

from . import checker_nemo as checker
from .runs import caught, first

WHEN = datetime(2026, 11, 3, 9, 5, 6, 123456)
SOUND = {"scenario": "pretrain", "gpus": 16, "steps": 30, "epochs": 2}


def module(**wishes: object) -> Module:
    """A show that speaks this dialect, whatever it is asked for."""

    async def play(io: IO, rng: random.Random) -> None:
        scenario = draw(rng, dialect="nemo", **wishes)  # type: ignore[arg-type]
        speaker = Speaker(io, draw_startup(scenario, rng))
        run = await init(io, speaker, rng)
        await speaker.end(await loop(io, run, speaker))

    return Module("nemo", "nemo llm pretrain", play)


@cache
def log(seed: int, **wishes: object) -> tuple[str, ...]:
    """A whole run's printed lines, as in a pipe."""
    played = perform(module(**wishes), seed=seed, seconds=7200, motion=False, color=False)
    assert (played.error, played.ended) == (None, "finished")
    return tuple(played.raw.splitlines())


def test_a_line_has_nemos_prefix_and_colour() -> None:
    """The formatter's prefix is green, or yellow for a warning; the text has no colour."""
    line = nemo.log(WHEN, "megatron_init:443", "Rank 0 has data parallel group : [0]")
    assert ansi.strip(line) == "[NeMo I 2026-11-03 09:05:06 megatron_init:443] Rank 0 has data parallel group : [0]"
    assert line.startswith(ansi.sgr(32) + "[NeMo I")
    assert nemo.log(WHEN, "x:1", "y", "W").startswith(ansi.sgr(33) + "[NeMo W")
    assert "x:1]" + ansi.sgr(39) + " y" in nemo.log(WHEN, "x:1", "y", "W")


def test_a_step_is_the_published_one() -> None:
    """A line of a public log of NeMo 2, from its figures."""
    metrics = {
        "lr": 4.4978e-06,
        "global_batch_size": 512.0,
        "global_step": 29.0,
        "reduced_train_loss": 11.031,
        "train_step_timing in s": 46.841,
        "consumed_samples": 15360.0,
    }
    assert nemo.training_line(0, 29, 1000, metrics) == (
        "Training epoch 0, iteration 29/999 | lr: 4.498e-06 | global_batch_size: 512 | global_step: 29 | "
        "reduced_train_loss: 11.03 | train_step_timing in s: 46.84 | consumed_samples: 15360"
    )


def test_the_warm_up_is_nemos() -> None:
    """A warm-up of W steps has W + 1 parts: no step is taken with rate 0, and the peak is that of step W."""
    schedule = Schedule("cosine", 3e-4, 3e-5, 2000, 100_000)
    rates = [nemo.metric("lr", learning_rate(schedule, step)) for step in (0, 29, 1999, 2000, 2001, 99_999)]
    assert rates == [
        "lr: 1.499e-07", "lr: 4.498e-06", "lr: 0.0002999", "lr: 0.0003", "lr: 0.0003", "lr: 3e-05",
    ]  # fmt: skip


def test_groups_are_megatrons() -> None:
    """Tensor-parallel ranks are neighbours, pipeline stages farthest apart; each kind has every rank once."""
    scenario = draw(random.Random(0), dialect="nemo", gpus=64, model="llama-2-70b", gpu="a100-80g", steps=20)
    assert scenario.tp > 1
    assert next(groups.ranks_of(scenario, "tp")) == list(range(scenario.tp))
    assert next(groups.ranks_of(scenario, "pp")) == list(range(0, 64, 64 // scenario.pp))[: scenario.pp]
    assert next(groups.ranks_of(scenario, "dp")) == [scenario.tp * i for i in range(scenario.dp)]
    for kinds in (["tp"], ["dp"], ["pp"], ["tp", "pp"], ["dp", "cp"]):
        assert sorted(rank for group in groups.ranks_of(scenario, *kinds) for rank in group) == list(range(64))


def test_rank_0_holds_what_was_published() -> None:
    """Megatron's count for GPT-2 small with its padded vocabulary: 124,475,904."""
    scenario = draw(random.Random(0), dialect="nemo", gpus=8, model="gpt2", steps=20, epochs=1)
    assert padded_vocabulary(scenario) == 50304
    assert own_parameters(scenario) == 124_475_904
    assert parameter_names(scenario)[:2] == [
        "module.decoder.final_layernorm.bias",
        "module.decoder.final_layernorm.weight",
    ]
    assert len(parameter_names(scenario)) == 148


@pytest.mark.parametrize("seed", range(4))
def test_a_calculator_finds_no_slip(seed: int) -> None:
    """Whatever is printed twice, or follows from what is printed, agrees; kinds are drawn."""
    assert checker.faults(list(log(seed, scenario=None, gpus=16, steps=60, epochs=2))) == []


@pytest.mark.parametrize(("seed", "gpus"), [(2, 16), (2, 64), (5, 16), (1, 64)])
def test_faults_agree(seed: int, gpus: int) -> None:
    """After a fault all begins anew with other processes, and steps go on from a checkpoint."""
    assert checker.faults(list(log(seed, scenario=None, gpus=gpus, steps=150, epochs=1, faults="drama"))) == []


def test_a_restart_and_a_background_save_are_seen() -> None:
    """There are runs with a traceback, a restored checkpoint and an asynchronous save."""
    wishes = {"scenario": None, "gpus": 16, "steps": 150, "epochs": 1, "faults": "drama"}
    assert first(log, r"\[rank\d+\]: Traceback", r"failed \(exitcode: -?\d+\)", "Restored all states", **wishes)
    assert first(log, "Scheduled async", **wishes)


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
    """Ctrl-C in the start-up or in the loop: the launcher ends its workers, and that is all."""
    played = perform(module(gpus=16, steps=60), seed=3, seconds=seconds, motion=False, color=False)
    assert (played.ended, played.error, played.seconds) == ("stopped", None, seconds)


def lines_with(pattern: str, replacement: str, at: int = -1) -> Callable[[list[str]], list[str]]:
    """A slip: one line that a pattern matches is changed."""

    def spoil(lines: list[str]) -> list[str]:
        place = [i for i, line in enumerate(lines) if re.search(pattern, line)][at]
        return [*lines[:place], re.sub(pattern, replacement, lines[place], count=1), *lines[place + 1 :]]

    return spoil


def everywhere(pattern: str, replacement: str) -> Callable[[list[str]], list[str]]:
    """A slip that is made in every line."""
    return lambda lines: [re.sub(pattern, replacement, line) for line in lines]


SLIPS = {
    "clock_goes_forward": lines_with(r"\[NeMo I 2026", "[NeMo I 2020"),
    "places_fit_python": lines_with(r"nemo_logging:\d+", "pl:217"),
    "world_is_complete": lines_with(r"MEMBER: 1/", "MEMBER: 2/", at=0),
    "parallelism_multiplies_up": lines_with(r"dummy tokens: \d+", "dummy tokens: 777"),
    "buffer_has_all_parameters": lines_with(r"bucket 1 \(\d", "bucket 1 (9"),
    "steps_follow": lines_with(r"global_step: \d", "global_step: 9"),
    "samples_are_counted": lines_with(r"consumed_samples: \d", "consumed_samples: 777"),
    "numbers_have_four_digits": lines_with(r"reduced_train_loss: (\S+)", r"reduced_train_loss: 5.12345"),
    "learning_rate_rises_then_falls": lines_with(r"\| lr: \S+", "| lr: 0.5"),
    "saves_take_their_time": everywhere(r"train_step_timing in s: \S+", "train_step_timing in s: 7.7"),
    "loads_take_their_time": lines_with(r"load_checkpoint: \d", "load_checkpoint: 99"),
    "checkpoints_are_there": lines_with(r"Successfully (.*-\d+)\d$", r"Successfully \g<1>7"),
    "validation_is_counted": lines_with(r"Validation: iteration \d+", "Validation: iteration 77"),
    "ends_at_the_last_step": lines_with(r"max_steps=\d", "max_steps=9"),
    "experts_are_balanced": lines_with(r"(loss: \S+ \|) train", r"\g<1> load_balancing_loss: 77.7 | train"),
    "export_follows": lines_with(r"root +\d(\d+ .*safetensors)", r"root 777\g<1>", at=0),
    "kernel_tells_why": lines_with(r"Xid \(PCI:0000:..", "Xid (PCI:0000:77"),
    "time_limit_is_over": lines_with(r"Elapsed time is \d+:\d\d", "Elapsed time is 0:00"),
}


def test_every_rule_has_its_slip() -> None:
    """No rule of the checker goes untested."""
    assert set(SLIPS) == {rule.__name__ for rule in checker.RULES}


def test_a_rate_above_the_peak_is_found() -> None:
    """The peak is the optimizer's: with another one there the steps' rates are too high, and nothing else is wrong."""
    lowered = lines_with(r"(OptimizerConfig\(optimizer='adam', lr=)[\d.e-]+", r"\g<1>1e-09")
    found = checker.faults(lowered(list(log(0, **SOUND))))
    assert found
    assert all(fault.startswith("learning_rate_rises_then_falls: lr ") for fault in found)


@pytest.mark.parametrize("rule", SLIPS)
def test_each_rule_catches_its_slip(rule: str) -> None:
    """A planted error is found by the rule that looks for it."""
    resumed = rule in {"loads_take_their_time", "time_limit_is_over"}
    wishes = {"scenario": "resume", "gpus": 16} if resumed else SOUND
    if rule == "kernel_tells_why":
        wishes = {"scenario": "resume", "gpus": 16, "steps": 300, "faults": "drama"}
    assert caught(log, rule, SLIPS[rule], checker.faults, **wishes)
