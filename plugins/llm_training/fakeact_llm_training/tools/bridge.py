"""Megatron-Bridge's conversion to Hugging Face's form, and a look at what it wrote.

Forms of examples/conversion/convert_checkpoints_multi_gpu.py and of the bar in model_bridge.py, 2026.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from fakeact.style import cyan, magenta
from fakeact.units import clock_time
from fakeact.widgets import rich_bar

SCRIPT = "/opt/Megatron-Bridge/examples/conversion/convert_checkpoints_multi_gpu.py"
BAR = 40
# Families that it knows, by the beginning of their slugs; Llama's form is that of many.
BRIDGES = {
    "llama": "LlamaBridge", "tinyllama": "LlamaBridge", "smollm2": "LlamaBridge", "yi-": "LlamaBridge",
    "qwen2.5": "Qwen2Bridge", "qwen3": "Qwen3Bridge", "gemma-2": "Gemma2Bridge", "mistral": "MistralBridge",
}  # fmt: skip
WRITTEN = "Success: All tensors from the original checkpoint were written."


def bridge(slug: str) -> str | None:
    """The class for a model; None if there is none.

    >>> bridge("llama-3.1-8b"), bridge("gpt2")
    ('LlamaBridge', None)
    """
    return next((name for family, name in BRIDGES.items() if slug.startswith(family)), None)


def command(model: str, checkpoints: str, path: str, tp: int, pp: int) -> str:
    """The conversion on so many GPUs of a node."""
    return (
        f"torchrun --nproc_per_node {tp * pp} {SCRIPT} export --hf-model {model} --megatron-path {checkpoints} "
        f"--hf-path {path} --tp {tp} --pp {pp}"
    )


def announced(checkpoints: str, path: str, tp: int, pp: int) -> Iterator[str]:
    """What it is about to do."""
    yield f"Exporting: {checkpoints} -> {path}"
    yield f"  TP={tp}  PP={pp}  EP=1  ETP=1  dtype=bfloat16"
    yield "  distributed_save=False  save_every_n_ranks=1"


def converting(done: int, total: int, left: float | None, name: str) -> str:
    """The bar over all parameters.

    >>> from fakeact.ansi import strip
    >>> strip(converting(98, 98, 0.0, "LlamaBridge"))[-36:]
    '━━━ 100% 0:00:00 (98/98) LlamaBridge'
    """
    share = f"{100 * done / total:>3.0f}%"
    remaining = "-:--:--" if left is None else clock_time(left)
    bar = rich_bar(done, BAR, total)
    return f"Converting to HuggingFace {bar} {magenta(share)} {cyan(remaining)} ({done}/{total}) {name}"


def listing(files: Sequence[tuple[str, int, datetime]]) -> Iterator[str]:
    """Files as ``ls -l`` shows them: names, bytes, when they were closed.

    >>> list(listing([("b", 5000, datetime(2026, 1, 2, 3, 4)), ("a", 10, datetime(2026, 1, 2, 3, 4))]))[:2]
    ['total 12', '-rw-r--r-- 1 root root   10 Jan  2 03:04 a']
    """
    yield f"total {sum(-(-size // 4096) * 4 for _, size, _ in files)}"
    width = max(len(str(size)) for _, size, _ in files)
    for name, size, when in sorted(files):
        yield f"-rw-r--r-- 1 root root {size:>{width}} {when:%b} {when.day:>2} {when:%H:%M} {name}"
