"""A model's configuration as transformers 5.24 prints it, with token ids and bases that its family has on the Hub."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from fakeact_llm_training.catalogue.records import Model

VERSION = "5.24.0"
Config = dict[str, Any]


class Family(NamedTuple):
    """A model class: its type and name, and what is the same for all models of a slug's beginning."""

    kind: str
    name: str
    fixed: Config


def _llama(bos: int | None, eos: int, eps: float, theta: float, **more: Any) -> Family:
    return Family("llama", "Llama", _ids(bos, eos) | {"rms_norm_eps": eps, "rope_parameters": _rope(theta)} | more)


def _ids(bos: int | None, eos: int | None, pad: int | None = None) -> Config:
    return {"bos_token_id": bos, "eos_token_id": eos, "pad_token_id": pad}


def _rope(theta: float, **more: Any) -> Config:
    return {"rope_theta": theta, "rope_type": "default"} | more


def _scaled(factor: float) -> Config:
    return _rope(
        500000.0,
        factor=factor,
        high_freq_factor=4.0,
        low_freq_factor=1.0,
        original_max_position_embeddings=8192,
        rope_type="llama3",
    )


_QWEN = _ids(151643, 151643) | {
    "rms_norm_eps": 1e-06, "rope_parameters": _rope(1000000.0), "sliding_window": None, "use_sliding_window": False,
}  # fmt: skip
_GEMMA = _ids(2, 1, 0) | {
    "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0, "hidden_activation": "gelu_pytorch_tanh",
    "rms_norm_eps": 1e-06, "rope_parameters": _rope(10000.0), "sliding_window": 4096,
    "use_bidirectional_attention": None,
}  # fmt: skip
_OLMO = _ids(None, 100257, 100277) | {"rms_norm_eps": 1e-06, "rope_parameters": _rope(500000.0)}
_NEOX = {
    "attention_bias": True, "attention_dropout": 0.0, "classifier_dropout": 0.1, "hidden_dropout": 0.0,
    "is_decoder": False, "layer_norm_eps": 1e-05, "rope_parameters": _rope(10000.0, partial_rotary_factor=0.25),
    "use_parallel_residual": True,
}  # fmt: skip
_GPT2 = {
    "activation_function": "gelu_new", "add_cross_attention": False, "attn_pdrop": 0.1, "embd_pdrop": 0.1,
    "layer_norm_epsilon": 1e-05, "n_inner": None, "reorder_and_upcast_attn": False, "resid_pdrop": 0.1,
    "scale_attn_by_inverse_layer_idx": False, "scale_attn_weights": True, "summary_activation": None,
    "summary_first_dropout": 0.1, "summary_proj_to_labels": True, "summary_type": "cls_index",
    "summary_use_proj": True,
}  # fmt: skip
_OPT = {
    "_remove_final_layer_norm": False, "activation_function": "relu", "attention_dropout": 0.0,
    "do_layer_norm_before": True, "dropout": 0.1, "enable_bias": True, "layer_norm_elementwise_affine": True,
    "layerdrop": 0.0,
}  # fmt: skip
_PHI = {
    "attention_dropout": 0.0, "embd_pdrop": 0.0, "hidden_act": "gelu_new", "layer_norm_eps": 1e-05,
    "qk_layernorm": False, "resid_pdrop": 0.1,
    "rope_parameters": _rope(10000.0, partial_rotary_factor=0.4),
}  # fmt: skip
_BLOOM = {
    "apply_residual_connection_post_layernorm": False, "attention_dropout": 0.0, "hidden_dropout": 0.0,
    "layer_norm_epsilon": 1e-05, "pretraining_tp": 1, "slow_but_exact": False,
}  # fmt: skip
_MPT = {
    "attn_config": {
        "_name_or_path": "", "architectures": None, "chunk_size_feed_forward": 0, "dtype": None,
        "id2label": {"0": "LABEL_0", "1": "LABEL_1"}, "is_encoder_decoder": False,
        "label2id": {"LABEL_0": 0, "LABEL_1": 1}, "output_attentions": False, "output_hidden_states": False,
        "problem_type": None, "return_dict": True, "alibi": True, "alibi_bias_max": 8, "attn_impl": "torch",
        "attn_pdrop": 0,
        "attn_type": "multihead_attention", "attn_uses_sequence_id": False, "clip_qkv": None, "model_type": "",
        "prefix_lm": False, "qk_ln": False, "softmax_scale": None,
    },
    "emb_pdrop": 0.0, "embedding_fraction": 1.0, "init_device": "cpu", "layer_norm_epsilon": 1e-05,
    "learned_pos_emb": True, "logit_scale": None, "no_bias": True, "norm_type": "low_precision_layernorm",
    "resid_pdrop": 0.0,
}  # fmt: skip
# The first beginning of a slug that fits.
FAMILIES: dict[str, Family] = {
    "llama-3.1": _llama(128000, 128001, 1e-05, 0.0, rope_parameters=_scaled(8.0)),
    "llama-3.2": _llama(128000, 128001, 1e-05, 0.0, rope_parameters=_scaled(32.0)),
    "llama-2": _llama(1, 2, 1e-05, 10000.0),
    "llama-65b": _llama(1, 2, 1e-05, 10000.0, pad_token_id=0),
    "tinyllama": _llama(1, 2, 1e-05, 10000.0),
    "yi": _llama(1, 2, 1e-05, 5000000.0, pad_token_id=0),
    "smollm2-1.7b": _llama(0, 0, 1e-05, 130000.0),
    "smollm2": _llama(0, 0, 1e-05, 100000.0, initializer_range=0.041666666666666664),
    "mistral-nemo": Family(
        "mistral", "Mistral",
        _ids(1, 2) | {"rms_norm_eps": 1e-05, "rope_parameters": _rope(1000000.0), "sliding_window": None},
    ),
    "mistral": Family(
        "mistral", "Mistral",
        _ids(1, 2) | {"rms_norm_eps": 1e-05, "rope_parameters": _rope(10000.0), "sliding_window": 4096},
    ),
    "qwen2.5-72b": Family("qwen2", "Qwen2", _QWEN | {"rms_norm_eps": 1e-05}),
    "qwen2.5": Family("qwen2", "Qwen2", _QWEN),
    "qwen3": Family("qwen3", "Qwen3", _QWEN | _ids(151643, 151645)),
    "gemma-2": Family("gemma2", "Gemma2", _GEMMA),
    "olmo-2": Family("olmo2", "Olmo2", _OLMO),
    "gpt2": Family("gpt2", "GPT2", _ids(50256, 50256) | _GPT2),
    "opt": Family("opt", "OPT", _ids(2, 2, 1) | _OPT),
    "phi-2": Family("phi", "Phi", _ids(50256, 50256) | _PHI),
    "bloom": Family("bloom", "Bloom", _ids(1, 2, 3) | _BLOOM),
    "mpt": Family("mpt", "Mpt", _ids(None, None) | _MPT),
    "pythia": Family("gpt_neox", "GPTNeoX", _ids(0, 0) | _NEOX | {"hidden_act": "gelu"}),
    "gpt-neox": Family("gpt_neox", "GPTNeoX", _ids(0, 0) | _NEOX | {"hidden_act": "gelu_fast"}),
}  # fmt: skip


def family(model: Model) -> Family | None:
    """The model's family, if it is one that is known here."""
    return next((one for slug, one in FAMILIES.items() if model.slug.startswith(slug)), None)


def class_name(one: Family) -> str:
    """The class that a checkpoint names, such as ``LlamaForCausalLM``."""
    return "GPT2LMHeadModel" if one.kind == "gpt2" else f"{one.name}ForCausalLM"


def model_config(model: Model, dtype: str = "bfloat16") -> str:
    """The configuration's own text; empty for a model whose family is not known here."""
    one = family(model)
    if not one:
        return ""
    config = SHAPES.get(one.kind, _llama_shape)(model) | one.fixed
    config |= {"architectures": [class_name(one)], "dtype": dtype, "model_type": one.kind}
    config |= {"transformers_version": VERSION, "vocab_size": model.vocab}
    return f"{one.name}Config {json.dumps(config, indent=2, sort_keys=True)}\n"


def generation_config(model: Model, *, stored: bool = False) -> str:
    """What generation takes over from the model's configuration, or from its file if that is `stored`."""
    one = family(model)
    ids = {name: one.fixed.get(name) for name in _ids(None, None)} if one else {}
    config: Config = {name: value for name, value in ids.items() if value is not None}
    config["use_cache"] = one is None or one.kind != "mpt"
    if not stored:
        config |= {"output_attentions": False, "output_hidden_states": False}
    return f"GenerationConfig {json.dumps(config, indent=2, sort_keys=True)}\n"


def _shape(model: Model) -> Config:
    """What most types call by the same names."""
    return {
        "hidden_size": model.hidden,
        "initializer_range": 0.02,
        "intermediate_size": model.ffn,
        "max_position_embeddings": model.context,
        "num_attention_heads": model.heads,
        "num_hidden_layers": model.layers,
        "tie_word_embeddings": model.tied_embeddings,
        "use_cache": True,
    }


def _llama_shape(model: Model) -> Config:
    """Types that came after Llama."""
    more = {"attention_dropout": 0.0, "hidden_act": "silu", "num_key_value_heads": model.kv_heads}
    return _shape(model) | more


def _with_head(model: Model) -> Config:
    return _llama_shape(model) | {"head_dim": model.head_dim}


def _qwen_shape(model: Model) -> Config:
    every = {"layer_types": ["full_attention"] * model.layers, "max_window_layers": model.layers}
    return _llama_shape(model) | every


def _gemma_shape(model: Model) -> Config:
    config = _with_head(model) | {
        "attention_bias": False,
        "layer_types": [("sliding_attention", "full_attention")[layer % 2] for layer in range(model.layers)],
        "query_pre_attn_scalar": 256 if model.layers < 46 else 144,
    }
    del config["hidden_act"]
    return config


def _gpt2_shape(model: Model) -> Config:
    return {
        "initializer_range": 0.02,
        "n_embd": model.hidden,
        "n_head": model.heads,
        "n_layer": model.layers,
        "n_positions": model.context,
        "tie_word_embeddings": True,
        "use_cache": True,
    }


def _opt_shape(model: Model) -> Config:
    config = _shape(model) | {"ffn_dim": model.ffn, "init_std": 0.02, "word_embed_proj_dim": model.hidden}
    del config["intermediate_size"], config["initializer_range"]
    return config


def _bloom_shape(model: Model) -> Config:
    return {
        "hidden_size": model.hidden,
        "initializer_range": 0.02,
        "n_head": model.heads,
        "n_layer": model.layers,
        "tie_word_embeddings": True,
        "use_cache": True,
    }


def _mpt_shape(model: Model) -> Config:
    return {
        "d_model": model.hidden,
        "expansion_ratio": model.ffn // model.hidden,
        "initializer_range": 0.02,
        "max_seq_len": model.context,
        "n_heads": model.heads,
        "n_layers": model.layers,
        "tie_word_embeddings": True,
        "use_cache": False,
    }


SHAPES: dict[str, Callable[[Model], Config]] = {
    "llama": lambda model: _with_head(model) | {"attention_bias": False, "mlp_bias": False, "pretraining_tp": 1},
    "mistral": _with_head,
    "qwen2": _qwen_shape,
    "qwen3": lambda model: _qwen_shape(model) | {"attention_bias": False, "head_dim": model.head_dim},
    "gemma2": _gemma_shape,
    "olmo2": lambda model: _llama_shape(model) | {"attention_bias": False},
    "gpt_neox": _shape,
    "phi": lambda model: _shape(model) | {"num_key_value_heads": model.kv_heads},
    "gpt2": _gpt2_shape,
    "opt": _opt_shape,
    "bloom": _bloom_shape,
    "mpt": _mpt_shape,
}
"""Each type's names for a model's shape."""
