"""What the runner tells, passed on to plugins and, for a module that failed, to the user."""

import os
from collections.abc import Callable
from typing import Any

from fakeact.errors import ModuleError
from fakeact.module import Module
from fakeact.plugins import Plugins


class Teller:
    """Calls the observers' hooks; an observer that fails is told of and not called again."""

    def __init__(self, found: Plugins, complain: Callable[[object], object], debug: bool) -> None:
        self._found, self._complain, self._debug = found, complain, debug

    def __call__(self, what: str, **facts: Any) -> None:
        """Pass on that a show has ``started`` or ``finished``."""
        self._call_hooks(f"fakeact_show_{what}", facts)
        if facts.get("error") is not None:
            self._report(facts["module"], facts["error"])

    def _call_hooks(self, name: str, facts: dict[str, Any]) -> None:
        manager = self._found.manager
        for plugin in manager.get_plugins():
            others = [other for other in manager.get_plugins() if other is not plugin]
            try:
                manager.subset_hook_caller(name, others)(**facts)
            except Exception as error:
                where = manager.get_name(plugin)
                manager.unregister(plugin)
                self._complain(f"observer {where!r} is left out: {_reason(error)}")

    def _report(self, module: Module, error: Exception) -> None:
        source = self._found.sources.get(module.name)
        whose = f" of {source.distribution} {source.version}" if source else ""
        remedy = f"-x {module.name} leaves it out, FAKEACT_DEBUG=1 tells more"
        self._complain(f"module {module.name!r}{whose} failed: {_reason(error)}{_place(error, module)} ({remedy})")
        if self._debug:
            import traceback

            traceback.print_exception(error)


def _reason(error: Exception) -> str:
    named = str(error) if isinstance(error, ModuleError) else f"{type(error).__name__}: {error}"
    return " ".join(named.removesuffix(": ").split())


def _place(error: Exception, module: Module) -> str:
    """Where in the module's own files it happened, if that is known."""
    code, place, trace = getattr(module.run, "__code__", None), "", (error.__cause__ or error).__traceback__
    folder = os.path.dirname(code.co_filename) if code else ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if folder and file.startswith(folder + os.sep):
            place = f" at {os.path.basename(file)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
