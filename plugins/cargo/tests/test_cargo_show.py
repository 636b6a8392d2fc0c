"""What is seen while a build plays: the live rows, all sizes of terminal, and every way to end it."""

import re

import pytest
from fakeact_cargo import fakeact_modules
from fakeact_cargo.catalogue import crates

from fakeact.ansi import strip
from fakeact.testing import Performance, perform

(MODULE,) = fakeact_modules()
ROW = re.compile(r"    Building \[(=*>?)( *)\] (\d+)/(\d+)(?:: ([^\r\n]*))?")


def play(seed: int = 0, **options: object) -> Performance:
    played = perform(MODULE, seed=seed, **{"seconds": 900, **options})
    assert played.error is None
    return played


def rows(played: Performance) -> list[tuple[str, str, int, int, list[str]]]:
    """Every progress row that was drawn: done and empty cells, counts, what is running."""
    text = "\n".join(strip(frame.text) for frame in played.frames)
    return [(done, gap, int(a), int(b), (names or "").split(", ")) for done, gap, a, b, names in ROW.findall(text)]


@pytest.mark.parametrize("columns", [20, 40, 80, 160])
@pytest.mark.parametrize("height", [5, 12, 24])
def test_it_plays_to_the_end_on_any_terminal(columns: int, height: int) -> None:
    """From the first line to the last nothing breaks, and the cursor ends on a fresh line."""
    played = play(columns=columns, rows=height)
    assert played.ended == "finished"
    assert played.screen.cursor[0] == 0
    assert played.screen.cursor_shown
    assert "Finished `release`" in strip("".join(frame.text for frame in played.frames[-2:]))


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_no_live_row_wraps_or_stays(columns: int) -> None:
    """Rows that are drawn again and again fit the width and are gone in the end."""
    played = play(columns=columns)
    drawn = [line for frame in played.frames for line in re.split(r"[\r\n]", strip(frame.text))]
    live = [line for line in drawn if re.match(r" +(Building|Fetch|Downloading) ", line)]
    assert len(live) > 100
    assert max(map(len, live)) <= columns - 2
    assert not [line for line in played.lines if re.match(r" +(Building|Fetch|Downloading) ", line)]


@pytest.mark.parametrize("seed", range(5))
def test_progress_only_grows_and_its_bar_is_its_share(seed: int) -> None:
    """Units finish one by one up to the total, the bar shows their share, so many run as there are jobs."""
    seen = rows(play(seed, columns=250, jobs=5))
    counts = [finished for _, _, finished, _, _ in seen]
    assert counts == sorted(counts)
    assert len({total for _, _, _, total, _ in seen}) == 1
    for done, gap, finished, total, names in seen:
        assert len(done) == int((len(done) + len(gap)) * (finished / total))
        assert 1 <= len(names) <= 5
        assert finished + len(names) <= total


@pytest.mark.parametrize("seed", range(4))
def test_a_build_script_comes_first(seed: int) -> None:
    """Once a crate's own code is compiled, its build script is compiled no more."""
    phases = {"(build.rs)": 0, "(build)": 1, "": 2, "(bin)": 2}
    phase: dict[str, list[int]] = {}
    for *_, names in rows(play(seed, columns=300)):
        for name in names:
            crate, suffix = re.fullmatch(r"([\w-]+)(\(.*\))?", name.rstrip("…")).groups()  # type: ignore[union-attr]
            phase.setdefault(crate, []).append(phases[suffix or ""])
    # Two versions of a crate have the same label.
    scripted = {crate: seen for crate, seen in phase.items() if 0 in seen and crate in crates()}
    assert len(scripted) > 10
    for crate, seen in scripted.items():
        assert 0 not in seen[seen.index(max(seen)) :] or max(seen) == 0, crate


def test_the_number_of_crates_to_download_counts_down() -> None:
    """Each crate that is there is one less to come, and none is left at the end."""
    text = "\n".join(strip(frame.text) for frame in play().frames)
    left = [int(count) for count in re.findall(r" Downloading (\d+) crates?", text)]
    assert left == sorted(left, reverse=True)
    assert left[0] > 200
    assert left[-1] == 0


def test_times_are_those_of_the_show() -> None:
    """Downloading takes as long as it says, by the clock of whoever watches."""
    frames = play(3).frames
    began = next(frame.at for frame in frames if " Locking " in strip(frame.text))
    ended, said = next(
        (frame.at, float(found[1]))
        for frame in frames
        if (found := re.search(r"Downloaded \d+ crates \(.*\) in ([\d.]+)s", strip(frame.text)))
    )
    assert ended - began == pytest.approx(said, abs=0.5)


def test_the_same_seed_gives_the_same_bytes() -> None:
    """A build is drawn from its seed and nothing else."""
    assert play(5).raw == play(5).raw
    assert play(5).raw != play(6).raw


@pytest.mark.parametrize("cut", [0.01, 0.7, 2.2, 4.0, 9.3, 31.0])
def test_it_can_be_stopped_at_any_moment(cut: float) -> None:
    """Whenever the show is over, no live row is left behind."""
    played = play(1, seconds=cut)
    assert played.ended == "stopped"
    assert played.screen.cursor_shown
    assert not re.search(r"^ +(Building|Fetch|Downloading) ", played.text, re.M)


def test_a_terminal_may_be_resized() -> None:
    """Narrower, flatter and wide again: the build plays on and leaves no row behind."""
    played = play(2, sizes={3.0: (33, 7), 20.0: (120, 40), 40.0: (16, 4), 50.0: (80, 24)})
    assert played.ended == "finished"
    assert not re.search(r"^ +Building ", played.text, re.M)


def test_a_pipe_gets_lines_and_colours_only() -> None:
    """Without a terminal no cursor moves and nothing is drawn twice."""
    played = play(1, motion=False)
    assert not re.search(r"\x1b\[[^m]*[A-LN-Za-ln-z]|\r", played.raw)
    assert "Building [" not in played.raw


def test_it_lasts_one_to_four_minutes() -> None:
    """A build is neither over before one has looked, nor does it outstay its welcome."""
    assert all(60 <= play(seed, motion=False).seconds <= 240 for seed in range(10))


@pytest.mark.parametrize("motion", [True, False])
def test_ctrl_c_leaves_the_row_on_a_terminal(motion: bool) -> None:
    """Cargo dies of Ctrl-C without a word: the row stands where it was drawn last, with the echo; not in a pipe."""
    last = play(interrupt=40, motion=motion).lines[-1]
    assert bool(ROW.match(last.replace("^C", "  ", 1))) is last.startswith("^C") is motion
