"""The tracker: bounded memory, and the lines that wandb prints."""

from datetime import datetime
from itertools import pairwise

import pytest
from fakeact_llm_training.sim.events import StepDone, ValidationDone
from fakeact_llm_training.sim.history import LIMIT, History, Series
from fakeact_llm_training.tools.wandb import OfflineRun, finish_lines, number, start_lines

from fakeact.ansi import strip

RUN = OfflineRun("/scratch/runs", datetime(2026, 11, 23, 22, 54, 23), "y1irce82")
DIRECTORY = "offline-run-20261123_225423-y1irce82"


def step(number: int, loss: float) -> StepDone:
    """A step in which little happens."""
    return StepDone(
        at=float(number),
        step=number,
        epoch=1,
        step_in_epoch=number,
        loss=loss,
        grad_norm=0.5,
        clipped=False,
        learning_rate=3e-4,
        step_time=1.0,
        waited=0.0,
        tokens_per_second=1e6,
        mfu=0.4,
        tflops_per_gpu=400.0,
        memory_allocated=60.0,
        memory_reserved=62.0,
        memory_share=0.8,
        consumed_samples=number,
        consumed_tokens=number,
    )


@pytest.mark.parametrize("count", [1, 2, 999, 1000, 1001, 1002, 5000, 123_457])
def test_series_stay_small_and_evenly_spaced(count: int) -> None:
    """Of however much some 500 to 1,001 points at equal distances are left, and the newest."""
    series = Series()
    for i in range(count):
        series.add(i, float(i))
    points = series.points
    assert min(count, LIMIT // 2) <= len(points) <= LIMIT + 1
    assert points[0] == (0, 0.0)
    assert points[-1] == (count - 1, float(count - 1))
    gaps = {other[0] - one[0] for one, other in pairwise(points[:-1])}
    assert len(gaps) <= 1


def test_empty_series_have_no_points() -> None:
    """Nothing added, nothing kept."""
    assert Series().points == []


def test_history_reads_steps_and_validations() -> None:
    """Each figure goes under its own name; validations stand beside the steps."""
    history = History()
    for i in range(1, 5):
        history.feed(step(i, 5.0 - i))
    history.feed(ValidationDone(at=5.0, epoch=1, step=4, samples=8, batches=2, seconds=1.0, loss=1.5, best=True))
    assert history.series["train/loss"].points == [(1, 4.0), (2, 3.0), (3, 2.0), (4, 1.0)]
    assert history.series["eval/loss"].points == [(4, 1.5)]
    assert history.series["train/global_step"].last == 4


def test_start_is_wandb_s_in_offline_mode() -> None:
    """The four lines of version 0.31, with no address of any host."""
    offline = (
        "wandb: W&B syncing is set to `offline` in this directory. "
        "Run `wandb online` or set WANDB_MODE=online to enable cloud syncing."
    )
    assert [strip(line) for line in start_lines(RUN)] == [
        "wandb: Tracking run with wandb version 0.31.0",
        offline,
        f"wandb: Run data is saved locally in /scratch/runs/wandb/{DIRECTORY}",
        "wandb: View this run in the terminal with `wandb leet`",
    ]


def test_finish_is_wandb_s() -> None:
    """History, summary and the way to the data, as wandb 0.31 printed them for these values."""
    history = History()
    for i in range(1, 31):
        history.add(i, **{"train/loss": 4 - i / 20, "train/epoch": i / 30, "eval/perplexity": 1.5 + 1 / i})
    assert [strip(line) for line in finish_lines(RUN, history, {"parameters": 8_030_261_248})] == [
        "wandb: ",
        "wandb: Run history:",
        "wandb: eval/perplexity █▄▃▃▂▂▂▂▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁",
        "wandb:     train/epoch ▁▁▁▂▂▂▂▃▃▃▃▄▄▄▄▅▅▅▅▆▆▆▆▇▇▇▇███",
        "wandb:      train/loss ███▇▇▇▇▆▆▆▆▅▅▅▅▄▄▄▄▃▃▃▃▂▂▂▂▁▁▁",
        "wandb: ",
        "wandb: Run summary:",
        "wandb: eval/perplexity 1.53333",
        "wandb:      parameters 8030261248",
        "wandb:     train/epoch 1",
        "wandb:      train/loss 2.5",
        "wandb: ",
        "wandb: You can sync this run to the cloud by running:",
        f"wandb: wandb sync /scratch/runs/wandb/{DIRECTORY}",
        f"wandb: Find logs at: ./wandb/{DIRECTORY}/logs",
    ]


def test_only_ten_rows_are_shown() -> None:
    """The others are counted below, right-aligned with the names."""
    history = History()
    history.add(1, **{f"m{i:02}": float(i) for i in range(13)})
    lines = [strip(line) for line in finish_lines(RUN, history)]
    assert lines.count("wandb:  +3 ...") == 2
    assert "wandb: m09 9" in lines
    assert not [line for line in lines if "m10" in line]


def test_curves_have_forty_cells_at_most() -> None:
    """A long run's curve is thinned."""
    history = History()
    for i in range(5000):
        history.add(i, loss=float(i))
    curve = next(strip(line) for line in finish_lines(RUN, history) if "▁" in line)
    assert len(curve.split()[-1]) == 40


def test_numbers_are_what_comes_back_from_json() -> None:
    """Values that wandb 0.31 was seen to print."""
    seen = {
        100000.0: "100000",
        1234567.0: "1234567.0",
        6e9: "6000000000.0",
        3e20: "3e+20",
        12345678.12345678: "12345678.12346",
    }
    assert {value: number(value) for value in seen} == seen
    assert (number(2e-7), number(0.1 + 0.2), number(400)) == ("0.0", "0.3", "400")
    assert number(float("nan")) == "NaN"
