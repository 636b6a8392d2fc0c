"""What DeepSpeed's pipeline engine says of its stages."""

from collections.abc import Iterator

from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.sim.model import parameter_table
from fakeact_llm_training.sim.scenario import Scenario

_ENDS = frozenset(("token embedding", "position embedding", "embedding norm", "final norm", "output head"))


def stages(scenario: Scenario) -> list[range]:
    """Parts of the model by stage: the embedding, the blocks, the final norm and the head, blocks shared out evenly."""
    layers, pp = scenario.model.layers, scenario.pp
    # Where stages do not divide the blocks the first ones have one more.
    sizes = [layers // pp + (stage < layers % pp) for stage in range(pp)]
    sizes[0] += 1
    sizes[-1] += 2
    ends = [sum(sizes[: stage + 1]) for stage in range(pp)]
    return [range(end - size, end) for size, end in zip(sizes, ends, strict=True)]


def table(scenario: Scenario) -> Iterator[str]:
    """The parts of each stage by name."""
    names = ["EmbeddingPipe", *["TransformerBlockPipe"] * scenario.model.layers, "NormPipe", "HeadPipe"]
    for stage, parts in enumerate(stages(scenario)):
        yield f"stage={stage} layers={len(parts)}"
        yield from (f"    {part:2d}: {names[part]}" for part in parts)
    yield "  loss: cross_entropy"


def parameters(model: Model, tp: int = 1) -> tuple[int, int, int]:
    """A rank's parameters in the embedding, in all blocks, and in the final norm with the head.

    Matrices are cut `tp` ways; every rank has all biases and norms.

    >>> from fakeact_llm_training.catalogue import models
    >>> llama = next(model for model in models() if model.slug == "llama-3.1-8b")
    >>> sum(parameters(llama)), sum(parameters(llama, 8))
    (8030261248, 1004015616)
    """
    rows = {
        row.name: (row.total - row.vectors * row.copies) // tp + row.vectors * row.copies
        for row in parameter_table(model)
    }
    last = rows.get("final norm", 0) + rows.get("output head", 0)
    first = sum(rows.get(name, 0) for name in ("token embedding", "position embedding", "embedding norm"))
    return first, sum(total for name, total in rows.items() if name not in _ENDS), last


def stage_lines(scenario: Scenario) -> Iterator[tuple[int, str]]:
    """The ranks of the first data-parallel replica with their parameters; nothing where blocks differ."""
    if scenario.model.experts:
        return
    own = list(_stage_parameters(scenario))
    total = _count(scenario.tp * sum(own))
    for stage, parts in enumerate(stages(scenario)):
        text = f"STAGE={stage} LAYERS={len(parts)} [{parts.start}, {parts.stop}) STAGE_PARAMS={_count(own[stage])}"
        for shard in range(scenario.tp):
            # Ranks are numbered by stage, then by replica, then by shard.
            rank = stage * scenario.dp * scenario.tp + shard
            yield rank, f"{text} TOTAL_PARAMS={total} UNIQUE_PARAMS={total}"


def _stage_parameters(scenario: Scenario) -> Iterator[int]:
    first, blocks, last = parameters(scenario.model, scenario.tp)
    final = scenario.pp - 1
    for stage, parts in enumerate(stages(scenario)):
        count = len(parts) - (stage == 0) - 2 * (stage == final)
        yield blocks // scenario.model.layers * count + first * (stage == 0) + last * (stage == final)


def _count(parameters: int) -> str:
    return f"{parameters} ({parameters / 1e6:0.3f}M)"
