"""How a corpus becomes an epoch: packed sequences, what is held out, how many whole batches."""

import random
from collections.abc import Sequence

from fakeact_llm_training.catalogue import datasets, instructions, tokenizers
from fakeact_llm_training.catalogue.records import Dataset, Model
from fakeact_llm_training.sim.layout import FORWARD_SHARE, Layout
from fakeact_llm_training.sim.scenario import Data
from fakeact_llm_training.sim.site import Tone
from fakeact_llm_training.sim.wish import LONGEST_RUN, MOST_STEPS, SHORTEST_RUN, Wish


def sequences_in(dataset: Dataset, model: Model, length: int) -> int:
    """Packed sequences of `length` tokens, in the model's tokenizer."""
    ratio = model.tokenizer.tokens_ratio / tokenizers()[dataset.tokenizer].tokens_ratio
    return int(dataset.tokens * ratio) // length


def held_out(layout: Layout) -> int:
    """Sequences held out for validation: whole batches, some five seconds of forward passes."""
    batches = round(5 / (FORWARD_SHARE * layout.step_time / layout.grad_accum))
    return layout.micro_batch * layout.parallelism.dp * min(max(batches, 4), 40)


def steps_in(dataset: Dataset, model: Model, layout: Layout) -> int:
    """Whole batches in all of a corpus but what is held out."""
    available = sequences_in(dataset, model, layout.sequence_length)
    return max(available - held_out(layout), 0) // layout.global_batch


def draw_corpus(rng: random.Random, tone: Tone, wish: Wish, model: Model, layout: Layout) -> Dataset:
    """A corpus in that tone with enough text for an epoch."""
    needed = wish.steps_at(layout.step_time)
    known = instructions() if wish.kind == "finetune" else datasets()
    if wish.kind == "finetune" and not wish.steps and (whole := _epochs(known, wish, model, layout)):
        known = tuple(whole)
        needed = 0
    enough = [corpus for corpus in known if steps_in(corpus, model, layout) > needed]
    in_tone = [corpus for corpus in enough if corpus.serious == (tone == "serious")]
    return rng.choice(in_tone or enough or [max(known, key=lambda corpus: corpus.tokens)])


def _epochs(known: Sequence[Dataset], wish: Wish, model: Model, layout: Layout) -> list[Dataset]:
    """Corpora that make an epoch as they are."""
    return [one for one in known if _is_an_epoch(wish, steps_in(one, model, layout), layout.step_time)]


def draw_data(rng: random.Random, dataset: Dataset, wish: Wish, model: Model, layout: Layout) -> Data:
    """All of the corpus if that makes an epoch, else its first N sequences; ValueError if it is too small."""
    available, validation = sequences_in(dataset, model, layout.sequence_length), held_out(layout)
    whole = steps_in(dataset, model, layout)
    if whole < (wish.steps or 1):
        raise ValueError(
            f"{dataset.title} has {available:,} sequences of {layout.sequence_length:,} tokens, enough for "
            f"{whole:,} steps of {layout.global_batch:,}; take fewer steps, fewer GPUs or another dataset"
        )
    if wish.steps is None and _is_an_epoch(wish, whole, layout.step_time):
        return Data(dataset, available, available - validation, validation, subset=False)
    steps = min(wish.steps_at(layout.step_time), whole)
    samples = steps * layout.global_batch
    if wish.steps is None:
        samples = min(_round_number(rng, samples, layout.global_batch), available - validation)
    return Data(dataset, available, samples, validation, subset=True)


def _is_an_epoch(wish: Wish, steps: int, step_time: float) -> bool:
    in_time = SHORTEST_RUN <= steps * wish.epochs * step_time <= LONGEST_RUN
    return wish.fewest <= steps <= MOST_STEPS and in_time


def _round_number(rng: random.Random, samples: int, batch: int) -> int:
    """A number of samples that a person types, two or three digits and zeros, for at least as many steps."""
    unit = 10 ** max(len(str(samples)) - rng.choice((2, 2, 3)), 0)
    rounded = -(-samples // unit) * unit
    return rounded if rounded // batch <= MOST_STEPS else samples
