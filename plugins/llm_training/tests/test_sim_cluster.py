"""The GPUs: physics, identity, size."""

import random

import numpy as np
import pytest
from fakeact_llm_training.catalogue import gpus
from fakeact_llm_training.sim.cluster import SPINNING, TRAINING, WAITING, Cluster, Readings
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.scenario import Scenario


def scenario(gpu: str = "h100", count: int = 64) -> Scenario:
    return draw(random.Random(5), gpu=gpu, gpus=count)


def warm(gpu: str = "h100", seed: int = 2, count: int = 64) -> Cluster:
    """A cluster that has trained since time 0."""
    cluster = Cluster(scenario(gpu, count), np.random.default_rng(seed))
    cluster.set_memory(1.0)
    cluster.set_load(0.0, TRAINING)
    return cluster


@pytest.mark.parametrize("gpu", [gpu.slug for gpu in gpus()])
def test_readings_are_within_what_the_hardware_can_do(gpu: str) -> None:
    """At no time does a value leave the device's range."""
    for seed in range(4):
        cluster = warm(gpu, seed)
        card = cluster.scenario.gpu
        for at in (0.0, 1.0, 10.0, 60.0, 500.0):
            now = cluster.readings(at)
            assert (now.power > 0.85 * card.idle_w).all()
            assert (now.power < 1.02 * card.power_limit_w).all()
            assert (now.temperature > 15).all()
            assert (now.temperature < card.slowdown_c + 15).all()
            assert (now.sm_clock <= card.max_sm_mhz).all()
            assert (now.memory_used <= card.memory_mib).all()
            assert ((now.utilisation >= 97) & (now.utilisation <= 100)).all()


def test_power_follows_load_within_seconds_and_temperature_much_later() -> None:
    """Three seconds after the start power is nearly there while the core has hardly begun to warm."""
    cluster = warm()
    first, soon, late = (cluster.readings(at) for at in (0.0, 3.0, 400.0))
    power = (soon.power - first.power) / (late.power - first.power)
    heat = (soon.temperature - first.temperature) / (late.temperature - first.temperature)
    assert (power > 0.8).all()
    assert (heat < 0.2).all()
    memory = (soon.hbm_temperature - first.hbm_temperature) / (late.hbm_temperature - first.hbm_temperature)
    assert (memory < heat).all()


def test_temperature_has_inertia() -> None:
    """Within a tenth of a second nothing moves by more than half a kelvin, not even when the load drops."""
    cluster = warm()
    before = cluster.readings(300.0).temperature
    cluster.set_load(300.0, WAITING)
    assert np.abs(cluster.readings(300.1).temperature - before).max() < 0.5
    assert (cluster.readings(340.0).temperature < before - 5).all()


def test_each_gpu_keeps_its_character() -> None:
    """Minutes apart the same GPUs are hot, and they are so by slot; the noise of a moment is small."""
    cluster = warm()
    one, other = cluster.readings(300.0), cluster.readings(420.0)
    for name in ("temperature", "hbm_temperature", "sm_clock", "power"):
        assert np.corrcoef(getattr(one, name), getattr(other, name))[0, 1] > 0.7, name
    assert one.temperature.max() - one.temperature.min() > 5
    by_slot = one.temperature.reshape(8, 8)
    assert by_slot.mean(axis=0).std() > 2 * by_slot.mean(axis=1).std()


def test_runs_differ() -> None:
    """Another seed is another fleet."""
    assert not np.allclose(warm(seed=1).readings(300.0).temperature, warm(seed=2).readings(300.0).temperature)


def test_memory_does_not_move() -> None:
    """The allocator's memory is the same at every look, and a little different from GPU to GPU."""
    cluster = warm()
    held = [cluster.readings(at).memory_used for at in (1.0, 50.0, 51.0, 400.0)]
    assert all((other == held[0]).all() for other in held)
    assert 0 < np.ptp(held[0]) < 0.03 * held[0].mean()
    assert held[0].mean() == pytest.approx(cluster.scenario.used_mib, rel=0.01)


def test_later_pipeline_stages_hold_less() -> None:
    """1F1B's first stage has the most micro-batches in flight."""
    deep = draw(random.Random(1), model="llama-3.1-405b", gpu="h100", gpus=512, dialect="megatron")
    assert deep.pp > 1
    cluster = Cluster(deep, np.random.default_rng(1))
    cluster.set_memory(1.0)
    stages = cluster.readings(0.0).memory_used.reshape(deep.pp, -1).mean(axis=1)
    assert (np.diff(stages) < 0).all()


def test_a_hang_is_full_utilisation_at_low_power() -> None:
    """Spinning collectives occupy the GPU and draw little."""
    cluster = warm()
    cluster.set_load(200.0, SPINNING)
    hung = cluster.readings(215.0)
    assert (hung.utilisation >= 97).all()
    assert (hung.power < 0.35 * cluster.scenario.gpu.power_limit_w).all()


def test_waiting_gpus_idle_and_boost() -> None:
    """In a checkpoint nothing runs and clocks go up."""
    cluster = warm()
    cluster.set_load(200.0, WAITING)
    idle = cluster.readings(210.0)
    assert (idle.utilisation == 0).all()
    assert (idle.sm_clock == cluster.scenario.gpu.max_sm_mhz).all()
    assert (idle.power < 0.3 * cluster.scenario.gpu.power_limit_w).all()


def test_the_response_is_exact_however_time_is_cut() -> None:
    """Looking in between, and setting the same load again, changes nothing."""
    straight, halting = warm(), warm()
    for at in np.linspace(1, 99, 50).tolist():
        halting.readings(at)
        halting.set_load(at, TRAINING)
    assert_same(straight.readings(100.0), halting.readings(100.0))


def test_a_rebased_response_goes_on_as_before() -> None:
    """A change that is none (a drag of nothing) leaves the course as it was, to rounding."""
    straight, halting = warm(), warm()
    for at in (0.3, 2.0, 17.0, 60.0):
        halting.set_drag(at, 3, 0.0)
    assert np.allclose(straight.readings(90.0).temperature, halting.readings(90.0).temperature, atol=1e-3)
    assert np.allclose(straight.readings(90.0).power, halting.readings(90.0).power, atol=0.05)


def assert_same(one: Readings, other: Readings) -> None:
    for name in vars(one):
        assert (getattr(one, name) == getattr(other, name)).all(), name


def test_a_straggler_clocks_lower_and_is_marked() -> None:
    """The dragged GPU alone loses clock; beyond 8 % it turns yellow, and green again afterwards."""
    cluster = warm()
    cluster.set_drag(200.0, 17, 0.14)
    dragged = cluster.readings(230.0)
    assert dragged.sm_clock.argmin() == 17
    assert dragged.health[17] >= 1
    cluster.set_drag(230.0, 17, 0.0)
    assert cluster.readings(260.0).health[17] == 0


def test_heat_throttles_before_it_damages() -> None:
    """A GPU with a bad cooler is stopped at its slowdown temperature, by clocking down."""
    cluster = warm()
    cluster._resistance[5] *= 2.2
    cluster.set_drag(0.0, 5, 0.0)
    rank, hot = cluster.hottest(200.0)
    assert rank == 5
    assert hot > cluster.scenario.gpu.slowdown_c
    cluster.set_throttle(200.0, on=True)
    cooled = cluster.readings(600.0)
    assert cooled.temperature[5] < cluster.scenario.gpu.slowdown_c
    assert cooled.health[5] == 2
    assert cluster.throttling > 0.03


def test_fans_end_what_heat_has_begun() -> None:
    """Once they turn faster the GPU has its clock back, and does not come near its limit again."""
    cluster = warm()
    cluster._resistance[5] *= 2.2
    cluster.set_drag(0.0, 5, 0.0)
    cluster.set_throttle(200.0, on=True)
    cluster.set_throttle(260.0, on=False)
    assert cluster.throttling == 0.0
    rank, hot = cluster.hottest(1000.0)
    assert rank == 5
    assert cluster.scenario.gpu.slowdown_c - 7 < hot < cluster.scenario.gpu.slowdown_c - 3


def test_healthy_fleets_are_green() -> None:
    """Marks are for the few: most of a fleet is green."""
    marks = np.concatenate([warm(seed=seed).readings(400.0).health for seed in range(12)])
    assert (marks == 0).mean() > 0.97


def test_some_fleets_have_a_hot_one() -> None:
    """About one GPU in 150 has a bad cooler, and it shows."""
    cluster = warm(count=4096)
    assert 10 < len(cluster.hot) < 60
    now = cluster.readings(400.0).temperature
    assert now[cluster.hot].mean() > now.mean() + 4


def test_the_largest_fleet() -> None:
    """131,072 GPUs are arrays of 32-bit floats like any other."""
    cluster = warm(count=131_072)
    now = cluster.readings(60.0)
    assert all(len(getattr(now, name)) == 131_072 for name in vars(now))
    assert now.power.dtype == now.temperature.dtype == now.sm_clock.dtype == np.float32
    assert now.health.dtype == np.uint8
