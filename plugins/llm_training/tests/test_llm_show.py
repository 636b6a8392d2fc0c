"""What a viewer sees of a training run, at any size and at any moment."""

import re

import pytest
from fakeact_llm_training import check_choices, fakeact_modules
from fakeact_llm_training.dialects import NAMES

from fakeact import ansi
from fakeact.testing import Performance, perform
from fakeact.widgets import tqdm_meter

(MODULE,) = fakeact_modules()
SHORT = {"steps": 25, "epochs": 2, "dialect": "pytorch", "scenario": "pretrain", "faults": "none"}
GRID = SHORT | {"steps": 50, "epochs": 3, "gpus": 64}


def live_rows(played: Performance) -> list[str]:
    """Rows that belong to the region, wherever they are."""
    return [line for line in played.lines if re.match(r"(Epoch \d+/\d+[: ]|Step[: ]|Validation:|Saving:)", line)]


@pytest.mark.parametrize("rows", [12, 24, 50])
@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_plays_from_the_first_to_the_last_line(columns: int, rows: int) -> None:
    """At any size the run comes to its end, and no bar is left behind in the scrollback."""
    played = perform(MODULE, seed=3, seconds=600, columns=columns, rows=rows, **SHORT)
    assert (played.error, played.ended) == (None, "finished")
    assert live_rows(played) == []
    assert "●" not in "".join(played.lines)
    assert played.screen.cursor == (0, min(rows - 1, len(played.lines)))
    assert played.screen.cursor_shown


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_log_lines_stand_there_once(columns: int) -> None:
    """What a terminal shows is, apart from wrapping, what a pipe gets: every line exactly once, in order."""
    shown = perform(MODULE, seed=4, seconds=600, columns=columns, **SHORT)
    piped = perform(MODULE, seed=4, seconds=600, motion=False, color=False, **SHORT)
    # Bars that are left standing are as wide as the terminal.
    rows, lines = ([x for x in text if not x.startswith("Running ")] for text in (shown.lines, piped.raw.split("\n")))
    assert "".join(rows).replace(" ", "") == "".join(lines).replace(" ", "")


@pytest.mark.parametrize("columns", [20, 40, 80, 120, 200])
def test_no_live_row_wraps(columns: int) -> None:
    """Every frame's region fits: on a taller screen that never scrolls no row is continued on the next."""
    played = perform(MODULE, seed=3, seconds=50, columns=columns, rows=30, **SHORT)
    for frame in played.frames:
        for row in re.split(r"[\r\n]", ansi.strip(frame.text)):
            if re.match(r"(Epoch \d+/\d+|Step|Validation:|Saving:)", row):
                assert ansi.width(row) < columns


def test_the_same_seed_is_the_same_show() -> None:
    """Same seed, same bytes; another seed, another run."""
    first, again, other = (perform(MODULE, seed=seed, seconds=90, **SHORT).raw for seed in (7, 7, 8))
    assert first == again
    assert first != other


@pytest.mark.parametrize("seconds", [0.5, 3.0, 12.0, 30.0, 41.5])
def test_it_can_be_stopped_at_any_moment(seconds: float) -> None:
    """Cut off in the start-up or in the loop, it ends at once and leaves no bar."""
    played = perform(MODULE, seed=3, seconds=seconds, **SHORT)
    assert (played.ended, played.error, played.seconds) == ("stopped", None, seconds)
    assert live_rows(played) == []
    assert played.screen.cursor_shown


def test_a_resize_in_the_middle_leaves_nothing_behind() -> None:
    """Smaller, larger, very small: the region finds its place again."""
    sizes = {30.0: (50, 14), 36.0: (120, 30), 40.0: (30, 6), 44.0: (90, 40)}
    played = perform(MODULE, seed=3, seconds=50, sizes=sizes, **SHORT)
    assert played.error is None
    assert live_rows(played) == []


def test_the_grid_is_seen_in_every_form() -> None:
    """Wide: each GPU's figures; usual: a mark a GPU; low: a heat map; tiny: no grid at all."""
    seen = {
        size: ansi.strip(perform(MODULE, seed=7, seconds=45, columns=size[0], rows=size[1], **GRID).raw)
        for size in ((200, 50), (80, 24), (40, 15), (20, 5))
    }
    assert "each GPU: util %" in seen[200, 50] or "W  ●" in seen[200, 50]
    assert "●●●●●●●●" in seen[80, 24]
    assert "▀▀▀▀" in seen[40, 15]
    assert "●" not in seen[20, 5]
    assert "▀" not in seen[20, 5]


def test_bars_are_tqdms() -> None:
    """The pinned bars have tqdm's form, with the epoch's and the run's own counts."""
    played = perform(MODULE, seed=7, seconds=60, columns=120, **GRID)
    frames = ansi.strip(played.raw)
    assert re.search(r"Epoch 1/3: +\d+%\|[█▏▎▍▌▋▊▉ ]+\| +\d+/150 \[\d\d:\d\d<[\d:?]+, ", frames)
    assert re.search(r"Step: +\d+%\|[█▏▎▍▌▋▊▉ ]+\| +\d+/50 \[\d\d:\d\d<[\d:?]+, .*loss=\d", frames)
    assert tqdm_meter(0, 150, 0, 119, "Epoch 1/3")[:12] in frames


@pytest.mark.parametrize(
    ("wishes", "words"),
    [({"gpus": 13}, "13"), ({"gpus": 8, "model": "llama-3.1-405b"}, "Llama 3.1 405B does not fit on 8 GPUs")],
)
def test_wishes_that_do_not_fit_are_refused(wishes: dict[str, object], words: str) -> None:
    """What can't be had is said in one line that helps."""
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        check_choices(**wishes)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_sixteen_thousand_gpus() -> None:
    """A fleet too large for rows is a heat map with its worst offender named."""
    played = perform(MODULE, seed=2, seconds=120, columns=160, rows=50, gpus=16384, **SHORT)
    assert played.error is None
    assert re.search(r"16,384 GPUs \d+% \d+°C [\d.]+MW.*", ansi.strip(played.raw))
    assert re.search(r"\S+:\d  \d\d°C \d{4}MHz +\d{3}W", ansi.strip(played.raw))


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
@pytest.mark.parametrize("dialect", NAMES)
def test_every_dialect_plays_to_its_end_at_any_width(dialect: str, columns: int) -> None:
    """A run ends, what was pinned is gone, and no pinned row of any frame was as wide as the terminal."""
    wishes = {"dialect": dialect, "gpus": 8, "gpu": "a100-80g", "model": "llama-3.1-8b", "steps": 12, "epochs": 1}
    played = perform(
        MODULE, seed=3, seconds=900, columns=columns, rows=30, scenario="pretrain", faults="none", **wishes
    )
    assert (played.error, played.ended) == (None, "finished")
    assert "●" not in "".join(played.lines)
    assert played.screen.cursor_shown
    for frame in played.frames:
        # The Trainer's log begins where its bar ends: it is printed for good and may be longer than a row.
        rows = re.split(r"[\r\n]|(?<=\])(?=\[INFO\|)", ansi.strip(frame.text))
        pinned = [row for row in rows if re.search(r"●|\d%\|.*\|.*(it|B|batch)/s|\d%\|.*s/it", row)]
        assert all(ansi.width(row) < columns for row in pinned if not row.startswith(("Loading", "Writing")))


def test_pinned_rows_live_while_a_restart_is_told() -> None:
    """A job is down, and its new start-up is told between two events: the GPUs cool down meanwhile, and are seen to."""
    wishes = {"dialect": "hf", "gpus": 8, "scenario": "pretrain", "faults": "drama", "steps": 300}
    plays = (perform(MODULE, seed=seed, seconds=150, columns=100, rows=40, **wishes) for seed in range(20))
    lost = re.compile(r"failed \(exitcode|with return code")
    falls = ((one, frame.at) for one in plays for frame in one.frames if lost.search(frame.text))
    played, gone = next((one, at) for one, at in falls if at < 130 and "●" in one.at(at + 10).text)
    looks = {
        tuple(row for row in played.at(gone + seconds).text.splitlines() if "●" in row) for seconds in (0.5, 4, 7, 10)
    }
    assert len(looks) >= 3


def test_a_slow_step_shows_its_micro_batches() -> None:
    """Steps of many seconds count their micro-batches up, once through the batch for each step."""
    wishes = {"dialect": "pytorch", "model": "llama-3.1-405b", "gpu": "h100", "gpus": 4096, "faults": "none"}
    played = perform(MODULE, seed=2, seconds=420, columns=110, rows=12, **wishes)
    counts = [(int(count), int(total)) for count, total in re.findall(r"micro=(\d+)/(\d+)", played.raw)]
    (total,) = {total for _, total in counts}
    assert {count for count, _ in counts} == set(range(1, total + 1))
