"""What a module plays on: text, time and chance of being told to stop.

Every method of :class:`IO` that can take time is a coroutine. Times are milliseconds of show time
(see :mod:`fakeact.clock`); widths are cells of the terminal.
"""

import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn, Self

from fakeact import ansi
from fakeact.errors import ModuleError, RegionError

if TYPE_CHECKING:
    import asyncio
    import threading
    from types import ModuleType, TracebackType

    from fakeact.canvas import Canvas
    from fakeact.clock import Clock
    from fakeact.ending import Over
    from fakeact.screen import Screen

FLOOD = 1 << 16
"""Characters a show may print without sleeping before they are let out and others get their turn."""
LEAST_MS = 0.001
"""A sleep is at least as long as what :meth:`IO.now` tells apart, or who sleeps until a date might never see it."""
DEAF = 1000
"""Times a module may be told that the show is over before it is taken for one that does not listen."""
SWITCH_INTERVAL = 0.0005
"""Seconds between turns of two threads while one imports: keeps frames and Ctrl-C within 15 ms."""


class IO:
    """One module's way to the screen and to the clock."""

    _importer: "ClassVar[threading.Thread | None]" = None
    """The thread that imports, or the last that has."""

    def __init__(
        self, screen: "Screen", clock: "Clock", over: "Over", started: datetime, instant_lines: int = 0
    ) -> None:
        self._screen, self._clock, self._over, self._started = screen, clock, over, started
        self._canvas = screen.canvas
        self._unsent = self._column = self._told = 0
        self._instant_lines = instant_lines
        self._sleepers: set[asyncio.Future[None]] = set()
        over.listen(self._wake_all)

    @property
    def width(self) -> int:
        """Columns of the terminal as it is now; 80 where that can't be known."""
        return self._screen.size()[0]

    @property
    def height(self) -> int:
        """Rows of the terminal as it is now; 24 where that can't be known."""
        return self._screen.size()[1]

    @property
    def motion(self) -> bool:
        """False in a pipe or a file, where a live region is not seen; many tools print other lines there."""
        return self._screen.motion

    def now(self) -> datetime:
        """The date and time of the show: when it was started, plus show time."""
        try:
            return self._started + timedelta(seconds=self._clock.show)
        except OverflowError:  # a million times as fast, left on for three days
            return datetime.max

    def should_exit(self) -> bool:
        """True once the show is over: time for a last word. Every sleep raises :class:`Exit` then."""
        return bool(self._over)

    @property
    def signal(self) -> int:
        """The signal that ended the show (2 is Ctrl-C's), or 0: what is imitated may have last words for it."""
        return self._over.signal

    async def print(self, text: object = "", end: str = "\n") -> None:
        """Print a line, or with ``end=""`` the beginning of one.

        Only colours and line feeds have an effect on the terminal; other control characters are dropped.
        """
        line = ansi.printable(f"{text}{end}", self._column)
        self._column = 0 if line.endswith("\n") else self._column + ansi.width(line.rpartition("\n")[2])
        self._canvas.write(line)
        if self._clock.hurry and self._canvas.lines >= self._instant_lines:
            self._clock.hurry = False
        self._unsent += len(line)
        if self._unsent >= FLOOD:
            self._unsent = 0
            self._screen.show()
            if self._over:
                self._tell()
            from asyncio import sleep

            await sleep(0)

    async def newline(self) -> None:
        """Print a line feed."""
        await self.print()

    async def dprint(self, text: object, delay_ms: float) -> None:
        """Print text character by character, sleeping after each; colour codes take no time."""
        for token in ansi.tokens(str(text)):
            await self.print(token, end="")
            if token[0] != ansi.ESC:
                await self.csleep(delay_ms)

    async def csleep(self, ms: float) -> None:
        """Sleep for milliseconds of show time; raises :class:`Exit` as soon as the show is over."""
        from asyncio import get_running_loop

        if self._over:
            self._tell()
        self._unsent = 0
        loop = get_running_loop()
        sleeper: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(max(LEAST_MS, ms) / 1000 if ms > 0 else 0.0, _wake, sleeper)
        self._sleepers.add(sleeper)
        try:
            await sleeper
        finally:
            timer.cancel()
            self._sleepers.discard(sleeper)

    def _tell(self) -> NoReturn:
        """Raise Exit; to a module that swallows it for ever, an error instead, or it would never end."""
        self._told += 1
        if self._told > DEAF:
            raise ModuleError("goes on after the show is over: let fakeact.Exit (a CancelledError) through")
        from fakeact.exit import Exit

        raise Exit

    async def cursor_up(self, rows: int = 1) -> None:
        """Move the cursor up to rewrite earlier lines. Raises :class:`RegionError` in a live region."""
        self._outside_region("cursor_up")
        self._canvas.cursor_up(rows)

    async def erase_line(self) -> None:
        """Empty the cursor's line and go to its start. Raises :class:`RegionError` in a live region."""
        self._outside_region("erase_line")
        self._canvas.erase_line()
        self._column = 0

    def _outside_region(self, what: str) -> None:
        if self._canvas.region:
            raise RegionError(f"{what} in a live region: print above it, or change its rows with show()")

    def live(self, *, keep: "bool | Literal['interrupted']" = False) -> "Live":
        """Pin rows at the bottom: ``async with io.live() as live: await live.show("row", "row")``.

        Whatever is printed meanwhile scrolls above them. At the end they go, or with *keep* they stay as
        ordinary lines; with ``keep="interrupted"`` only if Ctrl-C ends the show in their midst, as it leaves
        the progress of tools that simply die of it. Raises :class:`RegionError` if a region is up already.
        """
        if keep == "interrupted":
            return Live(self._canvas, lambda: self.motion and self.signal != 0)
        return Live(self._canvas, lambda: keep)

    def load(self, name: str) -> "asyncio.Future[ModuleType]":
        """Begin to import a heavy module; await what comes back where it is first needed.

        A thread does the work, one module after the other, so that frames and Ctrl-C go on. Where time is
        virtual it is done at once.
        Show time stands still for whoever waits, so the show does not depend on how long it took.
        """
        import threading
        from asyncio import get_running_loop

        loop = get_running_loop()
        future: asyncio.Future[ModuleType] = loop.create_future()
        if name in sys.modules or self._clock.virtual:
            _import(name, future, lambda report: report())
        else:
            self._screen.show()
            before = IO._importer
            IO._importer = threading.Thread(target=_import_aside, args=(name, future, loop, before), daemon=True)
            IO._importer.start()
        return future

    def _wake_all(self) -> None:
        from fakeact.exit import Exit

        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_exception(Exit())


class Live:
    """Rows pinned below the text, as an asynchronous context manager; made by :meth:`IO.live`."""

    def __init__(self, canvas: "Canvas", keep: Callable[[], bool]) -> None:
        self._canvas, self._keep = canvas, keep

    async def __aenter__(self) -> Self:
        if self._canvas.region:
            raise RegionError("a live region is up already: show all rows in one")
        self._canvas.open_region()
        return self

    async def show(self, *rows: str) -> None:
        """Choose the rows from now on: cropped to the width; where the screen is too low, the last of them.

        Raises :class:`RegionError` once the region is gone.
        """
        if not self._canvas.region:
            raise RegionError("this live region is gone: show its rows inside 'async with'")
        self._canvas.set_rows(rows)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self._canvas.close_region(keep=self._keep())


def _wake(sleeper: "asyncio.Future[None]") -> None:
    if not sleeper.done():
        sleeper.set_result(None)


Report = Callable[[], None]


def _import(name: str, future: "asyncio.Future[ModuleType]", hand_over: Callable[[Report], object]) -> None:
    """Import, and hand over what is to be reported to whoever may touch the future."""
    from fakeact.loading import load

    report: Callable[[Any], None] = future.set_result
    try:
        result: Any = load(name)
    except Exception as error:
        report, result = future.set_exception, error

    def settle() -> None:
        if not future.done():
            report(result)

    hand_over(settle)


def _import_aside(
    name: str,
    future: "asyncio.Future[ModuleType]",
    loop: "asyncio.AbstractEventLoop",
    before: "threading.Thread | None",
) -> None:
    """Import in a thread of its own, once the one before is done: frames share the interpreter with one at most.

    The show may have ended meanwhile, then nobody waits any more.
    """
    if before:
        before.join()
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        _import(name, future, lambda report: loop.is_closed() or loop.call_soon_threadsafe(report))
    finally:
        sys.setswitchinterval(usual)
