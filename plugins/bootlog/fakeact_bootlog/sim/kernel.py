"""What the kernel says from its first line to its first process."""

from collections.abc import Iterator
from typing import NamedTuple

from fakeact_bootlog.catalogue import kernel
from fakeact_bootlog.sim.blocks import Blocks


class Message(NamedTuple):
    """A line in the kernel's log; *at* is its stamp in seconds since the clock began."""

    at: float
    text: str


class Kernel(Blocks):
    """A kernel that starts on a machine at a moment. Its messages are made once, in order."""

    @property
    def release(self) -> str:
        """What uname -r says."""
        return self.machine.software.release

    def messages(self) -> Iterator[Message]:
        """All lines until the first process is run."""
        traits = self.machine.traits()
        for pause, condition, text in kernel():
            if not all(_holds(part, traits) for part in condition.split(",") if part):
                continue
            self._now += self._pause(pause)
            if text.startswith("@"):
                yield from self._block(*text[1:].partition(" ")[::2])
            else:
                yield Message(self._now, text.format_map(self._values))

    def _pause(self, pause: str) -> float:
        typical = float(pause.format_map(self.machine.facts["timing"]))
        return typical * self._rng.lognormvariate(0, 0.35) / 1e6 if typical else 0.0

    def _block(self, name: str, argument: str) -> Iterator[Message]:
        lines = getattr(self, f"_{name}")(argument) if argument else getattr(self, f"_{name}")()
        for number, line in enumerate(lines):
            if number and self._now:
                self._now += (
                    self._rng.uniform(1e-6, 9e-6) if name not in ("pci", "pmu") else self._rng.uniform(1e-5, 2e-3)
                )
            yield Message(self._now, line)


def _holds(condition: str, traits: set[str]) -> bool:
    return condition[1:] not in traits if condition.startswith("!") else condition in traits
