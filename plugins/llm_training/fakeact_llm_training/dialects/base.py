"""What every dialect has: the start-up, a word for each event, rows to pin, the end."""

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fakeact import IO
from fakeact_llm_training.sim.startup import Startup
from fakeact_llm_training.tools import torchrun

if TYPE_CHECKING:
    from fakeact_llm_training.sim.events import Event
    from fakeact_llm_training.sim.run import TrainingRun


class Dialect:
    """A framework's way of telling of a run. What it does not print is not printed.

    A dialect reads the scenario, the start-up and the run; it never makes up a figure and never lets
    the run's time pass. An event is handled by a method of its name: ``async def on_StepDone(self,
    event)``; events without one pass in silence.
    """

    dice: random.Random
    """For what is drawn after the start-up."""
    run: "TrainingRun"
    """The run, from the end of the start-up on."""

    def __init__(self, io: IO, startup: Startup) -> None:
        self.io, self.startup, self.scenario = io, startup, startup.scenario
        self._launched = io.now()

    async def start(self) -> None:
        """Play the start-up, each phase for as long as it takes in the simulation."""
        raise NotImplementedError

    async def on(self, event: "Event") -> None:
        """Say what happened, if this framework says anything about it."""
        handler = getattr(self, f"on_{type(event).__name__}", None)
        if handler is not None:
            await handler(event)

    def rows(self) -> list[str]:
        """Rows to be pinned at the bottom as of now, such as bars; called at every frame."""
        return []

    async def end(self, last: "Event") -> None:
        """What is printed after the run's last event."""

    def moment(self, at: float) -> datetime:
        """The date and time of a moment of the run, which begins when the start-up is over."""
        return self._launched + timedelta(seconds=self.startup.seconds + at)

    def launcher(self, node: int) -> "torchrun.Launcher":
        """A node's launcher, as of now."""
        site = self.scenario.site
        pid = self.run.agent_pid(node) if hasattr(self, "run") else site.agent_pid(node)
        return torchrun.Launcher(pid, site.versions.torch, site.versions.python)

    @property
    def elapsed(self) -> float:
        """Seconds since the launch."""
        return (self.io.now() - self._launched).total_seconds()

    async def until(self, seconds: float) -> None:
        """Sleep until so many seconds after the launch; no time passes if that is over."""
        if (left := seconds - self.elapsed) > 0:
            await self.io.csleep(left * 1000)

    def load_simulation(self) -> None:
        """Begin to import what the simulation computes with; to be called behind the first painted lines."""
        for name in SIMULATION:
            self.io.load(name)


SIMULATION = ("scipy.special", "fakeact_llm_training.sim.run")
