"""Scenarios: whatever is drawn fits together."""

import math
import random
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from fakeact_llm_training.catalogue import models
from fakeact_llm_training.sim.corpus import sequences_in
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.model import active_parameters
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.schedule import Schedule
from fakeact_llm_training.sim.usual import usual_batch
from fakeact_llm_training.tools.torchrun import release

SEEDS = range(300)


@cache
def drawn() -> list[Scenario]:
    """As many pre-training runs as seeds, with all that can be left to chance."""
    return [draw(random.Random(seed)) for seed in SEEDS]


@cache
def short() -> list[Scenario]:
    """The same with two epochs, that end while somebody watches."""
    return [draw(random.Random(seed), epochs=2) for seed in SEEDS]


def test_parallel_layouts_divide_what_they_must() -> None:
    """Ranks, heads, layers, experts and batches come in whole numbers everywhere."""
    for run in drawn():
        assert run.tp * run.pp * run.cp * run.dp == run.world_size == run.nodes * run.gpus_per_node
        assert run.gpus_per_node == run.gpu.per_node
        assert run.model.heads % run.tp == run.model.kv_heads % run.tp == 0
        assert (run.model.pipeline_slots or run.model.layers) % run.pp == 0
        assert run.dp % run.ep == 0
        assert not run.model.experts or run.model.experts.routed % run.ep == 0
        assert run.global_batch == run.micro_batch * run.grad_accum * run.dp
        assert run.tp <= run.gpus_per_node
        assert run.sequence_length <= run.model.context


def test_memory_fits_the_card_and_the_tools_agree() -> None:
    """nvidia-smi shows half a GiB to three and a half more than torch has reserved, and less than there is."""
    for run in drawn():
        extra = run.used_mib - run.reserved_gib * 1024
        assert 500 < extra < 3600
        assert run.allocated_gib < run.reserved_gib < 0.92 * run.gpu.memory_gib
        assert run.used_mib < 0.96 * run.gpu.memory_mib


def test_states_are_the_bytes_that_the_sharding_leaves() -> None:
    """Fully sharded fp32 Adam holds 16 bytes a parameter spread over the shards."""
    sharded = [run for run in drawn() if run.sharding == "FSDP"]
    assert sharded
    for run in sharded:
        assert run.layout.memory.states == pytest.approx(16 * run.parameters / run.dp / run.tp, rel=1e-6)


def quantiles(values: list[float]) -> list[float]:
    """The 5th, 50th and 95th percentile."""
    ranked = sorted(values)
    return [ranked[int(share * len(ranked))] for share in (0.05, 0.5, 0.95)]


def test_paces_are_credible() -> None:
    """Steps take 0.15 to 1.5 s, most of them 0.5 or more, at an MFU that such machines reach."""
    for run in drawn():
        assert 0.15 <= run.step_time <= 1.5
        assert 0.2 < run.mfu < 0.56
        if run.gpu.slug in {"h100", "a100-80g", "h200"} and run.parameters > 3e9 and not run.model.experts:
            assert 0.33 < run.mfu < 0.56
    assert quantiles([run.step_time for run in drawn()])[0] > 0.4
    low, usual, high = quantiles([run.mfu for run in drawn()])
    assert 0.33 < low < usual < high < 0.55


def test_cards_are_used() -> None:
    """Nobody rents GPUs to leave them empty: half their memory at the least, typically 55 to 92 %."""
    shares = [run.reserved_gib / run.gpu.memory_gib for run in drawn()]
    assert min(shares) >= 0.5
    low, usual, high = quantiles(shares)
    assert 0.55 < low < 0.65 < usual < 0.82 < high < 0.92


def test_batches_are_those_of_their_model_s_size() -> None:
    """Pre-training steps have a tenth of a million tokens for the smallest models, millions for large ones."""
    for run in drawn():
        assert usual_batch(run.model, "pretrain").off(run.tokens_per_step) == 0
        assert run.global_batch >= 16
    assert quantiles([float(run.tokens_per_step) for run in drawn()])[1] > 5e5


def test_models_are_cut_up_only_as_far_as_they_must_be() -> None:
    """Where FSDP or the distributed optimizer hold a model by themselves there is no tensor parallelism of 8."""
    for run in drawn():
        assert run.tp == 1 or run.parameters > 10e9
        assert run.pp == 1 or run.parameters > 20e9
    for seed in range(20):
        run = draw(random.Random(seed), model="llama-3.1-8b", gpu="h200", gpus=64, dialect="megatron")
        assert run.tp <= 2


def test_runs_take_days_and_are_watched_for_a_part_of_them() -> None:
    """Tens or hundreds of thousands of steps, of which a job of 20 to 40 minutes does a few."""
    for run in drawn():
        assert 20_000 <= run.total_steps < 1_500_000
        assert 0.3 < run.total_steps * run.step_time / 86400 < 25
        assert run.total_tokens > 7 * active_parameters(run.model)
        assert run.time_limit
        assert 1200 <= run.time_limit <= 2400 < run.total_steps * run.step_time
        assert run.epochs <= 4
        assert 0.001 * run.total_steps <= run.warmup_steps <= 0.1 * run.total_steps


def test_short_runs_end_while_somebody_watches() -> None:
    """With a number of epochs that is asked for a run takes 5 to 15 minutes of training."""
    for run in short():
        assert run.time_limit is None
        assert run.epochs == 2
        assert 280 <= run.total_steps * run.step_time <= 960
        assert 60 <= run.steps_per_epoch <= 2000


def test_figures_multiply_up() -> None:
    """Tokens a second, MFU, TFLOP/s, step time and batch are one equation."""
    for run in drawn():
        assert run.tokens_per_second * run.step_time == pytest.approx(run.tokens_per_step)
        assert run.mfu == pytest.approx(run.tokens_per_second * run.flops_per_token / run.peak_flops)
        assert run.tflops_per_gpu == pytest.approx(run.mfu * run.gpu.bf16_tflops)
        assert run.mfu == pytest.approx(run.layout.mfu)


def test_an_epoch_is_a_whole_number_of_batches_of_the_corpus() -> None:
    """Samples are available, held-out ones too, and steps follow by dropping the incomplete batch."""
    for run in drawn():
        available = sequences_in(run.dataset, run.model, run.sequence_length)
        assert run.train_samples + run.validation_samples <= available == run.data.available
        assert run.steps_per_epoch == run.train_samples // run.global_batch
        assert run.validation_batches * run.micro_batch * run.dp == run.validation_samples
        if not run.data.subset:
            assert run.train_samples == available - run.validation_samples


def test_whole_corpora_occur_and_so_do_subsets() -> None:
    """Some corpora are gone through as they are, a few times; of the large ones a part is enough."""
    assert {run.data.subset for run in drawn()} == {True, False}
    assert {run.epochs > 1 for run in drawn() if run.data.subset} == {False}
    assert {run.epochs > 1 for run in drawn() if not run.data.subset} >= {True}


def test_jokes_stay_among_themselves() -> None:
    """A made-up corpus belongs to a silly run, which is rare."""
    silly = [run for run in drawn() if run.tone == "silly"]
    assert 10 < len(silly) < 70
    assert all(run.dataset.serious == (run.tone == "serious") for run in drawn())


def test_hosts_addresses_and_processes_are_distinct() -> None:
    """No two nodes share a name or address, no two ranks a process id; bus addresses are distinct in a node."""
    for run in drawn()[:60]:
        site, ranks = run.site, range(run.world_size)
        assert len(set(run.hosts)) == len(set(site.addresses)) == run.nodes
        assert len({site.pid(rank) for rank in ranks}) == run.world_size
        assert all(1000 < site.pid(rank) < 4_194_304 for rank in ranks)
        assert len({site.bus_id(rank) for rank in range(run.gpus_per_node)}) == run.gpus_per_node
        assert all(address.startswith("10.") for address in site.addresses)
        assert run.host_of(run.world_size - 1) == run.hosts[-1]


def test_process_ids_are_distinct_on_the_largest_fleet() -> None:
    """Also with 16,384 nodes."""
    site = draw(random.Random(1), gpus=131_072, gpu="h100").site
    pids = {site.pid(rank) for rank in range(131_072)}
    assert len(pids) == 131_072
    assert max(pids) < 4_194_304


def test_software_fits_the_hardware() -> None:
    """NCCL is the one in torch's wheel, Blackwell has CUDA 12.8, AMD has ROCm."""
    bundled = {"2.6": "2.21.5", "2.7": "2.26.2", "2.8": "2.27.3", "2.9": "2.27.5", "2.12": "2.29.7"}
    for run in drawn():
        versions = run.site.versions
        if run.gpu.vendor == "amd":
            assert "rocm" in versions.torch
            continue
        assert versions.nccl.startswith(bundled[release(versions.torch)])
        assert versions.torch.endswith("cu" + versions.cuda.replace(".", ""))
        assert float(versions.driver_cuda) >= float(versions.cuda)
        assert run.gpu.slug not in {"b200", "gb200"} or float(versions.cuda) >= 12.8


def test_checkpoints_hold_weights_and_moments() -> None:
    """12 bytes a parameter, 14 with bf16 weights beside the fp32 ones, and none takes minutes."""
    for run in drawn():
        assert run.checkpoint_bytes == run.parameters * (14 if run.sharding == "ZeRO-1" else 12)
        assert run.checkpoint_bytes / run.io_rate < 60
        assert 1 <= run.checkpoint_interval <= run.steps_per_epoch


def test_the_same_seed_draws_the_same_run() -> None:
    """Chance is in the generator alone."""
    assert draw(random.Random(11)) == draw(random.Random(11))
    assert draw(random.Random(11)) != draw(random.Random(12))


@pytest.mark.parametrize("gpus", [1, 2, 3, 4, 8, 12, 16, 128, 1000, 16_384, 131_072])
def test_any_fleet_has_a_run(gpus: int) -> None:
    """From one GPU to 131,072 something fits; less than a node's worth is one node."""
    run = draw(random.Random(5), gpus=gpus)
    assert run.world_size == gpus
    assert run.nodes == max(1, gpus // run.gpu.per_node)
    assert run.tokens_per_step <= max(2**24, 1024 * gpus)


@pytest.mark.parametrize("model", models(), ids=lambda model: model.slug)
def test_any_model_can_be_asked_for(model: object) -> None:
    """Each model has a fleet on which it runs, whose memory holds it."""
    slug: str = model.slug  # type: ignore[attr-defined]
    run = draw(random.Random(3), model=slug, gpus=512 if slug == "deepseek-v3" else 64)
    assert run.model.slug == slug
    assert run.reserved_gib < run.gpu.memory_gib


def test_forced_lengths_are_kept() -> None:
    """Steps and epochs that were asked for come out, as a subset of the corpus."""
    run = draw(random.Random(2), steps=37, epochs=2)
    assert (run.steps_per_epoch, run.epochs, run.total_steps) == (37, 2, 74)
    assert run.train_samples == 37 * run.global_batch
    assert run.data.subset


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"model": "lama 8b"}, "llama-3.1-8b"),
        ({"model": "70b"}, "llama-2-70b or llama-3.1-70b"),
        ({"gpu": "h10"}, "did you mean h100"),
        ({"dataset": "finweb-edu"}, "fineweb-edu"),
        ({"gpus": 70, "gpu": "h100"}, "nearest possible are 64 and 72"),
        ({"gpus": 66, "gpu": "gb200"}, "nearest possible are 64 and 68"),
        ({"gpus": 0}, "1 to 131,072"),
        ({"steps": 0}, "1 to 1,000,000"),
        ({"epochs": 0}, "1 to 1,000"),
        ({"model": "llama-3.1-405b", "gpu": "h100", "gpus": 64}, "needs 128 or more, or 64 of"),
        ({"model": "deepseek-v3", "gpu": "rtx4090", "gpus": 8}, "DeepSeek-V3 does not fit on"),
        ({"dataset": "wikitext", "steps": 900_000}, "enough for"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(wish: dict[str, object], said: str) -> None:
    """An impossible wish is refused with what is possible or was meant."""
    with pytest.raises(ValueError, match=said) as caught:
        draw(random.Random(1), **wish)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_spelling_is_forgiving() -> None:
    """Names are found without their blanks, dots and capitals."""
    run = draw(random.Random(4), model="LLAMA 3.1 8B", gpu="nvidia h200", dataset="HuggingFaceFW/fineweb-edu")
    assert (run.model.slug, run.gpu.slug, run.dataset.title) == ("llama-3.1-8b", "h200", "FineWeb-Edu sample-10BT")


def test_schedules_rise_and_fall() -> None:
    """Linear warm-up to the peak, no step above it, the floor at the end."""
    for kind in ("cosine", "linear", "wsd"):
        schedule = Schedule(kind, 3e-4, 3e-5, 100, 1000)  # type: ignore[arg-type]
        rates = [schedule.learning_rate(step) for step in range(1, 1001)]
        assert rates[0] == pytest.approx(3e-6)
        assert rates[49] == pytest.approx(1.5e-4)
        assert max(rates) == rates[99] == 3e-4
        assert rates[-1] == pytest.approx(3e-5)
        assert all(a >= b for a, b in pairwise(rates[99:]))


def test_wsd_stays_flat_for_most_of_the_run() -> None:
    """Warm-up, stable, decay is flat until the last fifth."""
    schedule = Schedule("wsd", 1e-3, 0.0, 10, 1000)
    assert schedule.learning_rate(800) == 1e-3
    assert schedule.learning_rate(900) < 0.7e-3
    assert math.isclose(schedule.learning_rate(1000), 0.0, abs_tol=1e-12)


def test_nothing_heavy_is_imported_before_the_first_line() -> None:
    """Catalogue, scenario and start-up load neither numpy nor scipy."""
    code = (
        "import random, sys\n"
        "from fakeact_llm_training.sim.draw import draw\n"
        "from fakeact_llm_training.sim.startup import draw_startup\n"
        "draw_startup(draw(random.Random(1)), random.Random(2))\n"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'scipy')))\n"
    )
    package = Path(__file__).parent.parent
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=package).returncode == 0
