"""The show on screens of all sizes, in pipes, stopped at any moment."""

import re

import pytest
from fakeact_terraform import fakeact_modules

from fakeact.testing import perform

MODULE = fakeact_modules()[0]


@pytest.mark.parametrize("columns", [20, 40, 80, 160])
@pytest.mark.parametrize("rows", [5, 12, 24])
def test_it_plays_to_the_end_on_every_screen(columns: int, rows: int) -> None:
    """From the first line to the last, at any size; the cursor ends on a fresh line."""
    played = perform(MODULE, seed=columns + rows, seconds=900, columns=columns, rows=rows)
    assert (played.error, played.ended) == (None, "finished")
    assert played.raw.rstrip("\x1b[?0123456789hlm").endswith("\n")
    assert any("Apply complete!" in line for line in played.lines)


def test_the_same_seed_plays_the_same_show() -> None:
    """The same bytes for one seed; other resources for another."""
    first, again, other = (perform(MODULE, seed=seed, seconds=900) for seed in (1, 1, 2))
    assert first.raw == again.raw
    assert len(set(first.lines) & set(other.lines)) < len(set(first.lines)) / 2


@pytest.mark.parametrize("seconds", [0.1, 3.0, 9.0, 14.0, 25.0, 60.0])
def test_it_stops_at_any_moment(seconds: float) -> None:
    """While locking, reading, thinking, typing or creating: it ends when it is told to."""
    played = perform(MODULE, seed=4, seconds=seconds)
    assert (played.error, played.ended) == (None, "stopped")
    assert played.seconds == pytest.approx(seconds)


def test_a_pipe_gets_text_and_colours_only() -> None:
    """No escape sequence but colours, and no line twice that is there once."""
    played = perform(MODULE, seed=2, seconds=900, motion=False)
    assert "\x1b" not in re.sub(r"\x1b\[[0-9;]*m", "", played.raw)
    assert sum("Plan:" in line for line in played.raw.splitlines()) == 1


def test_a_show_takes_one_to_four_minutes() -> None:
    """With the options left alone."""
    for seed in range(15):
        assert 60 <= perform(MODULE, seed=seed, seconds=900, motion=False).seconds <= 240


def test_it_sleeps_between_its_lines() -> None:
    """It is not woken more than twenty times a second."""
    at = [frame.at for frame in perform(MODULE, seed=3, seconds=900, motion=False).frames]
    assert all(sum(moment <= other < moment + 1 for other in at) <= 21 for moment in at)


def test_an_empty_state_is_not_refreshed() -> None:
    """Where nothing exists, everything is created and nothing is read back."""
    text = "\n".join(perform(MODULE, seed=6, seconds=900, columns=400, state="empty").lines)
    assert "Refreshing" not in text
    assert re.search(r"Plan: \d+ to add, 0 to change, 0 to destroy\.", text)


def test_it_can_go_on_without_a_question() -> None:
    """With auto_approve the work starts right after the plan, as terraform's -auto-approve does."""
    lines = perform(MODULE, seed=6, seconds=900, columns=400, auto_approve=True).lines
    assert not any("Enter a value" in line for line in lines)


@pytest.mark.parametrize("parallelism", [1, 3])
def test_parallelism_is_kept(parallelism: int) -> None:
    """Never more operations are under way than allowed, and so many are at some time."""
    lines = perform(MODULE, seed=6, seconds=9000, columns=400, rows=24, parallelism=parallelism, state="empty").lines
    running = most = 0
    for line in lines:
        running += bool(re.search(r": Creating\.\.\.$", line)) - bool(re.search(r": Creation complete", line))
        most = max(most, running)
    assert most == parallelism


@pytest.mark.parametrize(("cloud", "prefix"), [("aws", "aws_"), ("azure", "azurerm_"), ("google", "google_")])
def test_the_cloud_can_be_chosen(cloud: str, prefix: str) -> None:
    """All resources are of the chosen provider; passwords come from the random provider."""
    lines = perform(MODULE, seed=8, seconds=900, columns=400, cloud=cloud).lines
    types = {found[1] for line in lines if (found := re.search(r'resource "(\w+)"', line))}
    assert all(each.startswith((prefix, "random_")) for each in types)
    assert types


RECEIVED = [
    "Interrupt received.",
    "Please wait for Terraform to exit or data loss may occur.",
    "Gracefully shutting down...",
    "",
]


@pytest.mark.parametrize(
    ("seconds", "error", "count"),
    [(0.1, "execution halted", 1), (9.0, "error asking for approval: interrupted", 1), (25.0, "execution halted", 2)],
)
def test_ctrl_c_has_the_last_words_that_terraform_has(seconds: float, error: str, count: int) -> None:
    """The notice and an error for the question, or for all that runs, whatever was interrupted; as 1.11.4 prints it."""
    lines = perform(MODULE, seed=2, interrupt=seconds, columns=100).lines
    notice = lines[lines.index(RECEIVED[0]) :]
    stopping = ["Stopping operation..."] * (error == "execution halted")
    assert notice == [*RECEIVED, *stopping, *["╷", f"│ Error: {error}", "│", "│", "╵"] * count]
    assert lines[-len(notice) - 2 :][0].endswith("Enter a value:") is (not stopping)


def test_a_deadline_and_the_end_have_no_last_words() -> None:
    """Only Ctrl-C is answered, and only as long as there is something to interrupt."""
    whole = perform(MODULE, seed=2, seconds=900).seconds
    for options in ({"seconds": 25.0}, {"seconds": 900, "interrupt": whole - 1}):
        assert "Interrupt received." not in perform(MODULE, seed=2, **options).raw  # type: ignore[arg-type]
