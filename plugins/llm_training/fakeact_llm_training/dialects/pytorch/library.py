"""NCCL's own voice beside the trainer's: its version, or all of its init where the launch script asks for that."""

from typing import TYPE_CHECKING

from fakeact_llm_training.dialects.base import Dialect

if TYPE_CHECKING:
    from fakeact_llm_training.sim.nccl import Communicator, Where
    from fakeact_llm_training.tools.nccl_info import Line

UNTIL_SUM = 0.021
"""Seconds between the first two collectives."""
CLOSE = 0.004
"""Lines that are not further apart than so many seconds come in one write, as from a pipe."""


class Library:
    """What NCCL will say of the communicator that is being made; a line is spoken when its moment has come."""

    def __init__(self, speaker: Dialect) -> None:
        self._speaker, self._begins = speaker, 0.0
        self._made: Communicator | None = None
        self._due: list[Line] = []

    def begin(self, begins: float, seconds: float, *, used: float | None = None) -> None:
        """The processes of now make their communicator, from `begins` seconds after the launch on.

        It is first `used` so many seconds after it is made, or when somebody says so.
        """
        self._begins = begins
        if self._speaker.scenario.gpu.vendor == "nvidia":
            self._due = self._lines(seconds)
        if self._made and used is not None:
            self._due += self._connections(seconds + used)

    @property
    def next_at(self) -> float | None:
        """Seconds after the launch at which there is something to say; None if there is nothing left."""
        return self._begins + self._due[0].at if self._due else None

    async def connect(self) -> None:
        """The first collectives: rings and trees are connected now."""
        if self._made:
            self._due += self._connections(self._speaker.elapsed - self._begins)
        while (at := self.next_at) is not None:
            await self._speaker.until(at)
            await self.speak()

    async def speak(self) -> None:
        """Say what has fallen due by now."""
        now = self._speaker.elapsed - self._begins + CLOSE
        while self._due and self._due[0].at <= now:
            await self._speaker.io.print(self._due.pop(0).text)

    async def end(self) -> None:
        """The process group is destroyed."""
        from fakeact_llm_training.tools.nccl_info import destroyed

        for line in destroyed(self._made) if self._made else ():
            await self._speaker.io.print(line)

    def _lines(self, seconds: float) -> "list[Line]":
        # Behind the first painted lines, and only what is wanted.
        from fakeact_llm_training.sim.nccl import informed, join
        from fakeact_llm_training.tools import nccl, nccl_info

        scenario = self._speaker.scenario
        if not (ranks := informed(scenario)):
            return [nccl_info.Line(0.1 * seconds, nccl.version(scenario.site.versions.nccl))]
        self._made = join(scenario, self._where(), seconds, ranks)
        return nccl_info.info(self._made)

    def _connections(self, at: float) -> "list[Line]":
        """Rings with the first collective, which hands something out, trees with the first sum behind it."""
        from fakeact_llm_training.tools.nccl_links import rings, trees

        assert self._made
        first = [line._replace(at=line.at + at) for line in rings(self._made)]
        after = first[-1].at + UNTIL_SUM
        return first + [line._replace(at=line.at + after) for line in trees(self._made)]

    def _where(self) -> "Where":
        from fakeact_llm_training.sim.nccl import Where

        speaker = self._speaker
        attempt = speaker.run.attempt if speaker.is_running else 0
        comm_id = speaker.scenario.site.comm_id(attempt)
        return Where(attempt, comm_id, speaker.host, speaker.address, speaker.pid)
