"""The evaluation: shares a model of its size reaches, errors that fit, the harness' own table."""

import math
import random
from functools import cache

import pytest
from fakeact_llm_training.sim.benchmarks import ANCHORS, BENCHMARKS, MMLU, Metric
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.evaluation import Evaluation, Score, evaluate, expected_share, law_loss, tokens_seen
from fakeact_llm_training.sim.mmlu import SUBJECTS
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.tools.lm_eval import result_lines, table

# make_table of lm-eval 0.4.13 with pytablewriter 1.2.1.
REAL = """\
|   Tasks   |Version|     Filter     |n-shot|  Metric   |   |Value |   |Stderr|
|-----------|------:|----------------|-----:|-----------|---|-----:|---|-----:|
|mmlu       |      2|none            |      |acc        |↑  |0.6214|±  |0.0038|
| - stem    |      2|none            |     0|acc        |↑  |0.5000|±  |0.0100|
|  - anatomy|      1|none            |     0|acc        |↑  |0.5500|±  |0.0400|
|gsm8k      |      3|flexible-extract|     5|exact_match|↑  |0.1410|±  |0.0095|
|           |       |strict-match    |     5|exact_match|↑  |0.1380|±  |0.0095|
|piqa       |      1|none            |     0|acc        |↑  |0.7800|±  |0.0096|
|           |       |none            |     0|acc_norm   |↑  |0.8000|±  |0.0093|""".splitlines()


@cache
def scenario(slug: str = "llama-3.1-8b", gpus: int = 16) -> Scenario:
    """A run with fixed dice."""
    return draw(random.Random(3), model=slug, gpus=gpus, gpu="h200")


@cache
def results(tokens: float, seed: int = 0, slug: str = "llama-3.1-8b") -> Evaluation:
    """A model after so many tokens."""
    return evaluate(scenario(slug), tokens, random.Random(seed))


def test_the_table_is_the_harness_s() -> None:
    """Given the same scores, every character is where lm-eval puts it."""
    scores = [
        Score("mmlu", 2, "none", None, "acc", 0.6214, 0.0038, 14042),
        Score("stem", 2, "none", 0, "acc", 0.5, 0.01, 3153, 1),
        Score("anatomy", 1, "none", 0, "acc", 0.55, 0.04, 135, 2),
        Score("gsm8k", 3, "flexible-extract", 5, "exact_match", 0.141, 0.0095, 1319),
        Score("gsm8k", 3, "strict-match", 5, "exact_match", 0.138, 0.0095, 1319),
        Score("piqa", 1, "none", 0, "acc", 0.78, 0.0096, 1838),
        Score("piqa", 1, "none", 0, "acc_norm", 0.8, 0.0093, 1838),
    ]
    assert table(scores) == REAL
    assert table([]) == []


def test_the_table_is_make_table_s() -> None:
    """A whole evaluation goes through lm-eval's own function and comes out the same, the groups as well."""
    utils = pytest.importorskip("lm_eval.utils", reason="lm-eval is not installed")
    ours = results(1e12)
    theirs = as_results(ours)
    assert utils.make_table(theirs).splitlines() == table(ours.scores)
    assert utils.make_table(theirs, "groups").splitlines() == table(ours.groups, "Groups")


def as_results(evaluation: Evaluation) -> dict[str, object]:
    """An evaluation as the harness hands it to its table."""
    values: dict[str, dict[str, object]] = {}
    tree: dict[str, list[str]] = {}
    versions: dict[str, int] = {}
    shots: dict[str, int] = {}
    field = ""
    for score in evaluation.scores:
        key = ("mmlu_" if score.depth else "") + score.task.replace(" ", "_")
        field = key if score.depth == 1 else field
        if score.depth:
            tree.setdefault("mmlu" if score.depth == 1 else field, []).append(key)
        own = values.setdefault(key, {"alias": score.task})
        own |= {f"{score.metric},{score.filter}": score.value, f"{score.metric}_stderr,{score.filter}": score.stderr}
        versions[key] = score.version
        shots |= {} if score.shots is None else {key: score.shots}
    better = dict.fromkeys(values, dict.fromkeys(("acc", "acc_norm", "exact_match"), True))
    groups = {key: values[key] for key in tree}
    return {
        "results": values,
        "groups": groups,
        "group_subtasks": tree,
        "versions": versions,
        "n-shot": shots,
        "higher_is_better": better,
    }


def test_all_tasks_are_as_large_as_they_are() -> None:
    """Test sets have their true sizes; MMLU's subjects add up to its 14,042 questions in 57 subjects."""
    sizes = {task.name: task.examples for task in BENCHMARKS}
    assert sizes == {
        "arc_challenge": 1172,
        "arc_easy": 2376,
        "boolq": 3270,
        "gsm8k": 1319,
        "hellaswag": 10042,
        "piqa": 1838,
        "winogrande": 1267,
    }
    fields = ("humanities", "other", "social_sciences", "stem")
    totals = [sum(subject.examples for subject in SUBJECTS if subject.field == field) for field in fields]
    assert totals == [4705, 3107, 3077, 3153]
    assert (len(SUBJECTS), MMLU.examples) == (57, 14042)


def test_anchors_get_better_from_one_to_the_next() -> None:
    """The law's loss falls along the anchors while no share does, and none is below chance."""
    losses = [law_loss(*anchor) for anchor in ANCHORS]
    assert losses == sorted(losses, reverse=True)
    for task in (*BENCHMARKS, MMLU):
        for reached in task.reached:
            assert list(reached.shares) == sorted(reached.shares)
            assert len(reached.shares) == len(ANCHORS)
            assert reached.shares[0] >= task.chance


def test_published_models_reach_what_they_are_known_for() -> None:
    """Llama 3 8B after 15 trillion tokens is within three errors of its published figures."""
    values = {(score.task, score.metric): score for score in results(15e12).scores}
    published: dict[tuple[str, Metric], float] = {
        ("hellaswag", "acc_norm"): 0.793,
        ("piqa", "acc_norm"): 0.808,
        ("mmlu", "acc"): 0.621,
    }
    for key, value in published.items():
        assert abs(values[key].value - value) < 0.012 + 3 * values[key].stderr


def test_more_tokens_never_hurt() -> None:
    """Expected shares rise with tokens, from chance at none to the best at very many."""
    model = scenario().model
    for task in BENCHMARKS:
        shares = task.reached[0].shares
        course = [expected_share(model, 10**power, task.chance, shares) for power in range(15)]
        assert course == sorted(course)
        assert course[0] == pytest.approx(task.chance, abs=0.01)


@pytest.mark.parametrize("tokens", [1e6, 1e9, 1e11, 15e12])
def test_nobody_does_worse_than_dice(tokens: float) -> None:
    """Tasks and MMLU as a whole stay at or above chance, also before anything was learnt."""
    chance = {task.name: task.chance for task in (*BENCHMARKS, MMLU)}
    for seed in range(25):
        for score in results(tokens, seed).scores:
            assert score.depth or score.value >= chance[score.task] - 0.5 / score.examples


def test_values_are_counts_and_errors_follow_from_them() -> None:
    """Every share is a whole number of answers; the error of a task is sqrt(p(1-p)/(n-1))."""
    for score in results(1e12).scores:
        right = score.value * score.examples
        assert right == pytest.approx(round(right), abs=1e-6)
        # A group's error is pooled within its members, whose differences it leaves out.
        whole = math.sqrt(score.value * (1 - score.value) / (score.examples - 1))
        assert score.stderr == pytest.approx(whole, rel=0.08 if score.examples > 3000 and score.version == 2 else 1e-9)


def test_scatter_is_as_large_as_the_error() -> None:
    """Over many dice a share's spread is its standard error."""
    values = [next(s for s in results(15e12, seed).scores if s.task == "winogrande") for seed in range(120)]
    mean = sum(score.value for score in values) / len(values)
    spread = math.sqrt(sum((score.value - mean) ** 2 for score in values) / (len(values) - 1))
    assert 0.75 < spread / values[0].stderr < 1.3


def test_mmlu_is_the_mean_of_its_subjects() -> None:
    """Groups count each question once."""
    scores = results(15e12).scores
    subjects = [score for score in scores if score.depth == 2]
    total = sum(score.value * score.examples for score in subjects) / MMLU.examples
    assert scores[0].value == pytest.approx(total)
    assert [score.task for score in results(15e12).groups[1:]] == ["humanities", "other", "social sciences", "stem"]


def test_larger_models_take_longer() -> None:
    """Time follows from the model's size, the copies from what a GPU holds."""
    small, large = results(1e12), results(1e12, slug="llama-3.1-70b")
    assert large.replicas < small.replicas
    assert large.loglikelihood_seconds > 4 * small.loglikelihood_seconds
    assert large.generation_seconds > small.generation_seconds
    assert small.loglikelihood_requests * small.replicas >= 14042 * 4 + 10042 * 4
    assert large.seconds > small.seconds > 10


def test_fine_tunes_know_what_their_model_knew() -> None:
    """Tokens seen are the job's, and those of the published model before them."""
    fresh = scenario()
    assert tokens_seen(fresh, 10) == 10 * fresh.tokens_per_step
    tuned = draw(random.Random(3), model="llama-3.1-8b", gpus=16, scenario="finetune")
    assert tokens_seen(tuned, 10) - 10 * tuned.tokens_per_step == 15_000_000_000_000


def test_results_end_with_a_blank_line_after_each_table() -> None:
    """The settings come first; print adds a line feed to the one that each table ends with."""
    lines = list(result_lines(results(1e12), "out/hf", 64))
    assert lines[0].endswith("batch_size: auto (64)")
    assert [i for i, line in enumerate(lines) if not line] == [len(lines) - 9, len(lines) - 1]
