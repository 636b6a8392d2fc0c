"""A command typed by a person."""

from itertools import pairwise
from random import Random

from fakeact import IO, Module, ansi
from fakeact.prompt import type_command
from fakeact.testing import Performance, perform

COMMAND = "./launch.sh --config configs/pretrain.yaml --nodes 8"


def typed(seed: int, columns: int = 120) -> Performance:
    """A prompt at which the command is typed."""

    async def run(io: IO, rng: Random) -> None:
        await type_command(io, rng, COMMAND)
        await io.print("output")

    return perform(Module("typed", COMMAND, run), seed=seed, columns=columns)


def test_the_command_stands_at_a_prompt() -> None:
    """Whatever was mistyped on the way, the line ends as the command, and output follows on the next."""
    for seed in range(30):
        lines = typed(seed).lines
        assert lines[0].endswith(f"$ {COMMAND}")
        assert lines[1] == "output"


def test_a_narrow_terminal_wraps_it_and_nothing_else() -> None:
    """Where the command wraps, what the rows show is still the command, letter by letter."""
    for seed in range(30):
        lines = typed(seed, columns=30).lines
        assert "".join(lines[:-1]).replace(" ", "").endswith(f"${COMMAND}".replace(" ", ""))


def test_typos_are_taken_back_now_and_then() -> None:
    """Some plays have a typo, most letters are right at once."""
    raws = [ansi.strip(typed(seed).raw) for seed in range(30)]
    with_typo = sum(raw.count("$ ") > 1 for raw in raws)
    assert 5 <= with_typo <= 29


def test_the_rhythm_is_human() -> None:
    """Some 40 to 200 ms a key, never the same twice in a row, slower at the ends of words."""
    frames = typed(2).frames
    pauses = [b.at - a.at for a, b in pairwise(frames)][2:-2]
    assert 0.04 < sum(pauses) / len(pauses) < 0.25
    assert len({round(pause, 4) for pause in pauses}) > 0.9 * len(pauses)


def test_a_pipe_gets_the_finished_line() -> None:
    """In a pipe the prompt is one line, without what was taken back."""

    async def run(io: IO, rng: Random) -> None:
        await type_command(io, rng, COMMAND)

    for seed in range(20):
        raw = perform(Module("typed", COMMAND, run), seed=seed, motion=False, color=False).raw
        assert raw.endswith(f"$ {COMMAND}\n")
        assert raw.count("\n") == 1
