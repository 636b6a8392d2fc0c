"""One show from its first moment to its last, on a stage in real time."""

import sys
from contextlib import suppress
from datetime import datetime

from fakeact.clock import Clock, RealWall, ShowLoop
from fakeact.ending import Over, Reason
from fakeact.errors import ModuleError
from fakeact.keys import Keys
from fakeact.runner import Observe, Programme, Runner
from fakeact.screen import Screen
from fakeact.signals import Signals
from fakeact.stages import Stage
from fakeact.tidying import give_back
from fakeact.watchdog import Watchdog


class Session:
    """A programme played on a stage; afterwards ``over`` says what ended it.

    As a *saver* any key ends it. With *debug* asyncio reports what a module has left lying about.
    """

    def __init__(
        self, programme: Programme, stage: Stage, speed: float, observe: Observe, *, saver: bool, debug: bool
    ) -> None:
        self.over = Over()
        self._stage, self._seconds = stage, programme.most_seconds
        self._clock = Clock(RealWall(), speed)
        self._screen = Screen(stage, self.over)
        self._clock.on_frame = self._screen.show
        self._runner = Runner(programme, self._screen, self._clock, self.over, observe, tidy=give_back)
        self._loop = ShowLoop(self._clock)
        self._watchdog = Watchdog(self._clock, self._evict)
        self._keys = Keys(self.over, self._loop, sys.stdin, lambda: self._clock.playing) if saver else None
        if not debug:
            self._loop.set_exception_handler(lambda _loop, _context: None)

    @property
    def all_broken(self) -> bool:
        """True if every module failed."""
        return self._runner.all_broken

    @property
    def seconds(self) -> float:
        """Playing time since the beginning."""
        return self._clock.playing

    def play(self) -> None:
        """Play until it is over, and leave the terminal as it was found."""
        self._enter()
        try:
            with Signals(
                self.over,
                self._loop,
                rescue=self._rescue,
                pause=self._pause,
                resume=self._resume,
                resized=self._screen.resized,
                patrol=self._watchdog.look,
            ) as signals:
                if self._seconds is not None:
                    signals.watch(self._seconds)
                self._loop.run_until_complete(self._runner.play(datetime.now()))
            if self.over.reason is Reason.SIGNAL:
                self._screen.wipe()
        finally:
            self._leave()
            self._loop.close()

    def _enter(self) -> None:
        self._stage.open()
        if self._keys:
            self._keys.open()

    def _leave(self) -> None:
        if self._keys:
            self._keys.close()
        self._screen.leave()

    def _evict(self, error: ModuleError) -> None:
        self._loop.call_soon_threadsafe(self._runner.evict, error)

    def _rescue(self) -> None:
        """Give the terminal back from within a signal handler, in whatever state the picture is."""
        with suppress(Exception):
            self._screen.finish()
        self._leave()

    def _pause(self) -> None:
        self._screen.pause()
        self._leave()

    def _resume(self) -> None:
        self._watchdog.forget()
        self._enter()
        self._screen.show()
