"""The one place that lets the run's time pass: events to the dialect, rows to the screen."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fakeact import IO, Output
from fakeact_llm_training.dialects.base import Dialect
from fakeact_llm_training.panel import Panel, Place
from fakeact_llm_training.telemetry import Telemetry

if TYPE_CHECKING:
    from fakeact_llm_training.sim import events as ev
    from fakeact_llm_training.sim.run import TrainingRun

REFRESH = 0.25
"""Seconds between two looks at the bars while nothing happens."""
ROUNDING_MS = 0.001
"""Added to every sleep: a date is exact to the microsecond, and an event must not be missed by half of one."""


async def loop(
    io: IO, run: "TrainingRun", dialect: Dialect, grid: Place = "auto", metrics: Output | None = None
) -> "ev.Event":
    """Train until the run is over; gives its last event."""
    panel, telemetry = Panel(io, run, grid), Telemetry(io, run, metrics)
    began, event = io.now(), None
    async with io.live() as live:

        async def draw() -> None:
            await live.show(*panel.rows(), *dialect.rows())
            telemetry.look(panel.looked)

        async def redraw() -> None:
            panel.wait(_since(began, io) - run.elapsed)
            await draw()

        dialect.redraw = redraw
        while not run.is_done:
            await draw()
            await io.csleep(1000 * min(run.until_next_event(), REFRESH) + ROUNDING_MS)
            passed = _since(began, io) - run.elapsed
            for event in run.advance(max(0.0, passed)):
                await dialect.on(event)
                await panel.notice(event)
                telemetry.notice(event)
            await dialect.meanwhile()
    dialect.redraw = None
    telemetry.end()
    assert event is not None
    return event


def _since(began: datetime, io: IO) -> float:
    """Seconds of show time that have passed."""
    return (io.now() - began) / timedelta(seconds=1)
