"""A reader of what is printed: it recomputes sums, orders and times from the text alone."""

import random
import re
from collections.abc import Iterator
from functools import cache

import pytest
from fakeact_docker_build import fakeact_modules

from fakeact.testing import perform

MODULE = fakeact_modules()[0]
ROW = re.compile(r" => (?P<name>.*\S) +(?P<seconds>\d+\.\d)s")
HEADER = re.compile(r"\[\+\] Building (\d+\.\d)s \((\d+)/(\d+)\)( FINISHED)?\s+docker:default")
STEP = re.compile(r"(CACHED )?(?:ERROR |CANCELED )?\[(?:(\S+) +)?(\d+)/(\d+)\] (.*)")


def problems(text: str) -> Iterator[str]:
    """What is wrong with the last picture of a build and what stands below it."""
    header = HEADER.fullmatch(text.splitlines()[0])
    if not header:
        yield "no header"
        return
    rows = [(m["name"], float(m["seconds"])) for line in text.splitlines() if (m := ROW.fullmatch(line))]
    vertices = [(name, seconds) for name, seconds in rows if not name.startswith(("=> ", "WARN: "))]
    yield from _counts(header, text, vertices)
    yield from _durations(float(header[1]), rows)
    yield from _steps([name for name, _ in vertices])
    yield from _layers([name for name, _ in rows])
    yield from _warnings(text, [name for name, _ in rows])


def _counts(header: re.Match[str], text: str, vertices: list[tuple[str, float]]) -> Iterator[str]:
    failed = sum(name.startswith("ERROR ") for name, _ in vertices)
    if int(header[2]) != len(vertices):
        yield "the header counts other than the rows there are"
    if bool(header[4]) == bool(failed) or failed > 1:
        yield "finished and failed don't exclude each other"
    if (header[2] == header[3]) != bool(header[4]):
        yield "finished with vertices left"
    if failed and text.count("\nERROR: failed to build: ") != 1:
        yield "an error row without an error"


def _durations(whole: float, rows: list[tuple[str, float]]) -> Iterator[str]:
    if any(seconds > whole for _, seconds in rows):
        yield "a row took longer than the build"
    if any(seconds for name, seconds in rows if name.startswith("CACHED ")):
        yield "cached, yet it took time"
    names = [name for name, _ in rows]
    if "exporting to image" in names:
        at = names.index("exporting to image")
        parts = [seconds for _, seconds in rows[at + 1 :]]
        if abs(rows[at][1] - sum(parts)) > 0.05 * (len(parts) + 1):
            yield "the export's parts are not its whole"


def _steps(names: list[str]) -> Iterator[str]:
    found: dict[str, list[re.Match[str]]] = {}
    for name in names:
        if step := STEP.fullmatch(name):
            found.setdefault(step[2] or "", []).append(step)
    for steps in found.values():
        numbers = [int(step[3]) for step in steps]
        if numbers != sorted(set(numbers)) or len({step[4] for step in steps}) > 1 or numbers[-1] > int(steps[0][4]):
            yield "a stage's steps are not in order"
        done = [bool(step[1]) for step in steps if not step[5].startswith("FROM ")]
        if done != sorted(done, reverse=True):
            yield "cached on top of what was not"
    pinned = {m[1] for name in names if (m := re.search(r"FROM (\S+)@sha256:\w{64}", name))}
    asked = {name.rpartition(" ")[2] for name in names if "load metadata" in name}
    if pinned != asked:
        yield "metadata of other images than those built on"


def _layers(names: list[str]) -> Iterator[str]:
    arrived: dict[str, str] = {}
    for name in names:
        if layer := re.fullmatch(r"=> (sha256:\w{64}) (\S+) / (\S+)", name):
            arrived[layer[1]] = layer[2]
            if layer[2] != layer[3]:
                yield "a layer is not complete"
        if (layer := re.fullmatch(r"=> extracting (sha256:\w{64})", name)) and not arrived.pop(layer[1], None):
            yield "extracted what had not come"
    if arrived:
        yield "a layer was not extracted"


def _warnings(text: str, names: list[str]) -> Iterator[str]:
    told = [name.removeprefix("WARN: ") for name in names if name.startswith("WARN: ")]
    closing = re.search(r"\n\n (\d+) warnings? found \(use docker --debug to expand\):((?:\n - .*)*)", text)
    listed = re.findall(r"\n - (.*)", closing[2]) if closing else []
    if (int(closing[1]) if closing else 0) != len(listed) or told != listed:
        yield "warnings at the end are not those of the rows"


@cache
def printed(seed: int, **options: str) -> str:
    """What a very wide terminal shows in the end; without motion, which takes long to draw that wide."""
    played = perform(MODULE, seed=seed, seconds=600, columns=300, rows=60, motion=False, progress="tty", **options)
    return "\n".join(played.lines)


@pytest.mark.parametrize("seed", range(20))
def test_a_build_adds_up(seed: int) -> None:
    """Counts, durations, step numbers, layers and warnings of a build agree with one another."""
    assert list(problems(printed(seed))) == []


@pytest.mark.parametrize("seed", range(6))
def test_a_failed_build_says_so_everywhere(seed: int) -> None:
    """The error row, the log's title, the Dockerfile's lines and the last line name the same command."""
    text = printed(seed, outcome="failure")
    assert [each for each in problems(text) if "layer" not in each and "metadata" not in each] == []
    name = re.search(r" => ERROR (.*?)\s+\d+\.\ds\n", text)
    assert name
    assert f"------\n > {name[1]}:\n" in text
    marked = re.findall(r"\d+ \| >>> (.*)", text)
    assert "".join(line.removesuffix("\\") for line in marked).endswith(name[1].rpartition("] ")[2])
    assert re.search(r'\nERROR: .* process "/bin/sh -c .*" did not complete successfully: exit code: \d+$', text)


PLANTED = {
    "the header counts other than the rows there are": (r"\((\d+)/", r"(1\1/"),
    "finished and failed don't exclude each other": (r" FINISHED", "         "),
    "a row took longer than the build": (r"(exporting layers +)\d+\.\d", r"\g<1>999.9"),
    "the export's parts are not its whole": (r"(exporting to image +)\d+\.\d", r"\g<1>59.9"),
    "a stage's steps are not in order": (r"\[(\S+ )?3/", r"[\g<1>9/"),
    "metadata of other images than those built on": (r"load metadata for docker", "load metadata for quay"),
    "a layer is not complete": (r"([\d.]+)(MB / )", r"0\1\2"),
    "extracted what had not come": (r"extracting sha256:.", "extracting sha256:g"),
    "a layer was not extracted": (r" => => extracting .*\n", ""),
    "warnings at the end are not those of the rows": (r"\n - .*", ""),
}


@pytest.mark.parametrize("rule", PLANTED)
def test_the_reader_sees_a_planted_error(rule: str) -> None:
    """Each rule of the reader catches an error made for it."""
    text = printed(1, recipe="django", cache="none")
    assert list(problems(text)) == []
    pattern, instead = PLANTED[rule]
    assert rule in list(problems(re.sub(pattern, instead, text, count=1)))


def test_the_reader_sees_what_can_not_be_cached() -> None:
    """A cached step after one that ran, and one that took time, are both noticed."""
    text = printed(1, recipe="django", cache="source")
    found = list(problems(re.sub(r" => (\[stage-1 \d+/\d+\] RUN python)", r" => CACHED \1", text)))
    assert {"cached on top of what was not", "cached, yet it took time"} <= set(found)


def test_stages_that_need_not_wait_run_side_by_side() -> None:
    """The rows' seconds of a cold build with two stages are more than the seconds it took."""
    text = printed(random.Random(3).randint(0, 9), recipe="django", cache="none")
    runs = [float(m["seconds"]) for line in text.splitlines() if (m := ROW.fullmatch(line)) and "RUN" in m["name"]]
    assert sum(runs) > 1.05 * max(runs)
