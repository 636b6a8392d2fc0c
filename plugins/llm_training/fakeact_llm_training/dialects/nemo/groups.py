"""The groups of ranks that rank 0 lists, in Megatron's order: tensor, context, data, pipeline from fast to slow."""

from collections.abc import Iterator
from itertools import product

from fakeact_llm_training.sim.scenario import Scenario

MOST_LISTED = 1024
"""Ranks above which the lists of all groups would fill the screen; people turn them off then."""


def ranks_of(scenario: Scenario, *kinds: str) -> Iterator[list[int]]:
    """All groups over these dimensions, for instance all data-parallel ones."""
    sizes = {"tp": scenario.tp, "cp": scenario.cp, "dp": scenario.dp, "pp": scenario.pp}
    strides, stride = {}, 1
    for name, size in sizes.items():
        strides[name] = stride
        stride *= size

    def offsets(names: list[str]) -> Iterator[int]:
        # The first dimension runs fastest.
        spans = [range(sizes[name]) for name in reversed(names)]
        for place in product(*spans):
            yield sum(i * strides[name] for i, name in zip(place, reversed(names), strict=True))

    inside = [name for name in sizes if name in kinds]
    outside = [name for name in sizes if name not in kinds]
    for base in offsets(outside):
        yield [base + offset for offset in offsets(inside)]


def lines(scenario: Scenario) -> Iterator[tuple[int, str]]:
    """Rank 0's messages, each with its line in megatron_init.py of nemo_toolkit 2.3.1."""

    def first(*kinds: str) -> list[int]:
        return next(ranks_of(scenario, *kinds))

    def every(*kinds: str) -> str:
        # One group after the other: a list of all ranks' groups would be a MiB for a moment.
        return f"[{', '.join(map(str, ranks_of(scenario, *kinds)))}]"

    listed = scenario.world_size <= MOST_LISTED
    yield 443, f"Rank 0 has data parallel group : {first('dp')}"
    yield 449, f"Rank 0 has combined group of data parallel and context parallel : {first('dp', 'cp')}"
    if listed:
        yield 454, f"All data parallel group ranks with context parallel combined: {every('dp', 'cp')}"
    yield 457, "Ranks 0 has data parallel rank: 0"
    yield 465, f"Rank 0 has context parallel group: {first('cp')}"
    if listed:
        yield 468, f"All context parallel group ranks: {every('cp')}"
    yield 469, "Ranks 0 has context parallel rank: 0"
    yield 476, f"Rank 0 has model parallel group: {first('tp', 'pp')}"
    if listed:
        yield 477, f"All model parallel group ranks: {every('tp', 'pp')}"
    yield 486, f"Rank 0 has tensor model parallel group: {first('tp')}"
    if listed:
        yield 490, f"All tensor model parallel group ranks: {every('tp')}"
    yield 491, "Rank 0 has tensor model parallel rank: 0"
    yield from _pipeline(first("pp"), every("pp") if listed else "")


def _pipeline(first: list[int], every: str) -> Iterator[tuple[int, str]]:
    yield 518, f"Rank 0 has pipeline model parallel group: {first}"
    yield 530, f"Rank 0 has embedding group: {[first[0], first[-1]] if len(first) > 1 else first}"
    if every:
        yield 536, f"All pipeline model parallel group ranks: {every}"
    yield 537, "Rank 0 has pipeline model parallel rank 0"
    if every:
        # NeMo prints the pipelines here once more.
        yield 538, f"All embedding group ranks: {every}"
    yield 539, "Rank 0 has embedding rank: 0"
