"""What Weights & Biases (version 0.31) writes around a run in offline mode, line by line."""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from fakeact.style import blue, bold, magenta
from fakeact.widgets import sparkline
from fakeact_llm_training.sim.history import History

# Settings.max_end_of_run_history_metrics and ..._summary_metrics.
MOST_ROWS = 10
WIDTH = 40
# Go writes a whole float below this without a point, so that it comes back from JSON as an integer.
LEAST_EXPONENT = 1_000_000


class OfflineRun(NamedTuple):
    """Where a run's data are kept: `directory` holds wandb/, `run_id` is eight of a-z and 0-9."""

    directory: str
    began: datetime
    run_id: str
    version: str = "0.31.0"

    @property
    def path(self) -> str:
        """The run's own directory."""
        return f"{self.directory}/wandb/offline-run-{self.began:%Y%m%d_%H%M%S}-{self.run_id}"


def start_lines(run: OfflineRun) -> Iterator[str]:
    """When it begins."""
    yield _line(f"Tracking run with wandb version {run.version}")
    yield _line(
        f"W&B syncing is set to {bold('`offline`')} in this directory. Run {bold('`wandb online`')} "
        f"or set {bold('WANDB_MODE=online')} to enable cloud syncing."
    )
    yield _line(f"Run data is saved locally in {bold(magenta(run.path))}")
    yield _line(f"View this run in the terminal with {bold('`wandb leet`')}")


def finish_lines(run: OfflineRun, history: History, summary: Mapping[str, float] | None = None) -> Iterator[str]:
    """When it ends: history as sparklines, last values and what `summary` adds to them, where the data are."""
    last = {name: series.last for name, series in history.series.items()} | dict(summary or {})
    curves = {name: sparkline(series.values, WIDTH) for name, series in history.series.items()}
    yield from _grid("Run history:", {name: curve for name, curve in curves.items() if curve.strip()})
    yield from _grid("Run summary:", {name: number(value) for name, value in last.items()})
    yield _line("")
    yield _line("You can sync this run to the cloud by running:")
    yield _line(bold(f"wandb sync {run.path}"))
    logs = f"./wandb/{run.path.rpartition('/')[2]}/logs"
    yield _line(f"Find logs at: {bold(magenta(logs))}")


def _grid(title: str, values: Mapping[str, str]) -> Iterator[str]:
    if not values:
        return
    rows = [(name, values[name]) for name in sorted(values)]
    if len(rows) > MOST_ROWS:
        rows = [*rows[:MOST_ROWS], (f"+{len(rows) - MOST_ROWS:,d}", "...")]
    width = max(len(name) for name, _ in rows)
    yield _line("")
    yield _line(title)
    yield from (_line(f"{name:>{width}} {value}") for name, value in rows)


def number(value: float) -> str:
    """A value as the summary shows it: five decimals, whole numbers below a million without a point.

    >>> number(2.0512345), number(4.0), number(1_500_000.0), number(8_000_000), number(2e-7)
    ('2.05123', '4', '1500000.0', '8000000', '0.0')
    """
    if isinstance(value, int) or (value.is_integer() and abs(value) < LEAST_EXPONENT):
        return str(int(value))
    return "NaN" if math.isnan(value) else str(round(value, 5))


def _line(text: str) -> str:
    return f"{bold(blue('wandb'))}: {text}"
