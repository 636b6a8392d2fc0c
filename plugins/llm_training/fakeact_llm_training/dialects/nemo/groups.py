"""The groups of ranks that rank 0 lists, in Megatron's order: tensor, context, data, pipeline from fast to slow."""

from collections.abc import Iterator
from itertools import product

from fakeact_llm_training.sim.scenario import Scenario

MOST_LISTED = 1024
"""Ranks above which the lists of all groups would fill the screen; people turn them off then."""


def ranks_of(scenario: Scenario, *kinds: str) -> list[list[int]]:
    """All groups over these dimensions, for instance all data-parallel ones."""
    sizes = {"tp": scenario.tp, "cp": scenario.cp, "dp": scenario.dp, "pp": scenario.pp}
    strides, stride = {}, 1
    for name, size in sizes.items():
        strides[name] = stride
        stride *= size

    def offsets(names: list[str]) -> list[int]:
        # The first dimension runs fastest.
        spans = [range(sizes[name]) for name in reversed(names)]
        return [
            sum(i * strides[name] for i, name in zip(place, reversed(names), strict=True)) for place in product(*spans)
        ]

    inside = [name for name in sizes if name in kinds]
    outside = [name for name in sizes if name not in kinds]
    return [[base + offset for offset in offsets(inside)] for base in offsets(outside)]


def lines(scenario: Scenario) -> Iterator[tuple[int, str]]:
    """Rank 0's messages, each with its line in megatron_init.py of nemo_toolkit 2.3.1."""
    data, context, tensor = (ranks_of(scenario, kind) for kind in ("dp", "cp", "tp"))
    both, model, pipeline = ranks_of(scenario, "dp", "cp"), ranks_of(scenario, "tp", "pp"), ranks_of(scenario, "pp")
    listed = scenario.world_size <= MOST_LISTED
    yield 443, f"Rank 0 has data parallel group : {data[0]}"
    yield 449, f"Rank 0 has combined group of data parallel and context parallel : {both[0]}"
    if listed:
        yield 454, f"All data parallel group ranks with context parallel combined: {both}"
    yield 457, "Ranks 0 has data parallel rank: 0"
    yield 465, f"Rank 0 has context parallel group: {context[0]}"
    if listed:
        yield 468, f"All context parallel group ranks: {context}"
    yield 469, "Ranks 0 has context parallel rank: 0"
    yield 476, f"Rank 0 has model parallel group: {model[0]}"
    if listed:
        yield 477, f"All model parallel group ranks: {model}"
    yield 486, f"Rank 0 has tensor model parallel group: {tensor[0]}"
    if listed:
        yield 490, f"All tensor model parallel group ranks: {tensor}"
    yield 491, "Rank 0 has tensor model parallel rank: 0"
    yield from _pipeline(pipeline, listed=listed)


def _pipeline(groups: list[list[int]], *, listed: bool) -> Iterator[tuple[int, str]]:
    first = groups[0]
    yield 518, f"Rank 0 has pipeline model parallel group: {first}"
    yield 530, f"Rank 0 has embedding group: {[first[0], first[-1]] if len(first) > 1 else first}"
    if listed:
        yield 536, f"All pipeline model parallel group ranks: {groups}"
    yield 537, "Rank 0 has pipeline model parallel rank 0"
    if listed:
        # NeMo prints the pipelines here once more.
        yield 538, f"All embedding group ranks: {groups}"
    yield 539, "Rank 0 has embedding rank: 0"
