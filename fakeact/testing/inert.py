"""Seeing what a module does to the machine: an audit hook, and an environment that notes who asks."""

import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_PREFIXES = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "os.spawn", "pty.",
             "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod",
             "os.putenv", "os.unsetenv", "shutil.", "tempfile.", "ftplib.", "smtplib.", "urllib.", "webbrowser.",
             "ctypes.dlopen")  # fmt: skip
_OF_THE_LOOP = {"socket.__new__", "socket.connect", "socket.bind"}
"""What an event loop does for itself: its self-pipe is a pair of sockets."""

_LOOP = ("asyncio.selector_events", "")
_IMPORTER = ("importlib._bootstrap_external", "set_data")
"""Where Python keeps what it has compiled of the files it imports: nothing that a show does."""
_EXCUSED = {"fakeact", "asyncio", "importlib", "numpy", "scipy"}
"""Packages whose own look at the environment says nothing about the module under test."""

_CORE = ("fakeact.outputs", "")
"""Where the core writes a file that was named in an option, for a module that never opens one itself."""

_seen: list[str] | None = None
_asked: frozenset[str] = frozenset()
_installed = False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _seen is None:
        return
    if event == "open":
        path, mode, flags = arguments
        writing = any(letter in (mode or "") for letter in "wax+") or bool(
            isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and not mode
        )
        if writing and not _called_by(*_IMPORTER) and not _is_asked(str(path)):
            _seen.append(f"open {path!r} for writing")
    elif event in ("os.rename", "os.remove") and _is_asked(str(arguments[0])):
        return
    elif event.startswith(_PREFIXES) and not _called_by(*(_LOOP if event in _OF_THE_LOOP else _IMPORTER)):
        _seen.append(event)


def _is_asked(path: str) -> bool:
    """True if the core writes this file, or the one beside it that will take its place, as it was asked to."""
    return path.removesuffix(".tmp") in _asked and _called_by(*_CORE)


def _called_by(module: str, function: str = "") -> bool:
    """True if that module (or that function of it) is among those that wait for this call."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - the only way to see who calls
    while frame is not None:
        if frame.f_globals.get("__name__") == module and function in ("", frame.f_code.co_name):
            return True
        frame = frame.f_back
    return False


class _Environment(dict[str, str]):
    """Notes the names that are asked for."""

    def __getitem__(self, name: str) -> str:
        _note(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        _note(name)
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        _note(name)
        return super().get(name, default)


def _note(name: object) -> None:
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001
    while frame is not None and frame.f_globals.get("__name__") == "os":  # os.getenv asks for somebody else
        frame = frame.f_back
    caller = frame.f_globals.get("__name__", "") if frame else ""
    if _seen is not None and caller.partition(".")[0] not in _EXCUSED:
        _seen.append(f"environment variable {name}")


@contextmanager
def acts(asked: Iterable[str] = ()) -> Iterator[list[str]]:
    """Collect what is done to the machine meanwhile. The hook stays, as audit hooks do, but sleeps.

    *asked* are files that the core may write, and nobody else.
    """
    global _seen, _asked, _installed  # noqa: PLW0603 - an audit hook can't be given back, nor told who asks
    if not _installed:
        sys.addaudithook(_audit)
        _installed = True
    _seen, _asked, environment = [], frozenset(asked), os.environ
    os.environ = _Environment(environment)  # type: ignore[assignment]  # noqa: B003 - only the reading counts
    try:
        yield _seen
    finally:
        os.environ = environment  # noqa: B003
        _seen, _asked = None, frozenset()


@contextmanager
def naps(home: str, seen: list[float]) -> Iterator[None]:
    """Note in *seen* how long time.sleep is asked to block this thread meanwhile; it returns at once.

    *home* is a module of the package in which the name may have been imported.
    """
    real, here = time.sleep, threading.get_ident()

    def nap(seconds: float) -> None:
        if threading.get_ident() == here:
            seen.append(seconds)
        else:
            real(seconds)

    package = home.partition(".")[0]
    theirs = [vars(each) for name, each in list(sys.modules.items()) if name.partition(".")[0] == package]
    places = [(names, name) for names in [vars(time), *theirs] for name, value in names.items() if value is real]
    for names, name in places:
        names[name] = nap
    try:
        yield
    finally:
        for names, name in places:
            names[name] = real
