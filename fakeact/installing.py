"""The command that installs a plugin into this very environment. fakeact itself never runs it."""

import shlex
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from sysconfig import get_path
from typing import Any

from fakeact.errors import UsageError


def how_to_install(name: str) -> str:
    """One line: pipx, uv tool, uv, or pip of this interpreter, whichever made this environment."""
    if not name.strip() or name.startswith("-"):
        raise UsageError(f"{name!r} is no plugin: name a distribution, a wheel or a folder")
    return f"{shlex.join(command(name, Path(sys.prefix), sys.executable, outside=_outside()))}\n"


def _outside() -> tuple[str, ...]:
    """What pip has to be told where Python belongs to the system, or to nobody but the user."""
    if sys.prefix != sys.base_prefix:
        return ()
    managed = (Path(get_path("stdlib")) / "EXTERNALLY-MANAGED").exists()
    system = Path(__file__).is_relative_to(sys.prefix)
    return (*(() if system else ("--user",)), *(("--break-system-packages",) if managed else ()))


def command(name: str, prefix: Path, python: str, *, outside: tuple[str, ...] = ()) -> list[str]:
    """The words of the command for an environment at a place, told by what its maker has left there.

    >>> " ".join(command("fakeact-nap", Path("/nowhere"), "/nowhere/bin/python"))
    '/nowhere/bin/python -m pip install fakeact-nap'
    """
    if (prefix / "pipx_metadata.json").exists():
        return ["pipx", "inject", prefix.name, name]
    if (prefix / "uv-receipt.toml").exists():
        return [*_uv_tool(tomllib.loads((prefix / "uv-receipt.toml").read_text(encoding="utf-8")), name)]
    if {"archive-v0", "environments-v2"} & set(prefix.parts):  # uvx keeps its environments in uv's cache
        return ["uvx", "--with", name, "fakeact"]
    if "uv = " in _config(prefix) and not _has_pip(prefix):
        return ["uv", "pip", "install", "--python", python, name]
    return [python, "-m", "pip", "install", *outside, name]


def _uv_tool(receipt: Mapping[str, Any], name: str) -> list[str]:
    """Install the tool anew, with all it was installed with: uv forgets what it is not told of."""
    tool, *others = receipt["tool"]["requirements"]
    first = ["--editable", tool["editable"]] if "editable" in tool else [_requirement(tool)]
    words = ["uv", "tool", "install", *first]
    for other in others:
        if other["name"] != name:
            words += ["--with-editable", other["editable"]] if "editable" in other else ["--with", _requirement(other)]
    return [*words, "--with", name]


def _requirement(entry: Mapping[str, Any]) -> str:
    """A requirement of a receipt as it is said on a command line."""
    extras = f"[{','.join(entry['extras'])}]" if entry.get("extras") else ""
    for kind, before in (("directory", ""), ("path", ""), ("url", ""), ("git", "git+")):
        if kind in entry:
            return f"{before}{entry[kind]}{extras}"
    return f"{entry['name']}{extras}{entry.get('specifier', '')}"


def _has_pip(prefix: Path) -> bool:
    return any(any(prefix.glob(where)) for where in ("lib/*/site-packages/pip", "Lib/site-packages/pip"))


def _config(prefix: Path) -> str:
    try:
        return (prefix / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
