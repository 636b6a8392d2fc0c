"""Pretend to update and add packages in a Julia session."""

from fakeact import Module, hookimpl
from fakeact_julia.show import session


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("julia", "julia", session)]
