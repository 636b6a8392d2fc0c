"""Pretend to apply a Terraform configuration."""

from fakeact import Module, hookimpl
from fakeact_terraform.apply import apply


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("terraform", "terraform apply", apply)]
