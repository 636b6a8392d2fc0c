"""Files that are written whole or not at all, and never over another one unless that is wanted."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from fakeact.errors import UsageError

MODE = 0o666
"""Who may read and write a new file, before the user's mask is taken off."""


def refuse_to_overwrite(path: Path, force: bool) -> None:
    """Raise UsageError if nothing may or can be written there."""
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}")
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name a file in it")
    if path.exists() and not force:
        raise UsageError(f"{path} is there already: --force writes over it")


def write_whole(path: Path, content: str, force: bool = False) -> None:
    """Write a file; whatever happens meanwhile, the file is there as a whole or as it was before.

    Raises UsageError if it may not or can't be written.
    """
    refuse_to_overwrite(path, force)
    try:
        if path.exists() and not path.is_file():  # /dev/stdout, a named pipe: nothing to put in its place
            path.write_text(content, encoding="utf-8", newline="")
        else:
            _replace(path.resolve() if force else path, content, force)
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror or error}") from None


def _replace(path: Path, content: str, force: bool) -> None:
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:
            file.write(content)
        os.chmod(beside, MODE & ~_mask())
        if force:
            os.replace(beside, path)
        else:
            _put(beside, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(beside)


def _put(beside: str, path: Path) -> None:
    """Give the file its name, unless somebody else has taken that meanwhile."""
    try:
        os.link(beside, path)
    except FileExistsError:
        raise UsageError(f"{path} is there already: --force writes over it") from None
    except OSError:  # a file system without links
        os.replace(beside, path)


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
