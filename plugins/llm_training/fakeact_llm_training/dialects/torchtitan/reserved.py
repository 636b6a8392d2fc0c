"""What torch's allocator has reserved when torchtitan's weights are in place.

Each parameter is cut along its rows, the last rank's part filled up (FSDP 2); each attention layer keeps a rotary
cache of its own, as long as the sequence, which it computes anew (torchtitan 0.3.0's rope.py). With expandable segments
memory is mapped in pieces of 20 MiB, of 2 MiB for tensors up to 1 MiB (CUDACachingAllocator's constants).
"""

import re
from collections import Counter
from collections.abc import Iterator

from fakeact_llm_training.sim.memory import LARGE_SEGMENT, MIB
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.shards import model_tensors
from fakeact_llm_training.sim.tensors import cut

SMALL_SEGMENT, SMALL_TENSOR, BLOCK = 2 * MIB, MIB, 512
# Caches that live at once while the last layer computes its own: its old one and the parts of the new one.
EXTRA_COMPLEX, EXTRA_COSINES = 2.0, 2.75


def of_model(run: Scenario) -> int:
    """Bytes at their most, from the moment the metrics are set up until the weights have their first values."""
    pools = Counter[int]()
    for size in [*_parameters(run), *_caches(run)]:
        pools[SMALL_SEGMENT if size <= SMALL_TENSOR else LARGE_SEGMENT] += -(-size // BLOCK) * BLOCK
    return sum(-(-size // segment) * segment for segment, size in pools.items())


def _parameters(run: Scenario) -> Iterator[int]:
    """Bytes in fp32 of each parameter's part; queries, keys and values are one matrix."""
    degree, rows, columns = run.layout.parallelism.shard_degree, Counter[str](), dict[str, int]()
    for tensor in model_tensors(run.model):
        part, name = cut(tensor, run.tp), re.sub(r"\.[qkv]_proj\.", ".qkv.", tensor.name)
        rows[name] += part.shape[0]
        columns[name] = part.parameters // part.shape[0]
    yield from (4 * -(-count // degree) * columns[name] for name, count in rows.items())


def _caches(run: Scenario) -> Iterator[int]:
    """Bytes of the layers' rotary caches: complex numbers for Llama, cosines and sines side by side for Qwen 3."""
    complex_numbers = not run.model.qk_norm
    size = run.sequence_length * run.model.head_dim * (4 if complex_numbers else 8)
    yield from [size] * run.model.layers
    yield int(size * (EXTRA_COMPLEX if complex_numbers else EXTRA_COSINES))
