"""Parameters, FLOPs and bytes that follow from an architecture."""

from functools import cache
from typing import NamedTuple

from fakeact_llm_training.catalogue.records import Model


class Component(NamedTuple):
    """One row of the parameter table: `copies` of a part with `parameters` each.

    `active` of the copies work on a token; `matrices` of a copy's parameters are in matrices (those decay),
    the others in biases and norms. `lookup` parts are read by index and cost no FLOPs.
    """

    name: str
    parameters: int
    copies: int
    active: int
    vectors: int = 0
    lookup: bool = False

    @property
    def total(self) -> int:
        """Parameters of all copies."""
        return self.parameters * self.copies


@cache
def parameter_table(model: Model) -> tuple[Component, ...]:
    """The model's parts from the embedding to the head; their totals add up to the parameter count."""
    layers, dense = model.layers, dense_layers(model)
    norm = _norm(model, model.hidden)
    rows = [
        # A tied matrix is multiplied with once more as the head, so its FLOPs count.
        _matrix("token embedding", model.vocab * model.hidden, lookup=not model.tied_embeddings),
        _matrix("position embedding", model.learned_positions * model.hidden, lookup=True),
        Component("embedding norm", norm * model.embedding_norm, 1, 1, norm),
        _attention(model),
        Component("mlp", *_mlp(model, model.ffn, dense)),
        *_expert_rows(model),
        Component("norms", norm * model.norms_per_layer, layers, layers, norm * model.norms_per_layer),
        Component("final norm", norm, 1, 1, norm),
        _head(model),
    ]
    return tuple(row for row in rows if row.total)


def dense_layers(model: Model) -> int:
    """Layers with one feed-forward network for all tokens."""
    return model.experts.dense_layers if model.experts else model.layers


def _matrix(name: str, parameters: int, *, lookup: bool) -> Component:
    return Component(name, parameters, 1, 1, lookup=lookup)


def _norm(model: Model, width: int) -> int:
    return width * 2 if model.norm == "layer" else width


def _head(model: Model) -> Component:
    bias = model.vocab * model.head_bias
    matrix = 0 if model.tied_embeddings else model.vocab * model.hidden
    return Component("output head", matrix + bias, 1, 1, bias)


def _attention(model: Model) -> Component:
    matrices, vectors = _latent_attention(model) if model.latent else _grouped_attention(model)
    return Component("attention", matrices + vectors, model.layers, model.layers, vectors)


def _grouped_attention(model: Model) -> tuple[int, int]:
    query, key = model.heads * model.head_dim, model.kv_heads * model.head_dim
    matrices = model.hidden * (2 * query + 2 * key)
    vectors = (query + 2 * key) * model.qkv_bias + model.hidden * model.out_bias
    # Qwen3 norms each head with one shared weight, OLMo 2 the whole projection.
    vectors += {"": 0, "head": 2 * model.head_dim, "full": query + key}[model.qk_norm]
    return matrices, vectors


def _latent_attention(model: Model) -> tuple[int, int]:
    assert model.latent
    heads, hidden, part = model.heads, model.hidden, model.latent
    query = hidden * part.q_rank + part.q_rank * heads * (part.nope_dim + part.rope_dim)
    key_value = hidden * (part.kv_rank + part.rope_dim)
    key_value += part.kv_rank * heads * (part.nope_dim + part.value_dim)
    return query + key_value + heads * part.value_dim * hidden, part.q_rank + part.kv_rank


def _mlp(model: Model, ffn: int, count: int) -> tuple[int, int, int, int]:
    matrices = (3 if model.gated_mlp else 2) * model.hidden * ffn
    vectors = (ffn + model.hidden) * model.mlp_bias
    return matrices + vectors, count, count, vectors


def _expert_rows(model: Model) -> list[Component]:
    if not (experts := model.experts):
        return []
    layers = model.layers - experts.dense_layers
    size = 3 * model.hidden * experts.ffn
    bias = experts.routed * experts.router_bias
    return [
        Component("router", model.hidden * experts.routed + bias, layers, layers, bias),
        Component("experts", size, layers * experts.routed, layers * experts.per_token),
        Component("shared experts", size, layers * experts.shared, layers * experts.shared),
    ]


@cache
def total_parameters(model: Model) -> int:
    """All parameters; equals the published count where an exact one is published."""
    return sum(row.total for row in parameter_table(model))


@cache
def active_parameters(model: Model) -> int:
    """Parameters that work on one token (embeddings included, as in "A22B")."""
    return sum(row.parameters * row.active for row in parameter_table(model))


@cache
def embedding_parameters(model: Model) -> int:
    """Token and position embeddings, and the head where it is a matrix of its own."""
    names = {"token embedding", "position embedding", "output head"}
    return sum(row.total for row in parameter_table(model) if row.name in names)


def non_embedding_parameters(model: Model) -> int:
    """Parameters of the transformer blocks and norms."""
    return total_parameters(model) - embedding_parameters(model)


@cache
def expert_parameters(model: Model) -> int:
    """Parameters of the routed experts, which expert parallelism spreads."""
    return sum(row.total for row in parameter_table(model) if row.name == "experts")


@cache
def undecayed_parameters(model: Model) -> int:
    """Parameters in biases and norms, which weight decay leaves alone."""
    return sum(row.vectors * row.copies for row in parameter_table(model))


@cache
def matmul_parameters(model: Model) -> int:
    """Active parameters without those that are only looked up."""
    return sum(row.parameters * row.active for row in parameter_table(model) if not row.lookup)


@cache
def flops_per_token(model: Model, sequence_length: int) -> int:
    """FLOPs of forward and backward for one token.

    6 per active parameter but the looked-up embeddings, plus attention's 12*L*H*head_dim*S with the whole
    square, not the causal half: torchtitan's convention, 57.914e9 for Llama 3 8B at 8,192.
    """
    if model.latent:
        width = model.latent.nope_dim + model.latent.rope_dim + model.latent.value_dim
        attention = 6 * model.layers * model.heads * width * sequence_length
    else:
        attention = 12 * model.layers * model.heads * model.head_dim * sequence_length
    return 6 * matmul_parameters(model) + attention


def weight_bytes(model: Model, bytes_per_parameter: int = 2) -> int:
    """Size of the weights alone, bf16 unless said otherwise."""
    return total_parameters(model) * bytes_per_parameter
