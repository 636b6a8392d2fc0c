"""Names and shapes of the models before Llama, each as its Hugging Face class (transformers 4.57) has them."""

from collections.abc import Callable, Iterator

from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.sim.tensors import Tensor, conv1d, linear, norm


def gpt2_tensors(model: Model) -> Iterator[Tensor]:
    """GPT-2 and GPT-3."""
    hidden = model.hidden
    yield from linear("transformer.wte", model.vocab, hidden)
    yield from linear("transformer.wpe", model.learned_positions, hidden)
    for layer in range(model.layers):
        name = f"transformer.h.{layer}"
        yield from norm(f"{name}.ln_1", hidden, bias=True)
        yield from conv1d(f"{name}.attn.c_attn", 3 * hidden, hidden)
        yield from conv1d(f"{name}.attn.c_proj", hidden, hidden)
        yield from norm(f"{name}.ln_2", hidden, bias=True)
        yield from conv1d(f"{name}.mlp.c_fc", model.ffn, hidden)
        yield from conv1d(f"{name}.mlp.c_proj", hidden, model.ffn)
    yield from norm("transformer.ln_f", hidden, bias=True)


def neox_tensors(model: Model) -> Iterator[Tensor]:
    """GPT-NeoX and Pythia."""
    hidden = model.hidden
    yield from linear("gpt_neox.embed_in", model.vocab, hidden)
    for layer in range(model.layers):
        name = f"gpt_neox.layers.{layer}"
        yield from norm(f"{name}.input_layernorm", hidden, bias=True)
        yield from norm(f"{name}.post_attention_layernorm", hidden, bias=True)
        yield from linear(f"{name}.attention.query_key_value", 3 * hidden, hidden, bias=True)
        yield from linear(f"{name}.attention.dense", hidden, hidden, bias=True)
        yield from _widened(f"{name}.mlp", model)
    yield from norm("gpt_neox.final_layer_norm", hidden, bias=True)
    yield from linear("embed_out", model.vocab, hidden)


def _widened(name: str, model: Model) -> Iterator[Tensor]:
    yield from linear(f"{name}.dense_h_to_4h", model.ffn, model.hidden, bias=True)
    yield from linear(f"{name}.dense_4h_to_h", model.hidden, model.ffn, bias=True)


def phi_tensors(model: Model) -> Iterator[Tensor]:
    """Phi-2."""
    hidden = model.hidden
    yield from linear("model.embed_tokens", model.vocab, hidden)
    for layer in range(model.layers):
        name = f"model.layers.{layer}"
        for part in ("q_proj", "k_proj", "v_proj", "dense"):
            yield from linear(f"{name}.self_attn.{part}", hidden, hidden, bias=True)
        yield from linear(f"{name}.mlp.fc1", model.ffn, hidden, bias=True)
        yield from linear(f"{name}.mlp.fc2", hidden, model.ffn, bias=True)
        yield from norm(f"{name}.input_layernorm", hidden, bias=True)
    yield from norm("model.final_layernorm", hidden, bias=True)
    yield from linear("lm_head", model.vocab, hidden, bias=True)


def opt_tensors(model: Model) -> Iterator[Tensor]:
    """OPT, whose last norm comes before the layers."""
    hidden = model.hidden
    yield from linear("model.decoder.embed_tokens", model.vocab, hidden)
    yield from linear("model.decoder.embed_positions", model.learned_positions, hidden)
    yield from norm("model.decoder.final_layer_norm", hidden, bias=True)
    for layer in range(model.layers):
        name = f"model.decoder.layers.{layer}"
        for part in ("k_proj", "v_proj", "q_proj", "out_proj"):
            yield from linear(f"{name}.self_attn.{part}", hidden, hidden, bias=True)
        yield from norm(f"{name}.self_attn_layer_norm", hidden, bias=True)
        yield from linear(f"{name}.fc1", model.ffn, hidden, bias=True)
        yield from linear(f"{name}.fc2", hidden, model.ffn, bias=True)
        yield from norm(f"{name}.final_layer_norm", hidden, bias=True)


def bloom_tensors(model: Model) -> Iterator[Tensor]:
    """BLOOM, whose embedding is normed."""
    hidden = model.hidden
    yield from linear("transformer.word_embeddings", model.vocab, hidden)
    yield from norm("transformer.word_embeddings_layernorm", hidden, bias=True)
    for layer in range(model.layers):
        name = f"transformer.h.{layer}"
        yield from norm(f"{name}.input_layernorm", hidden, bias=True)
        yield from linear(f"{name}.self_attention.query_key_value", 3 * hidden, hidden, bias=True)
        yield from linear(f"{name}.self_attention.dense", hidden, hidden, bias=True)
        yield from norm(f"{name}.post_attention_layernorm", hidden, bias=True)
        yield from _widened(f"{name}.mlp", model)
    yield from norm("transformer.ln_f", hidden, bias=True)


def mpt_tensors(model: Model) -> Iterator[Tensor]:
    """MPT, which has no biases at all."""
    hidden = model.hidden
    yield from linear("transformer.wte", model.vocab, hidden)
    for layer in range(model.layers):
        name = f"transformer.blocks.{layer}"
        yield from norm(f"{name}.norm_1", hidden)
        yield from linear(f"{name}.attn.Wqkv", 3 * hidden, hidden)
        yield from linear(f"{name}.attn.out_proj", hidden, hidden)
        yield from norm(f"{name}.norm_2", hidden)
        yield from linear(f"{name}.ffn.up_proj", model.ffn, hidden)
        yield from linear(f"{name}.ffn.down_proj", hidden, model.ffn)
    yield from norm("transformer.norm_f", hidden)


GPT_FAMILIES: dict[str, Callable[[Model], Iterator[Tensor]]] = {
    "gpt2": gpt2_tensors,
    "gpt3": gpt2_tensors,
    "gpt-neox": neox_tensors,
    "pythia": neox_tensors,
    "phi": phi_tensors,
    "opt": opt_tensors,
    "bloom": bloom_tensors,
    "mpt": mpt_tensors,
}
"""By the beginning of a model's slug."""
