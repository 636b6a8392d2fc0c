"""Seeing what a module does to the machine: an audit hook, and an environment that notes who asks."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_PREFIXES = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "os.spawn", "pty.",
             "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod",
             "os.putenv", "os.unsetenv", "shutil.", "tempfile.", "ftplib.", "smtplib.", "urllib.", "webbrowser.",
             "ctypes.dlopen")  # fmt: skip
_OF_THE_LOOP = {"socket.__new__", "socket.connect", "socket.bind"}
"""What an event loop does for itself: its self-pipe is a pair of sockets."""

_seen: list[str] | None = None
_installed = False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _seen is None:
        return
    if event == "open":
        path, mode, flags = arguments
        writing = any(letter in (mode or "") for letter in "wax+") or bool(
            isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and not mode
        )
        # Python keeps what it has compiled of a module's own files; that is the importer's doing.
        if writing and "__pycache__" not in str(path):
            _seen.append(f"open {path!r} for writing")
    elif event.startswith(_PREFIXES) and not _of_the_loop(event):
        _seen.append(event)


def _of_the_loop(event: str) -> bool:
    """True if asyncio itself made this call, to wake its selector."""
    if event not in _OF_THE_LOOP:
        return False
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - the only way to see who calls
    while frame is not None:
        if frame.f_globals.get("__name__") == "asyncio.selector_events":
            return True
        frame = frame.f_back
    return False


class _Environment(dict[str, str]):
    """Notes the names that are asked for."""

    def __getitem__(self, name: str) -> str:
        self._note(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._note(name)
        return super().get(name, default)

    @staticmethod
    def _note(name: str) -> None:
        caller = sys._getframe(2).f_globals.get("__name__", "")  # noqa: SLF001
        if _seen is not None and not caller.startswith(("fakeact.", "asyncio", "importlib", "os", "numpy", "scipy")):
            _seen.append(f"environment variable {name}")


@contextmanager
def acts() -> Iterator[list[str]]:
    """Collect what is done to the machine meanwhile. The hook stays, as audit hooks do, but sleeps."""
    global _seen, _installed  # noqa: PLW0603 - an audit hook can't be given back, nor told who asks
    if not _installed:
        sys.addaudithook(_audit)
        _installed = True
    _seen, environment = [], os.environ
    os.environ = _Environment(environment)  # type: ignore[assignment]  # noqa: B003 - only the reading counts
    try:
        yield _seen
    finally:
        os.environ = environment  # noqa: B003
        _seen = None
