"""Discovery: one by one, so that a broken plugin costs a line."""

import os
from collections.abc import Iterator
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from zipfile import ZipFile

import pytest

from fakeact import IO, Module, hookimpl, plugins
from fakeact.entries import Entry, entries
from fakeact.errors import PluginError
from fakeact.plugins import Plugins, Source, add_plugin, discover

GOOD = """
from fakeact import Module, hookimpl
async def run(io, rng): "Does {name} things."
@hookimpl
def fakeact_modules(): return [Module({name!r}, "./{name}", run)]
"""


def describe(where: Path, distribution: str, entry_points: str) -> None:
    """Lay down a distribution's metadata as installers do."""
    folder = where / f"{distribution.replace('-', '_')}-1.2.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {distribution}\nVersion: 1.2\n\nAbout.")
    (folder / "entry_points.txt").write_text(entry_points)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Installs plugins from source texts, each as a distribution of its own."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(plugins, "entries", partial(entries, places=[str(tmp_path)]))
    count = iter(range(100))

    def one(name: str, source: str, distribution: str = "", again: bool = False) -> None:
        package = f"probe_{name}_{next(count)}"
        (tmp_path / f"{package}.py").write_text(source)
        for owner in [distribution or f"dist-{name}", *["another"] * again]:
            describe(tmp_path, owner, f"[fakeact]\n{name} = {package}\n")

    return one


def test_plugins_are_found_and_named(install) -> None:  # type: ignore[no-untyped-def]
    """Every module is there under its name, with the distribution it comes from."""
    install("a", GOOD.format(name="a"))
    install("b", GOOD.format(name="b"))
    found = discover()
    assert list(found.modules) == ["a", "b"]
    assert str(found.sources["b"]) == "plugin 'b' of dist-b 1.2"
    assert found.modules["a"].summary == "Does a things"
    assert found.refused == []


def test_only_the_wanted_plugin_is_imported(install) -> None:  # type: ignore[no-untyped-def]
    """-m NAME imports the entry point of that name and no other."""
    install("a", GOOD.format(name="a"))
    install("bad", "raise SystemError('must not be imported')")
    assert list(discover(["a"]).modules) == ["a"]
    assert discover(["a"]).refused == []


def test_a_name_that_is_no_entry_point_is_looked_for_everywhere(install) -> None:  # type: ignore[no-untyped-def]
    """A plugin may offer modules under other names than its own."""
    install("bundle", GOOD.format(name="inside"))
    assert "inside" in discover(["inside"]).modules


BROKEN = {
    "import": ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing'"),
    "syntax": ("def (:", "SyntaxError"),
    "raises": (
        "from fakeact import hookimpl\n@hookimpl\ndef fakeact_modules(): raise KeyError('x')",
        "KeyError: 'x'",
    ),
    "unknown_hook": (
        GOOD.format(name="x") + "\n@hookimpl\ndef fakeact_modles(): return []",
        "there is no hook 'fakeact_modles'; there are fakeact_modules, fakeact_show_finished, fakeact_show_",
    ),
    "wrong_thing": (
        "from fakeact import hookimpl\n@hookimpl\ndef fakeact_modules(): return ['x']",
        "gave 'str' where a Module was expected",
    ),
    "no_list": (
        "from fakeact import hookimpl\n@hookimpl\ndef fakeact_modules(): return 3",
        "must give a list",
    ),
    "wrong_arguments": (
        "from fakeact import hookimpl\n@hookimpl\ndef fakeact_show_started(colour): ...",
        "PluginValidationError",
    ),
    "not_async": (
        GOOD.format(name="x").replace("async ", ""),
        "module 'x': run is no 'async def'",
    ),
    "bad_name": (GOOD.format(name="x y"), "module name 'x y' has something else than letters"),
    "collides": (GOOD.format(name="a"), "plugin 'a' of dist-a 1.2 has a module 'a' already"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_costs_one_line(install, kind: str) -> None:  # type: ignore[no-untyped-def]
    """Each way to break is told in one line that names the culprit, and the others play on."""
    source, words = BROKEN[kind]
    install("a", GOOD.format(name="a"))
    install(kind, source)
    install("z", GOOD.format(name="z"))
    found = discover()
    assert sorted(found.modules) == ["a", "z"]
    (line,) = found.refused
    assert words in line
    assert f"plugin '{kind}' of dist-{kind} 1.2 is left out" in line
    assert f"--no-plugin {kind} switches it off" in line
    assert "\n" not in line


def test_a_refused_plugin_leaves_nothing_behind(install) -> None:  # type: ignore[no-untyped-def]
    """Of a plugin that offers one good and one bad module neither is taken up, nor its observers."""
    source = GOOD.format(name="good").replace("run)]", "run), Module('bad name', '', run)]")
    install("half", source + "\n@hookimpl\ndef fakeact_show_started(module): raise AssertionError")
    found = discover()
    assert found.modules == {}
    found.manager.hook.fakeact_show_started(module=None, seed="1/0")


def test_strict_raises_what_is_wrong(install) -> None:  # type: ignore[no-untyped-def]
    """For continuous integration a broken plugin is an error."""
    install("import", BROKEN["import"][0])
    with pytest.raises(PluginError, match="No module named 'no_such_thing'"):
        discover(strict=True)


def test_a_plugin_can_be_switched_off(install) -> None:  # type: ignore[no-untyped-def]
    """--no-plugin NAME does not even import it."""
    install("import", BROKEN["import"][0])
    assert discover(without=["import"]).refused == []


def test_an_entry_point_seen_twice_is_one_plugin(install) -> None:  # type: ignore[no-untyped-def]
    """A plugin installed on top of a wheel that has it already is folded, not refused."""
    install("a", GOOD.format(name="a"), again=True)
    found = discover()
    assert list(found.modules) == ["a"]
    assert found.refused == []


def test_observers_are_called_through_pluggy() -> None:
    """A hook implementation gets only the arguments it names."""
    heard: list[str] = []

    class Observer:
        @hookimpl
        def fakeact_show_started(self, module: Module) -> None:
            heard.append(module.name)

    async def run(io: IO, rng: object) -> None: ...

    found = Plugins()
    add_plugin(found, Source("observer", "observer"), Observer)
    found.manager.hook.fakeact_show_started(module=Module("x", "", run), seed="1/0")
    assert heard == ["x"]


@pytest.mark.parametrize("group", ["fakeact", "console_scripts", "pytest11", "no_such_group"])
def test_entry_points_are_those_that_importlib_finds(group: str) -> None:
    """What is read from the metadata's files is what importlib.metadata tells of this very environment."""
    theirs = {(e.name, e.value, e.dist.name, e.dist.version) for e in entry_points(group=group) if e.dist}
    ours = {tuple(entry) for entry in entries(group)}
    assert {entry[:2] for entry in ours} == {entry[:2] for entry in theirs}
    assert ours <= theirs


def test_odd_metadata_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """Other groups, comments, blanks and extras don't disturb, and a lost METADATA costs only the names."""
    describe(tmp_path, "odd-one", "[other]\nx = y\n\n# a = b\n[fakeact]\n  nap=naps:shows.now [all]\nbroken\n")
    (found,) = entries("fakeact", [str(tmp_path), str(tmp_path / "missing")])
    assert found == ("nap", "naps:shows.now [all]", "odd-one", "1.2")
    (tmp_path / "odd_one-1.2.dist-info" / "METADATA").unlink()
    (found,) = entries("fakeact", [str(tmp_path)])
    assert found[2:] == ("?", "?")


def test_an_entry_point_may_name_something_in_a_module() -> None:
    """A value is a module, or a module and a path in it, with extras that don't matter here."""
    assert Entry("x", "os.path").load() is os.path
    assert Entry("x", "os: path.join [extra]").load() is os.path.join


def test_the_first_of_two_distributions_of_a_name_counts(tmp_path: Path) -> None:
    """As for modules, an earlier place on the path hides a later one."""
    for place, package in (("near", "mine"), ("far", "theirs")):
        (tmp_path / place).mkdir()
        describe(tmp_path / place, "twice", f"[fakeact]\na = {package}\n")
    assert [e.value for e in entries("fakeact", [str(tmp_path / "near"), str(tmp_path / "far")])] == ["mine"]


def test_a_plugin_in_a_zip_file_is_found_by_importlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the path holds an archive, importlib.metadata is asked, which can read it."""
    describe(tmp_path, "packed", "[fakeact]\nzipped = zipped_plugin\n")
    with ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in (tmp_path / "packed-1.2.dist-info").iterdir():
            archive.write(path, f"packed-1.2.dist-info/{path.name}")
    monkeypatch.syspath_prepend(str(tmp_path / "all.zip"))
    assert ("zipped", "zipped_plugin", "packed", "1.2") in entries("fakeact")
