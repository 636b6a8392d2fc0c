"""Discovery: one by one, so that a broken plugin costs a line."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import pytest

from fakeact import IO, Module, hookimpl, plugins
from fakeact.plugins import Plugins, Source, add_plugin, discover

GOOD = """
from fakeact import Module, hookimpl
async def run(io, rng): "Does {name} things."
@hookimpl
def fakeact_modules(): return [Module({name!r}, "./{name}", run)]
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Installs plugins from source texts, each as a distribution of its own."""
    monkeypatch.syspath_prepend(str(tmp_path))
    entries: list[EntryPoint] = []
    monkeypatch.setattr(plugins.importlib.metadata, "entry_points", lambda group: entries)

    def one(name: str, source: str, distribution: str = "", again: bool = False) -> None:
        package = f"probe_{name}_{len(entries)}"
        (tmp_path / f"{package}.py").write_text(source)
        for _ in range(1 + again):
            entry = EntryPoint(name, package, "fakeact")
            vars(entry)["dist"] = SimpleNamespace(name=distribution or f"dist-{name}", version="1.2")
            entries.append(entry)

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
    with pytest.raises(ModuleNotFoundError):
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
