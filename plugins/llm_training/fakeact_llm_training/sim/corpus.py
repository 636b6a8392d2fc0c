"""How a corpus becomes an epoch: packed sequences, what is held out, how many batches."""

import math
import random
from collections.abc import Sequence

from fakeact_llm_training.catalogue import datasets, instructions, long_corpora, tokenizers
from fakeact_llm_training.catalogue.records import Dataset, Model
from fakeact_llm_training.sim.frameworks import FRAMEWORKS
from fakeact_llm_training.sim.kinds import DialectName
from fakeact_llm_training.sim.layout import FORWARD_SHARE, Layout
from fakeact_llm_training.sim.lengths import WITH_TYPED_LENGTHS
from fakeact_llm_training.sim.model import active_parameters
from fakeact_llm_training.sim.scenario import Data
from fakeact_llm_training.sim.site import Tone
from fakeact_llm_training.sim.wish import FEWEST_STEPS, LONGEST_RUN, MOST_STEPS, SHORTEST_RUN, Wish

# A long run takes days: so many steps in all, on at least so many tokens a parameter. Up to four times the same data
# do nearly as well as fresh ones (Muennighoff et al. 2023, arXiv 2305.16264).
DAYS, LONG_STEPS, TOKENS_PER_PARAMETER, MOST_REPEATS = (0.7, 12.0), (20_000, 600_000), 8, 4
VALIDATIONS = (4, 5, 8, 10, 16, 20, 25, 32, 40)
TORCHTITANS_CORPUS = "allenai/c4"
# Published token counts are rounded, and packing loses what is behind the last whole sequence of a file.
UNKNOWN_SHARE = 0.004
# Iterations of an evaluation that people type, and seconds that one may take.
EVAL_ITERS = (5, 8, 10, 16, 20, 25, 32, 40, 50, 64, 100)
SHORTEST_EVALUATION, LONGEST_EVALUATION = 2.5, 9.0
BUDGETS = tuple(head * 10**power for power in range(9, 14) for head in (1, 1.5, 2, 3, 5, 8))


def sequences_in(dataset: Dataset, model: Model, length: int) -> int:
    """Packed sequences of `length` tokens, in the model's tokenizer."""
    ratio = model.tokenizer.tokens_ratio / tokenizers()[dataset.tokenizer].tokens_ratio
    return int(dataset.tokens * ratio) // length


def in_files(rng: random.Random, dataset: Dataset, model: Model, layout: Layout) -> tuple[int, int]:
    """Sequences for training and for validation as files on a disk have them: no number that anybody chose."""
    published = sequences_in(dataset, model, layout.sequence_length)
    own = random.Random(f"{dataset.name} {model.tokenizer.key}").uniform(-UNKNOWN_SHARE, UNKNOWN_SHARE)
    held = held_out(layout) - rng.randrange(layout.micro_batch * layout.parallelism.dp)
    return max(int(published * (1 + own)) - held, 1), held


def held_out(layout: Layout, dialect: DialectName = "pytorch") -> int:
    """Sequences held out for validation: some five seconds of forward passes, a number of batches that people type.

    Who types a number of global batches takes one of the usual.
    """
    if dialect in WITH_TYPED_LENGTHS:
        each = FORWARD_SHARE * layout.step_time
        usual = [number for number in EVAL_ITERS if SHORTEST_EVALUATION <= number * each <= LONGEST_EVALUATION]
        dice = random.Random(f"{layout.tokens} {layout.step_time}")
        return layout.global_batch * (dice.choice(usual) if usual else EVAL_ITERS[0])
    batches = 5 / (FORWARD_SHARE * layout.step_time / layout.grad_accum)
    return layout.micro_batch * layout.parallelism.dp * min(VALIDATIONS, key=lambda typed: abs(typed - batches))


def steps_in(dataset: Dataset, model: Model, layout: Layout, dialect: DialectName = "pytorch") -> int:
    """Whole batches in all of a corpus but what is held out."""
    available = sequences_in(dataset, model, layout.sequence_length)
    return max(available - held_out(layout, dialect), 0) // layout.global_batch


def offered(dialect: DialectName, tone: Tone, known: Sequence[Dataset]) -> Sequence[Dataset]:
    """Corpora that a framework comes with, where it comes with some: torchtitan knows C4."""
    if dialect != "torchtitan" or tone == "silly":
        return known
    return [corpus for corpus in known if corpus.name == TORCHTITANS_CORPUS] or known


def draw_corpus(rng: random.Random, tone: Tone, wish: Wish, model: Model, layout: Layout) -> Dataset:
    """A corpus in that tone with enough text for an epoch."""
    needed = wish.steps_at(layout.step_time)
    known = instructions() if wish.kind == "finetune" else offered(wish.dialect, tone, datasets())
    if wish.kind == "finetune" and not wish.steps and (whole := _epochs(known, wish, model, layout)):
        known = tuple(whole)
        needed = 0
    enough = [corpus for corpus in known if steps_in(corpus, model, layout, wish.dialect) > needed]
    in_tone = [corpus for corpus in enough if corpus.serious == (tone == "serious")]
    return rng.choice(in_tone or enough or [max(known, key=lambda corpus: corpus.tokens)])


def _epochs(known: Sequence[Dataset], wish: Wish, model: Model, layout: Layout) -> list[Dataset]:
    """Corpora that make an epoch as they are."""
    return [one for one in known if _is_an_epoch(wish, steps_in(one, model, layout, wish.dialect), layout.step_time)]


def draw_data(rng: random.Random, dataset: Dataset, wish: Wish, model: Model, layout: Layout) -> Data:
    """All of the corpus if that makes an epoch, else its first N sequences; ValueError if it is too small."""
    if FRAMEWORKS[wish.dialect].as_trainer:
        return _draw_files(rng, dataset, wish, model, layout)
    available = sequences_in(dataset, model, layout.sequence_length)
    validation, whole = held_out(layout, wish.dialect), steps_in(dataset, model, layout, wish.dialect)
    if whole < (wish.steps or 1):
        raise ValueError(_too_small(dataset, available, whole, layout))
    if wish.steps is None and _is_an_epoch(wish, whole, layout.step_time):
        return Data(dataset, available, available - validation, validation, subset=False)
    steps = min(wish.steps_at(layout.step_time), whole)
    samples = steps * layout.global_batch
    if wish.steps is None:
        samples = min(_round_number(rng, samples, layout.global_batch), available - validation)
    return Data(dataset, available, samples, validation, subset=True)


def draw_epochs(rng: random.Random, tone: Tone, wish: Wish, model: Model, layout: Layout) -> tuple[Data, int]:
    """A long run's data and how often it goes through them: a part of a large corpus once, or all of a small one."""
    total = _long_total(rng, model, layout)
    known = (wish.dataset,) if wish.dataset else offered(wish.dialect, tone, (*datasets(), *long_corpora()))
    repeats = MOST_REPEATS if FRAMEWORKS[wish.dialect].by_epoch else 1
    enough = [one for one in known if steps_in(one, model, layout, wish.dialect) * repeats >= total]
    in_tone = [one for one in enough if one.serious == (tone == "serious")]
    corpus = rng.choice(in_tone or enough or [max(known, key=lambda one: one.tokens)])
    if FRAMEWORKS[wish.dialect].as_trainer:
        return _through_files(rng, corpus, total, model, layout)
    available = sequences_in(corpus, model, layout.sequence_length)
    validation, whole = held_out(layout, wish.dialect), steps_in(corpus, model, layout, wish.dialect)
    if whole >= total or not whole:
        return draw_data(rng, corpus, wish._replace(steps=total), model, layout), 1
    epochs = min(-(-total // whole), MOST_REPEATS)
    return Data(corpus, available, available - validation, validation, subset=False), epochs


def _draw_files(rng: random.Random, dataset: Dataset, wish: Wish, model: Model, layout: Layout) -> Data:
    """The same for a framework that counts what is in the files: all of it, or a number that somebody typed."""
    train, validation = in_files(rng, dataset, model, layout)
    whole, available = layout.steps_in(train, partial=True), train + validation
    if whole < (wish.steps or 1):
        raise ValueError(_too_small(dataset, available, whole, layout))
    if wish.steps is None and _is_an_epoch(wish, whole, layout.step_time):
        return Data(dataset, available, train, validation, subset=False)
    steps = min(wish.steps_at(layout.step_time), whole)
    samples = min(steps * layout.global_batch, train)
    if wish.steps is None:
        return Data(
            dataset, available, min(_round_number(rng, samples, layout.global_batch), train), validation, subset=True
        )
    fewest = samples - layout.micro_batch * layout.parallelism.dp + 1
    return Data(dataset, available, _roundest(max(fewest, 1), samples), validation, subset=True)


def _through_files(rng: random.Random, dataset: Dataset, total: int, model: Model, layout: Layout) -> tuple[Data, int]:
    """So many steps of a corpus that has more, or whole epochs of a smaller one."""
    train, validation = in_files(rng, dataset, model, layout)
    whole = layout.steps_in(train, partial=True)
    if whole > total:
        return Data(dataset, train + validation, train, validation, subset=False, max_steps=total), 1
    return Data(dataset, train + validation, train, validation, subset=False), min(-(-total // whole), MOST_REPEATS)


def _roundest(low: int, high: int) -> int:
    """The number with the most zeros at its end in a range that is no more than that.

    >>> _roundest(697, 720), _roundest(1497, 1520), _roundest(17, 17)
    (700, 1500, 17)
    """
    units = [int(10**power) for power in range(len(str(high)), -1, -1)]
    return next(high // unit * unit for unit in units if high // unit * unit >= low)


def _too_small(dataset: Dataset, available: int, whole: int, layout: Layout) -> str:
    return (
        f"{dataset.title} has {available:,} sequences of {layout.sequence_length:,} tokens, enough for "
        f"{whole:,} steps of {layout.global_batch:,}; take fewer steps, fewer GPUs or another dataset"
    )


def _long_total(rng: random.Random, model: Model, layout: Layout) -> int:
    """Steps of a run of some days: a number that a person types, or what a round number of tokens comes to."""
    days = math.exp(rng.uniform(*map(math.log, DAYS)))
    least = TOKENS_PER_PARAMETER * active_parameters(model) / layout.tokens
    steps = min(max(days * 86400 / layout.step_time, least, LONG_STEPS[0]), LONG_STEPS[1])
    if rng.random() < 0.4:
        enough = [budget for budget in BUDGETS if budget >= 0.9 * min(least, steps) * layout.tokens]
        tokens = min(enough, key=lambda budget: abs(math.log(budget / (steps * layout.tokens))))
        steps = tokens / layout.tokens
        return int(steps)
    unit = int(10 ** (len(str(int(steps))) - 2))
    return round(steps / unit) * unit


def _is_an_epoch(wish: Wish, steps: int, step_time: float) -> bool:
    in_time = SHORTEST_RUN <= steps * wish.passes * step_time <= LONGEST_RUN
    return FEWEST_STEPS <= steps <= MOST_STEPS and in_time


def _round_number(rng: random.Random, samples: int, batch: int) -> int:
    """A number of samples that a person types, two or three digits and zeros, for at least as many steps."""
    unit = 10 ** max(len(str(samples)) - rng.choice((2, 2, 3)), 0)
    rounded = -(-samples // unit) * unit
    return rounded if rounded // batch <= MOST_STEPS else samples
