"""From a signal to the end of the show, and out by that very signal."""

import math
import os
import signal
import socket
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import NoReturn, Self

from fakeact.ending import Over, Reason

GRACE = 0.7
"""Seconds from the first signal until a module that blocks the event loop is not waited for any more."""
LAST_WRITE = 0.2
"""Seconds a terminal has to take the last frame when a show is ended by force."""
PAUSED = 1.0
"""Seconds until the next patrol while the program is stopped, or has just been at its limit."""
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
_GENTLE = ("SIGTSTP", "SIGWINCH")
"""Signals after which the show goes on."""


def die(number: int) -> NoReturn:
    """End this process by a signal, so that whoever waits for it sees what happened.

    Exiting with status 130 instead would let a shell's loop go on after Ctrl-C.
    """
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    raise SystemExit(128 + number)  # only if the signal is blocked


class Signals:
    """While entered, signals end the show. What was ignored before (``nohup``) stays ignored.

    Should the show not end by itself, because a module blocks, or on a second signal, *rescue* is
    called and the process ends on the spot. Around a stop by Ctrl-Z, *pause* and *resume* are called, and *resized*
    when the terminal has another size. *patrol* is called from an alarm, with the frame that it interrupts, and
    gives the seconds until it wants to be called again.
    """

    def __init__(
        self,
        over: Over,
        loop: AbstractEventLoop,
        *,
        rescue: Callable[[], None],
        pause: Callable[[], None],
        resume: Callable[[], None],
        resized: Callable[[], None],
        patrol: Callable[[FrameType | None], float],
    ) -> None:
        self._over, self._loop = over, loop
        self._rescue, self._pause, self._resume, self._resized = rescue, pause, resume, resized
        self._numbers = [getattr(signal, name) for name in (*_NAMES, *_GENTLE) if hasattr(signal, name)]
        self._patrol = patrol
        self._first = 0
        self._leave_at = math.inf
        self._leaving = self._paused = False

    def __enter__(self) -> Self:
        # A byte written by the C handler wakes the loop even if it is just about to wait.
        self._ear, self._mouth = socket.socketpair()
        self._ear.setblocking(False)
        self._mouth.setblocking(False)
        self._wakeup_before = signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        self._loop.add_reader(self._ear, self._heard)
        self._before = {number: signal.getsignal(number) for number in self._numbers}
        for number, handler in self._before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, self._note)
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, self._alarm)
            self._alarm(0, None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if hasattr(signal, "setitimer"):
            self._wake_in(0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        self._loop.remove_reader(self._ear)
        self._ear.close()
        self._mouth.close()

    def _heard(self) -> None:
        for number in self._ear.recv(4096):
            if number == getattr(signal, "SIGTSTP", None):
                self._stop(number)
            elif number == getattr(signal, "SIGWINCH", None):
                self._resized()
            elif number in self._numbers:
                self._over.end(Reason.SIGNAL, number)

    def _stop(self, number: int) -> None:
        """Stop as the default action does; the next statement is executed when ``fg`` continues us."""
        self._paused = True
        self._pause()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, self._note)
        self._resume()
        self._paused = False

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number in {getattr(signal, name, None) for name in _GENTLE}:
            return
        if self._first:
            self._leave_now()
        self._first = number
        self._wake_in(GRACE)

    def _alarm(self, _number: int, frame: FrameType | None) -> None:
        """Leave if it is time to, or go on patrol."""
        if self._leaving or self._first or time.monotonic() >= self._leave_at:
            self._leave_now()
        self._wake_in(PAUSED)  # also if the patrol raises
        self._wake_in(PAUSED if self._paused else self._patrol(frame))

    def _wake_in(self, seconds: float) -> None:
        if hasattr(signal, "setitimer"):
            left = max(0.001, self._leave_at - time.monotonic())
            signal.setitimer(signal.ITIMER_REAL, min(seconds, left))

    def watch(self, seconds: float) -> None:
        """End the process after so much time, should the show not have ended by itself a little before."""
        self._leave_at = time.monotonic() + seconds + GRACE
        if hasattr(signal, "setitimer"):  # the patrol comes when it was to come: sooner, it would judge too soon
            self._wake_in(signal.getitimer(signal.ITIMER_REAL)[0] or PAUSED)

    def _leave_now(self) -> None:
        """Out, whatever the show is doing: it blocks, or its terminal takes nothing any more."""
        if not self._leaving:
            self._leaving, self._leave_at = True, math.inf
            self._wake_in(LAST_WRITE)
            self._rescue()
        if self._first:
            die(self._first)
        os._exit(0)
