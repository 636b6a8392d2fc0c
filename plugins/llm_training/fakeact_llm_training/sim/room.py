"""The machine room: how warm the air is that each node breathes in."""

import numpy as np
import numpy.typing as npt

from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.thermal import INLET

# Kelvin by which the room differs: along a row of so many racks, and from a rack's bottom to its top.
ROW_SWING, RACKS_PER_ROW, TOP_OF_RACK = 2.2, (18.0, 40.0), 1.6


def room(scenario: Scenario, generator: np.random.Generator) -> npt.NDArray[np.float32]:
    """Degrees C for each node: rows of racks far from the air handlers are warmer, so is a rack's top."""
    site, nodes = scenario.site, scenario.nodes
    racks, height = np.divmod(np.arange(nodes) + site.first_node - 1, site.per_rack)
    phase, period = generator.uniform(0, 2 * np.pi), generator.uniform(*RACKS_PER_ROW)
    aisle = ROW_SWING * np.sin(2 * np.pi * racks / period + phase)
    of_rack = 0.7 * generator.standard_normal(int(racks[-1]) + 1)[racks]
    top = TOP_OF_RACK * (height / max(site.per_rack - 1, 1) - 0.5)
    own = 0.8 * generator.standard_normal(nodes)
    air: npt.NDArray[np.float32] = (INLET[scenario.gpu.cooling] + aisle + of_rack + top + own).astype(np.float32)
    return air
