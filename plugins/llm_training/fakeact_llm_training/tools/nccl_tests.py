"""The table of nccl-tests' ``all_reduce_perf`` (version 2.17), column by column."""

from collections.abc import Iterator

from fakeact_llm_training.sim.startup import AllReduceRow, Preflight

_SIDE = "    time   algbw   busbw #wrong"
_UNITS = "   (us)  (GB/s)  (GB/s)       "
_HEADER = (
    f"#{'':62}out-of-place{'':23}in-place{'':10}",
    f"#       size         count      type   redop    root {_SIDE} {_SIDE}",
    f"#        (B)    (elements)                            {_UNITS}  {_UNITS}",
)


def heading(check: Preflight) -> Iterator[str]:
    """What stands above the table."""
    rows = check.rows
    factor = rows[1].size // rows[0].size
    yield (
        f"# nThread 1 nGpus 1 minBytes {rows[0].size} maxBytes {rows[-1].size} step: {factor}(factor) warmup iters: "
        f"{check.warmup_iterations} iters: {check.iterations} agg iters: 1 validation: 1 graph: 0"
    )
    yield "#"
    yield from _HEADER


def row(result: AllReduceRow) -> str:
    """A size: times in microseconds, bandwidths in GB/s, and how many values were wrong."""
    out = _timing(result.time, result.algbw, result.busbw)
    inside = _timing(result.in_place_time, result.in_place_algbw, result.in_place_busbw)
    return f"{result.size:12d}  {result.count:12d}  {'float':>8}  {'sum':>6}  {-1:6d}  {out}  {inside}"


def _timing(seconds: float, algbw: float, busbw: float) -> str:
    return f"{_microseconds(seconds * 1e6):>7}  {algbw / 1e9:6.2f}  {busbw / 1e9:6.2f}  {0:5g}"


def _microseconds(time: float) -> str:
    """As many decimals as fit into seven places."""
    return f"{time:.0f}" if time >= 10_000 else f"{time:.1f}" if time >= 100 else f"{time:.2f}"


def footing(check: Preflight) -> Iterator[str]:
    """What stands below the table."""
    yield "# Out of bounds values : 0 OK"
    yield f"# Avg bus bandwidth    : {check.average_busbw / 1e9:g} "
    yield "#"
