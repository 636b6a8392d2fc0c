"""Recordings: the same bytes for a seed, whole files or none, and players that understand them."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path
from random import Random
from typing import Any

import pytest

import fakeact
from fakeact import IO, Module
from fakeact.errors import UsageError
from fakeact.recording import Recording, files, opening
from fakeact.style import bold, green, on_palette, palette, red, rgb
from fakeact.testing import Screen, perform
from tests.conftest import Terminal

Run = Callable[..., "subprocess.CompletedProcess[str]"]


async def colours(io: IO, rng: Random, *, lines: int = 40) -> None:
    """Print lines in all sorts of colour above a live row."""
    styles = [red, bold, palette(208), on_palette(57), rgb(10, 200, 30)]
    async with io.live() as live:
        for number in range(lines):
            await io.print(f"{number:3} {rng.choice(styles)('損失 <loss> & ●▲')} {rng.random():.4f}")
            await live.show(green(f"row {number}"))
            await io.csleep(rng.uniform(50, 400))


COLOURS = Module("colours", "./colours", colours)


def recorded(**settings: Any) -> Recording:
    return fakeact.record(COLOURS, **{"seed": 3, **settings})


@pytest.mark.parametrize("format", fakeact.recording.FORMATS)
def test_same_seed_same_bytes(format: str) -> None:
    """A seed has one recording in each format, and another seed another."""
    assert recorded().render(format) == recorded().render(format)
    assert recorded().render(format) != recorded(seed=4).render(format)


def test_a_recordings_clock_belongs_to_its_seed() -> None:
    """The show's first moment is drawn from the seed, and is in the header of either version."""
    recording = recorded()
    assert recording.started == opening(3) != opening(4)
    for version in ("v2", "v3"):
        assert _header(recording.render(version))["timestamp"] == int(recording.started.timestamp() + _utc_offset())


def _utc_offset() -> float:
    from datetime import UTC

    started = opening(3)
    return started.replace(tzinfo=UTC).timestamp() - started.timestamp()


def _header(cast: str) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(cast.partition("\n")[0])
    return header


def _events(cast: str) -> list[Any]:
    return [json.loads(line) for line in cast.splitlines()[1:]]


def test_a_header_says_what_it_is() -> None:
    """Title, command and seed are in the header."""
    for version in ("v2", "v3"):
        header = _header(recorded(options={"lines": 5}).render(version))
        assert header["title"] == "colours (seed 3)"
        assert header["command"] == "fakeact -m colours --seed 3 -o lines=5 --exit-after-modules 1"


def test_a_cast_shows_what_was_performed() -> None:
    """The text of a cast, fed to a screen, is the picture that perform gives."""
    played = perform(COLOURS, seed=3, started=opening(3))
    screen = Screen()
    for _, code, data in _events(recorded().render("v2")):
        assert code == "o"
        screen.feed(data)
    assert (screen.styled_rows(), screen.lines) == (played.screen.styled_rows(), played.lines)


def test_version_3_follows_its_specification() -> None:
    """A header with the terminal's size and events with intervals, which add up to version 2's moments."""
    recording = recorded()
    two, three = recording.render("v2"), recording.render("v3")
    header = _header(three)
    assert (header["version"], header["term"]["cols"], header["term"]["rows"]) == (3, 80, 24)
    assert len(header["term"]["theme"]["palette"].split(":")) == 16
    assert not {"width", "height", "duration"} & set(header)
    moment = 0.0
    for (interval, code, data), (at, same_code, same_data) in zip(_events(three), _events(two), strict=True):
        moment += interval
        assert interval >= 0
        assert (round(moment, 6), code, data) == (at, same_code, same_data)
    assert moment == pytest.approx(recording.seconds, abs=1e-6)


@pytest.mark.parametrize("command", [("cat",), ("play", "-s", "100000")])
def test_asciinema_plays_it(command: tuple[str, ...], tmp_path: Path) -> None:
    """The real asciinema prints what our terminal got."""
    if not shutil.which("asciinema"):
        pytest.skip("asciinema is not installed")
    recorded(seconds=4).save(tmp_path / "show.cast")
    ours = recorded(seconds=4).played()
    terminal = Terminal(command=("asciinema", *command, str(tmp_path / "show.cast")))
    try:
        assert terminal.wait() == 0
    finally:
        terminal.close()
    screen = Screen()
    screen.feed(terminal.output)
    assert screen.lines == ours.lines


def test_stills_have_all_that_was_printed() -> None:
    """Text and page hold the scrollback and the last screen; the page the colours, too."""
    recording = recorded()
    text, page = recording.render("txt"), recording.render("html")
    assert text.splitlines() == recording.played().lines
    assert len(text.splitlines()) == 40
    import re

    body = page.partition("<pre>")[2].partition("</pre>")[0]
    assert unescape(re.sub(r"<[^>]*>", "", body)).splitlines() == text.splitlines()
    assert "color: #e0626c" in page
    assert "font-weight: bold" in page


def test_without_colour_there_is_none() -> None:
    """A recording without colour has no colour codes."""
    assert not any(";5;" in frame.text or "[31m" in frame.text for frame in recorded(color=False).frames)


def test_resizes_are_events() -> None:
    """A terminal that changes its size is told to players."""
    from fakeact.recording.cast import cast
    from fakeact.recording.take import Frame

    frames = [Frame(0.0, "a\n", (80, 24)), Frame(1.5, "b\n", (40, 10))]
    recording = Recording("t", "c", opening(1), (80, 24), frames, 2.0, "finished")
    assert [event[1:] for event in _events(cast(recording))] == [
        ["o", "a\r\n"],
        ["r", "40x10"],
        ["o", "b\r\n"],
        ["o", ""],
    ]
    assert recording.played().columns == 40


# Files


def test_a_file_is_not_written_over(tmp_path: Path) -> None:
    """What is there stays, unless it is said otherwise."""
    path = tmp_path / "show.txt"
    path.write_text("mine")
    with pytest.raises(UsageError, match="there already"):
        recorded().save(path)
    assert path.read_text() == "mine"
    recorded().save(path, overwrite=True)
    assert path.read_text() == recorded().render("txt")
    assert os.listdir(tmp_path) == ["show.txt"]


def test_what_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error or Ctrl-C in the middle of writing leaves neither a part nor a temporary file."""
    for error in (OSError(28, "No space left on device"), KeyboardInterrupt()):

        def fail(*_: object, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr(files, "_put", fail)
        with pytest.raises((UsageError, KeyboardInterrupt)):
            recorded().save(tmp_path / "show.cast")
        assert os.listdir(tmp_path) == []


def test_who_comes_first_keeps_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that appears while a show is recorded is not written over."""
    path = tmp_path / "show.txt"
    monkeypatch.setattr(files, "refuse_to_overwrite", lambda *_: path.write_text("mine"))
    with pytest.raises(UsageError, match="there already"):
        recorded().save(path)
    assert (path.read_text(), os.listdir(tmp_path)) == ("mine", ["show.txt"])


def test_a_file_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    """Its rights are what the user's mask leaves."""
    before = os.umask(0o027)
    try:
        recorded().save(tmp_path / "show.txt")
    finally:
        os.umask(before)
    assert (tmp_path / "show.txt").stat().st_mode & 0o777 == 0o640


# The command line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--record", "x.cast"), "needs an end"),
        (("--record", "x.gif", "--exit-after-time", "3s"), "ends in .cast, .svg, .txt, .html; for a .gif"),
        (("--record", "x", "--exit-after-time", "3s"), "ends in .cast"),
        (("--record", "no/such/x.cast", "--exit-after-time", "3s"), "there is no folder no/such"),
        (("--record", "docs", "--record-format", "v3", "--exit-after-time", "3s"), "is a folder"),
        (("--record", "README.md", "--record-format", "v3", "--exit-after-time", "3s"), "--force"),
        (("--record", "x.cast", "--record-format", "mp4"), "mp4"),
        (("--record", "x.cast", "--exit-after-time", "3s", "--size", "80"), "COLUMNSxROWS"),
        (("--record", "x.cast", "--exit-after-time", "3s", "--size", "5x99999"), "COLUMNSxROWS"),
        (("--size", "80x24"), "--size goes with --record"),
        (("--record", "x.cast", "--screensaver", "--exit-after-time", "3s"), "do not go together"),
    ],
)
def test_what_can_not_be_recorded_costs_a_line(fakeact: Run, arguments: tuple[str, ...], said: str) -> None:
    """A request that makes no sense ends with one line that says what would."""
    done = fakeact("-m", "hello", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_the_command_line_records(fakeact: Run, tmp_path: Path) -> None:
    """A file and standard output get the same bytes, and the closing lines tell the command."""
    path = tmp_path / "hello.cast"
    said = ("-m", "hello", "--seed", "7", "-o", "hosts=3", "--size", "60x20", "--exit-after-time", "90s")
    done = fakeact(*said, "--record", str(path))
    again = "fakeact -m hello --seed 7 -o hosts=3 --exit-after-time 90s"
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1].endswith(f"fakeact 0.1.0 on a terminal of 60x20: {again}")
    assert fakeact(*said, "--record", "-").stdout == path.read_text()
    assert _header(path.read_text())["command"] == again
    assert (_header(path.read_text())["width"], _header(path.read_text())["height"]) == (60, 20)


def test_speed_and_seeds_hold_in_a_recording(fakeact: Run) -> None:
    """Twice as fast is half as long, and the same text."""
    said = ("-m", "hello", "--seed", "7", "--exit-after-modules", "1", "--record", "-", "--no-color")
    slow, fast = fakeact(*said).stdout, fakeact(*said, "-s", "2").stdout
    assert _header(fast)["duration"] == pytest.approx(_header(slow)["duration"] / 2, rel=0.02)
    assert fakeact(*said, "--record-format", "txt").stdout == fakeact(*said, "-s", "2", "--record-format", "txt").stdout


def test_the_shared_command_plays_the_same_show(fakeact: Run) -> None:
    """A show of unknown seed, played by the line it shared, prints the same."""
    first = fakeact("-m", "hello", "-o", "hosts=2", "-s", "50", "--share-line", "--exit-after-modules", "1")
    line = first.stderr.splitlines()[-1]
    assert line.startswith("The same show again, with fakeact 0.1.0: fakeact -m hello --seed ")
    words = line.partition("0.1.0: fakeact ")[2].split()
    assert fakeact(*words).stdout == first.stdout


def test_a_show_cut_off_shares_its_line(terminal: Callable[..., Terminal]) -> None:
    """Ctrl-C, too, ends with the line, on a fresh row."""
    show = terminal("-m", "hello", "--share-line", "--seed", "11")
    show.read_until("node-")
    show.type("\x03")
    show.wait()
    assert "fakeact 0.1.0: fakeact -m hello --seed 11\r\n" in show.output


ENDLESS = """
import sys
from fakeact import Module, hookimpl

async def run(io, rng):
    print("begun", file=sys.stderr, flush=True)
    while True:
        await io.csleep(1000)

@hookimpl
def fakeact_modules():
    return [Module("endless", "", run)]
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_recording_leaves_no_file(tmp_path: Path, number: signal.Signals) -> None:
    """A signal in the middle of a recording ends the process by that signal, silently; no file is there."""
    plugin, out = tmp_path / "endless.py", tmp_path / "out"
    plugin.write_text(ENDLESS)
    out.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "fakeact", "--plugin", str(plugin), "--record", str(out / "long.cast"),
         "--exit-after-time", "10000000h"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr
    assert process.stderr.readline() == "begun\n"
    process.send_signal(number)
    assert process.communicate()[1] == ""
    assert process.returncode == -number
    assert os.listdir(out) == []


def test_a_signal_while_the_file_is_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal that comes between the temporary file and its name takes the temporary file away, then ends all."""
    from fakeact import recorder

    died: list[int] = []
    monkeypatch.setattr(recorder, "die", died.append)
    monkeypatch.setattr(files, "_put", lambda *_: signal.raise_signal(signal.SIGTERM))
    with recorder._signals_unwind():
        recorded().save(tmp_path / "show.cast")
    assert (died, os.listdir(tmp_path)) == ([signal.SIGTERM], [])


# The library


def test_play_plays_on_a_stream(capsys: pytest.CaptureFixture[str]) -> None:
    """A call writes to standard output and tells what it played."""
    played = fakeact.play("hello", seed=5, speed=1000, options={"hosts": 2})
    assert capsys.readouterr().out.splitlines()[-1] == "All hosts greeted."
    assert (played.seed, played.ended, played.errors) == (5, "finished", ())
    assert played.command == "fakeact -m hello --seed 5 -o hosts=2 --speed-factor 1000 --exit-after-modules 1"


SCRIPT = """
import signal
import fakeact
try:
    fakeact.play("hello", seed=3, options={"hosts": 300})
except KeyboardInterrupt:
    print("mine:", signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


def test_ctrl_c_is_an_exception_for_who_plays(terminal: Callable[..., Terminal]) -> None:
    """Ctrl-C ends a show that a script plays with KeyboardInterrupt; terminal and handlers are as before."""
    show = terminal(command=(sys.executable, "-c", SCRIPT))
    show.read_until("node-01")
    show.type("\x03")
    assert show.wait() == 0
    assert show.output.endswith("mine: True\r\n")


def test_record_takes_modules_and_names() -> None:
    """Modules that are installed and modules at hand are recorded together."""
    recording = fakeact.record("hello", COLOURS, seed=1, count=2, options={"hello.hosts": 2, "colours.lines": 3})
    lines = recording.played().lines
    assert "All hosts greeted." in lines
    assert any("損失" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [(("nothing_such",), {}), ((), {}), (("hello",), {"options": {"hosts": "x"}}), (("hello",), {"options": {"y": 1}})],
)
def test_wrong_wishes_raise(arguments: tuple[str, ...], settings: dict[str, Any]) -> None:
    """What does not exist, or has no end, is a UsageError with one line."""
    with pytest.raises(UsageError) as raised:
        fakeact.record(*arguments, **settings)
    assert "\n" not in str(raised.value)


def test_a_module_that_fails_is_told() -> None:
    """Its error stands in the recording, which is kept up to there."""

    async def fail(io: IO, rng: Random) -> None:
        await io.print("so far")
        raise LookupError("no")

    recording = fakeact.record(Module("fail", "", fail))
    assert (recording.ended, [type(error) for error in recording.errors]) == ("failed", [LookupError])
    assert recording.render("txt") == "so far\n"
