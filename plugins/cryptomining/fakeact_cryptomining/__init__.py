"""Pretend to mine Monero on the processor."""

from fakeact import Module, hookimpl
from fakeact_cryptomining.show import mine


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("cryptomining", "./xmrig --config=rig.json", mine)]
