"""Finding plugins, one by one, so that a broken one costs a line and not the show."""

import inspect
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from io import StringIO
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

import pluggy

from fakeact import hookspecs
from fakeact.entries import entries
from fakeact.errors import PluginError
from fakeact.module import Module, problem

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "fakeact"
API_VERSION = 1
"""The contract between fakeact and plugins; ``docs/compatibility.md`` says what it covers."""
MOST_MODULES = 1000
"""Modules that one plugin may offer: more is a generator that has lost its way."""
hookimpl = pluggy.HookimplMarker(GROUP)


class Source(NamedTuple):
    """Where a plugin comes from: an entry point, and the distribution that has it."""

    name: str
    value: str
    distribution: str = "?"
    version: str = "?"

    def __str__(self) -> str:
        return f"plugin {self.name!r} of {self.distribution} {self.version}"


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    return manager


class Plugins:
    """What was found: the modules by name, where each comes from, and a line for each plugin left out.

    The remarks are about plugins that are used all the same.
    """

    def __init__(self) -> None:
        self.modules: dict[str, Module] = {}
        self.sources: dict[str, Source] = {}
        self.refused: list[str] = []
        self.remarks: list[str] = []
        self.manager = _manager()


def discover(
    wanted: Collection[str] = (),
    without: Collection[str] = (),
    *,
    files: Sequence["Path"] = (),
    installed: bool = True,
    strict: bool = False,
) -> Plugins:
    """Load plugins: *files* first, then those installed, or where all *wanted* modules have one, only theirs.

    With *strict* a plugin that can't be used raises PluginError; otherwise its line stands in ``refused``.
    """
    found = Plugins()
    for source, load in chain(_from_files(files), _from_entry_points(wanted, found) if installed or wanted else ()):
        if source.name in without:
            continue
        try:
            add_plugin(found, source, load)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit, too: a plugin does not decide when we end
            if strict:
                raise PluginError(_refusal(source, error)) from error
            found.refused.append(_refusal(source, error))
    return found


Loadable = tuple["Source", Callable[[], object]]


def _from_files(files: Sequence["Path"]) -> Iterator[Loadable]:
    """A Python file is a plugin if it implements a hook."""
    for path in files:
        yield Source(path.stem, str(path), str(path), "(a file)"), partial(_load_file, path)


def _load_file(path: "Path") -> object:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path} is no Python file")
    module = module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module


def _from_entry_points(wanted: Collection[str], found: Plugins) -> Iterator[Loadable]:
    missing = set(wanted) - found.modules.keys()
    if wanted and not missing:
        return
    there = entries(GROUP)
    only = missing if missing and {entry.name for entry in there}.issuperset(missing) else None
    for entry in there:
        if only is None or entry.name in only:
            yield Source(*entry), entry.load


def _refusal(source: Source, error: BaseException) -> str:
    why = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}".removesuffix(": ")
    return f"{source} is left out: {' '.join(why.split())} (--no-plugin {source.name} switches it off)"


def add_plugin(found: Plugins, source: Source, load: Callable[[], object]) -> None:
    """Load a plugin and take up its modules, all or none; raises what is wrong with it."""
    before, sys.stdout = sys.stdout, (printed := StringIO())
    try:
        _take_up(found, source, load)
    finally:
        sys.stdout = before
    if printed.getvalue():
        found.remarks.append(f"{source} prints while it is loaded; that is not shown")


def _take_up(found: Plugins, source: Source, load: Callable[[], object]) -> None:
    plugin = load()
    _refuse_other_versions(plugin)
    found.manager.register(plugin, name=f"{source.name} = {source.value}")
    try:
        _refuse_unknown_hooks(found.manager, plugin)
        modules = _modules_of(found.manager, plugin)
        _refuse_unfit(found, modules)
    except BaseException:
        found.manager.unregister(plugin)
        raise
    for module in modules:
        found.modules[module.name] = module
        found.sources[module.name] = source


def _refuse_other_versions(plugin: object) -> None:
    """A plugin may say which contract it is written for; one that says nothing is taken to fit."""
    wanted = getattr(plugin, "FAKEACT_API_VERSION", API_VERSION)
    if wanted != API_VERSION:
        which = "a newer" if isinstance(wanted, int) and wanted > API_VERSION else "another"
        raise PluginError(f"it is written for {which} fakeact: API version {wanted}, here it is {API_VERSION}")


def _refuse_unknown_hooks(manager: pluggy.PluginManager, plugin: object) -> None:
    known = sorted(name for name in vars(hookspecs) if name.startswith("fakeact_"))
    hooks = manager.get_hookcallers(plugin)
    if not hooks:
        raise PluginError("it implements no hook: is @hookimpl missing above fakeact_modules()?")
    for hook in hooks:
        if not hook.has_spec():
            raise PluginError(f"there is no hook {hook.name!r}; there are {', '.join(known)}")


def _modules_of(manager: pluggy.PluginManager, plugin: object) -> list[Module]:
    others = [other for other in manager.get_plugins() if other is not plugin]
    hook = manager.subset_hook_caller("fakeact_modules", others)
    answers: list[Iterable[Module]] = hook()
    if len(answers) < len(hook.get_hookimpls()):  # pluggy leaves out who answers None
        raise PluginError("fakeact_modules() must give a list of modules, not None: is 'return' missing?")
    return [module for answer in answers for module in _listed(answer)]


def _listed(answer: Any) -> list[Module]:
    if inspect.iscoroutine(answer):
        answer.close()
        raise PluginError("fakeact_modules() must give a list of modules: it is no 'async def'")
    if isinstance(answer, str | Module) or not isinstance(answer, Iterable):
        raise PluginError(f"fakeact_modules() must give a list of modules, not {type(answer).__name__}")
    modules = list(islice(answer, MOST_MODULES + 1))
    if len(modules) > MOST_MODULES:
        raise PluginError(f"fakeact_modules() does not stop giving modules after {MOST_MODULES}")
    return modules


def _refuse_unfit(found: Plugins, modules: list[Module]) -> None:
    taken: dict[str, Source | None] = dict(found.sources)
    for module in modules:
        if complaint := problem(module):
            raise PluginError(complaint)
        if module.name in taken:
            raise PluginError(_taken(taken[module.name], module.name))
        taken[module.name] = None


def _taken(other: Source | None, name: str) -> str:
    return f"{other or 'it'} has a module {name!r} already"
