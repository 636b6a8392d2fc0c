"""A reader with a pocket calculator finds no slip, and would find one if there were any."""

import re
from collections.abc import Callable

import pytest
from fakeact_llm_training import fakeact_modules

from fakeact.testing import perform

from . import checker

(MODULE,) = fakeact_modules()


def log(seed: int, **options: object) -> list[str]:
    """A whole run's printed lines, as in a pipe."""
    played = perform(MODULE, seed=seed, seconds=7200, motion=False, color=False, dialect="pytorch", **options)
    assert played.error is None
    assert played.ended == "finished"
    return played.raw.splitlines()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("scenario", ["pretrain", "finetune", "resume"])
def test_a_calculator_finds_no_slip(seed: int, scenario: str) -> None:
    """Whatever is printed twice, or follows from what is printed, agrees; also over faults and restarts."""
    assert checker.faults(log(seed, scenario=scenario, faults="drama" if seed % 2 else "some")) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100))
@pytest.mark.parametrize("scenario", ["pretrain", "finetune", "resume"])
def test_three_hundred_runs(seed: int, scenario: str) -> None:
    """The campaign."""
    assert checker.faults(log(1000 + seed, scenario=scenario, faults=("none", "some", "drama")[seed % 3])) == []


@pytest.mark.parametrize(
    "options",
    [
        {"gpus": 1, "steps": 30, "epochs": 1},
        {"gpus": 8, "steps": 40, "epochs": 2},
        {"gpus": 256, "steps": 30},
        {"gpus": 2048, "steps": 30, "epochs": 1},
    ],
)
def test_any_size_agrees(options: dict[str, int]) -> None:
    """One GPU or thousands, short runs or long: the same rules hold."""
    assert checker.faults(log(5, scenario="pretrain", **options)) == []


def lines_with(pattern: str, replacement: str) -> Callable[[list[str]], list[str]]:
    """A slip: the last line that a pattern matches is changed."""

    def spoil(lines: list[str]) -> list[str]:
        at = max(i for i, line in enumerate(lines) if re.search(pattern, line))
        return [*lines[:at], re.sub(pattern, replacement, lines[at], count=1), *lines[at + 1 :]]

    return spoil


OFF_THE_BUS = (
    "[2099-01-01 00:00:00] [Rank 0/16] WARNING n1: kernel: NVRM: Xid (PCI:0000:77:00): 79, GPU has fallen off the bus."
)
SLIPS = {
    "clock_goes_forward": lines_with(r"^\[(\d{4})", "[2020"),
    "ranks_exist": lines_with(r"\[Rank 0/", "[Rank 999999/"),
    "layout_multiplies_up": lines_with(r"DP=\d+", "DP=3"),
    "model_has_its_parameters": lines_with(r"^(    (attention|mlp) +)\d", r"\g<1>9"),
    "epochs_divide": lines_with(r"[\d,]+ steps an epoch", "13 steps an epoch"),
    "steps_follow": lines_with(r"step +(\d+)0/", r"step \g<1>1/"),
    "speed_follows": lines_with(r"\| [\d.]+ ms", "| 77.7 ms"),
    "perplexity_is_exp_loss": lines_with(r"\| ppl \d", "| ppl 9"),
    "learning_rate_follows_its_schedule": lines_with(r"lr \d", "lr 9"),
    "memory_is_constant": lines_with(r"mem \d", "mem 9"),
    "pace_is_what_was_waited": lines_with(r"^\[(\S+) \d\d(.* step +50/)", r"[\g<1> 23\g<2>"),
    "transfers_take_their_time": lines_with(r"Saved (\S+): \d", r"Saved \g<1>: 99"),
    "start_up_adds_up": lines_with(r"Start-up took \d", "Start-up took 9"),
    "bandwidths_fit": lines_with(r"(float +sum +-1 +)\d", r"\g<1>99"),
    "summary_agrees": lines_with(r"^(    tokens +)\d", r"\g<1>99"),
    "collectives_time_out": lambda lines: [*lines, "Timeout(ms)=77000) ran for 77012 milliseconds before timing out."],
    "kernel_tells_why": lambda lines: [*lines, OFF_THE_BUS],
    "loss_learns": lines_with(r"vocabulary [\d,]+, context", "vocabulary 9, context"),
}


@pytest.fixture(scope="module")
def sound() -> list[str]:
    """A log without a slip."""
    return log(7, gpus=16, steps=120, epochs=2, scenario="pretrain", faults="none")


def test_every_rule_has_its_slip(sound: list[str]) -> None:
    """No rule of the checker goes untested, and the log they are tested on is sound."""
    assert set(SLIPS) == {rule.__name__ for rule in checker.RULES}
    assert checker.faults(sound) == []


@pytest.mark.parametrize("rule", SLIPS)
def test_each_rule_catches_its_slip(rule: str, sound: list[str]) -> None:
    """A planted error is found by the rule that looks for it."""
    spoiled = SLIPS[rule](sound)
    assert spoiled != sound
    assert any(fault.startswith(rule) for fault in checker.faults(spoiled))
