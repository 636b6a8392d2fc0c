"""What every dialect has: the start-up, a word for each event, rows to pin, the end."""

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from fakeact import IO
from fakeact_llm_training.sim.environment import environment
from fakeact_llm_training.sim.startup import Startup
from fakeact_llm_training.tools import torchrun

if TYPE_CHECKING:
    from fakeact_llm_training.dialects.faults import Faults
    from fakeact_llm_training.sim import fault_events as fe
    from fakeact_llm_training.sim.events import Event
    from fakeact_llm_training.sim.run import TrainingRun


REDRAW = 0.25
"""Seconds between two looks at what is pinned while a dialect takes its time."""


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
    faults: "Faults"
    """What is seen of faults and of Ctrl-C."""
    redraw: Callable[[], Awaitable[None]] | None = None
    """Draws what is pinned as of now, while something is; for whoever sleeps between two events."""

    def __init__(self, io: IO, startup: Startup) -> None:
        self.io, self.startup, self.scenario = io, startup, startup.scenario
        self._launched = io.now()
        self.dice = random.Random(self.scenario.seed)

    async def start(self) -> None:
        """Play the start-up, each phase for as long as it takes in the simulation."""
        raise NotImplementedError

    async def on(self, event: "Event") -> None:
        """Say what happened, if this framework says anything about it."""
        name = type(event).__name__
        if name == "Restarted":
            self.faults.started_again()
        handler = getattr(self, _handler(name), None)
        if handler is not None:
            await handler(event)

    def rows(self) -> list[str]:
        """Rows to be pinned at the bottom as of now, such as bars; called at every frame."""
        return []

    async def meanwhile(self) -> None:
        """Say what falls due between two events; called at every frame."""

    async def end(self, last: "Event") -> None:
        """What is printed after the run's last event."""

    async def interrupted(self, signal: int) -> None:
        """The last lines at Ctrl-C, or at another signal from outside: printed at once, without a sleep."""
        await self.faults.interrupted(signal)

    # Whose a line is: a dialect may show how it comes to the screen, or that it does not
    async def by_worker(self, rank: int, line: str) -> None:  # noqa: ARG002 - for dialects that care
        """A rank writes a line."""
        await self.io.print(line)

    async def by_launcher(self, node: int, line: str) -> None:  # noqa: ARG002
        """A node's launcher writes a line."""
        await self.io.print(line)

    async def by_scheduler(self, line: str) -> None:
        """Slurm or the command that started all writes a line."""
        await self.io.print(line)

    # Faults: one story for all
    async def on_Fault(self, event: "fe.Fault") -> None:  # noqa: N802 - named after the event
        await self.faults.begin(event)

    async def on_XidLogged(self, event: "fe.XidLogged") -> None:  # noqa: N802
        self.faults.logged(event)

    async def on_WatchdogTimeout(self, event: "fe.WatchdogTimeout") -> None:  # noqa: N802
        await self.faults.timed_out(event)

    async def on_DumpSignal(self, event: "fe.DumpSignal") -> None:  # noqa: N802
        await self.faults.signalled(event)

    async def on_RankFailed(self, event: "fe.RankFailed") -> None:  # noqa: N802
        await self.faults.failed(event)

    async def on_NodeLost(self, event: "fe.NodeLost") -> None:  # noqa: N802
        await self.faults.node_lost(event)

    async def on_Cancelled(self, event: "fe.Cancelled") -> None:  # noqa: N802
        await self.faults.cancelled(event)

    async def on_Teardown(self, event: "fe.Teardown") -> None:  # noqa: N802
        await self.faults.torn_down(event)

    async def on_LauncherLeft(self, event: "fe.LauncherLeft") -> None:  # noqa: N802
        await self.faults.launcher_left(event)

    # Who runs where, as of now
    @property
    def is_running(self) -> bool:
        """Whether the start-up is over, so that there is a run."""
        return hasattr(self, "run")

    def host(self, node: int) -> str:
        """The machine that is this node."""
        return self.run.host(node) if self.is_running else self.scenario.site.host(node)

    def address(self, node: int) -> str:
        """The address of the machine that is this node."""
        return self.run.address(node) if self.is_running else self.scenario.site.address(node)

    def pid(self, rank: int) -> int:
        """A rank's process."""
        return self.run.pid(rank) if self.is_running else self.scenario.site.pid(rank)

    def launcher(self, node: int) -> "torchrun.Launcher":
        """A node's launcher."""
        site = self.scenario.site
        pid = self.run.agent_pid(node) if self.is_running else site.agent_pid(node)
        return torchrun.Launcher(pid, site.versions.torch, site.versions.python, environment(self.scenario))

    # When
    def since_launch(self, at: float) -> float:
        """Seconds since the launch of a moment of the run, which begins when the start-up is over."""
        return self.startup.seconds + at

    def moment(self, at: float) -> datetime:
        """The date and time of a moment of the run."""
        return self._launched + timedelta(seconds=self.since_launch(at))

    @property
    def elapsed(self) -> float:
        """Seconds since the launch."""
        return (self.io.now() - self._launched).total_seconds()

    async def until(self, seconds: float) -> None:
        """Sleep until so many seconds after the launch; no time passes if that is over."""
        while (left := seconds - self.elapsed) > 0:
            if self.redraw:
                await self.redraw()
                left = min(left, REDRAW)
            await self.io.csleep(left * 1000)

    def load_simulation(self) -> None:
        """Begin to import what the simulation computes with; to be called behind the first painted lines."""
        for name in SIMULATION:
            self.io.load(name)


@cache
def _handler(event: str) -> str:
    """The method that hears of such events; one string for all, as CPython keeps those it has looked up by."""
    return f"on_{event}"


SIMULATION = ("scipy.special", "fakeact_llm_training.sim.run")
