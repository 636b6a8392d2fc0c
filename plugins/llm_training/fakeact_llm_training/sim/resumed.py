"""A published pre-training recipe, somewhere in the middle: the job goes on from a checkpoint."""

import random
from collections.abc import Iterator

from fakeact_llm_training.catalogue import datasets, long_corpora, recipe
from fakeact_llm_training.catalogue.records import Dataset, Gpu, Model, Recipe
from fakeact_llm_training.sim.choice import node_count
from fakeact_llm_training.sim.corpus import held_out, in_files, offered, sequences_in
from fakeact_llm_training.sim.frameworks import FRAMEWORKS
from fakeact_llm_training.sim.habits import draw_habits, draw_time_limit, interval, io_per_node, save_interval
from fakeact_llm_training.sim.kinds import DialectName, FaultRate
from fakeact_llm_training.sim.layout import FASTEST, SLOWEST, Layout, fullness, layouts_of, taste
from fakeact_llm_training.sim.lengths import WITH_TYPED_LENGTHS, draw_typed, schedule_as_typed
from fakeact_llm_training.sim.machine import age_share, candidate_gpus, candidate_models, shuffled
from fakeact_llm_training.sim.scenario import Data, Scenario
from fakeact_llm_training.sim.schedule import Optimizer, Schedule
from fakeact_llm_training.sim.site import Tone, draw_site
from fakeact_llm_training.sim.usual import LEAST_FULL, rough_speed
from fakeact_llm_training.sim.wish import Wish

BETWEEN_VALIDATIONS = (120.0, 260.0)
LOWEST_SHARE_OF_BEST = 0.75
# Of a run that is watched by chance one in so many is in its last minutes, and comes to its end.
LAST_SHARE, LAST_SECONDS = 0.12, (400.0, 900.0)


def draw_resumed(rng: random.Random, wish: Wish, tone: Tone, faults: FaultRate) -> Scenario:
    """A job in the middle of a long run; ValueError if no published recipe goes on such a machine."""
    model, gpu, layout = _first_in_pace(rng, wish)
    plan = recipe(model.slug)
    corpus = wish.dataset or _corpus(rng, tone, wish.dialect, layout, model, plan)
    data, schedule = _plan(rng, wish, _data(wish.dialect, corpus, model, layout, plan), model, layout)
    total = schedule.total
    nodes = node_count(gpu, wish.gpus) or 1
    rate = io_per_node(rng, model, nodes)
    habits = draw_habits(rng, wish.dialect, model, gpu, faults)
    every = save_interval(rng, layout, model, faults, rate * nodes, behind=habits["async_checkpoints"])
    left = rng.uniform(*LAST_SECONDS) / layout.step_time if rng.random() < LAST_SHARE and not wish.steps else 0.0
    start = max(1, round(total - left if left else total * rng.uniform(0.08, 0.88)) // every) * every
    site = draw_site(
        rng, model, gpu, data.dataset, kind="resume", nodes=nodes, per_node=wish.gpus // nodes, tone=tone,
        newest_torch=FRAMEWORKS[wish.dialect].newest_torch,
    )  # fmt: skip
    return Scenario(
        tone=tone,
        model=model,
        gpu=gpu,
        layout=layout,
        site=site,
        data=data,
        epochs=1,
        schedule=schedule,
        optimizer=Optimizer(eps=rng.choice((1e-8, 1e-8, 1e-5))),
        seed=rng.choice((42, 1234, 1337, 0, rng.randint(1, 99_999))),
        compiled=rng.random() < 0.6,
        checkpoint_interval=every,
        io_per_node=rate,
        kind="resume",
        dialect=wish.dialect,
        faults=faults,
        start_step=start,
        prior_seconds=round(start * layout.step_time * rng.uniform(1.05, 1.2)),
        load_path=site.paths.checkpoint(start),
        time_limit=None if wish.steps or left else draw_time_limit(rng),
        step_limit=wish.steps,
        validation_interval=interval(rng, layout, BETWEEN_VALIDATIONS),
        **habits,
    )


def _first_in_pace(rng: random.Random, wish: Wish) -> tuple[Model, Gpu, Layout]:
    """The first recipe in a drawn order whose steps take 0.15 to 1.5 s; a slower one only if it was asked for."""
    late: tuple[Model, Gpu, Layout] | None = None
    for model, gpu in _likely(rng, wish):
        if (layout := _best(rng, wish, model, gpu)) is None:
            continue
        full = fullness(layout, gpu) >= LEAST_FULL or not wish.strict
        if FASTEST <= layout.step_time <= SLOWEST and full:
            return model, gpu, layout
        if wish.model and not wish.strict and (late is None or layout.step_time < late[2].step_time):
            late = model, gpu, layout
    if late is None:
        what = wish.model.name if wish.model else "a published recipe"
        raise ValueError(f"{what} does not go on with {wish.gpus} GPUs at 0.15 to 1.5 s a step; take other gpus")
    return late


def _likely(rng: random.Random, wish: Wish) -> Iterator[tuple[Model, Gpu]]:
    """Pairs in a drawn order, without those whose pace is hopeless by a rough reckoning."""
    cards, wanted = candidate_gpus(wish), candidate_models(wish)
    for gpu in shuffled(rng, cards, [card.weight for card in cards]):
        for model in shuffled(rng, wanted, [age_share(model, wish.kind) for model in wanted]):
            plan = recipe(model.slug)
            rough = plan.sequences * min(plan.length, model.context) / rough_speed(model, gpu, wish.gpus)
            if (wish.model and not wish.strict) or 1.5 * FASTEST < rough < 1.2 * SLOWEST:
                yield model, gpu


def _best(rng: random.Random, wish: Wish, model: Model, gpu: Gpu) -> Layout | None:
    """The layout of the recipe's batch that one would take; None if nothing fits or goes tolerably well."""
    plan = recipe(model.slug)
    length = min(plan.length, model.context)
    found = list(layouts_of(model, gpu, wish.gpus, (plan.sequences, length), wish.dialect))
    best = max(found, key=lambda layout: taste(layout, model, gpu) + 0.2 * rng.random(), default=None)
    slow = best is not None and best.mfu < LOWEST_SHARE_OF_BEST * gpu.mfu * (0.6 if model.experts else 1.0)
    return None if slow and (wish.strict or not wish.model) else best


def _plan(rng: random.Random, wish: Wish, data: Data, model: Model, layout: Layout) -> tuple[Data, Schedule]:
    """The recipe's course; or one as long as somebody typed it, where frameworks take what is typed."""
    plan = recipe(model.slug)
    if FRAMEWORKS[wish.dialect].as_trainer:
        data = _of_files(rng, data, model, layout)
    steps, floor = data.max_steps or data.samples // layout.global_batch, model.peak_lr * plan.floor
    if wish.dialect not in WITH_TYPED_LENGTHS:
        return data, Schedule(plan.kind, model.peak_lr, floor, plan.warmup, steps)
    most = data.available - data.validation
    typed = draw_typed(rng, wish.dialect, layout, steps, most)
    samples = typed.total if typed.samples else typed.total * layout.global_batch
    schedule = schedule_as_typed(rng, wish.dialect, typed, (model.peak_lr, floor), layout.global_batch)
    return data._replace(samples=samples, subset=samples < most), schedule


def _data(dialect: DialectName, corpus: Dataset, model: Model, layout: Layout, plan: Recipe) -> Data:
    """The recipe's tokens of a corpus that has them; all of the corpus where none has so many."""
    available, validation = sequences_in(corpus, model, layout.sequence_length), held_out(layout, dialect)
    # Frameworks count whole batches only.
    wanted = plan.tokens // layout.tokens
    steps = min(wanted, (available - validation) // layout.global_batch)
    if steps < 1000:
        raise ValueError(f"{corpus.title} is too small for a long run of {model.name}; take a larger dataset")
    return Data(corpus, available, steps * layout.global_batch, validation, subset=steps == wanted)


def _of_files(rng: random.Random, data: Data, model: Model, layout: Layout) -> Data:
    """The same steps of a corpus whose files hold more."""
    train, validation = in_files(rng, data.dataset, model, layout)
    steps = min(data.samples // layout.global_batch, layout.steps_in(train, partial=True) - 1)
    return Data(data.dataset, train + validation, train, validation, subset=False, max_steps=steps)


def _corpus(  # noqa: PLR0917
    rng: random.Random, tone: Tone, dialect: DialectName, layout: Layout, model: Model, plan: Recipe
) -> Dataset:
    known = offered(dialect, tone, (*datasets(), *long_corpora()))
    needed = plan.tokens // layout.sequence_length + held_out(layout, dialect)
    enough = [one for one in known if sequences_in(one, model, layout.sequence_length) >= needed]
    in_tone = [one for one in enough if one.serious == (tone == "serious")]
    return rng.choice(in_tone or enough or [max(known, key=lambda one: one.tokens)])
