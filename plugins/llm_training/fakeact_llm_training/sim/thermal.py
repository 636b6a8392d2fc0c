"""What a GPU's power and temperature usually are, before each one's own character: no numpy, as views read it too."""

from typing import NamedTuple

from fakeact_llm_training.sim.scenario import Scenario

INLET = {"air": 24.0, "liquid": 30.0}
"""Degrees of what cools, where it comes in."""
# Leakage: 8xH100 nodes creep up 6 to 7 % while they heat by some 25 K.
LEAKAGE_PER_KELVIN = 0.0026


class Anchors(NamedTuple):
    """Degrees C of a core: waiting, training as usual, and where the device slows itself down."""

    waiting: float
    training: float
    slowdown: float


def intensity(scenario: Scenario) -> float:
    """The share of the range from idle to the limit that training draws: 0.87 of it at an MFU of 40 %.

    H100s then draw 600 to 680 of 700 W.
    """
    return min(0.62 + 0.6 * scenario.mfu, 0.95)


def anchors(scenario: Scenario) -> Anchors:
    """The temperatures by which one judges a core of this fleet."""
    gpu = scenario.gpu
    inlet = INLET[gpu.cooling]
    drawn = gpu.idle_w + (gpu.power_limit_w - gpu.idle_w) * intensity(scenario)
    return Anchors(inlet + gpu.resistance * gpu.idle_w, inlet + gpu.resistance * drawn, float(gpu.slowdown_c))
