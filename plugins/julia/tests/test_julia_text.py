"""A checker that knows only the printed text finds nothing, and finds each kind of error that is planted."""

import re
from collections.abc import Callable
from functools import cache

import pytest
from fakeact_julia import fakeact_modules
from fakeact_julia.catalogue import extensions, packages

from fakeact.ansi import strip, without_modes
from fakeact.testing import perform

from .julia_reader import Frames, dependencies_in_order, faults

(JULIA,) = fakeact_modules()
_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
BANDWIDTH = 6


@cache
def played(seed: int, command: str, motion: bool = True) -> tuple[tuple[str, ...], tuple[tuple[float, str], ...]]:
    show = perform(
        JULIA, seed=seed, seconds=900, columns=300, rows=50, motion=motion, command=command, bandwidth=BANDWIDTH
    )
    assert (show.error, show.ended) == (None, "finished")
    frames = tuple((frame.at, _SEQUENCE.sub("", frame.text).replace("\r", "\n")) for frame in show.frames)
    return tuple(strip(without_modes(line)) for line in show.lines), frames


@pytest.mark.parametrize("command", ["add", "update"])
@pytest.mark.parametrize("seed", range(4))
def test_a_session_adds_up(seed: int, command: str) -> None:
    """Versions, lists, counts, durations and bytes agree with each other in what is printed."""
    lines, frames = played(seed, command)
    assert faults(list(lines), list(frames), BANDWIDTH) == []


@pytest.mark.parametrize("command", ["add", "update"])
@pytest.mark.parametrize("seed", range(2))
def test_a_session_in_a_pipe_adds_up(seed: int, command: str) -> None:
    """So it does where nothing moves, and there each precompilation has its line."""
    lines, frames = played(seed, command, motion=False)
    assert faults(list(lines), list(frames), BANDWIDTH) == []
    assert any(" ms  ✓ " in line for line in lines)
    assert not any("━" in line or "◐" in line for line in lines)


@pytest.mark.soak
@pytest.mark.parametrize("motion", [True, False])
@pytest.mark.parametrize("command", ["add", "update"])
@pytest.mark.parametrize("seed", range(100, 160))
def test_many_sessions_add_up(seed: int, command: str, motion: bool) -> None:
    """The campaign."""
    lines, frames = played(seed, command, motion)
    assert faults(list(lines), list(frames), BANDWIDTH) == []


@pytest.mark.parametrize("motion", [True, False])
@pytest.mark.parametrize("seed", range(2))
def test_what_is_needed_is_precompiled_first(seed: int, motion: bool) -> None:
    """No package is ticked off before one that it needs, and no extension before what triggers it."""
    needs = {name: {need.name for need in package.needs if not need.ended} for name, package in packages().items()}
    needs |= {one.label: {one.parent, *one.triggers} for one in extensions()}
    # What is done within one picture stands there in the order in which it began.
    frames = [frame for frame in played(seed, "add", motion)[1] if motion is False or "✓" in frame[1]]
    assert list(dependencies_in_order(frames, needs)) == []


def _more(match: re.Match[str]) -> str:
    return f"{match[1]}{int(match[2]) + 1}"


PLANTED: dict[str, tuple[bool, str, str | Callable[[re.Match[str]], str], str]] = {
    "prompt": (True, r"\((\S+)\) pkg>", "(Elsewhere) pkg>", "does not lie in"),
    "end": (True, r"julia> *\Z", "", "does not end at"),
    "installed twice": (True, r"^(   Installed \w+ ─+ v\S+)$", r"\1\n\1", "installed twice"),
    "rules": (True, r"^(   Installed \w+ ─+)( v1.2.\S+)$", r"\1─\2", "not of one length"),
    "version": (True, r"^(   Installed \w+ ─+ v)\d+", r"\g<1>99", "is in the manifest"),
    "artifact": (False, r"Installed artifact \w", "Installed artifact Y", "without a package"),
    "artifacts": (False, r"(  Installing )(\d+)(?= artifacts)", _more, "artifacts, but"),
    "bar of artifacts": (True, r"(Installing artifacts ━+ )(\d+)(?=/)", _more, "artifacts for"),
    "project": (True, r"(Project\.toml`\n  \[\w{8}\] \S \w+ v)\d+", r"\g<1>0", "but not so in"),
    "order": (True, r"\A([\s\S]*\] [+↑] )(\w+)( v\S+ ⇒)", r"\1Zzz\3", "not sorted"),
    "downgrade": (True, r"(\] ↑ \w+ v)\d+(\S+ ⇒ v)", r"\g<1>999\2", "did not go"),
    "marks": (True, r"^⌅ ", "⌃ ", "explained"),
    "uuid": (True, r"\[(\w)\w{7}\](?= ↑ )", r"[\g<1>0000000]", "UUID"),
    "closing line": (True, r"dependencies successfully", "deps successfully", "not Julia's"),
    "number": (False, r"^(  )(\d+)(?= dependencies)", _more, "were precompiled"),
    "longest": (False, r"^ +\d+\.\d ms", "999999.9 ms", "longer than all"),
    "twice": (False, r"^( *[\d.]+ ms  ✓ \w+)$", r"\1\n\1", "precompiled twice"),
    "missing": (False, r"^ *[\d.]+ ms  ✓ \w+$", "", "was not precompiled"),
}
IN_FRAMES: dict[str, tuple[str, str | Callable[[re.Match[str]], str], str]] = {
    "seconds": (r"(precompiled in )(\d+)", _more, "s passed"),
    "counter": (r"(packages +[━╸╺]+ )(\d+)/(\d+)", r"\g<1>\3/\2", "does not count up"),
    "total": (r"(Precompiling packages +[━╸╺]* \d+/)(\d+)", _more, "another total than the closing"),
    "packages": (r"(Downloading packages +[━╸╺]* \d+/)(\d+)", _more, "another total than there are"),
    "bytes": (r"( +)[\d.]+ (\w+)(/[\d.]+ [KM]iB)", r"\g<1>99999 \2\3", " went from "),
    "line": (r"[\d.]+ (?:KiB|MiB)/[\d.]+ (?:KiB|MiB)", "900 MiB/900 MiB", "more arrived"),
}


@pytest.mark.parametrize("error", PLANTED)
def test_the_checker_sees_errors_in_lines(error: str) -> None:
    """Each rule about lines finds an error that is planted, and nothing otherwise."""
    motion, pattern, wrong, complaint = PLANTED[error]
    shows = (played(seed, "update", motion) for seed in range(6))
    lines, frames = next(show for show in shows if re.search(pattern, "\n".join(show[0]), re.M))
    text = "\n".join(lines)
    spoilt = re.sub(pattern, wrong, text, count=0 if error == "downgrade" else 1, flags=re.M)
    assert spoilt != text
    assert any(complaint in found for found in faults(spoilt.split("\n"), list(frames), BANDWIDTH))


@pytest.mark.parametrize("error", IN_FRAMES)
def test_the_checker_sees_errors_in_frames(error: str) -> None:
    """Each rule about moving rows and times finds an error that is planted."""
    pattern, wrong, complaint = IN_FRAMES[error]
    lines, frames = played(1, "update")
    spoilt: Frames = [(at, re.sub(pattern, wrong, text)) for at, text in frames]
    assert spoilt != list(frames)
    assert any(complaint in found for found in faults(list(lines), spoilt, BANDWIDTH))


def test_the_checker_sees_what_was_not_added() -> None:
    """A package that was asked for and is not in the project's list is missed."""
    lines, frames = played(1, "add")
    text = re.sub(r"pkg> add \w+", "pkg> add Nowhere", "\n".join(lines))
    assert "Nowhere was not added" in faults(text.split("\n"), list(frames), BANDWIDTH)


def test_the_checker_sees_a_story_that_breaks_off() -> None:
    """A version that is listed before and after an update must have changed by what the update says."""
    lines, frames = next(p for p in (played(seed, "update") for seed in range(6)) if any("pkg> st" in x for x in p[0]))
    text = re.sub(r"^([ ⌃⌅] \[\w{8}\] \w+ v)\d+", r"\g<1>77", "\n".join(lines), flags=re.M)
    assert any("was 77" in found or "instead of 77" in found for found in faults(text.split("\n"), list(frames)))


def test_two_sessions_do_not_look_alike() -> None:
    """Project, packages and order differ from seed to seed."""
    texts = [played(seed, "update")[0] for seed in range(4)]
    assert len({tuple(line for line in text if "Installed" in line) for text in texts}) == 4
