"""Which model on which GPUs in which layout: the first credible combination in a drawn order."""

import math
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

from fakeact_llm_training.catalogue import gpus, models
from fakeact_llm_training.catalogue.records import Gpu, Model
from fakeact_llm_training.sim.choice import MOST_GPUS, check_count
from fakeact_llm_training.sim.corpus import sequences_in, steps_in
from fakeact_llm_training.sim.frameworks import RECENT, drives, is_usual, objection
from fakeact_llm_training.sim.kinds import DialectName, Kind
from fakeact_llm_training.sim.layout import (
    FASTEST,
    SLOWEST,
    Layout,
    fullness,
    is_credible,
    layouts,
    most_tokens,
    taste,
)
from fakeact_llm_training.sim.model import total_parameters
from fakeact_llm_training.sim.usual import FULL, LEAST_FULL, Range, rough_speed, usual_batch
from fakeact_llm_training.sim.wish import FEWEST_STEPS, Wish

# So many combinations are looked at before the best of them will do; large fleets have more layouts each.
TRIES, TRIES_WHEN_LARGE, LARGE = 16, 6, 1024
# Seconds a step that are looked at beside the wanted pace; the slow ones only for a model that was asked for.
OTHER_PACES, SLOW_PACES, HUGE = (0.25, 0.5, 0.85, 1.35), (2.5, 4.5, 9.0), 100e9
# Tokens in the shortest sequence; pre-training takes longer ones where the model does.
SHORT = 1024
# Of what is older than the models of today few runs are seen.
OLD_SHARE = {"pretrain": 0.25, "finetune": 0.05, "resume": 0.4}
T = TypeVar("T")


class Machine(NamedTuple):
    """A model laid out on GPUs; `merit` above 1 says that somebody would run it so."""

    model: Model
    gpu: Gpu
    layout: Layout
    merit: float


def draw_machine(rng: random.Random, wish: Wish) -> Machine:
    """A machine for a wish; ValueError if what was asked for does not fit."""
    cards = candidate_gpus(wish)
    tries = TRIES_WHEN_LARGE if wish.gpus > LARGE else TRIES
    best: Machine | None = None
    for tried, (model, gpu) in enumerate(_combinations(rng, wish, cards)):
        if best and tried >= tries:
            break
        found = _machine(rng, wish, model, gpu)
        if found and found.merit > 1 and wish.is_met(found.layout.step_time):
            return found
        best = max(filter(None, (best, found)), key=lambda machine: machine.merit, default=None)
    if wish.strict:
        raise ValueError(f"nobody would train that on {wish.gpus} GPUs")
    if best is None:
        raise ValueError(_too_small(wish, cards))
    return best


def candidate_gpus(wish: Wish) -> list[Gpu]:
    """GPUs of which so many come in whole nodes and which the framework drives; ValueError if there are none."""
    wanted = [wish.gpu] if wish.gpu else list(gpus())
    driven = [gpu for gpu in wanted if drives(wish.dialect, gpu)]
    if not driven:
        raise ValueError(f"dialect={wish.dialect} is not used on {wanted[0].name}; possible: pytorch, hf, deepspeed")
    return check_count(wish.gpus, driven)


def candidate_models(wish: Wish) -> list[Model]:
    """Models that are trained so; ValueError if the one that was asked for is not."""
    wanted = [wish.model] if wish.model else _drawn(wish)
    fitting = [model for model in wanted if not objection(wish.dialect, model, wish.kind)]
    if not fitting:
        raise ValueError(f"{wanted[0].name}: {objection(wish.dialect, wanted[0], wish.kind)}")
    return fitting


def _drawn(wish: Wish) -> list[Model]:
    """What is looked at when nobody asked for a model: at first only what one expects."""
    return [model for model in models() if not wish.strict or is_usual(wish.dialect, model, wish.kind)]


def _combinations(rng: random.Random, wish: Wish, cards: Sequence[Gpu]) -> Iterator[tuple[Model, Gpu]]:
    """Pairs to look at: GPUs as they are found in the world, then models that suit so many of them."""
    wanted = candidate_models(wish)
    for gpu in shuffled(rng, cards, [card.weight for card in cards]):
        for model in shuffled(rng, wanted, [_suits(one, gpu, wish) for one in wanted]):
            yield model, gpu


def _suits(model: Model, gpu: Gpu, wish: Wish) -> float:
    """Weight of a model for a fleet: a batch as people take it, at a pace that can be watched."""
    off = _off_batch(model, gpu, wish)
    share = age_share(model, wish.kind)
    return share if not off else 1e-6 * 2.0 ** (-8 * off)


def age_share(model: Model, kind: Kind) -> float:
    """Weight of a model by its age."""
    return OLD_SHARE[kind] if model.released < RECENT else 1.0


def _off_batch(model: Model, gpu: Gpu, wish: Wish) -> float:
    """By how many doublings a step of 0.3 to 1.4 s misses the usual batch."""
    batch, speed = _batch(wish, model), rough_speed(model, gpu, wish.gpus)
    return Range(batch.least / (0.95 * SLOWEST), batch.most / (2 * FASTEST)).off(speed)


def _batch(wish: Wish, model: Model) -> Range:
    """Tokens in a step: huge fleets cannot have less than a thousand a GPU, small corpora do not have many."""
    usual = usual_batch(model, wish.kind)
    most = max(usual.most, 1024.0 * wish.gpus)
    if wish.dataset and wish.steps:
        most = min(most, max(sequences_in(wish.dataset, model, 1) / wish.steps / 1.01, 1.0))
    return Range(min(usual.least, most), most)


def shuffled(rng: random.Random, items: Sequence[T], weights: Sequence[float]) -> Iterator[T]:
    """All items, in an order that is a draw by weight without replacement."""
    # Efraimidis and Spirakis 2006: the smallest -log(u)/w first is a draw by weight without replacement.
    order = sorted(range(len(items)), key=lambda i: rng.expovariate(weights[i]))
    return (items[i] for i in order)


def _machine(rng: random.Random, wish: Wish, model: Model, gpu: Gpu) -> Machine | None:
    """What a careful person would make of that model on those GPUs; None if nothing fits, or not as it is wished."""
    if wish.strict and _off_batch(model, gpu, wish):
        return None
    found = _candidates(wish, model, gpu)
    batch = _batch(wish, model)

    def liking(layout: Layout) -> float:
        return taste(layout, model, gpu) - _reluctance(layout, wish.pace, batch) + 0.25 * rng.random()

    layout = max(found, key=liking, default=None)
    return Machine(model, gpu, layout, _merit(wish, model, gpu, layout)) if layout else None


def _candidates(wish: Wish, model: Model, gpu: Gpu) -> list[Layout]:
    slow = () if wish.strict or not wish.model else SLOW_PACES[: 3 if total_parameters(model) > HUGE else 2]
    quick = 0.9 * _batch(wish, model).most / rough_speed(model, gpu, wish.gpus)
    paces = (wish.pace, min(quick, wish.pace), *OTHER_PACES, *slow)
    shortest = SHORT if wish.kind == "finetune" else 2 * SHORT
    if wish.strict:
        found = list(layouts(model, gpu, wish.gpus, paces, wish.dialect, shortest=shortest, least_full=LEAST_FULL))
    else:
        found = list(layouts(model, gpu, wish.gpus, paces, wish.dialect, shortest=shortest))
        found = found or list(layouts(model, gpu, wish.gpus, paces, wish.dialect))
    if wish.dataset and wish.steps:
        return [one for one in found if steps_in(wish.dataset, model, one, wish.dialect) >= wish.steps] or found
    return found


def _reluctance(layout: Layout, pace: float, batch: Range) -> float:
    """How much speaks against a layout's pace and batch; of two evils a late step is the lesser."""
    off = abs(math.log(layout.step_time / pace))
    late = max(0.0, math.log2(layout.step_time / SLOWEST)) + max(0.0, math.log2(FASTEST / layout.step_time))
    return 0.6 * max(0.0, off - 0.25) + 1.2 * late + 1.5 * batch.off(layout.tokens)


def _merit(wish: Wish, model: Model, gpu: Gpu, layout: Layout) -> float:
    """Above 1 if all is as it should be; else the less, the further it is from that."""
    wanted = wish.steps or FEWEST_STEPS
    held = steps_in(wish.dataset, model, layout, wish.dialect) if wish.dataset else wanted
    short = math.log2(wanted / held) if 0 < held < wanted else 4.0 * (not held)
    late = max(0.0, math.log2(layout.step_time / SLOWEST))
    huge = max(0.0, math.log2(layout.tokens / most_tokens(layout)))
    batch = _batch(wish, model)
    off = min(batch.off(layout.tokens), 6.0)
    empty = max(0.0, FULL - fullness(layout, gpu))
    whole = not short and is_credible(layout, model, gpu, batch)
    return whole + 0.6 * layout.mfu / gpu.mfu - 0.25 * late - 0.2 * off - 0.3 * huge - 0.5 * empty - short


def _too_small(wish: Wish, cards: Sequence[Gpu]) -> str:
    model = wish.model or models()[0]
    needed = min(_fewest(model, card, wish.dialect) for card in cards)
    if needed == MOST_GPUS:
        return f"{model.name} does not fit on any number of {cards[0].name} GPUs"
    kind = f"{cards[0].name} GPUs" if len(cards) == 1 else "GPUs of any kind"
    rivals = [card for card in gpus() if drives(wish.dialect, card)] if len(cards) == 1 else []
    others = [card.name for card in rivals if _fewest(model, card, wish.dialect) <= wish.gpus]
    hint = f", or {wish.gpus} of {' or '.join(others)}" if others else ""
    return f"{model.name} does not fit on {wish.gpus} {kind}; it needs {needed} or more{hint}"


def _fewest(model: Model, gpu: Gpu, dialect: DialectName) -> int:
    """The smallest power of two of GPUs that holds the model in some layout."""
    powers = [1 << power for power in range(MOST_GPUS.bit_length())]
    return next((n for n in powers if next(layouts(model, gpu, n, (1.0,), dialect), None)), MOST_GPUS)
