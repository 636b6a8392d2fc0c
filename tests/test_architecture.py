"""What may import what, and which things stand in one place only: read from the syntax trees."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = sorted((ROOT / "fakeact").rglob("*.py"))
PLUGINS = sorted(path for path in (ROOT / "plugins").glob("*/fakeact_*/**/*.py"))

# Who may import what of the core. Rooms lower in the list know nothing of those above.
ARROWS = {
    "cli": "arguments checking ending errors hints installing integrations listing module newplugin observers options "
    "outputs plugins printing recorder runner session settings signals stages telling",
    "recorder": "errors playing plugins recording runner settings signals telling",
    "playing": "ending errors hints module options outputs plugins recording runner session signals stages",
    "recording": "ansi clock ending errors outputs runner screen stages watchdog",
    "outputs": "errors",
    "checking": "errors hints options plugins testing",
    "installing": "errors",
    "pytest_plugin": "module testing",
    "newplugin": "entries errors",
    "printing": "arguments errors options plugins",
    "observers": "ansi errors module plugins settings stages",
    "telling": "errors module plugins",
    "settings": "errors hints",
    "integrations": "",
    "prompt": "ansi io style",
    "session": "clock ending errors keys runner screen signals stages tidying watchdog",
    "watchdog": "clock errors",
    "keys": "ending",
    "arguments": "errors hints integrations settings units",
    "listing": "ansi options plugins",
    "runner": "clock ending errors exit io module prompt screen",
    "options": "errors hints module outputs",
    "plugins": "entries errors hookspecs module",
    "hookspecs": "module",
    "signals": "ending",
    "io": "ansi canvas clock ending errors exit loading screen",
    "screen": "canvas ending stages",
    "canvas": "ansi rows",
    "rows": "ansi",
    "stages": "ansi stages",
    "style": "ansi",
    "widgets": "ansi style units widgets",
    "units": "",
    "loading": "",
    "tidying": "",
    "module": "",
    "clock": "",
    "ending": "",
    "errors": "",
    "entries": "",
    "exit": "",
    "hints": "",
    "ansi": "",
}
PUBLIC_FOR_PLUGINS = {"IO", "Module", "hookimpl", "Exit", "Output"}
FOR_PLUGINS = {"ansi", "style", "units", "widgets", "testing"}
HOST_MODULES = {
    "os", "sys", "signal", "threading", "time", "subprocess", "socket", "shutil", "tempfile",
    "multiprocessing", "urllib", "http", "ssl", "ctypes", "secrets", "uuid", "getpass", "platform",
}  # fmt: skip


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Modules a file imports, and whether it does so at the top (not in a function or for types only)."""
    tree = ast.parse(path.read_text())
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, id(node) in top
            for alias in node.names:
                yield f"{node.module}.{alias.name}", id(node) in top


def room(path: Path) -> str:
    return path.relative_to(ROOT / "fakeact").parts[0].removesuffix(".py")


def test_imports_in_the_core_point_one_way() -> None:
    """No room imports one that it is not meant to know."""
    rooms = {room(path) for path in CORE} - {"__init__", "__main__", "testing"}
    assert rooms == set(ARROWS)
    for path in CORE:
        if room(path) not in ARROWS:
            continue
        for name, _ in imports(path):
            parts = name.split(".")
            if parts[0] == "fakeact" and len(parts) > 1 and parts[1] in rooms - {room(path)}:
                assert parts[1] in ARROWS[room(path)].split(), f"{path.name} imports {name}"


def test_the_core_knows_no_plugin() -> None:
    """Nothing in the core imports a module's package."""
    for path in CORE:
        assert not [name for name, _ in imports(path) if name.startswith("fakeact_")], path


def test_plugins_use_the_public_rooms_only() -> None:
    """A bundled plugin imports what a third party's may."""
    for path in PLUGINS:
        for name, _ in imports(path):
            if name.startswith("fakeact."):
                assert name.split(".")[1] in FOR_PLUGINS | PUBLIC_FOR_PLUGINS, f"{path}: {name}"


def test_no_host_in_a_plugin() -> None:
    """What a show needs to know about the machine it asks io."""
    for path in PLUGINS:
        assert not [name for name, _ in imports(path) if name.split(".")[0] in HOST_MODULES], path


def test_plugins_neither_print_nor_open_files() -> None:
    """Text goes through io; nothing is opened by a module."""
    for path in PLUGINS:
        called = {node.func.id for node in ast.walk(ast.parse(path.read_text()))
                  if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
        assert not called & {"print", "open", "exec", "eval", "input"}, path


def test_escape_sequences_stand_in_one_file() -> None:
    """Only ansi.py spells out an escape character."""
    for path in CORE + PLUGINS:
        if path.name != "ansi.py":
            assert not any(spelling in path.read_text() for spelling in ("\\x1b", "\\033", "\\e[", "\x1b")), path


@pytest.mark.parametrize(
    "package", sorted({path.parent for path in PLUGINS if path.parent.name.startswith("fakeact_")})
)
def test_entry_modules_are_light(package: Path) -> None:
    """Importing a plugin's entry module loads neither numpy nor scipy."""
    code = f"import sys; import {package.name}; sys.exit(any(n in sys.modules for n in ('numpy', 'scipy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_files_stay_small() -> None:
    """A file does one thing: none is longer than three screens of a large monitor."""
    long = {path.name: n for path in CORE + PLUGINS if (n := path.read_text().count("\n")) > 300}
    assert not long
