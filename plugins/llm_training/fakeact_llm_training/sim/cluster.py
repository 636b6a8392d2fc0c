"""Every GPU of the fleet as arrays: load makes power, power makes heat, each GPU in its own lasting way."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fakeact_llm_training.sim.fault_events import Replacement
from fakeact_llm_training.sim.median import median
from fakeact_llm_training.sim.memory import CONTEXT_MIB
from fakeact_llm_training.sim.room import room
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.thermal import LEAKAGE_PER_KELVIN, intensity

Floats = npt.NDArray[np.float32]

# Near-idle slot offsets in kelvin, measured on nvidia-smi tables of four chassis types: two thermal rows, one
# behind the other in the air stream. Which slots are hot is the chassis' own.
SLOT_OFFSETS = (
    (-1.9, 1.8, 2.7, -1.7, -1.8, 2.4, 0.4, -1.9),
    (-1.0, 0.2, 0.8, -2.1, -0.6, 2.3, 0.8, -0.4),
    (4.2, -1.3, -4.3, 3.2, 3.5, -3.4, 1.2, -3.0),
)
# Seconds: regulators and averaging; die and cold plate (air, liquid); stacks of memory.
POWER_TAU, CORE_TAU, HBM_TAU = 0.8, {"air": 38.0, "liquid": 11.0}, {"air": 85.0, "liquid": 35.0}
CORE_WARNING, CORE_CRITICAL, HBM_WARNING = -10.0, -3.0, 95.0
# What nvidia-smi shows as used where nothing runs.
DRIVER_MIB = 4
CLOCK_WARNING, CLOCK_CRITICAL = 0.92, 0.75


@dataclass(frozen=True)
class Readings:
    """All GPUs at one moment, in rank order, in %, MHz, W, C, MiB; health 0 green, 1 yellow, 2 red.

    Not `present` is a GPU that has fallen off the bus or whose node is gone: a tool shows no value of it.
    """

    utilisation: Floats
    sm_clock: Floats
    power: Floats
    temperature: Floats
    hbm_temperature: Floats
    memory_used: Floats
    health: npt.NDArray[np.uint8]
    present: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Load:
    """What GPUs do: `activity` 0 to 1 of what training draws, and the utilisation shown, in %."""

    activity: float
    utilisation: float


TRAINING = Load(1.0, 100.0)
VALIDATING = Load(0.86, 99.0)
WAITING = Load(0.0, 0.0)
# A collective that spins: its kernel runs, so utilisation is full, at little power (NVIDIA/nccl #2428).
SPINNING = Load(0.12, 100.0)
RELIEVED = 6.0
"""Degrees below slowdown that fans at full speed keep a hot GPU."""


class Cluster:
    """The fleet's state. Time is the caller's: `set_load(t, load)` changes, `readings(t)` looks, exactly."""

    def __init__(self, scenario: Scenario, generator: np.random.Generator) -> None:
        self.scenario = scenario
        self._gpu = scenario.gpu
        self._seed = int(generator.integers(2**62))
        self._draw_lottery(generator)
        self._since = 0.0
        self._load = WAITING
        self.throttles = False
        self._drag = np.zeros(scenario.world_size, np.float32)
        self._filled = 0.0
        self._resident = True
        self._present = np.ones(scenario.world_size, np.bool_)
        self._busy = np.ones(scenario.world_size, np.bool_)
        self._target = self._demand(WAITING)
        self._power = self._target.copy()
        self._core = self._settled(self._resistance, self._power)
        self._hbm = self._settled(self._hbm_resistance, self._power)

    def _draw_lottery(self, generator: np.random.Generator) -> None:
        """What stays the same for the whole run: silicon, slot, inlet, paste, and a few odd characters."""
        gpu, world, per_node = self._gpu, self.scenario.world_size, self.scenario.gpus_per_node
        nodes = self.scenario.nodes

        def normal(size: int, spread: float) -> Floats:
            return (spread * generator.standard_normal(size, np.float32)).astype(np.float32)

        chassis = np.array(SLOT_OFFSETS[int(generator.integers(len(SLOT_OFFSETS)))], np.float32)[:per_node]
        if gpu.cooling == "liquid":
            chassis = chassis * np.float32(0.3)
        self._offset = np.tile(chassis, nodes)
        self._inlet = np.repeat(room(self.scenario, generator), per_node) + self._offset
        # At load the pre-heated row is another one and a half times its offset hotter.
        span = np.float32(gpu.power_limit_w - gpu.idle_w)
        self.efficiency = 1 + normal(world, 0.018).clip(-0.045, 0.045)
        spread = 1 + normal(world, 0.035).clip(-0.1, 0.1)
        self._resistance = (gpu.resistance * spread + self._offset * 1.5 / span).astype(np.float32)
        self._hbm_resistance = self._resistance * 1.24 + normal(world, 0.001)
        self._clock = 1 + normal(world, 0.013).clip(-0.03, 0.03)
        self._memory_offset = np.round(normal(world, 1.0) * 24).astype(np.float32)
        self.hot = self._characters(generator)
        self._resistance[self.hot] *= np.float32(generator.uniform(1.18, 1.38))

    def _characters(self, generator: np.random.Generator) -> npt.NDArray[np.int64]:
        """Ranks with dried paste or a clogged filter: some one in 150."""
        count = int(generator.poisson(self.scenario.world_size / 150))
        world = self.scenario.world_size
        return np.sort(generator.choice(world, min(count, world), replace=False))

    def _demand(self, load: Load) -> Floats:
        """Watts each GPU settles at before leakage: more with MFU, less where heat throttles."""
        gpu = self._gpu
        share = intensity(self.scenario) * load.activity * (1 - 0.5 * self._drag) * self._busy
        wanted = gpu.idle_w + (gpu.power_limit_w - gpu.idle_w) * share * self.efficiency
        wanted = np.minimum(wanted, gpu.power_limit_w)
        ceiling = (gpu.slowdown_c - 1.5 - self._inlet) / self._resistance if self.throttles else wanted
        # Voltage follows the clock, so power goes with about its cube.
        self._throttle = (ceiling / wanted).clip(0.2, 1).astype(np.float32) ** np.float32(1 / 3)
        capped: Floats = np.minimum(wanted, ceiling).astype(np.float32)
        return capped

    def _settled(self, resistance: Floats, power: Floats) -> Floats:
        result: Floats = self._inlet + resistance * power
        return result

    def _state(self, t: float) -> tuple[Floats, Floats, Floats]:
        """Power, core and memory temperature at `t`: first-order responses to a first-order power, solved."""
        dt = max(0.0, t - self._since)
        fade = np.float32(np.exp(-dt / POWER_TAU))
        gap = self._power - self._target
        core = self._respond(self._core, self._resistance, CORE_TAU[self._gpu.cooling], dt)
        hbm = self._respond(self._hbm, self._hbm_resistance, HBM_TAU[self._gpu.cooling], dt)
        power: Floats = self._target + gap * fade
        return power, core, hbm

    def _respond(self, start: Floats, resistance: Floats, tau: float, dt: float) -> Floats:
        final = self._settled(resistance, self._target)
        # The part that follows the power's own approach to its target.
        driven = resistance * (self._power - self._target) / np.float32(1 - tau / POWER_TAU)
        slow, fast = np.float32(np.exp(-dt / tau)), np.float32(np.exp(-dt / POWER_TAU))
        return (final + (start - final - driven) * slow + driven * fast).astype(np.float32, copy=False)

    def set_load(self, t: float, load: Load) -> None:
        """From `t` on (seconds, never earlier than before) the fleet does something else."""
        if load != self._load:
            self._rebase(t)
            self._load = load
            self._target = self._demand(load)

    def set_drag(self, t: float, rank: int, slowdown: float) -> None:
        """From `t` on a GPU clocks lower, so that steps take `slowdown` (a fraction) longer; 0 ends it."""
        self._rebase(t)
        self._drag[rank] = 1 - 1 / (1 + slowdown)
        self._target = self._demand(self._load)

    def _rebase(self, t: float) -> None:
        self._power, self._core, self._hbm = self._state(t)
        self._since = t

    def set_memory(self, share: float | None) -> None:
        """How full GPUs are: 0 a bare context, 1 the steady state of training; None without any process."""
        self._resident = share is not None
        self._filled = share or 0.0

    def lose(self, ranks: Iterable[int]) -> None:
        """These GPUs no longer answer."""
        self._present[list(ranks)] = False

    def vacate(self, t: float, ranks: Iterable[int]) -> None:
        """The processes of these GPUs are gone, those of others may go on."""
        self._rebase(t)
        self._busy[list(ranks)] = False
        self._target = self._demand(self._load)

    def restore(self, t: float, replaced: Iterable[Replacement], generator: np.random.Generator) -> None:
        """All GPUs answer again; those of replaced nodes are others, as cool as their new room."""
        self._present[:] = True
        self._busy[:] = True
        self._rebase(t)
        for change in replaced:
            self._move_up(change.old_node, change.new_node)
            self._exchange(change.new_node, generator)
        self._target = self._demand(self._load)

    def _move_up(self, node: int, last: int) -> None:
        """Machines keep what they are like when nodes are numbered anew: those behind `node` up to `last` move up."""
        count = self.scenario.gpus_per_node
        own, hot = slice(node * count, (last + 1) * count), np.isin(np.arange(self.scenario.world_size), self.hot)
        for values in (
            self._offset, self._inlet, self.efficiency, self._resistance, self._hbm_resistance, self._clock,
            self._memory_offset, self._drag, self._power, self._core, self._hbm, hot,
        ):  # fmt: skip
            values[own] = np.roll(values[own], -count)
        self.hot = np.flatnonzero(hot)

    def _exchange(self, node: int, generator: np.random.Generator) -> None:
        count = self.scenario.gpus_per_node
        own = slice(node * count, (node + 1) * count)
        for values, spread in ((self.efficiency, 0.018), (self._clock, 0.013)):
            values[own] = 1 + (spread * generator.standard_normal(count)).clip(-0.03, 0.03)
        self._resistance[own] = median(self._resistance) * (1 + 0.035 * generator.standard_normal(count))
        self._hbm_resistance[own] = self._resistance[own] * 1.24
        self._memory_offset[own] = np.round(24 * generator.standard_normal(count))
        self._drag[own] = 0.0
        self._power[own] = self._gpu.idle_w
        self._core[own] = self._settled(self._resistance, self._power)[own]
        self._hbm[own] = self._settled(self._hbm_resistance, self._power)[own]

    def set_throttle(self, t: float, *, on: bool) -> None:
        """From `t` on GPUs near their limit clock down to stay below it; or fans turn faster, and they need not."""
        self._rebase(t)
        self.throttles = on
        self._target = self._demand(self._load)
        if not on:
            heat = self._settled(self._resistance, self._target) - self._inlet
            self._resistance *= np.minimum(1, (self._gpu.slowdown_c - RELIEVED - self._inlet) / heat)

    @property
    def throttling(self) -> float:
        """By what fraction the slowest GPU's heat lengthens compute: the whole job waits for it."""
        return float(1 / self._throttle.min() - 1)

    def hottest(self, t: float) -> tuple[int, float]:
        """Rank and core temperature of the GPU nearest to its limit."""
        _, core, _ = self._state(t)
        rank = int(core.argmax())
        return rank, float(core[rank])

    def readings(self, t: float) -> Readings:
        """What a monitoring tool would show at `t`."""
        power, core, hbm = self._state(t)
        # Seeded by the moment, so that a look changes nothing and the same look shows the same.
        dice = np.random.default_rng((self._seed, int(t * 1000)))
        noise = dice.standard_normal((3, len(power)), np.float32)
        heat = 1 + LEAKAGE_PER_KELVIN * (core - self._inlet - 25)
        cap = self._gpu.power_limit_w * (1 + 0.002 * noise[1])
        drawn = np.minimum(power * heat * (1 + 0.008 * noise[0]), cap)
        clock = self._clocks(noise[2])
        return Readings(
            utilisation=self._utilisation(noise[1]),
            sm_clock=clock,
            power=drawn.astype(np.float32),
            temperature=core,
            hbm_temperature=hbm,
            memory_used=self._memory(),
            health=np.where(self._present, self._health(core, hbm, clock), np.uint8(2)).astype(np.uint8),
            present=self._present.copy(),
        )

    def _clocks(self, noise: Floats) -> Floats:
        """SM clocks in the driver's 15 MHz steps; waiting GPUs boost to the top."""
        gpu = self._gpu
        if self._load.activity < 0.5:
            return np.full(len(noise), gpu.max_sm_mhz, np.float32)
        mhz = gpu.max_sm_mhz * gpu.train_clock * self._clock * self._throttle * (1 - self._drag) + 9 * noise
        stepped: Floats = (np.round(np.minimum(mhz, gpu.max_sm_mhz) / 15) * 15).astype(np.float32)
        return stepped

    def _utilisation(self, noise: Floats) -> Floats:
        """The share of a second in which some kernel ran: full, now and then a sample of 99 or 98."""
        full = np.full(len(noise), self._load.utilisation, np.float32)
        if not self._load.utilisation:
            return full
        less: Floats = np.floor(np.abs(noise).clip(1.5) - 1.5 + 0.2).astype(np.float32)
        return (full - less) * self._busy

    def _health(self, core: Floats, hbm: Floats, clock: Floats) -> npt.NDArray[np.uint8]:
        """Yellow: 10 K below slowdown, memory at 95 C, 92 % of the usual clock; red: 3 K below, 75 %."""
        pace = clock / (self._gpu.max_sm_mhz * self._gpu.train_clock)
        near = core - self._gpu.slowdown_c
        yellow = (near > CORE_WARNING) | (hbm > HBM_WARNING) | (pace < CLOCK_WARNING)
        red = (near > CORE_CRITICAL) | (pace < CLOCK_CRITICAL)
        return yellow.astype(np.uint8) + red.astype(np.uint8)

    def _memory(self) -> Floats:
        scenario = self.scenario
        if not self._resident:
            return np.full(scenario.world_size, DRIVER_MIB, np.float32)
        full = scenario.used_mib * self._stage_share() + self._memory_offset
        held = CONTEXT_MIB + (np.minimum(full, scenario.gpu.memory_mib) - CONTEXT_MIB) * self._filled
        floored: Floats = np.where(self._busy, np.floor(held), DRIVER_MIB).astype(np.float32)
        return floored

    def _stage_share(self) -> Floats:
        """1F1B's first stage holds the most micro-batches; each later one a little less."""
        scenario = self.scenario
        if scenario.pp == 1:
            return np.ones(scenario.world_size, np.float32)
        stage = np.arange(scenario.world_size) // (scenario.world_size // scenario.pp)
        activations = scenario.layout.memory.activations / max(scenario.layout.memory.reserved, 1)
        share: Floats = (1 - activations * stage / scenario.pp * 0.8).astype(np.float32)
        return share
