"""Pretend to run an Ansible playbook."""

from fakeact import Module, hookimpl
from fakeact_ansible.show import play


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("ansible", "ansible-playbook -i inventories/staging.yml site.yml", play)]
