"""How well a model does in benchmarks, from its size and the tokens it has seen."""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from fakeact_llm_training.catalogue import recipe
from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.sim.benchmarks import ANCHORS, BENCHMARKS, MMLU, Benchmark, Metric
from fakeact_llm_training.sim.mmlu import SUBJECTS, Subject
from fakeact_llm_training.sim.model import active_parameters, total_parameters
from fakeact_llm_training.sim.scenario import Scenario

# Besiroglu et al. 2024 (arXiv 2404.10102): L = E + A/N^a + B/D^b.
E, A, B, ALPHA, BETA = 1.8172, 482.01, 2085.43, 0.3478, 0.3658
# What is above chance at the weakest anchor is lost e-fold with so many nats more.
FADE_NATS = 0.9
# The harness' forward passes in bf16, padded and in eager mode, reach this share of the peak.
FORWARD_MFU = 0.15
# Generation: sequences at once on a replica, tokens until the stop word, seconds a token for launching kernels
# and for reading a byte of weights.
AT_ONCE, ANSWER_TOKENS, LAUNCH_SECONDS, BYTES_PER_SECOND = 64, 200, 0.03, 2.5e12


class Score(NamedTuple):
    """A line of results: the share of right answers among `examples`; `depth` counts the groups it is in."""

    task: str
    version: int
    filter: str
    shots: int | None
    metric: Metric
    value: float
    stderr: float
    examples: int
    depth: int = 0


@dataclass(frozen=True)
class Evaluation:
    """Results in the harness' order, and the time it takes on one node with `replicas` copies of the model.

    Requests are those of the first replica, which shows the bars; times in seconds.
    """

    scores: tuple[Score, ...]
    groups: tuple[Score, ...]
    replicas: int
    load_seconds: float
    loglikelihood_requests: int
    loglikelihood_seconds: float
    generation_requests: int
    generation_seconds: float

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.load_seconds + self.loglikelihood_seconds + self.generation_seconds


def law_loss(parameters: float, tokens: float) -> float:
    """Loss in nats per token that the scaling law gives."""
    loss: float = E + A / parameters**ALPHA + B / tokens**BETA
    return loss


def tokens_seen(scenario: Scenario, steps: int) -> int:
    """Tokens of all training after `steps` steps of a run: of the published model's too if it is fine-tuned."""
    earlier = recipe(scenario.model.slug).tokens if scenario.kind == "finetune" else 0
    return earlier + steps * scenario.tokens_per_step


def expected_share(model: Model, tokens: float, chance: float, shares: Sequence[float]) -> float:
    """Share of right answers of a model after so many tokens, between the anchors' `shares`.

    Linear in the logarithm of the loss above the law's floor; beyond the last anchor it stays.
    """
    # Experts: the usual rule of thumb for the dense model that does as well.
    size = math.sqrt(total_parameters(model) * active_parameters(model))
    loss = law_loss(size, max(tokens, 1.0))
    losses = [law_loss(*anchor) for anchor in ANCHORS]
    if loss >= losses[0]:
        return chance + (shares[0] - chance) * math.exp((losses[0] - loss) / FADE_NATS)
    anchors = list(zip(losses, shares, strict=True))
    for (left, low), (right, high) in pairwise(anchors):
        if loss >= right:
            return low + (high - low) * math.log((left - E) / (loss - E)) / math.log((left - E) / (right - E))
    return shares[-1]


def stderr(share: float, examples: int) -> float:
    """Standard error of a mean of rights and wrongs, with n-1 as the harness has it."""
    return math.sqrt(share * (1 - share) / (examples - 1))


def evaluate(scenario: Scenario, tokens: float, rng: random.Random) -> Evaluation:
    """Put the scenario's model, after `tokens` tokens, through the benchmarks; `rng` decides single answers."""
    subjects = _subjects(expected_share(scenario.model, tokens, MMLU.chance, MMLU.reached[0].shares), rng)
    tree, groups = _tree(subjects)
    tasks = [score for task in BENCHMARKS for score in _scores(task, scenario.model, tokens, rng)]
    replicas = _replicas(scenario)
    weighed = [task for task in (*BENCHMARKS, MMLU) if not task.generates]
    written = [task for task in BENCHMARKS if task.generates]
    return Evaluation(
        scores=(*tree, *tasks),
        groups=groups,
        replicas=replicas,
        load_seconds=3.0 + scenario.weight_bytes / scenario.io_per_node,
        loglikelihood_requests=sum(-(-task.examples // replicas) * task.requests for task in weighed),
        loglikelihood_seconds=_prefill_seconds(scenario, weighed),
        generation_requests=sum(-(-task.examples // replicas) for task in written),
        generation_seconds=_prefill_seconds(scenario, written) + _answer_seconds(scenario, written, replicas),
    )


def _scores(task: Benchmark, model: Model, tokens: float, rng: random.Random) -> Iterable[Score]:
    """A task's lines; what is hard by one metric is hard by the other."""
    common = rng.gauss(0, 1)
    for reached in task.reached:
        luck = 0.8 * common + 0.6 * rng.gauss(0, 1)
        share = _measured(task, expected_share(model, tokens, task.chance, reached.shares), luck)
        yield Score(
            task.name, task.version, reached.filter, task.shots, reached.metric,
            share, stderr(share, task.examples), task.examples,
        )  # fmt: skip


def _measured(task: Benchmark, expected: float, luck: float) -> float:
    error = stderr(expected, task.examples)
    # Nobody shows a model that guesses worse than dice; gsm8k's dice give nothing.
    share = expected + error * (luck if expected + error * luck >= task.chance else abs(luck))
    return _whole(share, task.examples)


def _whole(share: float, examples: int) -> float:
    """The nearest share that a whole number of right answers gives."""
    return min(max(round(share * examples), 0), examples) / examples


def _subjects(expected: float, rng: random.Random) -> list[tuple[Subject, float]]:
    """MMLU's subjects, whose mean is about `expected`."""
    above = (expected - MMLU.chance) / (1 - MMLU.chance)
    middle = math.log(above / (1 - above))
    level = [MMLU.chance + (1 - MMLU.chance) / (1 + math.exp(-middle - each.ease)) for each in SUBJECTS]
    luck = [rng.gauss(0, stderr(share, each.examples)) for share, each in zip(level, SUBJECTS, strict=True)]
    total = sum(each.examples * (share + off) for each, share, off in zip(SUBJECTS, level, luck, strict=True))
    if total < MMLU.chance * MMLU.examples:
        luck = [-off for off in luck]
    return [(each, _whole(share + off, each.examples)) for each, share, off in zip(SUBJECTS, level, luck, strict=True)]


def _tree(subjects: list[tuple[Subject, float]]) -> tuple[list[Score], tuple[Score, ...]]:
    """MMLU with its fields and subjects, and the groups alone."""
    # The harness counts the shots of a group from its members, and of MMLU before its fields have theirs.
    whole = _group("mmlu", subjects, 0, None)
    tree, groups = [whole], [whole]
    for field in sorted({subject.field for subject, _ in subjects}):
        members = [(subject, share) for subject, share in subjects if subject.field == field]
        groups.append(_group(field.replace("_", " "), members, 1, MMLU.shots))
        tree.append(groups[-1])
        tree += [_subject_score(subject, share) for subject, share in members]
    return tree, tuple(groups)


def _subject_score(subject: Subject, share: float) -> Score:
    error = stderr(share, subject.examples)
    return Score(subject.name, 1, "none", MMLU.shots, "acc", share, error, subject.examples, 2)


def _group(name: str, members: list[tuple[Subject, float]], depth: int, shots: int | None) -> Score:
    """The mean over all questions; its error is pooled from the members' variances."""
    examples = sum(subject.examples for subject, _ in members)
    share = sum(share * subject.examples for subject, share in members) / examples
    variances = (
        (subject.examples - 1) * stderr(share, subject.examples) ** 2 * subject.examples for subject, share in members
    )
    error = math.sqrt(sum(variances) / (examples - len(members)) / examples)
    return Score(name, MMLU.version, "none", shots, "acc", share, error, examples, depth)


def _replicas(scenario: Scenario) -> int:
    """Copies of the model in bf16 on a node, each on as few GPUs as hold it."""
    gpus = math.ceil(scenario.weight_bytes / (0.8 * scenario.gpu.memory_gib * 2**30))
    return max(1, scenario.gpus_per_node // gpus)


def _prefill_seconds(scenario: Scenario, tasks: Iterable[Benchmark]) -> float:
    """Forward passes over all requests; MMLU's four answers are read off one pass."""
    tokens = sum(task.examples * task.tokens * (1 if task is MMLU else task.requests) for task in tasks)
    flops = scenario.gpus_per_node * scenario.gpu.bf16_tflops * 1e12 * FORWARD_MFU
    return tokens * 2 * active_parameters(scenario.model) / flops


def _answer_seconds(scenario: Scenario, tasks: Iterable[Benchmark], replicas: int) -> float:
    """Tokens one after the other, each with all weights read once."""
    rounds = sum(math.ceil(task.examples / replicas / AT_ONCE) for task in tasks)
    return rounds * ANSWER_TOKENS * (LAUNCH_SECONDS + scenario.weight_bytes / BYTES_PER_SECOND)
