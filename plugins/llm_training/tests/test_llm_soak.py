"""The campaign: every dialect, kind of run and rate of faults, read by the dialect's own checker."""

from typing import Any

import pytest
from fakeact_llm_training import dialects, fakeact_modules

from fakeact.testing import perform

from . import checker, checker_deepspeed, checker_hf, checker_megatron, checker_nemo, checker_torchtitan

(MODULE,) = fakeact_modules()
KINDS, RATES = ("pretrain", "finetune", "resume"), ("none", "some", "drama")
READERS = {
    "pytorch": checker.faults,
    "torchtitan": checker_torchtitan.faults,
    "hf": checker_hf.faults,
    "deepspeed": checker_deepspeed.faults,
    "nemo": checker_nemo.faults,
    "megatron": checker_megatron.faults,
}


def slips(dialect: str, seed: int, kind: str, rate: str, **wishes: Any) -> list[str]:
    """What a reader of the whole log finds that does not agree."""
    options: dict[str, Any] = {"dialect": dialect, "scenario": kind, "faults": rate} | wishes
    played = perform(MODULE, seed=seed, seconds=14_400, motion=False, color=False, **options)
    assert (played.error, played.ended) == (None, "finished")
    return READERS[dialect](played.raw.splitlines())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dialect", dialects.NAMES)
def test_a_sample_of_the_campaign(dialect: str, kind: str) -> None:
    """Whatever is printed twice, or follows from what is printed, agrees: short runs of any model on any machine."""
    assert slips(dialect, 7, kind, RATES[KINDS.index(kind)], steps=80, epochs=1) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dialect", dialects.NAMES)
def test_three_hundred_runs_of_each_dialect(dialect: str, kind: str, seed: int) -> None:
    """The campaign."""
    assert slips(dialect, 1000 + seed, kind, RATES[seed % 3]) == []
