"""A reader of what is left behind a conversion: files to the byte, and the harness' table."""

import re
from collections.abc import Iterator

from . import checker_lm_eval

ROW = re.compile(r"-rw-r--r-- 1 root root +(\d+) \w{3} [ \d]\d \d\d:\d\d (\S+)")


def faults(lines: list[str], path: str, least: float, slack: float) -> Iterator[str]:
    """The listing adds up; weights have `least` bytes, or some `slack` more, in files as the Hub has them.

    The harness is asked about that model, and its standard errors follow from its values.
    """
    rows = {match[2]: int(match[1]) for line in lines if (match := ROW.fullmatch(line))}
    if f"total {sum(-(-size // 4096) * 4 for size in rows.values())}" not in lines or list(rows) != sorted(rows):
        yield f"the sum of {len(rows)} files"
    weights = {name: size for name, size in rows.items() if name.endswith(".safetensors")}
    numbered = [f"model-{i:05d}-of-{len(weights):05d}.safetensors" for i in range(1, len(weights) + 1)]
    if list(weights) != (numbered if len(weights) > 1 else ["model.safetensors"]):
        yield f"files {list(weights)}"
    if ("model.safetensors.index.json" in rows) != (len(weights) > 1) or "config.json" not in rows:
        yield f"companions {sorted(rows.keys() - weights.keys())}"
    total = sum(weights.values())
    if not least <= total <= least + slack or any(size > 5.001e9 for size in weights.values()):
        yield f"{total:,} bytes of weights, {least:,} at least"
    yield from checker_lm_eval.wrong_errors(lines)
    yield from checker_lm_eval.table_is_of(lines, path)
