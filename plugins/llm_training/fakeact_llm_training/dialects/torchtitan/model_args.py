"""A model as torchtitan's registry knows it: name, flavor, and the dataclass that it prints."""

import math
from itertools import product

from fakeact_llm_training.catalogue.records import Model

ENFORCED = "_enforced='This field is used to enforce all fields have defaults.'"
# RoPE's base as published with the weights; 10000 where it is not said here.
ROPE_THETA = {
    "llama3": 500_000, "qwen2_5": 1_000_000, "qwen3": 1_000_000, "olmo2": 500_000, "smollm2": 100_000,
    "mistral_nemo": 1_000_000, "yi": 5_000_000,
}  # fmt: skip
_END = "depth_init=True, use_flex_attn=False, attn_mask_type='causal'"


def flavor(model: Model) -> tuple[str, str]:
    """Name and flavor: ("llama3", "8B")."""
    first, *more, size = model.slug.split("-")
    rest = "".join(part.split(".")[0] if part[0].isdigit() else f"_{part}" for part in more)
    return (first + rest).replace(".", "_"), size.upper()


def model_args(model: Model, sequence_length: int) -> str:
    """The model's arguments as their dataclass shows itself."""
    name, _ = flavor(model)
    shape = f"dim={model.hidden}, n_layers={model.layers}, n_heads={model.heads}"
    theta = f"rope_theta={ROPE_THETA.get(name, 10_000)}"
    if not is_qwen_like(model):
        kv_heads = model.kv_heads if model.kv_heads != model.heads else None
        multiplier, multiple = _feed_forward(model) or (None, 256)
        return (
            f"TransformerModelArgs({ENFORCED}, {shape}, n_kv_heads={kv_heads}, vocab_size={model.vocab}, "
            f"multiple_of={multiple}, ffn_dim_multiplier={multiplier}, norm_eps=1e-05, {theta}, "
            "rope_scaling_args=RoPEScalingArgs(scaling_factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, "
            f"original_max_position_embeddings=8192), max_seq_len={sequence_length}, {_END}, eos_id=0)"
        )
    return (
        f"{_class_name(name)}ModelArgs({ENFORCED}, {shape}, n_kv_heads={model.kv_heads}, vocab_size={model.vocab}, "
        f"head_dim={model.head_dim}, hidden_dim={model.ffn}, norm_eps=1e-06, {theta}, "
        f"qk_norm={bool(model.qk_norm)}, max_seq_len={sequence_length}, {_END}, eos_id=151645, "
        f"enable_weight_tying={model.tied_embeddings}, moe_enabled=False, moe_inter_dim=768, moe_args=MoEArgs("
        "num_experts=8, num_shared_experts=1, score_func='sigmoid', route_norm=False, route_scale=1.0, "
        "score_before_experts=True, top_k=1, use_grouped_mm=True, load_balance_coeff=0.001, "
        "_debug_force_load_balance=False))"
    )


def is_qwen_like(model: Model) -> bool:
    """Whether it is built by the class for Qwen 3, which says the feed-forward width as it is."""
    return bool(model.qk_norm) or _feed_forward(model) is None


def _class_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _feed_forward(model: Model) -> tuple[float | None, int] | None:
    """Llama's way to give the feed-forward width: two thirds of four times the model's, a factor, rounded up."""
    # Several pairs may give the same width; the registry's own models have coarser multiples the wider they are.
    usual = 256 if model.hidden < 4096 else 1024 if model.hidden < 8192 else 4096
    for multiplier, multiple in product((None, 1.1, 1.2, 1.3, 1.4, 1.5), (usual, 256, 1024, 4096)):
        width = int((multiplier or 1) * int(2 * 4 * model.hidden / 3))
        if multiple * math.ceil(width / multiple) == model.ffn:
            return multiplier, multiple
    return None
