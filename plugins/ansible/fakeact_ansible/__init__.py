"""Pretend to run an Ansible playbook."""

import random
from typing import Annotated, Literal

from fakeact import IO, Module, hookimpl


def site_names() -> list[str]:
    """The sites that can be asked for."""
    from fakeact_ansible.catalogue import sites

    return sites()


async def play(
    io: IO,
    rng: random.Random,
    *,
    site: Annotated[str | None, site_names] = None,
    hosts: Annotated[int, range(4, 61)] = 8,
    forks: Annotated[int, range(1, 101)] = 5,
    trouble: Literal["some", "none"] = "some",
) -> None:
    """Run a playbook against so many hosts of a site, forks of them at a time."""
    from fakeact_ansible.show import run_playbook

    await run_playbook(io, rng, site, hosts, forks, trouble=trouble == "some")


@hookimpl
def fakeact_modules() -> list[Module]:
    """Give the one module that this plugin has."""
    return [Module("ansible", "ansible-playbook -i inventories/staging.yml site.yml", play)]
