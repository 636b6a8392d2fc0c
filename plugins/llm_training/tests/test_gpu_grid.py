"""The fleet as a picture: the form that fits, nothing too wide, colours that mean something."""

import random
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from fakeact_llm_training.gpu_grid import gpu_grid
from fakeact_llm_training.heat_map import LOST, SLOW, STEPS, half_cells, steps_of
from fakeact_llm_training.sim.cluster import TRAINING, WAITING, Cluster, Readings
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.scenario import Scenario

from fakeact import ansi

SIZES = ((39, 8), (79, 14), (119, 28), (199, 38))


@cache
def fleet(count: int, gpu: str = "h100", seed: int = 1) -> tuple[Scenario, Cluster]:
    """A fleet that has trained since time 0."""
    scenario = draw(random.Random(seed), gpu=gpu, gpus=count, tone="serious")
    cluster = Cluster(scenario, np.random.default_rng(seed))
    cluster.set_memory(1.0)
    cluster.set_load(0.0, TRAINING)
    return scenario, cluster


def warm(count: int, gpu: str = "h100") -> tuple[Scenario, Readings]:
    scenario, cluster = fleet(count, gpu)
    return scenario, cluster.readings(300.0)


def picture(count: int, columns: int, rows: int, gpu: str = "h100", **changes: object) -> list[str]:
    """Plain rows of a warm fleet, with some readings replaced."""
    scenario, readings = warm(count, gpu)
    changed = replace(readings, **changes)  # type: ignore[arg-type]
    return [ansi.strip(row) for row in gpu_grid(changed, scenario, columns, rows)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", [1, 2, 3, 8, 16, 64, 256, 1000, 16_384, 131_072])
def test_every_fleet_fits_every_room(count: int, size: tuple[int, int]) -> None:
    """Rows are never wider nor more than there is room for, and there is always something."""
    columns, rows = size
    drawn = picture(count, columns, rows)
    assert 0 < len(drawn) <= rows
    assert max(map(ansi.width, drawn)) <= columns


@pytest.mark.parametrize("count", [4, 72, 576, 2304, 18_432])
def test_racks_of_trays_fit_too(count: int) -> None:
    """Four GPUs in a node and eighteen nodes in a rack leave no odd cells."""
    for columns, rows in SIZES:
        drawn = picture(count, columns, rows, "gb200")
        assert 0 < len(drawn) <= rows
        assert max(map(ansi.width, drawn)) <= columns


def test_the_most_detailed_form_that_fits() -> None:
    """64 GPUs have each their figures where it is wide, a mark where it is narrow; each node has its row."""
    scenario, _ = warm(64)
    for columns, words in ((238, "°C"), (160, "core °C"), (79, "kW"), (39, "kW")):
        drawn = picture(64, columns, 12)
        assert sum(scenario.site.host(node) in row for node in range(8) for row in drawn) == 8
        assert words in "\n".join(drawn)
    assert picture(64, 238, 12)[0].count("W") == 8
    assert picture(64, 39, 12)[0].count("●") == 8


def test_nodes_abreast_are_read_downward() -> None:
    """Where several nodes share a row the next one is below."""
    scenario, _ = warm(256)
    first, second = picture(256, 119, 28)[:2]
    assert first.startswith(scenario.site.host(0))
    assert second.startswith(scenario.site.host(1))


def test_each_gpu_of_a_map_is_in_it_once() -> None:
    """With one GPU a half cell there are as many half cells as GPUs."""
    scenario, readings = warm(4096)
    rows = gpu_grid(readings, scenario, 199, 60)[1:]
    cells = sum(ansi.strip(row).count("▀") for row in rows)
    assert cells == 2048


def test_a_map_names_who_stands_out() -> None:
    """The hottest GPU is named with node and slot: in a column beside the map, or below it."""
    scenario, readings = warm(16_384)
    rank = int(readings.temperature.argmax())
    place = f"{scenario.host_of(rank)}:{rank % 8}"
    beside = picture(16_384, 119, 28)
    assert beside[2].split("  ")[-3].strip() == place or place in beside[2]
    assert f"{readings.temperature[rank]:.0f}°C" in beside[2]
    below = picture(16_384, 79, 14)
    assert below[-1].startswith(f"worst {place} {readings.temperature[rank]:.0f}°C")


def test_lost_and_slow_gpus_come_first() -> None:
    """What does not answer shows no values and leads the list; who clocks lower than the rest follows."""
    _, readings = warm(16_384)
    present, clock = readings.present.copy(), readings.sm_clock.copy()
    present[4321], clock[99] = False, 1200.0
    drawn = picture(16_384, 119, 28, present=present, sm_clock=clock)
    assert drawn[2].endswith("no answer")
    assert "1200MHz" in drawn[3]


def test_a_node_that_is_gone_shows_no_values() -> None:
    """In rows as well: no figures of GPUs that do not answer."""
    _, readings = warm(64)
    present = readings.present.copy()
    present[8:16] = False
    for columns in (238, 79, 39):
        row = picture(64, columns, 12, present=present)[1]
        assert "no answer" in row
        assert "°C" not in row


def test_colours_tell_temperatures_apart() -> None:
    """In training GPUs are spread over the middle of the scale; waiting ones are at its cold end."""
    scenario, cluster = fleet(4096, seed=3)
    steps = steps_of(cluster.readings(300.0), scenario)
    low, high = np.quantile(steps, (0.1, 0.9))
    assert 0.15 * STEPS < low < high < 0.85 * STEPS
    assert high - low > 0.2 * STEPS
    assert 0.35 * STEPS < np.median(steps) < 0.65 * STEPS
    idle = Cluster(scenario, np.random.default_rng(1))
    idle.set_load(0.0, WAITING)
    assert steps_of(idle.readings(1.0), scenario).mean() < 0.2 * STEPS


def test_a_checkpoint_runs_through_the_map() -> None:
    """Half a minute without load takes the whole fleet some steps down the scale."""
    scenario = fleet(4096)[0]
    cluster = Cluster(scenario, np.random.default_rng(5))
    cluster.set_load(0.0, TRAINING)
    before = steps_of(cluster.readings(300.0), scenario)
    cluster.set_load(300.0, WAITING)
    after = steps_of(cluster.readings(325.0), scenario)
    assert (before - after).mean() > 0.1 * STEPS


def test_special_colours_win() -> None:
    """In a half cell of several GPUs the lost one, or the slow one, is what is seen."""
    assert max(STEPS, SLOW, LOST) in {SLOW, LOST}
    scenario, readings = warm(64)
    clock = readings.sm_clock.copy()
    clock[7] *= 0.8
    assert steps_of(replace(readings, sm_clock=clock), scenario)[7] == SLOW


def test_neighbours_of_one_colour_share_their_codes() -> None:
    """A row of equal cells costs one change of colours, not one a cell."""
    row = half_cells(np.full((2, 80), 12, np.int16))
    assert ansi.strip(row) == "▀" * 80
    assert row.count("\x1b") == half_cells(np.full((2, 1), 12, np.int16)).count("\x1b")
