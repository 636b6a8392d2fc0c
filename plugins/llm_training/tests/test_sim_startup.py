"""The start-up: durations that follow from sizes, bandwidths that fit the fabric."""

import random
from functools import cache
from itertools import pairwise

import pytest
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.startup import Startup, draw_startup


@cache
def startups() -> list[Startup]:
    """Start-ups of sixty default runs."""
    return [draw_startup(draw(random.Random(seed)), random.Random(seed)) for seed in range(60)]


def test_phases_follow_one_another_in_a_trainer_s_order() -> None:
    """The process group comes before the model, the model before its weights, and there are no gaps."""
    order = [
        *("launch", "rendezvous", "devices", "nccl", "preflight", "model"),
        *("weights", "tokenizer", "dataset", "optimizer", "compile"),
    ]
    for startup in startups():
        names = [phase.name for phase in startup.phases]
        assert names == [name for name in order if name in names]
        assert ("compile" in names) == startup.scenario.compiled
        for one, next_one in pairwise(startup.phases):
            assert next_one.begins == pytest.approx(one.ends)
        assert startup.phase("launch") == startup.phases[0]
        assert startup.seconds == pytest.approx(sum(phase.seconds for phase in startup.phases))


def test_nobody_waits_for_minutes() -> None:
    """A default start-up takes 8 to 75 seconds."""
    assert all(8 < startup.seconds < 75 for startup in startups())


def test_all_reduce_bandwidths_follow_from_size_and_time() -> None:
    """Algorithm bandwidth is size/time, bus bandwidth 2(n-1)/n of that, rising with size to what the fabric gives."""
    for startup in startups():
        scenario, preflight = startup.scenario, startup.preflight
        assert preflight
        ranks = scenario.world_size
        links = scenario.gpu.busbw_fabric if scenario.nodes > 1 else scenario.gpu.busbw_node
        for row in preflight.rows:
            assert row.algbw * row.time == pytest.approx(row.size)
            assert row.busbw == pytest.approx(row.algbw * 2 * (ranks - 1) / ranks)
            assert row.in_place_busbw * row.in_place_time == pytest.approx(row.size * 2 * (ranks - 1) / ranks)
            assert row.count * 4 == row.size
            assert row.busbw < 1.02e9 * links
        assert preflight.rows[-1].busbw > 0.9e9 * links
        assert preflight.rows[0].busbw < preflight.rows[2].busbw < preflight.rows[-1].busbw * 1.02
        phase = startup.phase("preflight")
        assert phase
        assert phase.seconds == preflight.seconds


def test_weights_come_at_a_rate_that_nodes_have() -> None:
    """Bytes follow from the parameters, seconds from a few GB/s a node; the bar runs from nothing to all."""
    for startup in startups():
        load, scenario = startup.weights, startup.scenario
        assert load.total_bytes == scenario.parameters * load.bytes_per_parameter
        assert load.bytes_per_parameter == (2 if scenario.precision == "bf16" else 4)
        assert load.node_rate < 20e9
        assert load.shards == -(-load.total_bytes // 5_000_000_000)
        assert (load.loaded(0.0), load.loaded(load.seconds)) == (0, load.total_bytes)
        assert load.loaded(0.4 * load.seconds) <= load.loaded(0.8 * load.seconds) < load.total_bytes


def test_ranks_find_their_gpus_in_their_own_time() -> None:
    """Detections lie within the phase, in no rank order, each with the host, process and bus address it has."""
    for startup in startups()[:20]:
        scenario = startup.scenario
        window = next(phase.seconds for phase in startup.phases if phase.name == "devices")
        found = startup.detections(range(scenario.world_size))
        assert [one.at for one in found] == sorted(one.at for one in found)
        assert sorted(one.rank for one in found) == list(range(scenario.world_size)) != [one.rank for one in found]
        for one in found:
            assert 0 < one.at < window
            assert (one.host, one.pid) == (scenario.host_of(one.rank), scenario.site.pid(one.rank))
            assert one.local_rank == one.rank % scenario.gpus_per_node
        assert len({one.at for one in found}) == scenario.world_size


def test_a_detection_does_not_depend_on_who_else_is_asked_for() -> None:
    """Some ranks' detections are those of all."""
    startup = startups()[0]
    assert startup.detections([5, 60]) == [one for one in startup.detections(range(64)) if one.rank in {5, 60}]


def test_communicators_of_large_fleets_take_longer() -> None:
    """One to two seconds for 64 ranks, a minute for a hundred thousand; one GPU needs none."""
    small, large, alone = (
        draw_startup(draw(random.Random(1), gpus=count), random.Random(1)) for count in (64, 131_072, 1)
    )
    assert small.nccl
    assert large.nccl
    assert 0.8 < small.nccl.seconds < 2
    assert 30 < large.nccl.seconds < 120
    assert alone.nccl is alone.preflight is None
    assert alone.phase("nccl") is None


def test_optimizer_groups_are_all_parameters() -> None:
    """What decays and what does not add up to the model."""
    assert all(startup.decayed + startup.undecayed == startup.scenario.parameters for startup in startups())
