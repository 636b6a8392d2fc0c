"""Names and shapes of Llama's descendants: gated MLP, RMS norm, rotary positions, also with experts.

The order is that of the modules in their Hugging Face classes (transformers 4.57), which is the order in which
the Hub's shards are filled.
"""

from collections.abc import Iterator

from fakeact_llm_training.catalogue.records import Experts, LatentAttention, Model
from fakeact_llm_training.sim.tensors import Tensor, linear, norm

USUAL_NORMS = ("input_layernorm", "post_attention_layernorm")
OLMO_NORMS = ("post_attention_layernorm", "post_feedforward_layernorm")
MLP_PARTS, MIXTRAL_PARTS = ("gate_proj", "up_proj", "down_proj"), ("w1", "w2", "w3")
GEMMA_NORMS = (*USUAL_NORMS, "pre_feedforward_layernorm", "post_feedforward_layernorm")


def llama_tensors(model: Model) -> Iterator[Tensor]:
    """All tensors from the embedding to the head."""
    yield from linear("model.embed_tokens", model.vocab, model.hidden)
    for layer in range(model.layers):
        yield from _layer(model, layer, f"model.layers.{layer}")
    yield from norm("model.norm", model.hidden)
    if not model.tied_embeddings:
        yield from linear("lm_head", model.vocab, model.hidden)


def _layer(model: Model, layer: int, name: str) -> Iterator[Tensor]:
    attention = f"{name}.self_attn"
    yield from _latent(model, model.latent, attention) if model.latent else _grouped(model, attention)
    if model.experts and layer >= model.experts.dense_layers:
        yield from _mixture(model, model.experts, name)
    else:
        yield from _mlp(f"{name}.mlp", model.hidden, model.ffn)
    for each in _norms(model):
        yield from norm(f"{name}.{each}", model.hidden)


def _norms(model: Model) -> tuple[str, ...]:
    if model.norms_per_layer == len(GEMMA_NORMS):
        return GEMMA_NORMS
    # OLMo 2 norms queries and keys as a whole, and what leaves a block instead of what enters it.
    return OLMO_NORMS if model.qk_norm == "full" else USUAL_NORMS


def _grouped(model: Model, name: str) -> Iterator[Tensor]:
    query, key = model.heads * model.head_dim, model.kv_heads * model.head_dim
    yield from linear(f"{name}.q_proj", query, model.hidden, bias=model.qkv_bias)
    yield from linear(f"{name}.k_proj", key, model.hidden, bias=model.qkv_bias)
    yield from linear(f"{name}.v_proj", key, model.hidden, bias=model.qkv_bias)
    yield from linear(f"{name}.o_proj", model.hidden, query)
    if model.qk_norm:
        whole = model.qk_norm == "full"
        yield from norm(f"{name}.q_norm", query if whole else model.head_dim)
        yield from norm(f"{name}.k_norm", key if whole else model.head_dim)


def _latent(model: Model, part: LatentAttention, name: str) -> Iterator[Tensor]:
    heads, hidden = model.heads, model.hidden
    yield from linear(f"{name}.q_a_proj", part.q_rank, hidden)
    yield from norm(f"{name}.q_a_layernorm", part.q_rank)
    yield from linear(f"{name}.q_b_proj", heads * (part.nope_dim + part.rope_dim), part.q_rank)
    yield from linear(f"{name}.kv_a_proj_with_mqa", part.kv_rank + part.rope_dim, hidden)
    yield from norm(f"{name}.kv_a_layernorm", part.kv_rank)
    yield from linear(f"{name}.kv_b_proj", heads * (part.nope_dim + part.value_dim), part.kv_rank)
    yield from linear(f"{name}.o_proj", hidden, heads * part.value_dim)


def _mlp(name: str, hidden: int, ffn: int, parts: tuple[str, ...] = MLP_PARTS) -> Iterator[Tensor]:
    for part in parts:
        narrows = part in {"down_proj", "w2"}
        yield from linear(f"{name}.{part}", *((hidden, ffn) if narrows else (ffn, hidden)))


def _mixture(model: Model, experts: Experts, layer: str) -> Iterator[Tensor]:
    if model.latent:
        yield from _deepseek_experts(model, experts, f"{layer}.mlp")
    elif model.slug.startswith("mixtral"):
        yield from _experts(model, experts, f"{layer}.block_sparse_moe", MIXTRAL_PARTS)
    else:
        yield from _experts(model, experts, f"{layer}.mlp", MLP_PARTS)


def _experts(model: Model, experts: Experts, name: str, parts: tuple[str, ...]) -> Iterator[Tensor]:
    yield from linear(f"{name}.gate", experts.routed, model.hidden)
    for expert in range(experts.routed):
        yield from _mlp(f"{name}.experts.{expert}", model.hidden, experts.ffn, parts)


def _deepseek_experts(model: Model, experts: Experts, name: str) -> Iterator[Tensor]:
    for expert in range(experts.routed):
        yield from _mlp(f"{name}.experts.{expert}", model.hidden, experts.ffn)
    yield from linear(f"{name}.gate", experts.routed, model.hidden)
    if experts.router_bias:
        yield Tensor(f"{name}.gate.e_score_correction_bias", (experts.routed,))
    yield from _mlp(f"{name}.shared_experts", model.hidden, experts.ffn * experts.shared)
