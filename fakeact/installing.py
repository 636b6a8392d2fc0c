"""The command that installs a plugin into this very environment. fakeact itself never runs it."""

import sys
from importlib.metadata import entry_points
from pathlib import Path


def how_to_install(name: str) -> str:
    """One line: pipx, uv tool, or pip of this interpreter, whichever made this environment."""
    return f"{command(name, Path(sys.prefix), sys.executable, others())}\n"


def others() -> list[str]:
    """Distributions whose plugins are here already: uv's tool command forgets those it is not told of."""
    found = {entry.dist.name for entry in entry_points(group="fakeact") if entry.dist is not None}
    return sorted(found - {"fakeact"})


def command(name: str, prefix: Path, python: str, installed: list[str]) -> str:
    """The command for an environment at a place.

    >>> command("fakeact-nap", Path("/home/me/.local/share/pipx/venvs/fakeact"), "python", [])
    'pipx inject fakeact fakeact-nap'
    >>> command("fakeact-nap", Path("/home/me/.local/share/uv/tools/fakeact"), "python", ["fakeact-yawn"])
    'uv tool install fakeact --with fakeact-yawn --with fakeact-nap'
    >>> command("fakeact-nap", Path("/home/me/venv"), "/home/me/venv/bin/python", [])
    '/home/me/venv/bin/python -m pip install fakeact-nap'
    """
    parts = prefix.parts
    if "pipx" in parts and "venvs" in parts:
        return f"pipx inject {prefix.name} {name}"
    if "uv" in parts and "tools" in parts:
        together = [other for other in installed if other != name] + [name]
        return f"uv tool install {prefix.name} " + " ".join(f"--with {each}" for each in together)
    if not (prefix / "bin" / "pip").exists() and (prefix / "pyvenv.cfg").exists() and "uv = " in _config(prefix):
        return f"uv pip install --python {python} {name}"
    return f"{python} -m pip install {name}"


def _config(prefix: Path) -> str:
    return (prefix / "pyvenv.cfg").read_text(errors="replace")
