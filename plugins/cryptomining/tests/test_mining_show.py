"""What is seen while the miner runs: all sizes of terminal, pipes, and every way to end it."""

import re
from datetime import datetime
from itertools import pairwise

import pytest
from fakeact_cryptomining import fakeact_modules

from fakeact.ansi import strip
from fakeact.testing import Performance, Screen, perform

(MODULE,) = fakeact_modules()


def play(seed: int = 0, **options: object) -> Performance:
    played = perform(MODULE, seed=seed, **{"seconds": 900, "algo": "rx/0", **options})
    assert played.error is None
    return played


@pytest.mark.parametrize("columns", [20, 40, 80, 160, 200])
@pytest.mark.parametrize(("height", "algo"), [(5, "kawpow"), (24, "rx/0")])
def test_it_plays_to_the_end_on_any_terminal(columns: int, height: int, algo: str) -> None:
    """From the first line to the last nothing breaks, and the cursor ends on a fresh line."""
    played = play(columns=columns, rows=height, algo=algo)
    assert played.ended == "finished"
    assert played.screen.cursor[0] == 0
    assert played.screen.cursor_shown


def test_the_width_changes_nothing() -> None:
    """XMRig does not look at the width: what a narrow terminal gets is what a wide one gets."""
    assert play(1, columns=40).raw == play(1, columns=200).raw


def test_nothing_is_drawn_twice() -> None:
    """It is a log: the cursor never moves but by line feeds."""
    assert not re.search(r"\x1b\[[0-9;]*[A-HJKf]", play(2).raw.replace("\x1b[J", ""))


def test_a_pipe_gets_the_keys_in_quotes() -> None:
    """Where XMRig finds no terminal it prints no colours, and so puts the keys between quotes."""
    piped, seen = play(3, motion=False, color=False, columns=300), play(3, columns=300)
    (keys,) = (line for line in piped.raw.splitlines() if "COMMANDS" in line)
    assert keys == " * COMMANDS     'h' hashrate, 'p' pause, 'r' resume, 's' results, 'c' connection"
    assert " * COMMANDS     hashrate, pause, resume, results, connection" in seen.lines
    assert chr(27) not in piped.raw
    assert [line.rstrip() for line in piped.raw.splitlines() if line != keys] == [
        line.rstrip() for line in seen.lines if line and "COMMANDS" not in line
    ]


def test_tags_have_their_colours() -> None:
    """A tag is white and bold on its own ground, the milliseconds of a stamp are grey."""
    raw = play(4).raw
    for ground, tag in ((44, "net"), (46, "cpu"), (45, "miner"), (44, "randomx"), (43, "signal")):
        assert re.search(rf"\x1b\[{ground}m\x1b\[37m {tag} *\x1b", raw), tag
    assert re.search(r"\d\d:\d\d:\d\d\x1b\[90m\.\d{3}\x1b\[39m\] ", raw)


def test_lines_come_when_they_say() -> None:
    """A line is printed at the millisecond it bears, give or take a picture."""
    played = play(5, speed=2.0)
    stamped = [(frame.at, re.findall(r"\[(\d{4}-\S+ \S+?)\]", strip(frame.text))) for frame in played.frames]
    first = next(datetime.fromisoformat(found[0]) for _, found in stamped if found)
    began = next(at for at, found in stamped if found)
    for at, found in stamped:
        for stamp in found:
            told = (datetime.fromisoformat(stamp) - first).total_seconds()
            assert told == pytest.approx((at - began) * 2, abs=0.15)


def test_it_is_no_metronome() -> None:
    """Shares come by chance: some in the same second, some after a while."""
    frames = play(6).frames
    gaps = [later.at - earlier.at for earlier, later in pairwise(frames)]
    assert max(gaps) > 6
    assert sum(gap < 1 for gap in gaps) > 5


@pytest.mark.parametrize("cut", [0.01, 0.7, 1.5, 30.0, 75.0])
def test_ctrl_c_is_answered(cut: float) -> None:
    """Whenever the show is over the miner says so as XMRig does, once it has said anything."""
    played = play(7, seconds=cut)
    assert played.ended == "stopped"
    assert played.screen.cursor[0] == 0
    closing = [line for line in played.lines if line][-2:]
    assert len(closing) == 2 or cut < 0.1
    if any(line.startswith("[") for line in played.lines):
        assert "signal   Ctrl+C received, exiting" in closing[0]
        assert re.search(r"cpu      stopped \(\d+ ms\)$", closing[1])


def test_the_same_seed_gives_the_same_bytes() -> None:
    """A session is drawn from its seed and nothing else."""
    assert play(8).raw == play(8).raw
    assert play(8).raw != play(9).raw


def test_both_kinds_of_miner_are_shown() -> None:
    """Left to chance some rigs mine on the processor and some on cards."""
    pools = [
        re.search(r"POOL #1 .* algo (\w+)", play(seed, seconds=2, algo="any", columns=200).text) for seed in range(9)
    ]
    assert {found[1] for found in pools if found} == {"auto", "kawpow"}


@pytest.mark.parametrize("duration", [75, 300])
def test_it_lasts_as_long_as_asked(duration: int) -> None:
    """The duration is that of the miner, to which looking at the machine and at the last screen are added."""
    assert duration < play(10, duration=duration).seconds < duration + 4


def test_it_lasts_one_to_four_minutes() -> None:
    """Left alone a session is neither too short to look at nor outstays its welcome."""
    assert all(60 <= play(seed, motion=False).seconds <= 240 for seed in range(5))


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        ("outage", r"no active pools, stop mining"),
        ("epoch", r"init dataset.*[\s\S]*init dataset"),
        ("unprivileged", r"FAILED TO APPLY MSR MOD"),
    ],
)
def test_trouble_can_be_chosen(trouble: str, told: str) -> None:
    """What was asked for happens, and otherwise it need not."""
    assert re.search(told, "\n".join(play(11, columns=200, trouble=trouble).lines))
    assert not re.search(told, "\n".join(play(11, columns=200, trouble="none").lines))


RECORDED = [
    (
        "\x1b[1;32m * \x1b[0m\x1b[1;37mABOUT        \x1b[0m\x1b[1;36mXMRig/6.26.0\x1b[0m\x1b[1;37m gcc/16.2.0\x1b[0m"
        "\x1b[1;37m (built for Linux\x1b[0m\x1b[1;37m x86-64,\x1b[0m\x1b[1;37m 64 bit)\x1b[0m\x1b[0m"
    ),
    "\x1b[1;32m * \x1b[0m\x1b[1;37mLIBS         libuv/1.52.1 OpenSSL/3.6.5 hwloc/2.15.0\x1b[0m\x1b[0m",
    "\x1b[1;32m * \x1b[0m\x1b[1;37mASSEMBLY     auto:\x1b[1;32mryzen\x1b[0m\x1b[0m\x1b[0m",
    (
        "\x1b[1;32m * \x1b[0m\x1b[1;37mCOMMANDS     \x1b[0m\x1b[45;1mh\x1b[0m\x1b[1;37mashrate, \x1b[0m"
        "\x1b[45;1mp\x1b[0m\x1b[1;37mause, \x1b[0m\x1b[45;1mr\x1b[0m\x1b[1;37mesume, \x1b[0m"
        "\x1b[1;37mre\x1b[0m\x1b[45m\x1b[1;37ms\x1b[0m"
        "\x1b[1;37mults, \x1b[0m\x1b[45;1mc\x1b[0m\x1b[1;37monnection\x1b[0m\x1b[0m"
    ),
    (
        "\x1b[46;1m\x1b[1;37m cpu     \x1b[0m use profile \x1b[44m\x1b[1;37m rx \x1b[0m\x1b[1;37m (\x1b[1;36m32\x1b[0m"
        "\x1b[1;37m threads)\x1b[0m scratchpad \x1b[1;36m2048 KB\x1b[0m\x1b[0m"
    ),
]
"""What XMRig 6.26.0 from Debian sent to a terminal in November 2026, before a pool on the same machine."""


def look(line: str) -> list[tuple[str, frozenset[str]]]:
    """A line's cells, each digit as 0; of a blank only the ground is seen."""
    screen = Screen(200, 2)
    screen.feed(line)
    (row, *_) = screen.styled_rows()
    ground = {str(code) for code in range(40, 48)}
    return [("0" if text.isdigit() else text, style & ground if text == " " else style) for text, style in row]


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda line: " ".join(strip(line).split()[1:3]))
def test_colours_are_xmrigs(recorded: str) -> None:
    """Text and colours of a real XMRig's lines are those of ours, digits aside."""
    wanted = look(recorded)
    assert any(look(line)[-len(wanted) :] == wanted for line in play(1).raw.split("\n")[:60] if line)
