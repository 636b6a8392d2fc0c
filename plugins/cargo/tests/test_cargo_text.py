"""The printed text of a build adds up, and a text that does not is caught."""

import re
from collections.abc import Callable
from functools import cache

import pytest
from fakeact_cargo import fakeact_modules
from fakeact_cargo.catalogue import crates

from fakeact.testing import perform

from .cargo_reader import faults

(MODULE,) = fakeact_modules()
READING = 3.0
"""Seconds that the last screen stays."""


@cache
def log(seed: int, **options: object) -> tuple[list[str], float]:
    """A whole build's lines as in a pipe, and its seconds."""
    played = perform(MODULE, seed=seed, seconds=900, motion=False, color=False, **options)
    assert (played.error, played.ended) == (None, "finished")
    return played.raw.splitlines(), played.seconds - READING


@pytest.mark.parametrize("seed", range(20))
def test_a_reader_finds_no_slip(seed: int) -> None:
    """Sums, orders, durations and underlines are right in what was printed."""
    assert faults(*log(seed)) == []


@pytest.mark.parametrize("options", [{"crates": 30}, {"crates": 500, "jobs": 64}, {"jobs": 1}, {"warnings": False}])
def test_options_keep_the_books_straight(options: dict[str, object]) -> None:
    """Other sizes and numbers of jobs add up, too."""
    assert faults(*log(1, **options)) == []


def test_a_cached_build_downloads_nothing() -> None:
    """With cached crates compiling follows the lock file at once."""
    lines, seconds = log(2, cached=True)
    assert faults(lines, seconds) == []
    assert not any("Downloaded" in line for line in lines)


def drop(pattern: str) -> Callable[[list[str]], list[str]]:
    """A mistake: the last line of a kind is missing."""

    def apply(lines: list[str]) -> list[str]:
        at = max(i for i, line in enumerate(lines) if re.search(pattern, line))
        return lines[:at] + lines[at + 1 :]

    return apply


def swap(pattern: str, new: str) -> Callable[[list[str]], list[str]]:
    """A mistake: the first line of a kind says something else."""

    def apply(lines: list[str]) -> list[str]:
        at = next(i for i, line in enumerate(lines) if re.search(pattern, line))
        return [*lines[:at], re.sub(pattern, new, lines[at]), *lines[at + 1 :]]

    return apply


def repeat(pattern: str) -> Callable[[list[str]], list[str]]:
    """A mistake: a line is there twice."""

    def apply(lines: list[str]) -> list[str]:
        at = next(i for i, line in enumerate(lines) if re.search(pattern, line))
        return lines[: at + 1] + lines[at:]

    return apply


MISTAKES = {
    "downloaded twice": repeat(r"Downloaded libc"),
    "compiled twice": repeat(r"Compiling libc"),
    "is not what was downloaded": drop(r"Compiling libc"),
    "downloaded: ": swap(r"Downloaded \d+ crates", "Downloaded 7 crates"),
    "more compiled than locked": swap(r"Locking \d+", "Locking 9"),
    "not newer": swap(r"available: v.*\)", "available: v0.0.1)"),
    "out of order": swap(r"^    Updating .*", "    Finished early"),
    "not aligned": swap(r"^   Compiling libc", "  Compiling libc"),
    "does not end with": drop(r"Finished"),
    "but said": swap(r" in (\d+)m ", r" in 1\1m "),
    "said: ": swap(r"generated \d+ warnings?", "generated 8 warnings"),
    "can be mended": swap(r"apply \d+ sug", "apply 9 sug"),
    "nobody counted": drop(r"generated \d+ warning"),
    "nothing underlined": swap(r"\^+.*", ""),
    "is not underlined": swap(r"\| ( *)\^", r"|  \1^"),
    "is underlined": swap(r"\^\^", "^"),
    "counted before it began": drop(r"Compiling .*\(/.*"),
}


@pytest.mark.parametrize("fault", MISTAKES)
def test_the_reader_is_awake(fault: str) -> None:
    """Each rule of the reader catches a mistake made on purpose."""
    texts = [log(seed) for seed in range(20)]
    caught = []
    for lines, seconds in texts:
        try:
            caught += faults(MISTAKES[fault](lines), seconds)
        except (StopIteration, ValueError):
            continue  # this build has no line of that kind
    assert any(fault in one for one in caught)


@pytest.mark.parametrize("seed", range(6))
def test_a_crate_begins_after_what_it_needs(seed: int) -> None:
    """A crate without a build script is announced after all that it uses."""
    announced = [line.split()[1:3] for line in log(seed)[0] if line.startswith("   Compiling")]
    order = {" ".join(pair): at for at, pair in enumerate(announced)}
    for crate in crates().values():
        if crate.described in order and not crate.script:
            used = [crates()[key] for key in crate.needs if not crates()[key].foreign]
            assert all(order[other.described] < order[crate.described] for other in used), crate.name


@pytest.mark.parametrize("seed", range(6))
def test_the_size_of_a_download_is_the_sum_of_its_crates(seed: int) -> None:
    """The bytes in the closing line are those of the crates above it, the largest by name."""
    text = "\n".join(log(seed)[0])
    sizes = {crate.described: crate.size for crate in crates().values()}
    taken = {one: sizes[one] for one in re.findall(r"Downloaded ([\w-]+ v\S+)$", text, re.M)}
    found = re.search(r"\(([\d.]+)MiB\) in [\d.]+s(?: \(largest was `(.*)` at ([\d.]+)MiB\))?", text)
    assert found is not None
    assert f"{sum(taken.values()) / (1 << 20):.1f}" == found[1]
    largest = max(taken, key=lambda one: taken[one])
    assert (found[2] == largest.split()[0]) == (taken[largest] > 1 << 20)


def test_two_builds_do_not_look_alike() -> None:
    """Members, crates and order differ from seed to seed."""
    texts = [tuple(log(seed)[0]) for seed in range(12)]
    assert len({text[-20:] for text in texts}) == 12
    assert len({tuple(sorted(line for line in text if "Downloaded" in line)) for text in texts}) == 12
