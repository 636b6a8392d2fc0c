"""Figures that Megatron works out for itself: padded vocabulary, FLOPs, shards, theoretical memory."""

from itertools import pairwise
from typing import NamedTuple

from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.sim.memory import emptied, segments
from fakeact_llm_training.sim.model import parameter_table
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.schedule import Schedule, Typed

VOCABULARY_MULTIPLE = 128
"""--make-vocab-size-divisible-by, for each tensor-parallel rank."""
"""What torch's allocator asks of the driver at a time."""


class Vocabulary(NamedTuple):
    """Words of the tokenizer, and rows of the embedding with the dummies that make it divisible."""

    size: int
    padded: int

    @property
    def dummies(self) -> int:
        """Rows that no word has."""
        return self.padded - self.size


def vocabulary(model: Model, tp: int) -> Vocabulary:
    """The vocabulary as it is padded on `tp` ranks."""
    multiple = VOCABULARY_MULTIPLE * tp
    padded = _up(model.tokenizer.vocab, multiple)
    # Many models publish an embedding that is padded already; others have rows that no tokenizer knows of.
    if padded >= model.vocab:
        return Vocabulary(model.tokenizer.vocab, padded)
    return Vocabulary(model.vocab, _up(model.vocab, multiple))


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def flops_per_token(model: Model, sequence_length: int, padded_vocab: int) -> float:
    """FLOPs of forward and backward for one token, as Megatron's num_floating_point_operations has them.

    Three passes of two operations for each weight that multiplies, half the attention square because of the
    causal mask, no embedding, biases or norms.
    """
    head = model.hidden * padded_vocab
    return 6 * (model.layers * _attention(model, sequence_length) + _feed_forward(model) + head)


def _attention(model: Model, length: int) -> float:
    if part := model.latent:
        keys, heads = part.nope_dim + part.rope_dim, model.heads
        query = part.q_rank * (model.hidden + heads * keys + 1)
        value = part.kv_rank * (model.hidden + heads * (part.nope_dim + part.value_dim) + 1)
        rest = model.hidden * part.rope_dim + heads * part.value_dim * model.hidden
        return query + value + rest + length * heads * (keys + part.value_dim) / 2
    query, key = model.heads * model.head_dim, model.kv_heads * model.head_dim
    return model.hidden * (query + 2 * key) + query * length + query * model.hidden


def _feed_forward(model: Model) -> int:
    matrices = 3 if model.gated_mlp else 2
    if not (experts := model.experts):
        return matrices * model.hidden * model.ffn * model.layers
    sparse = matrices * model.hidden * experts.ffn * (experts.per_token + experts.shared)
    dense = matrices * model.hidden * model.ffn
    return dense * experts.dense_layers + sparse * (model.layers - experts.dense_layers)


def learning_rate(schedule: Schedule, updates: int) -> float:
    """The rate that Megatron's scheduler has after so many updates: its last phase is whole iterations long."""
    if schedule.typed is None and schedule.kind == "wsd":
        schedule = schedule._replace(annealing=typed(schedule).annealing)
    return schedule.learning_rate(updates) if updates else 0.0


def typed(schedule: Schedule) -> Typed:
    """What the launch script says of the run's length; iterations where nothing else is known.

    The last phase of a warm-up, stable, decay schedule is then a fifth of what follows the warm-up.
    """
    if schedule.typed:
        return schedule.typed
    last = max(1, round(0.2 * (schedule.total - schedule.warmup))) if schedule.kind == "wsd" else None
    return Typed(False, schedule.total, warmup=int(schedule.warmup), annealing=last)


def stage_layers(scenario: Scenario) -> list[range]:
    """The layers of each pipeline stage; embedding and head may take a layer's place each."""
    layers, stages = scenario.model.layers, scenario.pp
    slots = max(scenario.model.pipeline_slots, layers)
    each, missing = slots // stages, slots - layers
    first = missing // 2
    edges = [max(stage * each - first, 0) for stage in range(stages)] + [layers]
    return [range(begin, end) for begin, end in pairwise(edges)]


def shard_parameters(scenario: Scenario) -> list[int]:
    """Parameters on a tensor-parallel rank of each pipeline stage; those of one stage are all alike."""
    model, tp, stages = scenario.model, scenario.tp, stage_layers(scenario)
    rows = {row.name: row for row in parameter_table(model)}
    words = vocabulary(model, tp).padded // tp * model.hidden
    counts = [sum(_layer(scenario, layer) for layer in layers) for layers in stages]
    positions = rows["position embedding"].total if "position embedding" in rows else 0
    counts[0] += words + positions + (rows["embedding norm"].total if "embedding norm" in rows else 0)
    counts[-1] += rows["final norm"].total
    # A tied head is the embedding's matrix; on another stage than that it is a copy.
    if not model.tied_embeddings or scenario.pp > 1:
        counts[-1] += words
    if model.head_bias:
        counts[-1] += words // model.hidden
    return counts


def _layer(scenario: Scenario, layer: int) -> int:
    """Parameters of a layer on one rank: matrices are cut, norms and the biases behind a sum are not."""
    model, tp = scenario.model, scenario.tp
    rows = {row.name: row for row in parameter_table(model)}
    norms = rows["norms"].parameters
    if (experts := model.experts) and layer >= experts.dense_layers:
        local = rows["experts"].parameters * (experts.routed // scenario.ep)
        shared = rows["shared experts"].parameters if "shared experts" in rows else 0
        return norms + _attention_shard(model, tp) + rows["router"].parameters + local + shared * experts.shared // tp
    mlp = (3 if model.gated_mlp else 2) * model.hidden * model.ffn // tp
    bias = (model.ffn // tp + model.hidden) * model.mlp_bias
    return norms + _attention_shard(model, tp) + mlp + bias


def _attention_shard(model: Model, tp: int) -> int:
    row = next(row for row in parameter_table(model) if row.name == "attention")
    if model.latent or tp == 1:
        return row.parameters
    query, key = model.heads * model.head_dim, model.kv_heads * model.head_dim
    matrices = model.hidden * (2 * query + 2 * key) // tp
    biases = (query + 2 * key) // tp * model.qkv_bias + model.hidden * model.out_bias
    return matrices + biases + {"": 0, "head": 2 * model.head_dim, "full": (query + key) // tp}[model.qk_norm]


class Memory(NamedTuple):
    """Torch's counters on a rank, in bytes."""

    allocated: int
    most_allocated: int
    reserved: int
    most_reserved: int


def memory_of(scenario: Scenario, stage: int) -> Memory:
    """The counters on a pipeline stage after the second step; the fullest is the scenario's, others in proportion."""
    counts, memory = shard_parameters(scenario), scenario.layout.memory
    share = counts[stage] / max(counts)
    states = int(memory.states * share)
    peak = states + memory.activations + memory.gathered
    slack = memory.reserved - memory.allocated
    reserved = segments(peak + slack * share)
    return Memory(states, peak, reserved, reserved)


def memory_at_save(scenario: Scenario, stage: int) -> Memory:
    """The counters when the cache has been emptied, as is done before a checkpoint."""
    steady = memory_of(scenario, stage)
    return steady._replace(reserved=min(emptied(steady.allocated), steady.reserved))


class Theory(NamedTuple):
    """What Megatron prints of the memory it expects; bytes, and parameters by place."""

    block: float
    embeddings: float
    most_loaded: float
    other: float
    in_flight: int
    per_layer: float
    states: float
    activations: float
    with_sequence_parallel: bool

    @property
    def total_parameters(self) -> float:
        """Parameters of blocks and embeddings."""
        return self.block + self.embeddings


def theory(scenario: Scenario) -> Theory:
    """Megatron's theoretical_memory_usage for this layout."""
    model, tp, pp = scenario.model, scenario.tp, scenario.pp
    words = model.hidden * vocabulary(model, tp).padded
    block = _theoretical_block(model)
    most = (block / pp + words) / tp
    if not model.tied_embeddings and pp == 1:
        most += words / tp
    sequence_parallel = tp > 1 and scenario.layout.recompute == "selective"
    per_layer, activations = _theoretical_activations(scenario, sequence_parallel)
    return Theory(
        block=block,
        embeddings=words * (1 if model.tied_embeddings else 2),
        most_loaded=most,
        other=block / pp / tp,
        in_flight=min(scenario.grad_accum, pp),
        per_layer=per_layer,
        states=most * (6 + 12 / scenario.dp),
        activations=activations,
        with_sequence_parallel=sequence_parallel,
    )


def _theoretical_block(model: Model) -> float:
    """Parameters of all layers and the last norm, biases left out."""
    norm = 1 if model.norm == "rms" else 2
    matrices = 1.5 if model.gated_mlp else 1.0
    attention: float
    if part := model.latent:
        keys, heads = part.nope_dim + part.rope_dim, model.heads
        attention = part.q_rank * (model.hidden + heads * keys + norm) + model.hidden * part.rope_dim
        attention += part.kv_rank * (model.hidden + heads * (part.nope_dim + part.value_dim) + norm)
        attention += heads * part.value_dim * model.hidden
    else:
        attention = 2 * model.hidden * (1 + model.kv_heads / model.heads) * model.heads * model.head_dim
    dense = 2 * model.hidden * (model.ffn * matrices + norm) + attention
    if not (experts := model.experts):
        return dense * model.layers + norm * model.hidden
    sparse = 2 * model.hidden * (experts.ffn * (experts.routed + experts.shared) * matrices + norm) + attention
    layers = model.layers - experts.dense_layers
    return dense * experts.dense_layers + sparse * layers + norm * model.hidden


def _theoretical_activations(scenario: Scenario, sequence_parallel: bool) -> tuple[float, float]:
    """Bytes of a layer and of all on the first stage; the formulas are those of arXiv 2205.05198, table 2."""
    model, tp, pp = scenario.model, scenario.tp, scenario.pp
    tokens = scenario.sequence_length * scenario.micro_batch
    padded, full = vocabulary(model, tp).padded, min(1.0, scenario.grad_accum / pp)
    if sequence_parallel:
        layer = tokens * model.hidden * (18 + 4 * model.ffn / model.hidden)
        total = (layer * model.layers + 8 * tokens * pp + tokens * model.hidden * pp) * full
        total += tokens * model.hidden * 4 * (1 + padded / model.hidden) * (pp == 1)
        return layer / tp, total / tp
    layer = tokens * model.hidden * (10 + 24 / tp)
    total = (layer * model.layers + 8 * tokens * pp) * full
    total += (tokens * padded / tp + tokens * model.hidden) * 2 * (pp == 1)
    return layer, total * 1.05
