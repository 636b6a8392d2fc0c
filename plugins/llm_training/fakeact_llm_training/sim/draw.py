"""Drawing a scenario from the catalogue so that everything fits together."""

import random
from itertools import product
from typing import NamedTuple

from fakeact_llm_training.catalogue.records import Dataset, Gpu, Model
from fakeact_llm_training.sim.choice import check_word, find_dataset, find_gpu, find_model
from fakeact_llm_training.sim.frameworks import FRAMEWORKS
from fakeact_llm_training.sim.fresh import draw_fresh
from fakeact_llm_training.sim.kinds import DIALECTS, FAULTS, KINDS, TONES, DialectName, FaultRate, Kind, ToneWish
from fakeact_llm_training.sim.machine import shuffled
from fakeact_llm_training.sim.resumed import draw_resumed
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.site import Tone
from fakeact_llm_training.sim.tuned import draw_tuned
from fakeact_llm_training.sim.wish import Wish, check_length

USUAL_GPUS, USUAL_EPOCHS = 64, 3
SILLY_SHARE = 0.12
DRAWERS = {"pretrain": draw_fresh, "finetune": draw_tuned, "resume": draw_resumed}


class _Wants(NamedTuple):
    """What was asked for, looked up."""

    model: Model | None
    gpu: Gpu | None
    gpus: int
    dataset: Dataset | None
    steps: int | None
    epochs: int
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
    epochs = USUAL_EPOCHS if epochs is None else epochs
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


def _count(gpus: int | None, nodes: int | None, gpu: Gpu | None) -> int:
    if nodes is None:
        return USUAL_GPUS if gpus is None else gpus
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
    weights = [FRAMEWORKS[dialect].kinds[kind] * (1e-6 if _odd(kind, wants) else 1.0) for kind, dialect in pairs]
    order = shuffled(rng, pairs, weights) if len(pairs) > 1 else iter(pairs)
    for kind, dialect in order:
        try:
            return _draw(rng, wants, kind, dialect)
        except ValueError as one:
            error = one if not error.args or (kind, dialect) == ("pretrain", "pytorch") else error
    raise error


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
        return wants.gpus > 64
    return kind == "resume" and (bool(wants.steps) or wants.epochs != USUAL_EPOCHS)


def _draw(rng: random.Random, wants: _Wants, kind: Kind, dialect: DialectName) -> Scenario:
    wish = Wish(
        model=wants.model,
        gpu=wants.gpu,
        gpus=wants.gpus,
        dataset=wants.dataset,
        steps=wants.steps,
        epochs=wants.epochs,
        seconds=rng.uniform(360, 850),
        kind=kind,
        dialect=dialect,
    )
    return DRAWERS[kind](rng, wish, _tone(rng, wants.tone), wants.faults)


def _tone(rng: random.Random, wanted: ToneWish) -> Tone:
    if wanted != "mixed":
        return wanted
    return "silly" if rng.random() < SILLY_SHARE else "serious"
