"""Where Python and torch are installed for a run: in a container, or in an environment that somebody made."""

import random
from typing import NamedTuple

from fakeact_llm_training.catalogue import names
from fakeact_llm_training.sim.scenario import Scenario

# Frameworks that mostly run in a container, and where a container mounts what somebody works on.
CONTAINED, WORKSPACE = frozenset(("megatron", "nemo")), "/workspace"
# Of the others, those that do.
CONTAINED_SHARE = 0.4
# Distributions' own Pythons, whose standard library is in /usr/lib.
SYSTEM_PYTHONS = ("3.10.12", "3.12.3")


class Environment(NamedTuple):
    """Folders of console scripts, packages and the standard library, the interpreter; what the processors are."""

    scripts: str
    binary: str
    packages: str
    library: str
    machine: str = "x86_64"


def environment(scenario: Scenario) -> Environment:
    """The same at each attempt; drawn from dice of its own, so that it has no influence on a figure."""
    site, words = scenario.site, names()
    dice = random.Random(f"{site.pid_seed} {site.job_id} environment")
    contained = dice.random() < CONTAINED_SHARE or scenario.dialect in CONTAINED or site.paths.folder == WORKSPACE
    kinds = words.containers if contained else words.environments
    fitting = [kind for kind in kinds if site.versions.python in SYSTEM_PYTHONS or not kind[3].startswith("/usr/lib/")]
    given = {
        "python": site.versions.python.rpartition(".")[0],
        "user": _user(scenario, dice),
        "mount": site.paths.mount,
        "name": dice.choice(words.environment_names),
    }
    scripts, binary, packages, library = (path.format(**given) for path in dice.choice(fitting))
    return Environment(scripts, binary, packages, library, "aarch64" if scenario.gpu.slug == "gb200" else "x86_64")


def _user(scenario: Scenario, dice: random.Random) -> str:
    """Whoever's folder the run writes to or starts from."""
    folders = {*scenario.site.paths.output.split("/"), *scenario.site.paths.folder.split("/")}
    return next((user for user in names().users if user in folders), dice.choice(names().users))
