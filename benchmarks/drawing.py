"""Frames: ours against tqdm's and rich's, all writing to the null device."""

import asyncio
import os
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from io import StringIO
from typing import Any, NamedTuple

from fakeact import ansi
from fakeact.clock import Clock, VirtualWall
from fakeact.ending import Over
from fakeact.io import IO
from fakeact.screen import Screen
from fakeact.stages.colour import Depth
from fakeact.stages.terminal import Abilities, TerminalStage
from fakeact.widgets import tqdm_meter

FRAMES = 400
COLUMNS = 80


class Sink:
    """A terminal stage that throws away, and counts."""

    def __init__(self, columns: int = COLUMNS, rows: int = 24) -> None:
        self._file = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        self._stage = TerminalStage(self._file, Abilities(Depth.TRUE, (columns, rows)))
        self.motion, self.size = True, self._stage.size
        self.open = self.close = lambda: None
        self.writes = self.bytes = 0

    def write(self, text: str) -> None:
        self.writes += 1
        self.bytes += len(text.encode())
        self._stage.write(text)


def bar_values() -> Iterator[tuple[int, float]]:
    """Steps done and seconds passed, at ten frames a second of a run that does a few steps a frame."""
    for frame in range(1, FRAMES + 1):
        yield frame * 3, frame * 0.1


def our_rows(done: int, passed: float) -> tuple[str, str]:
    """Two bars with metrics."""
    postfix = f"loss={2.5 - done / 4000:.4f}, lr={3e-4:.2e}"
    total = tqdm_meter(done, FRAMES * 3, passed, COLUMNS - 1, "train", "step", postfix=postfix)
    return total, tqdm_meter(done % 40, 40, passed % 1.4, COLUMNS - 1, "epoch", "batch", postfix=postfix)


async def _our_bars(sink: Sink) -> float:
    screen = Screen(sink, Over())
    io = IO(screen, Clock(VirtualWall()), Over(), datetime(2026, 1, 30))
    async with io.live() as live:
        began = time.process_time()
        for done, passed in bar_values():
            await live.show(*our_rows(done, passed))
            screen.show()
        return time.process_time() - began


def our_bars() -> float:
    """CPU seconds of all frames through io.live."""
    return asyncio.run(_our_bars(Sink()))


def tqdm_bars() -> float:
    """CPU seconds of the same with tqdm."""
    from tqdm import tqdm

    with open(os.devnull, "w", encoding="utf-8") as file:
        common: dict[str, Any] = {"file": file, "ncols": COLUMNS - 1, "mininterval": 0}
        one = tqdm(total=FRAMES * 3, desc="train", unit="step", position=0, **common)
        two = tqdm(total=40, desc="epoch", unit="batch", position=1, **common)
        began = time.process_time()
        for done, _ in bar_values():
            postfix = f"loss={2.5 - done / 4000:.4f}, lr={3e-4:.2e}"
            for meter, n in ((one, done), (two, done % 40)):
                meter.set_postfix_str(postfix, refresh=False)
                meter.n = n
                meter.refresh()
        took = time.process_time() - began
        one.close()
        two.close()
    return took


def rich_bars() -> float:
    """CPU seconds of the same with rich's Progress."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    with open(os.devnull, "w", encoding="utf-8") as file:
        console = Console(file=file, force_terminal=True, width=COLUMNS)
        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[postfix]}"))
        with Progress(TextColumn("{task.description}"), *columns, console=console, auto_refresh=False) as progress:
            one = progress.add_task("train", total=FRAMES * 3, postfix="")
            two = progress.add_task("epoch", total=40, postfix="")
            began = time.process_time()
            for done, _ in bar_values():
                postfix = f"loss={2.5 - done / 4000:.4f} lr={3e-4:.2e}"
                progress.update(one, completed=done, postfix=postfix)
                progress.update(two, completed=done % 40, postfix=postfix)
                progress.refresh()
            return time.process_time() - began


class Traffic(NamedTuple):
    """Of all bar frames: writes a frame, bytes a frame, and the same against drawing the whole region."""

    writes: float
    bytes: float
    share: float


def bar_traffic() -> Traffic:
    """What the bars' frames send."""
    sink = Sink()
    asyncio.run(_our_bars(sink))
    whole = sum(len(_redrawn(*our_rows(done, passed)).encode()) for done, passed in bar_values())
    return Traffic(sink.writes / FRAMES, sink.bytes / FRAMES, sink.bytes / whole)


def _redrawn(*rows: str) -> str:
    return "\r" + ansi.ERASE_BELOW + "\n".join(rows) + "\r" + ansi.up(len(rows) - 1)


def against(ours: Callable[[], float], theirs: Callable[[], float], rounds: int = 9) -> float:
    """Ours as a share of theirs: the median of pairs taken in turn."""
    ours(), theirs()
    return statistics.median(ours() / theirs() for _ in range(rounds))


def rich_grid(look: Callable[[], list[list[str]]], frames: int) -> float:
    """CPU seconds of refreshing a table of the fleet in rich's Live."""
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

    console = Console(file=StringIO(), force_terminal=True, width=200, height=50)
    with Live(console=console, auto_refresh=False) as live:
        began = time.process_time()
        for _ in range(frames):
            table = Table()
            rows = look()
            for number in range(len(rows[0])):
                table.add_column("node" if not number else f"GPU {number - 1}")
            for row in rows:
                table.add_row(*row)
            live.update(table, refresh=True)
        return time.process_time() - began
