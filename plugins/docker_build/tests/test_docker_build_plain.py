"""A reader of the plain display: every step is told once, and the commands' own figures are true."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby

import pytest
from fakeact_docker_build import fakeact_modules
from fakeact_docker_build.facts import RECIPES

from fakeact.testing import perform

MODULE = fakeact_modules()[0]
LINE = re.compile(r"#(\d+) (?:(\d+\.\d+) )?(.*)")


def problems(text: str) -> Iterator[str]:
    """What is wrong with a successful build's plain log."""
    lines = [(int(m[1]), m[2], m[3]) for line in text.splitlines() if (m := LINE.fullmatch(line))]
    steps = {number: [each[1:] for each in lines if each[0] == number] for number, _, _ in lines if number}
    if sorted(steps) != list(range(1, len(steps) + 1)):
        yield "numbers are missing"
    for said in steps.values():
        yield from _step(said)
    told = [line for line in text.splitlines() if re.match(r"#\d", line)]
    switched = [key for key, _ in groupby(line.partition(" ")[0] for line in told)]
    if len(switched) - len(set(switched)) != sum(line.endswith(" ...") and line.count(" ") == 1 for line in told):
        yield "the word was passed on silently"


def _step(said: list[tuple[str | None, str]]) -> Iterator[str]:
    ends = [words for stamp, words in said if not stamp and re.fullmatch(r"CACHED|DONE \d+\.\ds", words)]
    if len(ends) != 1 or said[-1][1] != ends[0]:
        yield "a step does not end once, at its end"
        return
    stamps = [float(stamp) for stamp, _ in said if stamp]
    if stamps != sorted(stamps) or (stamps and stamps[-1] > float(ends[0][5:-1]) + 0.05):
        yield "a line is out of its step's time"
    yield from _figures([(float(stamp), words) for stamp, words in said if stamp])


def _figures(log: list[tuple[float, str]]) -> Iterator[str]:
    words = [line for _, line in log]
    for at, line in log:
        if (m := re.match(r"added (\d+) packages, and audited (\d+) packages in (\d+)s", line)) and (
            int(m[2]) != int(m[1]) + 1 or abs(int(m[3]) - at) > 1.2
        ):
            yield "npm's figures are wrong"
        if (m := re.match(r"(\d+) passed in (\d+\.\d+)s", line)) and (
            int(m[1]) != sum(each.count(".") for each in words if each.startswith(".")) or float(m[2]) > at
        ):
            yield "pytest's figures are wrong"
        if (m := re.match(r" +Finished .* in (?:(\d+)m )?(\d+(?:\.\d+)?)s", line)) and _clock(m) > at + 1:
            yield "cargo's figures are wrong"
        if (m := re.match(r"✓ built in (\d+\.\d+)s", line)) and float(m[1]) > at:
            yield "vite's figures are wrong"
        yield from _package_counts(line, words)
    yield from _vite(words)


def _vite(words: list[str]) -> Iterator[str]:
    """A chunk of more than 500 kB is warned of, a smaller one is not, and figures stand below each other."""
    rows = [line for line in words if line.startswith("dist/")]
    sizes = [float(line.split()[1].replace(",", "")) for line in rows]
    if rows and len({(line.index(" kB │"), len(line)) for line in rows}) > 1:
        yield "vite's columns are ragged"
    if rows and (max(sizes) > 500) != any(line.startswith("(!) Some chunks") for line in words):
        yield "vite's warning is not about its chunks"


def _package_counts(line: str, words: list[str]) -> Iterator[str]:
    if (m := re.match(r"0 upgraded, (\d+) newly", line)) and int(m[1]) != _starting(words, "Setting up"):
        yield "apt's figures are wrong"
    if (m := re.match(r"\( *(\d+)/(\d+)\) Installing", line)) and int(m[2]) != _starting(words, "("):
        yield "apk's figures are wrong"
    if line.startswith("Successfully installed") and line.count(" ") - 1 != _starting(words, "Collecting"):
        yield "pip's figures are wrong"


def _starting(lines: list[str], beginning: str) -> int:
    return sum(line.startswith(beginning) for line in lines)


def _clock(match: re.Match[str]) -> float:
    return 60 * int(match[1] or 0) + float(match[2])


@cache
def printed(seed: int, **options: str) -> str:
    """All that was written."""
    played = perform(MODULE, seed=seed, seconds=600, motion=False, progress="plain", **options)
    return played.raw.rstrip("\n")


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("cache", ["none", "source"])
def test_a_plain_log_adds_up(recipe: str, cache: str) -> None:
    """Steps end once, time stamps ascend, and what commands claim of counts and seconds is so."""
    assert list(problems(printed(1, recipe=recipe, cache=cache))) == []


PLANTED = {
    "numbers are missing": ("go", r"(?m)(^#3 .*\n)+", ""),
    "the word was passed on silently": ("django", r"(?m)^#\d+ \.\.\.\n", ""),
    "a step does not end once, at its end": ("go", r"DONE \d", "DONE x"),
    "a line is out of its step's time": ("go", r"(?m)^#(\d+) \d+\.\d+ ok", r"#\1 9999.0 ok"),
    "npm's figures are wrong": ("vite", r"audited ", "audited 1"),
    "apt's figures are wrong": ("worker", r"Setting up git ", "Unpacking git "),
    "apk's figures are wrong": ("next", r"(?m)^#\d+ \S+ \( *\d+/\d+\) Installing make .*\n", ""),
    "pip's figures are wrong": ("worker", r"Collecting ", "Fetching "),
    "pytest's figures are wrong": ("worker", r"\.\.\.\.\.\.\.", "......"),
    "cargo's figures are wrong": ("rust", r"target\(s\) in ", "target(s) in 99m "),
    "vite's figures are wrong": ("vite", r"built in ", "built in 9"),
    "vite's columns are ragged": ("vite", r"(dist/assets/\S+) ", r"\1"),
    "vite's warning is not about its chunks": ("vite", r"(dist/assets/\S+ +)\d+\.\d\d", r"\g<1>999.99"),
}


@pytest.mark.parametrize("rule", PLANTED)
def test_the_reader_sees_a_planted_error(rule: str) -> None:
    """Each rule of the reader catches an error made for it."""
    recipe, pattern, instead = PLANTED[rule]
    text = printed(1, recipe=recipe, cache="none")
    assert rule in list(problems(re.sub(pattern, instead, text, count=1)))


def test_a_failed_step_is_told_with_its_last_lines() -> None:
    """The plain display ends with at most ten lines of the failed step and the error twice."""
    text = printed(2, recipe="go", cache="none", outcome="failure")
    error = re.search(r"(?m)^#\d+ ERROR: (process .*)$", text)
    assert error
    assert text.endswith(f"ERROR: failed to build: failed to solve: {error[1]}")
    stamps = [float(stamp) for stamp in re.findall(r"(?m)^(\d+\.\d+) ", text.split("------\n")[1])]
    assert stamps == sorted(stamps)
    assert 1 <= text.split("------\n")[1].count("\n") - 1 <= 10


@pytest.mark.parametrize("seed", range(4))
def test_npm_is_the_one_that_the_image_has(seed: int) -> None:
    """Node.js 22.22 brings npm 10.9.4, and 24.13 brings 11.6.2; the notice names no other as the one there is."""
    text = printed(seed, recipe="vite", cache="none")
    major = re.search(r"library/node:(\d+)", text)
    notice = re.search(r"version of npm available! (\S+) -> (\S+)", text)
    assert major
    assert notice
    assert notice[1] == {"22": "10.9.4", "24": "11.6.2"}[major[1]]


def test_apt_numbers_archives_from_five_packages_on() -> None:
    """Few archives are unpacked by their names; more are counted from 0, with as many digits as the last needs."""
    several = set()
    for recipe, seed in (("rust", 5), ("worker", 1), ("django", 1)):
        text = printed(seed, recipe=recipe, cache="none")
        for command in re.split(r"newly installed", text)[1:]:
            files = re.findall(r"Preparing to unpack \.\.\./(?:(\d+)-)?[a-z]", command)
            width = len(str(len(files) - 1))
            assert files == ([f"{n:0{width}}" for n in range(len(files))] if len(files) >= 5 else [""] * len(files))
            several.add(len(files) >= 5)
    assert several == {True, False}


def test_certificates_come_with_what_they_need() -> None:
    """Whoever installs ca-certificates gets openssl, and sees the store filled once and looked at once more."""
    text = printed(5, recipe="rust", cache="none")
    order = [text.index(f"Setting up {name} (") for name in ("libssl3:amd64", "openssl", "ca-certificates")]
    assert order == sorted(order)
    assert re.findall(r"(\d+) added, 0 removed; done\.", text) == ["150", "0"]


def test_pip_has_a_newer_release_to_tell_of() -> None:
    """As in any image whose pip is some months old, the last lines of an installation are pip's notice."""
    text = printed(1, recipe="worker", cache="none")
    old, new = re.findall(r"(?m)^#\d+ \S+ \[notice\] A new release of pip is available: (\S+) -> (\S+)$", text)[0]
    assert [int(part) for part in old.split(".")] < [int(part) for part in new.split(".")]
    assert text.index("Successfully installed") < text.index("[notice] To update, run: pip install --upgrade pip")
