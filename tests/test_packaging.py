"""The root wheel carries everything, and every plugin builds alone."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLUGINS = sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))


def project(folder: Path) -> dict:  # type: ignore[type-arg]
    return tomllib.loads((folder / "pyproject.toml").read_text())


def wheel(folder: Path, out: Path) -> zipfile.ZipFile:
    """Builds a folder's wheel with what is installed here, without the network."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(folder)],
        check=True, capture_output=True,
    )  # fmt: skip
    return zipfile.ZipFile(next(out.glob("*.whl")))


def test_the_root_lists_what_the_plugins_have() -> None:
    """Entry points, packages and editable paths of the root are the union of the plugins' own."""
    root = project(ROOT)
    entries = {k: v for plugin in PLUGINS for k, v in project(plugin)["project"]["entry-points"]["fakeact"].items()}
    packages = [
        f"plugins/{plugin.name}/{package}"
        for plugin in PLUGINS
        for package in project(plugin)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    ]
    hatch = root["tool"]["hatch"]["build"]
    assert root["project"]["entry-points"]["fakeact"] == entries
    assert hatch["targets"]["wheel"]["packages"] == ["fakeact", *packages]
    assert hatch["dev-mode-dirs"] == [".", *(f"plugins/{plugin.name}" for plugin in PLUGINS)]
    assert root["tool"]["mypy"]["files"] == ["fakeact", *packages]


def test_a_plugin_depends_on_what_it_needs() -> None:
    """Whatever a plugin needs, the root needs too."""
    have = {line.split(">")[0] for line in project(ROOT)["project"]["dependencies"]} | {"fakeact"}
    for plugin in PLUGINS:
        assert {line.split(">")[0] for line in project(plugin)["project"]["dependencies"]} <= have


def test_the_root_wheel_carries_core_and_plugins(tmp_path: Path) -> None:
    """One wheel has every package with its data, and the command."""
    names = wheel(ROOT, tmp_path).namelist()
    for package in ("fakeact", *(f"fakeact_{plugin.name}" for plugin in PLUGINS)):
        assert f"{package}/__init__.py" in names
        assert f"{package}/py.typed" in names
    assert "fakeact/stages/terminal.py" in names
    assert not [name for name in names if "tests/" in name and not name.startswith("fakeact/templates/")]
    templates = [path for path in (ROOT / "fakeact" / "templates").rglob("*") if path.is_file()]
    assert len(templates) > 6
    assert {str(path.relative_to(ROOT).as_posix()) for path in templates} <= set(names)
    data = list((ROOT / "plugins").glob("*/fakeact_*/**/*.json"))
    assert all(str(path.relative_to(ROOT / "plugins").as_posix()).partition("/")[2] in names for path in data)


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_each_plugin_builds_alone(plugin: Path, tmp_path: Path) -> None:
    """A plugin's own wheel has its package, its entry point and its licence."""
    archive = wheel(plugin, tmp_path)
    names = archive.namelist()
    assert f"fakeact_{plugin.name}/__init__.py" in names
    assert not [name for name in names if "tests/" in name]
    entry = next(name for name in names if name.endswith("entry_points.txt"))
    assert f"{plugin.name} = fakeact_{plugin.name}" in archive.read(entry).decode()
    assert any("LICENSE" in name for name in names)


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_each_plugin_is_laid_out_to_be_published(plugin: Path) -> None:
    """A README, a licence, tests and a type marker stand where a third party would have them."""
    for name in ("README.md", "LICENSE", "tests", f"fakeact_{plugin.name}/py.typed"):
        assert (plugin / name).exists(), name
