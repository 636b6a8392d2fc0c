"""Import of what a show computes with; of scipy without all of numpy: 130 modules, 14 MiB and a third of its time.

scipy keeps a copy of numpy's names, and whoever asks numpy for all of them imports f2py, testing and unittest, which
it would only import when used. While scipy is imported numpy names what is there; afterwards its list is as it was,
and the copy finds the others when it is asked.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

COPY = "scipy._lib.array_api_compat.numpy"


def load(name: str) -> ModuleType:
    """Import a module by its full name; raises what the import raises."""
    if name.partition(".")[0] != "scipy" or "scipy" in sys.modules:
        return import_module(name)
    numpy = import_module("numpy")
    with only_what_is_there(numpy):
        module = import_module(name)
    if COPY in sys.modules:
        vars(sys.modules[COPY]).setdefault("__getattr__", lambda missing: getattr(numpy, missing))
    return module


@contextmanager
def only_what_is_there(module: ModuleType) -> Iterator[None]:
    """Let a module name nothing that it would have to import first."""
    there = vars(module)
    lists: dict[str, Any] = {name: there[name] for name in ("__all__", "__dir__") if name in there}
    there["__all__"] = [name for name in lists.get("__all__", there) if name in there]
    there["__dir__"] = lambda: list(there)
    try:
        yield
    finally:
        for name in ("__all__", "__dir__"):
            del there[name]
        there.update(lists)
