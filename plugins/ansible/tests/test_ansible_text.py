"""The printed text, read back by a checker that knows nothing of the simulation."""

import importlib.util
import itertools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from fakeact_ansible import fakeact_modules

from fakeact.testing import Performance, perform

SEEDS = range(20)


def _checker() -> ModuleType:
    path = Path(__file__).with_name("ansible_checker.py")
    spec = importlib.util.spec_from_file_location("ansible_checker", path)
    assert spec
    assert spec.loader
    sys.modules["ansible_checker"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHECKER = _checker()
MODULE = fakeact_modules()[0]


def play(seed: int, **options: object) -> Performance:
    return perform(MODULE, seed=seed, seconds=3600, motion=False, color=False, **options)  # type: ignore[arg-type]


def timed(played: Performance) -> list[tuple[float, str]]:
    """Lines with the moment at which they were seen."""
    lines = []
    for frame in played.frames:
        lines += [(frame.at, line) for line in frame.text.removesuffix("\n").split("\n")]
    return lines


@pytest.fixture(scope="module")
def runs() -> list[list[tuple[float, str]]]:
    return [timed(play(seed)) for seed in SEEDS]


def test_what_is_printed_adds_up(runs: list[list[tuple[float, str]]]) -> None:
    """Recap, handlers, retries, loops, broken hosts and stated times agree with the lines above them."""
    for seed, lines in zip(SEEDS, runs, strict=True):
        assert CHECKER.check(lines) == [], seed


def test_it_adds_up_for_other_sizes() -> None:
    """The same holds for few and many hosts, one fork and more forks than hosts, each site."""
    for seed, site in enumerate(("ci", "kubernetes", "logging", "observability", "patching", "webshop")):
        hosts, forks = ((4, 1), (14, 50))[seed % 2]
        assert CHECKER.check(timed(play(seed, site=site, hosts=hosts, forks=forks))) == [], site


def test_everything_that_can_happen_does(runs: list[list[tuple[float, str]]]) -> None:
    """Among a score of runs are all kinds of lines: none is there for the checker only."""
    text = "\n".join(line for lines in runs for _, line in lines)
    for what in ("FAILED!", "UNREACHABLE!", "...ignoring", "FAILED - RETRYING", "RUNNING HANDLER", "(item=",
                 "[DEPRECATION WARNING]", "Python interpreter", "rescued=1", "included: ", " -> ",
                 "skipping: [", "=> {\n"):  # fmt: skip
        assert what in text, what


def replaced(pattern: str, by: str) -> Callable[[str], str]:
    return lambda text: re.sub(pattern, by, text, count=1, flags=re.MULTILINE)


PLANTED = {
    "a recap that counts wrong": replaced(r"^(\S+ +: ok=)(\d+)", r"\g<1>9\2"),
    "a host that is not in the recap": replaced(r"^\S+ +: ok=.*\n", ""),
    "a banner too short": replaced(r"^(TASK .*)\*$", r"\1"),
    "a host with two results": replaced(r"^(ok: \[\S+\])$", r"\1\n\1"),
    "a line of nobody's": replaced(r"^ok: ", "okay: "),
    "a notice twice": replaced(r"^(\[WARNING\]: .*)$", r"\1\n\1"),
    "a loop in another order": replaced(r"^((ok|changed): \[\S+\] => \(item=)(\w)", r"\1zz\3"),
    "an attempt left out": replaced(
        r"(RETRYING: \[(\S+)\]: .* \()(\d+ retries left(?=(?:.|\n)*RETRYING: \[\2\]: ))", r"\g<1>9\3"
    ),
    "a time that was not waited": replaced(r'"elapsed": \d+', '"elapsed": 900'),
    "a start that does not fit": replaced(r'"start": "(\d+)', '"start": "1999'),
}


@pytest.mark.parametrize("name", PLANTED)
def test_the_checker_sees_a_planted_error(name: str, runs: list[list[tuple[float, str]]]) -> None:
    """Each rule is broken in a run that keeps it, and the checker says so."""
    for lines in itertools.chain(runs, (timed(play(seed)) for seed in range(20, 70))):
        text = "\n".join(line for _, line in lines)
        if (planted := PLANTED[name](text)) != text:
            moments = iter([at for at, _ in lines])
            last = lines[-1][0]
            assert CHECKER.check([(next(moments, last), line) for line in planted.split("\n")])
            return
    pytest.fail("no run has what is to be broken")


def test_the_checker_sees_a_handler_out_of_the_blue() -> None:
    """A handler for a host that changed nothing is no handler."""
    stars = "*" * 80
    text = [f"{'PLAY [x] ' + stars:.80}", f"{'TASK [a] ' + stars:.80}", "ok: [h]",
            f"{'RUNNING HANDLER [b] ' + stars:.80}", "changed: [h]", f"{'PLAY RECAP ' + stars:.80}",
            "h : ok=2 changed=1 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0"]  # fmt: skip
    faults = CHECKER.check([(0.0, line) for line in text])
    assert faults == ["handler b for h, which changed nothing"]


def test_the_checker_sees_a_dead_host_walk() -> None:
    """A host that was unreachable has no results afterwards."""
    stars = "*" * 80
    text = [f"{'TASK [a] ' + stars:.80}", 'fatal: [h]: UNREACHABLE! => {"changed": false}',
            f"{'TASK [b] ' + stars:.80}", "ok: [h]", f"{'PLAY RECAP ' + stars:.80}",
            "h : ok=1 changed=0 unreachable=1 failed=0 skipped=0 rescued=0 ignored=0"]  # fmt: skip
    assert CHECKER.check([(0.0, line) for line in text]) == ["unreachable before: ok: [h]"]
