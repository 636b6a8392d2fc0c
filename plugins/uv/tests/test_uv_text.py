"""A checker that reads what is printed, and nothing else, and recomputes what it says."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from fakeact_uv import fakeact_modules

from fakeact.testing import perform

UV = fakeact_modules()[0]
BANDWIDTHS = {"ml": 500, "data": 150, "web": 15, "tools": 15}
"""MiB/s at which a project of each kind is there in some five seconds."""

Frames = list[tuple[float, str]]
"""What was sent, without colours, with the seconds."""

_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SUMMARY = re.compile(r"(Resolved|Prepared|Uninstalled|Installed) (\d+) packages? in (?:(\d+)m )?([\d.]+)(ms|s)")
_CHANGE = re.compile(r"^ ([-+~]) ([a-z0-9-]+)==(\S+)", re.MULTILINE)
_ROW = re.compile(r"([a-z0-9-]+) +-{30} +([\d.]+) (B|KiB|MiB)/([\d.]+) (B|KiB|MiB)")
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2}


def played(seed: int, kind: str, environment: str = "any") -> Frames:
    options = {"kind": kind, "environment": environment, "bandwidth": BANDWIDTHS[kind]}
    show = perform(UV, seed=seed, seconds=900, columns=160, rows=45, **options)
    assert (show.error, show.ended) == (None, "finished")
    return [(frame.at, _SEQUENCE.sub("", frame.text)) for frame in show.frames]


def complaints(frames: Frames, bandwidth: float) -> list[str]:
    found = [*_sums(frames), *_order(frames), *_durations(frames), *_counters(frames)]
    return [*found, *_downloads(frames, bandwidth)]


def _summaries(frames: Frames) -> dict[str, tuple[float, int, float, float]]:
    """By verb: when it was printed, how many, the seconds it says, and how exactly."""
    found = {}
    for at, text in frames:
        for verb, count, minutes, value, unit in _SUMMARY.findall(text):
            scale = 0.001 if unit == "ms" else 1.0
            digits = 1.0 if minutes else scale / 10 ** len(value.partition(".")[2])
            found[verb] = at, int(count), 60 * int(minutes or 0) + float(value) * scale, digits
    return found


def _changes(frames: Frames) -> list[tuple[str, str, str]]:
    return [change for _, text in frames for change in _CHANGE.findall(text)]


def _sums(frames: Frames) -> Iterator[str]:
    said = {verb: count for verb, (_, count, *_) in _summaries(frames).items()}
    signs = [sign for sign, *_ in _changes(frames)]
    come, gone = signs.count("+") + signs.count("~"), signs.count("-") + signs.count("~")
    if not said["Prepared"] == said["Installed"] == come:
        yield "installed is not what the list adds up to"
    if said.get("Uninstalled", 0) != gone:
        yield "uninstalled is not what the list adds up to"
    if said["Resolved"] < come:
        yield "more installed than resolved"


def _order(frames: Frames) -> Iterator[str]:
    changes = _changes(frames)
    names = [name for _, name, _ in changes]
    if names != sorted(names):
        yield "the list is not sorted"
    for (sign, name, version), (next_sign, next_name, next_version) in pairwise(changes):
        if name == next_name:
            newer = _numbers(next_version) > _numbers(version)
            if (sign, next_sign) != ("-", "+") or not newer:
                yield f"{name} is not upgraded"
    come = {name for sign, name, _ in changes if sign != "-"}
    built = {name for _, text in frames for name in re.findall(r"Built ([a-z0-9-]+)", text)}
    if not built <= come:
        yield f"built and not installed: {built - come}"


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _durations(frames: Frames) -> Iterator[str]:
    """A frame comes up to 1/30 s after what it shows; half a second passes before the first."""
    before = frames[0][0]
    for verb, (at, _, said, exactly) in _summaries(frames).items():
        if not -0.04 < (at - before) - said < exactly + 0.04:
            yield f"{verb} took {at - before:.3f} s, not {said}"
        before = at


def _downloads(frames: Frames, bandwidth: float) -> Iterator[str]:
    had: dict[str, float] = {}
    totals: dict[str, float] = {}
    come = {name for sign, name, _ in _changes(frames) if sign == "+"}
    for _, text in frames:
        rows = [
            (name, float(done) * _BYTES[unit], float(total) * _BYTES[of])
            for name, done, unit, total, of in _ROW.findall(text)
        ]
        if [total for *_, total in rows] != sorted(total for *_, total in rows):
            yield "the downloads are not sorted"
        for name, done, total in rows:
            if done < had.get(name, 0) or done > total or totals.get(name, total) != total or name not in come:
                yield f"{name} went from {had.get(name)} to {done} of {total}"
            had[name], totals[name] = done, total
    seconds = _summaries(frames)["Prepared"][2] + 1
    if sum(totals.values()) > 1.3 * bandwidth * 2**20 * seconds:
        yield "more arrived than the line carries"


def _counters(frames: Frames) -> Iterator[str]:
    said = _summaries(frames)["Prepared"][1]
    for pattern in (r"Preparing packages\.\.\. \((\d+)/(\d+)\)", r"[█░]{20} \[(\d+)/(\d+)\]"):
        counts = [(int(n), int(of)) for _, text in frames for n, of in re.findall(pattern, text)]
        if counts != sorted(counts) or {of for _, of in counts} != {said} or any(n > of for n, of in counts):
            yield f"{pattern} does not count up to {said}"


@pytest.fixture(scope="module")
def upgrade() -> Frames:
    return played(3, "tools", "outdated")


@pytest.mark.parametrize("kind", BANDWIDTHS)
@pytest.mark.parametrize("seed", range(5))
def test_uv_adds_up(seed: int, kind: str) -> None:
    """Counts, orders, durations, byte counts and bandwidth agree with each other in what is printed."""
    assert complaints(played(seed, kind), BANDWIDTHS[kind]) == []


def _bump(match: re.Match[str]) -> str:
    return f"{match[1]}{int(match[2]) + 1}"


PLANTED: dict[str, tuple[str, str | Callable[[re.Match[str]], str], str]] = {
    "installed": (r"(Installed )(\d+)", _bump, "installed is not"),
    "uninstalled": (r"(Uninstalled )(\d+)", _bump, "uninstalled is not"),
    "resolved": (r"Resolved \d+", "Resolved 3", "more installed than resolved"),
    "duration": (r"(packages in )(\d+)", lambda m: f"{m[1]}{int(m[2]) + 7}", "took"),
    "downgrade": (r"( \+ [a-z0-9-]+==)\d+", r"\g<1>0", "is not upgraded"),
    "unsorted": (r" \+ t[a-z0-9-]+==", " + aaaa==", "not sorted"),
    "built": (r"Built (\w)", r"Built not-\1", "built and not installed"),
    "bytes": (r"(-{30} +)([\d.]+) (\w+)/([\d.]+)", r"\g<1>999999 \3/\4", " went from "),
    "count": (r"\((\d+)/(\d+)\)", r"(\2/\1)", "does not count up"),
    "install": (r"\[(\d+)/(\d+)\]", r"[\1/1]", "does not count up"),
    "line": (r"/([\d.]+) KiB", r"/\1 MiB", "more arrived"),
}


@pytest.mark.parametrize("error", PLANTED)
def test_uv_checker_sees_errors(error: str, upgrade: Frames) -> None:
    """The checker finds each kind of error when it is planted, and none otherwise."""
    pattern, wrong, complaint = PLANTED[error]
    spoilt = [(at, re.sub(pattern, wrong, text)) for at, text in upgrade]
    assert any(complaint in found for found in complaints(spoilt, BANDWIDTHS["tools"]))
    assert not any(complaint in found for found in complaints(upgrade, BANDWIDTHS["tools"]))
