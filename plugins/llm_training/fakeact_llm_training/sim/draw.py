"""Drawing a scenario from the catalogue so that everything fits together."""

import random
from contextlib import suppress
from itertools import product
from typing import NamedTuple

from fakeact_llm_training.catalogue import recipe
from fakeact_llm_training.catalogue.records import Dataset, Gpu, Model
from fakeact_llm_training.sim.choice import check_word, find_dataset, find_gpu, find_model
from fakeact_llm_training.sim.frameworks import FRAMEWORKS
from fakeact_llm_training.sim.fresh import draw_fresh
from fakeact_llm_training.sim.kinds import DIALECTS, FAULTS, KINDS, TONES, DialectName, FaultRate, Kind, ToneWish
from fakeact_llm_training.sim.machine import shuffled
from fakeact_llm_training.sim.model import active_parameters
from fakeact_llm_training.sim.resumed import draw_resumed
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.site import Tone
from fakeact_llm_training.sim.tuned import draw_tuned
from fakeact_llm_training.sim.usual import FLEETS, fleet_for
from fakeact_llm_training.sim.wish import Wish, check_length

# A fleet of more GPUs is not one to fine-tune on.
MOST_TO_TUNE = 64
# Seconds that a step should take, if nothing speaks against it.
PACE = (0.6, 1.3)
LARGEST_WATCHED = 80e9
SILLY_SHARE = 0.12
DRAWERS = {"pretrain": draw_fresh, "finetune": draw_tuned, "resume": draw_resumed}


class _Wants(NamedTuple):
    """What was asked for, looked up."""

    model: Model | None
    gpu: Gpu | None
    gpus: int | None
    dataset: Dataset | None
    steps: int | None
    epochs: int | None
    faults: FaultRate
    tone: ToneWish
    kinds: tuple[Kind, ...]
    dialects: tuple[DialectName, ...]


def draw(
    rng: random.Random,
    *,
    model: str | None = None,
    gpu: str | None = None,
    gpus: int | None = None,
    nodes: int | None = None,
    steps: int | None = None,
    epochs: int | None = None,
    dataset: str | None = None,
    scenario: Kind | None = "pretrain",
    dialect: DialectName | None = "pytorch",
    faults: FaultRate = "none",
    tone: ToneWish = "mixed",
) -> Scenario:
    """A consistent run of what was asked for; what is None is drawn.

    `gpus` is the number of GPUs (`nodes` of machines instead), `steps` optimizer steps an epoch, or of this
    job if it resumes a longer run. ValueError says in one line what does not fit, what is possible and what
    was probably meant.
    """
    check_length(steps, epochs)
    for option, word, words in (("scenario", scenario, KINDS), ("dialect", dialect, DIALECTS)):
        if word is not None:
            check_word(option, word, words)
    check_word("faults", faults, FAULTS)
    check_word("tone", tone, TONES)
    card = find_gpu(gpu) if gpu else None
    wants = _Wants(
        model=find_model(model) if model else None,
        gpu=card,
        gpus=_count(gpus, nodes, card),
        dataset=find_dataset(dataset) if dataset else None,
        steps=steps,
        epochs=epochs,
        faults=faults,
        tone=tone,
        kinds=(scenario,) if scenario else KINDS,
        dialects=(dialect,) if dialect else DIALECTS,
    )
    return _first_that_fits(rng, wants)


def _count(gpus: int | None, nodes: int | None, gpu: Gpu | None) -> int | None:
    if nodes is None:
        return gpus
    per_node = gpu.per_node if gpu else 8
    if nodes < 1 or gpus not in {None, nodes * per_node}:
        raise ValueError(f"nodes={nodes}: {gpus or 0} GPUs are not {nodes} nodes of {per_node}; give one of the two")
    return nodes * per_node


def _first_that_fits(rng: random.Random, wants: _Wants) -> Scenario:
    """The first possible run in a drawn order of kinds and frameworks; the plainest one's error if there is none."""
    pairs = [(kind, dialect) for kind, dialect in product(wants.kinds, wants.dialects) if _goes(kind, wants)]
    if not pairs:
        raise ValueError(_no_kind(wants))
    error = ValueError()
    # At first only what somebody would launch, then whatever goes.
    weights = [FRAMEWORKS[dialect].kinds[kind] * (1e-6 if _odd(kind, wants) else 1.0) for kind, dialect in pairs]
    order = list(shuffled(rng, pairs, weights) if len(pairs) > 1 else pairs)
    for strict, (kind, dialect) in product(_rounds(wants), order):
        if strict and _odd(kind, wants) and not all(_odd(one, wants) for one, _ in pairs):
            continue
        try:
            return _draw(rng, wants, kind, dialect, strict=strict)
        except ValueError as one:
            if not strict and (not error.args or (kind, dialect) == ("pretrain", "pytorch")):
                error = one
    raise error


def _rounds(wants: _Wants) -> tuple[bool, ...]:
    """Whether to be strict, round by round; of the largest models no step is short enough to look for one."""
    huge = wants.model and active_parameters(wants.model) > LARGEST_WATCHED
    return (False,) if huge else (True, False)


def _goes(kind: Kind, wants: _Wants) -> bool:
    """Whether the corpus that was asked for is one for such a run."""
    return wants.dataset is None or (wants.dataset.kind == "instruct") == (kind == "finetune")


def _no_kind(wants: _Wants) -> str:
    assert wants.dataset
    instructs = wants.dataset.kind == "instruct"
    return (
        f"{wants.dataset.title} is {'an instruction set' if instructs else 'a corpus for pre-training'}; "
        f"possible: scenario={'finetune' if instructs else 'pretrain'}"
    )


def _odd(kind: Kind, wants: _Wants) -> bool:
    """Whether nobody would want that kind who asked for this: large fleets do not fine-tune, epochs are not resumed."""
    if kind == "finetune":
        return (wants.gpus or 1) > MOST_TO_TUNE
    return kind == "resume" and (bool(wants.steps) or wants.epochs is not None)


def _draw(rng: random.Random, wants: _Wants, kind: Kind, dialect: DialectName, *, strict: bool) -> Scenario:
    wish = Wish(
        model=wants.model,
        gpu=wants.gpu,
        gpus=wants.gpus or 0,
        dataset=wants.dataset,
        steps=wants.steps,
        epochs=wants.epochs,
        seconds=rng.uniform(360, 850),
        pace=rng.uniform(*PACE),
        kind=kind,
        dialect=dialect,
        strict=strict,
    )
    tone, play = _tone(rng, wants.tone), DRAWERS[kind]
    *others, last = _fleets(rng, wants, kind, dialect, strict=strict)
    for count in others:
        with suppress(ValueError):
            return play(rng, wish._replace(gpus=count), tone, wants.faults)
    return play(rng, wish._replace(gpus=last), tone, wants.faults)


def _fleets(rng: random.Random, wants: _Wants, kind: Kind, dialect: DialectName, *, strict: bool) -> list[int]:
    """Numbers of GPUs to look at, one after the other."""
    if wants.gpus is not None:
        return [wants.gpus]
    if not strict:
        return [_last_resort(wants.model, kind) if wants.model else min(max(FLEETS[kind]), FRAMEWORKS[dialect].largest)]
    weights = {count: weight for count, weight in FLEETS[kind].items() if count <= FRAMEWORKS[dialect].largest}
    return list(shuffled(rng, list(weights), list(weights.values())))


def _last_resort(model: Model, kind: Kind) -> int:
    plan = recipe(model.slug)
    return fleet_for(model, kind, plan.sequences * min(plan.length, model.context))


def _tone(rng: random.Random, wanted: ToneWish) -> Tone:
    if wanted != "mixed":
        return wanted
    return "silly" if rng.random() < SILLY_SHARE else "serious"
