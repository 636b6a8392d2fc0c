"""The module: a run of ansible-playbook from the prompt to the recap."""

import random

from fakeact import IO, Exit
from fakeact_ansible.callback import INTERRUPTED, Callback
from fakeact_ansible.catalogue import read_json, sites
from fakeact_ansible.sim.hosts import inventory
from fakeact_ansible.sim.linear import Run
from fakeact_ansible.sim.playbook import Project
from fakeact_ansible.sim.trouble import Trouble

LOADING_MS = (900, 1500)
"""Ansible is silent while it reads the inventory and the playbook."""


async def run_playbook(io: IO, rng: random.Random, site: str | None, hosts: int, forks: int, *, trouble: bool) -> None:
    """Run a playbook against so many hosts of a site, a drawn one for None, forks of them at a time."""
    try:
        await _run(io, rng, site or rng.choice(sites()), hosts, forks, trouble=trouble)
    except Exit:
        if io.signal:
            await io.print(INTERRUPTED)
        raise
    await io.csleep(3000)


async def _run(io: IO, rng: random.Random, name: str, hosts: int, forks: int, *, trouble: bool) -> None:
    project = Project(read_json("sites.json")[name]["root"])
    machines = inventory(name, hosts, rng)
    await io.csleep(rng.uniform(*LOADING_MS))
    luck = Trouble(machines, rng, on=trouble)
    warn, started = rng.random() < 0.35, io.now().replace(tzinfo=None)
    run = Run(project, machines, luck, rng, forks=forks, warn=warn, started=started)
    callback = Callback(io.width)
    for seconds, event in run.events(project.plays(name)):
        await io.csleep(seconds * 1000)
        for line in callback.lines(event):
            await io.print(line)
