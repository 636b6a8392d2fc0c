"""Which model on which GPUs in which layout: the first credible combination in a drawn order."""

import math
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

from fakeact_llm_training.catalogue import gpus, models
from fakeact_llm_training.catalogue.records import Gpu, Model
from fakeact_llm_training.sim.choice import MOST_GPUS, check_count
from fakeact_llm_training.sim.corpus import steps_in
from fakeact_llm_training.sim.layout import SLOWEST, Layout, choose, is_credible, layouts, most_tokens
from fakeact_llm_training.sim.model import active_parameters
from fakeact_llm_training.sim.wish import FEWEST_STEPS, Wish

# So many combinations are looked at before the best of them will do; large fleets have more layouts each.
TRIES, TRIES_WHEN_LARGE, LARGE = 16, 4, 1024
# Seconds a step that are tried where the wanted pace leads to nothing.
OTHER_PACES = (0.17, 0.45, 0.7, 1.1)
T = TypeVar("T")


class Machine(NamedTuple):
    """A model laid out on GPUs; `merit` above 1 says that somebody would run it so."""

    model: Model
    gpu: Gpu
    layout: Layout
    merit: float


def draw_machine(rng: random.Random, wish: Wish) -> Machine:
    """A machine for a wish; ValueError if what was asked for does not fit."""
    cards = check_count(wish.gpus, [wish.gpu] if wish.gpu else list(gpus()))
    tries = TRIES_WHEN_LARGE if wish.gpus > LARGE else TRIES
    best: Machine | None = None
    for tried, (model, gpu) in enumerate(_combinations(rng, wish, cards)):
        if best and tried >= tries:
            break
        found = _machine(rng, wish, model, gpu)
        if found and found.merit > 1 and wish.is_met(found.layout.step_time):
            return found
        best = max(filter(None, (best, found)), key=lambda machine: machine.merit, default=None)
    if best is None:
        raise ValueError(_too_small(wish, cards))
    return best


def _combinations(rng: random.Random, wish: Wish, cards: Sequence[Gpu]) -> Iterator[tuple[Model, Gpu]]:
    """Pairs to look at: GPUs as they are found in the world, then models that suit so many of them."""
    wanted = [wish.model] if wish.model else list(models())
    for gpu in _shuffled(rng, cards, [card.weight for card in cards]):
        for model in _shuffled(rng, wanted, [_suits(one, gpu, wish) for one in wanted]):
            yield model, gpu


def _suits(model: Model, gpu: Gpu, wish: Wish) -> float:
    """Weight of a model for a fleet, by how many tokens a step gets: 50 thousand to 5 million are usual."""
    fleet = 0.4 * gpu.bf16_tflops * 1e12 * wish.gpus
    tokens = fleet * wish.step_time / (6 * active_parameters(model))
    if 5e4 <= tokens <= 5e6:
        return 1.0
    return 0.2 if 2.5e4 <= tokens <= 2.5e7 else 1e-9 * active_parameters(model) / 1e12


def _shuffled(rng: random.Random, items: Sequence[T], weights: Sequence[float]) -> Iterator[T]:
    # Efraimidis and Spirakis 2006: the smallest -log(u)/w first is a draw by weight without replacement.
    order = sorted(range(len(items)), key=lambda i: rng.expovariate(weights[i]))
    return (items[i] for i in order)


def _machine(rng: random.Random, wish: Wish, model: Model, gpu: Gpu) -> Machine | None:
    """The first credible layout at the wanted pace or another; the best if none is."""
    best: Machine | None = None
    for step_time in (wish.step_time, *(other for other in OTHER_PACES if _is_an_option(other, wish))):
        layout = choose(model, gpu, wish.gpus, step_time * rng.uniform(0.92, 1.0), rng)
        if layout is None:
            return None
        found = Machine(model, gpu, layout, _merit(wish, model, gpu, layout))
        if best is None or found.merit > best.merit:
            best = found
        if best.merit > 1:
            break
    return best


def _is_an_option(step_time: float, wish: Wish) -> bool:
    """Slower steps let larger models work well; only where a corpus is given are smaller batches looked at."""
    return step_time > wish.step_time or wish.dataset is not None


def _merit(wish: Wish, model: Model, gpu: Gpu, layout: Layout) -> float:
    wanted = wish.steps or FEWEST_STEPS
    held = steps_in(wish.dataset, model, layout) if wish.dataset else wanted
    short = math.log2(wanted / held) if 0 < held < wanted else 4.0 * (not held)
    late = max(0.0, layout.step_time - SLOWEST)
    huge = max(0.0, math.log2(layout.tokens / most_tokens(layout)))
    # Below 1 whatever the MFU unless all is as it should be.
    whole = not short and is_credible(layout, model, gpu)
    return whole + 0.6 * layout.mfu / gpu.mfu - late - 0.3 * huge - short


def _too_small(wish: Wish, cards: Sequence[Gpu]) -> str:
    model = wish.model or models()[0]
    needed = min(_fewest(model, card) for card in cards)
    if needed == MOST_GPUS:
        return f"{model.name} does not fit on any number of {cards[0].name} GPUs"
    kind = f"{cards[0].name} GPUs" if len(cards) == 1 else "GPUs of any kind"
    others = [card.name for card in gpus() if len(cards) == 1 and _fewest(model, card) <= wish.gpus]
    hint = f", or {wish.gpus} of {' or '.join(others)}" if others else ""
    return f"{model.name} does not fit on {wish.gpus} {kind}; it needs {needed} or more{hint}"


def _fewest(model: Model, gpu: Gpu) -> int:
    """The smallest power of two of GPUs that holds the model in some layout."""
    powers = [1 << power for power in range(MOST_GPUS.bit_length())]
    return next((n for n in powers if next(layouts(model, gpu, n, 1.0), None)), MOST_GPUS)
