"""Process groups: who is in which, and what a collective in it moves."""

import random
from dataclasses import replace

import numpy as np
import pytest
from fakeact_llm_training.sim.collectives import ddp_buckets, draw_collective, layer_part
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.kinds import DIALECTS
from fakeact_llm_training.sim.memory import Parallelism
from fakeact_llm_training.sim.model import total_parameters
from fakeact_llm_training.sim.process_groups import shard_group
from fakeact_llm_training.sim.scenario import Scenario


def laid_out(dialect: str, sharding: str, tp: int, pp: int, dp: int, shard: int) -> Scenario:
    """Llama 3.1 8B in a layout of one's own; other figures do not matter."""
    drawn = draw(random.Random(1), dialect=dialect, model="llama-3.1-8b", gpu="h100", gpus=64)  # type: ignore[arg-type]
    how = Parallelism(tp, pp, 1, dp, 1, sharding, shard)
    return replace(drawn, layout=drawn.layout._replace(parallelism=how))


@pytest.mark.parametrize(
    ("layout", "rank", "ranks", "named"),
    [
        (("torchtitan", "FSDP", 1, 1, 64, 64), 57, tuple(range(64)), (0, 0, "default_pg")),
        # 8 shard groups follow 8 groups of replicas and the mesh's own 8.
        (("torchtitan", "HSDP", 1, 1, 64, 8), 57, tuple(range(56, 64)), (3, 1 + 8 + 8 + 7, "mesh_dp_shard_cp")),
        (("pytorch", "HSDP", 1, 1, 64, 8), 57, tuple(range(56, 64)), (2, 1 + 8 + 7, "mesh_dp_shard")),
        (("pytorch", "FSDP", 2, 1, 32, 32), 57, tuple(range(1, 64, 2)), (1, 2, "mesh_dp_shard")),
        (("megatron", "ZeRO-1", 2, 4, 8, 8), 57, tuple(range(49, 64, 2)), (1, 15, "DATA_PARALLEL_GROUP_WITH_CP")),
        (("deepspeed", "ZeRO-3", 1, 1, 64, 64), 57, tuple(range(64)), (1, 1, "")),
        (("hf", "ZeRO-2", 1, 1, 64, 64), 3, tuple(range(64)), (1, 1, "")),
    ],
)
def test_groups_are_torchs(
    layout: tuple[str, str, int, int, int, int], rank: int, ranks: tuple[int, ...], named: tuple[int, int, str]
) -> None:
    """Ranks, numbers and names are those of the framework; only all ranks together are the default group."""
    found = shard_group(laid_out(*layout), rank)
    assert found == (ranks, *named)
    assert found.ranks[found.place(rank)] == rank


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_collective_fits_its_group(dialect: str) -> None:
    """What is gathered or scattered is as many times larger as the group has ranks; the world is the default group."""
    for seed in range(8):
        scenario = draw(random.Random(seed), dialect=dialect, scenario=None, gpus=32)  # type: ignore[arg-type]
        group = shard_group(scenario, 13)
        what = draw_collective(scenario, np.random.default_rng(seed))
        large, small = max(what.numel_in, what.numel_out), min(what.numel_in, what.numel_out)
        assert large == small * (1 if what.op == "ALLREDUCE" else len(group.ranks))
        assert (group.name == "default_pg") <= (len(group.ranks) == scenario.world_size)


def test_fsdp_divides_rows() -> None:
    """A layer of Llama 3.1 8B has 218,112,000 elements, whole wherever all rows divide."""
    for shard in (8, 64, 128):
        assert layer_part(laid_out("torchtitan", "HSDP", 1, 1, 1024, shard)) * shard == 218_112_000
    assert layer_part(laid_out("torchtitan", "FSDP", 1, 1, 48, 48)) * 48 > 218_112_000


def test_ddp_fills_its_buckets() -> None:
    """Buckets hold whole tensors and all of them; each but the last has 25 MiB."""
    scenario = draw(random.Random(2), dialect="hf", model="gpt2", gpu="h100", gpus=8)
    sizes = ddp_buckets(scenario)
    assert sum(sizes) == total_parameters(scenario.model)
    assert all(size * 4 >= 25 * 2**20 for size in sizes[:-1])
