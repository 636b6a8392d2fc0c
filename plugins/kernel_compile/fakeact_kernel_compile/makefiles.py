"""What each directory of the tree has to make, as the data files say it.

A section ``[fs/ext4]`` is a directory. In it stand, in the order in which kbuild begins them::

    CC balloc bitmap        objects, without their .o (also AS, HOSTCC; other tags with full names)
    jbd2/                   a directory that has a section of its own
    > LDS vdso64.lds        a command that waits for all commands before it
    >> LEX lexer.lex.c      the same, and all that comes after waits for it
    > LD =vmlinux.o ~2.5    a name that is not below the directory; the seconds it usually takes
    | ln -sf ../fixdep      a line as it stands
    AR                      all that is built in goes into built-in.a
    M xfs: xfs_trace crc.S  a module and its parts, if it has several

Names in a section like ``[#tree]`` are paths from the top. ``@`` is the absolute path of the tree.
"""

import pkgutil
from dataclasses import dataclass, field
from functools import cache

_COMPILERS = {"CC", "AS", "HOSTCC"}


@dataclass(frozen=True)
class Command:
    """A command that is to be run."""

    tag: str
    echo: str
    waits: bool = False
    """Whether all before it has to be done."""
    holds: bool = False
    """Whether it has to be done before all that comes after."""
    typical: float | None = None
    """Seconds that it usually takes, where its tag doesn't say."""


@dataclass(frozen=True)
class KernelModule:
    """A loadable module, and the objects that are linked into it if they are several; without suffix."""

    path: str
    parts: tuple[tuple[str, str], ...] = ()
    """Tag and path."""


@dataclass
class Directory:
    """What one make has to do: commands and directories in order, and modules."""

    path: str
    steps: list[Command | str] = field(default_factory=list)
    modules: list[KernelModule] = field(default_factory=list)
    archive: bool = False

    def within(self, name: str) -> str:
        """The path of a file that the data name."""
        if self.path.startswith("#") or name.startswith(("=", "#")):
            return name.removeprefix("=")
        return f"{self.path}/{name}"


def kbuild_line(tag: str, target: str) -> str:
    """A command as kbuild echoes it.

    >>> kbuild_line("CC", "mm/slub.o"), kbuild_line("CC [M]", "fs/fuse/dev.o")
    ('  CC      mm/slub.o', '  CC [M]  fs/fuse/dev.o')
    """
    return f"  {tag:<7} {target}"


@cache
def makefiles(name: str) -> dict[str, Directory]:
    """The directories of a data file, by path."""
    data = pkgutil.get_data(__package__, f"data/{name}.txt")
    assert data is not None
    directories: dict[str, Directory] = {}
    for line in data.decode().splitlines():
        if line.startswith("["):
            directory = directories[line[1:-1]] = Directory(line[1:-1])
        else:
            _read(line, directory)
    return directories


def _read(line: str, directory: Directory) -> None:
    tag, _, names = line.partition(" ")
    if not names and tag.endswith("/"):
        directory.steps.append(directory.within(tag[:-1]))
    elif line == "AR":
        directory.archive = True
    elif tag == "M":
        directory.modules.append(_module(names, directory))
    elif tag in (">", ">>"):
        directory.steps.append(_command(names, directory, waits=True, holds=tag == ">>"))
    elif tag in _COMPILERS:
        directory.steps += [_command(f"{tag} {name}.o", directory) for name in names.split()]
    else:
        directory.steps.append(_command(line, directory))


def _command(text: str, directory: Directory, *, waits: bool = False, holds: bool = False) -> Command:
    text, _, typical = text.partition(" ~")
    tag, _, name = text.partition(" ")
    echo = name if tag == "|" else kbuild_line(tag, directory.within(name))
    return Command(tag, echo, waits, holds, float(typical) if typical else None)


def _module(text: str, directory: Directory) -> KernelModule:
    name, _, parts = text.partition(":")
    return KernelModule(directory.within(name), tuple(_part(part, directory) for part in parts.split()))


def _part(name: str, directory: Directory) -> tuple[str, str]:
    return ("AS [M]" if name.endswith(".S") else "CC [M]"), directory.within(name.removesuffix(".S"))
