"""Pretend to sync a Python project with uv."""

from fakeact import Module, hookimpl
from fakeact_uv.show import sync


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("uv", "uv sync", sync)]
