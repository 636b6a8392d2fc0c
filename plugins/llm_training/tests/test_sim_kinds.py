"""Kinds of runs and frameworks: whatever is drawn fits together."""

import itertools
import math
import random
from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from fakeact_llm_training.catalogue import instructions, models, recipe
from fakeact_llm_training.sim.accuracy import accuracy
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.events import (
    CheckpointSaved,
    EarlyStopping,
    Event,
    RunDone,
    RunInterrupted,
    StepDone,
    ValidationDone,
)
from fakeact_llm_training.sim.frameworks import FRAMEWORKS, RECENT, is_built_by_torchtitan
from fakeact_llm_training.sim.kinds import DIALECTS, KINDS, DialectName, Kind
from fakeact_llm_training.sim.optim import Learning
from fakeact_llm_training.sim.run import TrainingRun
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.startup import draw_startup
from scipy import special


@cache
def drawn() -> list[Scenario]:
    """300 runs with everything left to chance."""
    return [draw(random.Random(seed), scenario=None, dialect=None, faults="some") for seed in range(300)]


def of(kind: Kind) -> list[Scenario]:
    return [run for run in drawn() if run.kind == kind]


def learning(scenario: Scenario, seed: int = 1) -> Learning:
    return Learning(scenario, np.random.default_rng(seed), special)


def play(scenario: Scenario, seed: int = 1) -> list[Event]:
    return TrainingRun(scenario, np.random.default_rng(seed), special).advance(1e9)


def losses(scenario: Scenario, steps: range, seed: int = 1) -> float:
    course = learning(scenario, seed)
    return float(np.mean([course.at(step).loss for step in steps]))


def test_all_kinds_and_frameworks_occur() -> None:
    """Each kind is a fifth of the runs or more, each framework a twentieth, silly ones are rare."""
    kinds, dialects = Counter(run.kind for run in drawn()), Counter(run.dialect for run in drawn())
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) > 60
    assert set(dialects) == set(DIALECTS)
    assert min(dialects.values()) > 15
    assert 10 < sum(run.tone == "silly" for run in drawn()) < 70


def test_layouts_are_those_of_their_framework() -> None:
    """Megatron has no FSDP, torchtitan no GPT-2, the Trainer no pipeline; everything divides and fits."""
    for run in drawn():
        framework = FRAMEWORKS[run.dialect]
        assert run.sharding in framework.shardings
        assert run.tp * run.pp * run.cp * run.dp == run.world_size == run.nodes * run.gpus_per_node
        assert run.model.heads % run.tp == run.model.kv_heads % run.tp == 0
        assert (run.model.pipeline_slots or run.model.layers) % run.pp == 0
        assert run.global_batch == run.micro_batch * run.grad_accum * run.dp
        assert run.reserved_gib < 0.93 * run.gpu.memory_gib
        assert run.dialect != "hf" or (run.tp, run.pp) == (1, 1)
        assert run.dialect != "torchtitan" or (is_built_by_torchtitan(run.model) and run.pp == 1)
        assert run.dialect != "nemo" or run.gpu.vendor == "nvidia"
        assert 0.12 < run.mfu < 0.56


def test_paces_are_watchable() -> None:
    """Steps take 0.15 to 1.5 s; fine-tunes end after 5 to 15 minutes, long runs are cut off or in their last ones."""
    for run in drawn():
        assert 0.149 <= run.step_time <= 1.51
        left = (run.total_steps - run.start_step) * run.step_time
        if run.kind == "finetune":
            assert 280 < left < 960
        elif run.time_limit:
            assert 1200 <= run.time_limit <= 2400 < left
        else:
            assert run.kind == "resume"
            assert 380 < left < 1500
    ends = [run for run in of("resume") if not run.time_limit]
    assert 0.04 < len(ends) / len(of("resume")) < 0.25


def test_cards_are_used_whatever_the_run() -> None:
    """Half the memory at the least in every kind of run, 55 to 92 % in nine of ten."""
    shares = sorted(run.reserved_gib / run.gpu.memory_gib for run in drawn())
    assert shares[0] >= 0.5
    assert shares[15] > 0.54
    assert shares[-1] <= 0.92


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_any_kind_goes_with_any_framework(kind: Kind, dialect: DialectName) -> None:
    """What is asked for is what comes, whatever the dice say."""
    for seed in range(12):
        run = draw(random.Random(seed), scenario=kind, dialect=dialect)
        assert (run.kind, run.dialect) == (kind, dialect)
        assert run.sharding in FRAMEWORKS[dialect].shardings


@pytest.mark.parametrize("model", models(), ids=lambda model: model.slug)
def test_any_model_has_a_run_of_some_kind(model: object) -> None:
    """A model alone is enough to ask for: kind and framework are drawn to suit it."""
    slug: str = model.slug  # type: ignore[attr-defined]
    gpus = 512 if slug == "deepseek-v3" else 64
    assert draw(random.Random(2), model=slug, gpus=gpus, scenario=None, dialect=None).model.slug == slug


@pytest.mark.parametrize("gpus", [1, 2, 8, 256, 1024, 16_384, 131_072])
def test_any_fleet_has_a_run_of_some_kind(gpus: int) -> None:
    """From one GPU to 131,072, with everything else left to chance; large fleets do not fine-tune."""
    for seed in range(3):
        run = draw(random.Random(seed), gpus=gpus, scenario=None, dialect=None, faults="drama")
        assert run.world_size == gpus
        assert run.kind != "finetune" or gpus <= 64


def test_a_slow_model_has_many_micro_batches() -> None:
    """405B on 1,024 GPUs takes longer than 1.5 s a step where its recipe is asked for, in many small parts."""
    run = draw(random.Random(1), model="llama-3.1-405b", gpu="h100", gpus=1024, scenario="resume", dialect="megatron")
    assert run.step_time > 5
    assert run.grad_accum >= 16
    assert run.tokens_per_step == recipe("llama-3.1-405b").sequences * recipe("llama-3.1-405b").length


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"scenario": "pretain"}, "did you mean pretrain"),
        ({"dialect": "torch-titan-x"}, "unknown dialect"),
        ({"faults": "many"}, "possible: none, some, drama"),
        ({"tone": "sily"}, "did you mean silly"),
        ({"dialect": "torchtitan", "model": "gpt2"}, "dense models like Llama 3 and Qwen 3"),
        ({"dialect": "hf", "model": "llama-3.1-405b", "scenario": "finetune"}, "up to 72B"),
        ({"dialect": "nemo", "gpu": "mi300x"}, "not used on"),
        ({"dataset": "alpaca"}, "scenario=finetune"),
        ({"dataset": "c4", "scenario": "finetune"}, "scenario=pretrain"),
        ({"nodes": 4, "gpus": 8, "gpu": "h100"}, "are not 4 nodes of 8"),
        ({"scenario": "resume", "gpus": 3}, "take other gpus"),
        ({"scenario": "resume", "dataset": "wikitext", "model": "gpt2"}, "larger dataset"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(wish: dict[str, object], said: str) -> None:
    """An impossible wish is refused with what is possible or was meant."""
    with pytest.raises(ValueError, match=said) as caught:
        draw(random.Random(1), **wish)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_nodes_may_be_given_instead_of_gpus() -> None:
    """Four GB200 trays have 16 GPUs."""
    assert draw(random.Random(1), gpu="gb200", nodes=4).world_size == 16


def test_an_instruction_set_makes_a_fine_tune() -> None:
    """Where the kind is left to chance the corpus decides."""
    run = draw(random.Random(4), dataset="ultrachat_200k", scenario=None, dialect=None)
    assert (run.kind, run.dataset.documents) == ("finetune", 207_865)


# Long runs
def test_long_runs_are_the_published_recipe_somewhere_in_the_middle() -> None:
    """Batch and length are the recipe's; steps are its tokens over its batch unless the corpus ends before."""
    for run in of("resume"):
        plan = recipe(run.model.slug)
        assert (run.global_batch, run.sequence_length) == (plan.sequences, min(plan.length, run.model.context))
        if not run.schedule.typed:
            assert run.warmup_steps == plan.warmup
            assert run.total_steps <= -(-plan.tokens // run.tokens_per_step)
        assert 0.05 * run.total_steps < run.start_step
        assert run.start_step < (0.9 * run.total_steps if run.time_limit else run.total_steps)
        assert run.start_step % run.checkpoint_interval == 0
        assert run.consumed_tokens_before == run.start_step * run.tokens_per_step
        assert 1.04 < run.prior_seconds / (run.start_step * run.step_time) < 1.21
        assert run.load_path == run.site.paths.checkpoint(run.start_step)
    assert any(run.model.slug.startswith("pythia") and run.total_steps == 143_000 for run in of("resume"))


def test_lengths_are_what_somebody_typed() -> None:
    """Megatron and NeMo count what their scripts say, in samples or steps, and all else follows from it."""
    runs = [
        draw(random.Random(seed), scenario=kind, dialect=dialect)
        for seed in range(6) for kind in ("pretrain", "resume") for dialect in ("megatron", "nemo")
    ]  # fmt: skip
    for run in runs:
        typed = run.schedule.typed
        assert typed
        unit = run.global_batch if typed.samples else 1
        assert run.total_steps == run.schedule.total == typed.total // unit
        assert run.data.samples == typed.total * run.global_batch // unit <= run.data.available - run.data.validation
        assert 0 < run.warmup_steps <= 0.06 * run.total_steps
        assert run.warmup_steps < run.schedule.ends <= typed.total / unit
        assert run.validation_samples % run.global_batch == 0
    ways = {(run.schedule.typed.samples, run.schedule.typed.decay is None) for run in runs if run.schedule.typed}
    assert len(ways) >= 3
    assert {run.schedule.kind for run in runs} == {"cosine", "wsd", "linear"}


def test_the_loss_goes_on_where_it_was() -> None:
    """The first losses of a resumed job are those that a job which began earlier comes to, and it still learns."""
    scenario = next(run for run in of("resume") if run.start_step > 5000)
    earlier = replace(scenario, start_step=scenario.start_step - 1000)
    steps = range(scenario.first_step, scenario.first_step + 100)
    assert losses(scenario, steps) == pytest.approx(losses(earlier, steps), abs=0.01)
    assert losses(scenario, steps) < 0.6 * learning(replace(scenario, start_step=0)).at(1).loss


def test_a_resumed_job_ends_at_its_time_limit() -> None:
    """The first step after the limit is the last; it is saved, and the run's own total is far away."""
    base = next(run for run in of("resume") if run.time_limit)
    scenario = replace(base, time_limit=100.0, faults="none")
    events = play(scenario)
    last, steps = events[-1], [event for event in events if isinstance(event, StepDone)]
    assert isinstance(last, RunInterrupted)
    assert last.reason == "time limit"
    assert (steps[0].step, steps[-1].step) == (scenario.first_step, last.step)
    assert 100.0 - 6 < steps[-1].at < 100.0 + 10
    saved = [event for event in events if isinstance(event, CheckpointSaved)][-1]
    assert (saved.step, saved.path) == (last.step, last.path)
    assert last.steps == len(steps)


def test_a_resumed_job_may_be_given_its_steps() -> None:
    """Steps that were asked for are steps of this job."""
    scenario = draw(random.Random(3), scenario="resume", dialect="megatron", steps=25)
    last = play(scenario)[-1]
    assert isinstance(last, RunInterrupted)
    assert (last.reason, last.steps, last.step) == ("step limit", 25, scenario.start_step + 25)


def test_a_resumed_job_loads_its_checkpoint() -> None:
    """Weights and optimizer, all shards, from the directory of the step that it goes on from."""
    for run in of("resume")[:20]:
        load = draw_startup(run, random.Random(1)).weights
        assert (load.what, load.path) == ("checkpoint", run.load_path)
        assert (load.total_bytes, load.shards) == (run.checkpoint_bytes, run.checkpoint_shards)


# Fine-tunes
def test_fine_tunes_have_their_usual_settings() -> None:
    """3 epochs of a real instruction set, a short warm-up, a small rate that falls to nothing, published weights."""
    for run in of("finetune"):
        assert run.dataset in instructions()
        assert run.epochs == 3
        assert run.warmup_steps <= 0.2 * run.total_steps
        assert 1e-5 <= run.peak_lr <= 5e-5
        assert run.min_lr == 0
        assert run.load_path
        assert run.load_path.endswith(run.model.slug)
        load = draw_startup(run, random.Random(1)).weights
        assert (load.what, load.total_bytes) == ("published", 2 * run.parameters)
    shares = {math.ceil(share * run.total_steps) == run.warmup_steps for run in of("finetune") for share in (0.03,)}
    assert shares == {True, False}, "not everybody warms up for 3 %"


def test_fine_tunes_begin_low_and_fall_at_once() -> None:
    """The first loss is 0.75 to 2.2 nats; 60 steps later a tenth or so of it is gone, half of that in the first 30."""
    for run in of("finetune")[:30]:
        first, early, late = (losses(run, steps) for steps in (range(1, 4), range(25, 45), range(50, 61)))
        assert 0.7 < first < 2.3
        assert 0.72 * first < late < 0.98 * first
        assert early < first


def test_fine_tunes_step_down_where_the_data_repeat_and_then_overfit() -> None:
    """Training loss drops at each epoch's start while validation, at its best before the end, rises."""
    rises = drops = 0
    runs = [run for run in of("finetune") if run.parameters > 6e9][:20]
    for run in runs:
        last, course = run.steps_per_epoch, learning(run)
        drops += losses(run, range(last - 29, last + 1)) - losses(run, range(last + 1, last + 31)) > 0.02
        course.at(run.total_steps)
        best = min(course.validation(step) for step in range(last // 2, run.total_steps, max(last // 8, 1)))
        final = course.validation(run.total_steps)
        rises += final > best + 0.005
        assert final > losses(run, range(run.total_steps - 40, run.total_steps + 1))
    assert drops > 0.85 * len(runs)
    assert rises > 0.7 * len(runs)


def test_patience_ends_a_fine_tune() -> None:
    """After as many evaluations without a better one as it was told to bear, and not before."""
    stopped = 0
    for base in [run for run in of("finetune") if run.patience][:8]:
        events = play(replace(base, faults="none", patience=2))
        evaluations = [event for event in events if isinstance(event, ValidationDone)]
        stops = [event for event in events if isinstance(event, EarlyStopping)]
        assert all(event.stale < 2 for event in evaluations[:-1])
        last = events[-1]
        assert isinstance(last, RunDone)
        assert last.stopped_early == bool(stops) == (last.steps < base.total_steps)
        for stop in stops:
            stopped += 1
            assert (stop.stale, stop.best_loss) == (2, min(event.loss for event in evaluations))
            assert stop.step == evaluations[-1].step == last.steps
    assert stopped


def test_validation_compares() -> None:
    """Each evaluation knows the training loss of the steps before it, the best so far, and how long ago that was."""
    base = next(run for run in of("finetune") if run.validation_interval)
    events = play(replace(base, faults="none", patience=None))
    steps = [event for event in events if isinstance(event, StepDone)]
    evaluations = [event for event in events if isinstance(event, ValidationDone)]
    assert len(evaluations) > base.epochs
    for index, event in enumerate(evaluations):
        before = [done.loss for done in steps if done.step <= event.step][-100:]
        assert event.train_loss == pytest.approx(np.mean(before))
        known = [one.loss for one in evaluations[: index + 1]]
        assert event.best_loss == min(known)
        assert event.stale == index - known.index(min(known))
        assert event.inside == (event.step % base.steps_per_epoch != 0)
        assert event.accuracy == accuracy(event.loss)


def test_accuracy_falls_with_the_loss() -> None:
    """All of it at no loss, next to none for a model that guesses, about three quarters at 1 nat."""
    values = [accuracy(loss) for loss in np.linspace(0, 11, 200)]
    assert values[0] == 1
    assert all(a > b for a, b in itertools.pairwise(values))
    assert 0.7 < accuracy(1.0) < 0.8
    assert accuracy(10.8) < 0.002


def test_who_asks_for_nothing_gets_what_people_train() -> None:
    """Torchtitan trains families of its registry on C4; fine-tunes begin from models of recent years."""
    for seed in range(12):
        titan = draw(random.Random(seed), dialect="torchtitan", scenario="pretrain", tone="serious")
        assert titan.model.slug.startswith(("llama-3", "qwen3-"))
        assert titan.dataset.name == "allenai/c4"
        for dialect in DIALECTS:
            assert draw(random.Random(seed), dialect=dialect, scenario="finetune").model.released >= RECENT
    asked = draw(random.Random(1), dialect="torchtitan", scenario="pretrain", model="llama-2-7b", dataset="fineweb")
    assert (asked.model.slug, asked.dataset.name) == ("llama-2-7b", "HuggingFaceFW/fineweb")
