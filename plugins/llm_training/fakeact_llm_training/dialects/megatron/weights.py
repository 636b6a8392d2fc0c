"""The weights of a pipeline stage by name, and the buckets in which their gradients are reduced."""

from collections.abc import Iterator
from math import lcm, prod
from typing import NamedTuple

from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.dialects.megatron.figures import stage_layers, vocabulary
from fakeact_llm_training.sim.scenario import Scenario

SMALLEST_BUCKET, PER_RANK = 40_000_000, 1_000_000
"""Elements of a bucket: larger with more data-parallel ranks, so that NCCL stays bound by bandwidth."""
PARAMETER_MULTIPLE, BUCKET_MULTIPLE = 64, 128


class Weight(NamedTuple):
    """A parameter on one tensor-parallel rank; a `lonely` one has a bucket of its own."""

    name: str
    size: int
    expert: bool = False
    lonely: bool = False


def weights(scenario: Scenario, stage: int) -> list[Weight]:
    """All parameters of a stage in the order of their modules."""
    model, tp, last = scenario.model, scenario.tp, scenario.pp - 1
    words = vocabulary(model, tp).padded // tp
    # Tied embeddings at both ends of a pipeline are kept alike by a collective of their own.
    shared = model.tied_embeddings and last > 0
    found = [Weight("embedding.word_embeddings.weight", words * model.hidden, lonely=shared)] if stage == 0 else []
    if stage == 0 and model.learned_positions:
        found.append(Weight("embedding.position_embeddings.weight", model.learned_positions * model.hidden))
    if stage == 0 and model.embedding_norm:
        found += _norm(model, "embedding.word_embeddings_layernorm.", model.hidden)
    for number, layer in enumerate(stage_layers(scenario)[stage]):
        found += [one._replace(name=f"decoder.layers.{number}.{one.name}") for one in _layer(scenario, layer)]
    if stage == last:
        found += _norm(model, "decoder.final_layernorm.", model.hidden)
        if not model.tied_embeddings or shared:
            found.append(Weight("output_layer.weight", words * model.hidden, lonely=shared))
        if model.head_bias:
            found.append(Weight("output_layer.bias", words))
    return [one for one in found if one.size]


def _norm(model: Model, prefix: str, width: int) -> list[Weight]:
    names = ("weight", "bias") if model.norm == "layer" else ("weight",)
    return [Weight(prefix + name, width) for name in names]


def _layer(scenario: Scenario, layer: int) -> Iterator[Weight]:
    """A layer; Transformer Engine keeps a norm with the linear layer behind it."""
    model, experts = scenario.model, scenario.model.experts
    yield from _latent_attention(model) if model.latent else _attention(model, scenario.tp)
    if model.norms_per_layer > 2:
        yield from _norm(model, "post_self_attn_layernorm.", model.hidden)
    if experts and layer >= experts.dense_layers:
        yield from _mixture(scenario)
    else:
        yield from _mlp(scenario)
    if model.norms_per_layer > 3:
        yield from _norm(model, "post_mlp_layernorm.", model.hidden)


def _attention(model: Model, tp: int) -> Iterator[Weight]:
    query, key = model.heads * model.head_dim, model.kv_heads * model.head_dim
    yield Weight("self_attention.linear_proj.weight", model.hidden * query // tp)
    yield Weight("self_attention.linear_proj.bias", model.hidden * model.out_bias)
    yield from _norm(model, "self_attention.linear_qkv.layer_norm_", model.hidden)
    yield Weight("self_attention.linear_qkv.weight", model.hidden * (query + 2 * key) // tp)
    yield Weight("self_attention.linear_qkv.bias", (query + 2 * key) // tp * model.qkv_bias)
    wide = {"": (0, 0), "head": (model.head_dim, model.head_dim), "full": (query // tp, key // tp)}[model.qk_norm]
    for letter, width in zip("qk", wide, strict=True):
        yield Weight(f"self_attention.{letter}_layernorm.weight", width)


def _latent_attention(model: Model) -> Iterator[Weight]:
    part, heads = model.latent, model.heads
    assert part
    yield from _norm(model, "input_layernorm.", model.hidden)
    sizes = {
        "linear_proj.weight": (model.hidden, heads * part.value_dim),
        "linear_q_down_proj.weight": (model.hidden, part.q_rank),
        "linear_q_up_proj.layer_norm_weight": (part.q_rank,),
        "linear_q_up_proj.weight": (part.q_rank, heads * (part.nope_dim + part.rope_dim)),
        "linear_kv_down_proj.weight": (model.hidden, part.kv_rank + part.rope_dim),
        "linear_kv_up_proj.layer_norm_weight": (part.kv_rank,),
        "linear_kv_up_proj.weight": (part.kv_rank, heads * (part.nope_dim + part.value_dim)),
    }
    for name, shape in sizes.items():
        yield Weight(f"self_attention.{name}", prod(shape))


def _mlp(scenario: Scenario) -> Iterator[Weight]:
    model, ffn = scenario.model, scenario.model.ffn // scenario.tp
    first = 2 if model.gated_mlp else 1
    if model.norms_per_layer > 1:
        yield from _norm(model, "mlp.linear_fc1.layer_norm_", model.hidden)
    yield Weight("mlp.linear_fc1.weight", first * model.hidden * ffn)
    yield Weight("mlp.linear_fc1.bias", ffn * model.mlp_bias)
    yield Weight("mlp.linear_fc2.weight", model.hidden * ffn)
    yield Weight("mlp.linear_fc2.bias", model.hidden * model.mlp_bias)


def _mixture(scenario: Scenario) -> Iterator[Weight]:
    model, experts = scenario.model, scenario.model.experts
    assert experts
    yield from _norm(model, "pre_mlp_layernorm.", model.hidden)
    yield Weight("mlp.router.weight", model.hidden * experts.routed)
    yield Weight("mlp.router.expert_bias", experts.routed * experts.router_bias)
    for matrix, size in (("linear_fc1", 2), ("linear_fc2", 1)):
        for number in range(experts.routed // scenario.ep):
            yield Weight(f"mlp.experts.{matrix}.weight{number}", size * model.hidden * experts.ffn, expert=True)
    wide = experts.ffn * experts.shared // scenario.tp
    yield Weight("mlp.shared_experts.linear_fc1.weight", 2 * model.hidden * wide)
    yield Weight("mlp.shared_experts.linear_fc2.weight", model.hidden * wide)


class Bucket(NamedTuple):
    """Parameters that are reduced together, and their elements with the gaps between."""

    weights: tuple[Weight, ...]
    padded: int

    @property
    def size(self) -> int:
        """Elements without gaps."""
        return sum(one.size for one in self.weights)


def buckets(members: list[Weight], ranks: int) -> list[Bucket]:
    """Cut into buckets from the last parameter to the first, as gradients come, for so many data-parallel ranks."""
    limit, multiple = max(SMALLEST_BUCKET, PER_RANK * ranks), lcm(ranks, BUCKET_MULTIPLE)
    found: list[Bucket] = []
    inside: list[Weight] = []
    begin = end = 0

    def close() -> None:
        nonlocal begin, end
        end = _up(end, multiple)
        found.append(Bucket(tuple(inside), end - begin))
        inside.clear()
        begin = end

    for one in reversed(members):
        if one.lonely and inside:
            close()
        end = _up(end, PARAMETER_MULTIPLE) + one.size
        inside.append(one)
        if one.lonely or end - begin >= limit:
            close()
    if inside:
        close()
    return found


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def bucket_lists(scenario: Scenario, stage: int) -> Iterator[str]:
    """What the first rank of a stage says of its buckets; experts have buffers of their own."""
    everything = weights(scenario, stage)
    for expert in (False, True):
        members = [one for one in everything if one.expert == expert]
        if members:
            cut = buckets(members, scenario.dp // scenario.ep if expert else scenario.dp)
            yield (
                "INFO:megatron.core.distributed.param_and_grad_buffer:Number of buckets for gradient all-reduce / "
                f"reduce-scatter: {len(cut)}"
            )
            for number, bucket in enumerate(cut, 1):
                yield f"Params for bucket {number} ({bucket.size} elements, {bucket.padded} padded size):"
                yield from (f"\tmodule.{one.name}" for one in bucket.weights)
