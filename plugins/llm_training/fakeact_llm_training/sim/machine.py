"""Which model on which GPUs in which layout: the first credible combination in a drawn order."""

import math
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

from fakeact_llm_training.catalogue import gpus, models
from fakeact_llm_training.catalogue.records import Gpu, Model
from fakeact_llm_training.sim.choice import MOST_GPUS, check_count
from fakeact_llm_training.sim.corpus import steps_in
from fakeact_llm_training.sim.frameworks import drives, objection
from fakeact_llm_training.sim.kinds import DialectName
from fakeact_llm_training.sim.layout import SLOWEST, Layout, choose, is_credible, layouts, most_tokens
from fakeact_llm_training.sim.model import active_parameters
from fakeact_llm_training.sim.wish import USUAL_BATCH, Wish

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
    wanted = [wish.model] if wish.model else list(models())
    fitting = [model for model in wanted if not objection(wish.dialect, model, wish.kind)]
    if not fitting:
        raise ValueError(f"{wanted[0].name}: {objection(wish.dialect, wanted[0], wish.kind)}")
    return fitting


def _combinations(rng: random.Random, wish: Wish, cards: Sequence[Gpu]) -> Iterator[tuple[Model, Gpu]]:
    """Pairs to look at: GPUs as they are found in the world, then models that suit so many of them."""
    wanted = candidate_models(wish)
    for gpu in shuffled(rng, cards, [card.weight for card in cards]):
        for model in shuffled(rng, wanted, [_suits(one, gpu, wish) for one in wanted]):
            yield model, gpu


def _suits(model: Model, gpu: Gpu, wish: Wish) -> float:
    """Weight of a model for a fleet, by how many tokens a step gets: 50 thousand to 5 million in pre-training."""
    least, most = USUAL_BATCH[wish.kind]
    fleet = 0.4 * gpu.bf16_tflops * 1e12 * wish.gpus
    tokens = fleet * wish.step_time / (6 * active_parameters(model))
    if least <= tokens <= most:
        # Hardly anybody fine-tunes what was published without a chat in mind.
        return 0.15 if wish.kind == "finetune" and model.released < 2023 else 1.0
    near = least / 2 <= tokens <= 5 * most and wish.kind != "finetune"
    return 0.2 if near else 1e-9 * active_parameters(model) / 1e12


def shuffled(rng: random.Random, items: Sequence[T], weights: Sequence[float]) -> Iterator[T]:
    """All items, in an order that is a draw by weight without replacement."""
    # Efraimidis and Spirakis 2006: the smallest -log(u)/w first is a draw by weight without replacement.
    order = sorted(range(len(items)), key=lambda i: rng.expovariate(weights[i]))
    return (items[i] for i in order)


def _machine(rng: random.Random, wish: Wish, model: Model, gpu: Gpu) -> Machine | None:
    """The first credible layout at the wanted pace or another; the best if none is."""
    best: Machine | None = None
    for step_time in (wish.step_time, *(other for other in OTHER_PACES if _is_an_option(other, wish))):
        target = step_time * rng.uniform(0.92, 1.0)
        layout = choose(model, gpu, wish.gpus, target, rng=rng, dialect=wish.dialect)
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
    wanted = wish.steps or wish.fewest
    held = steps_in(wish.dataset, model, layout) if wish.dataset else wanted
    short = math.log2(wanted / held) if 0 < held < wanted else 4.0 * (not held)
    late = max(0.0, layout.step_time - SLOWEST)
    huge = max(0.0, math.log2(layout.tokens / most_tokens(layout)))
    # Below 1 whatever the MFU unless all is as it should be.
    whole = not short and is_credible(layout, model, gpu)
    if wish.kind == "finetune":
        huge += max(0.0, math.log2(layout.tokens / USUAL_BATCH["finetune"][1]))
        whole = whole and not huge
    return whole + 0.6 * layout.mfu / gpu.mfu - late - 0.3 * huge - short


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
    return next((n for n in powers if next(layouts(model, gpu, n, 1.0, dialect), None)), MOST_GPUS)
