"""What rank 0 holds of the model, and the settings that Megatron's core shows of gradients and optimizer."""

from collections.abc import Iterator
from math import lcm

from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.sim.model import parameter_table
from fakeact_llm_training.sim.scenario import Scenario

DIVISOR = 128
_FIRST = ("token embedding", "position embedding", "embedding norm")
_LAST = ("final norm", "output head")


def padded_vocabulary(scenario: Scenario) -> int:
    """The vocabulary filled up so that each tensor-parallel rank has a multiple of 128 rows."""
    multiple = DIVISOR * scenario.tp
    return -(-scenario.model.vocab // multiple) * multiple


def own_parameters(scenario: Scenario) -> int:
    """Parameters of rank 0: matrices are cut up by tensor and expert parallelism, biases and norms are whole."""
    model, pp = scenario.model, scenario.pp
    total = 0
    for row in parameter_table(model):
        if row.name in _LAST and pp > 1:
            continue
        vectors = row.vectors * row.copies
        cut = (row.total - _unpadded(model, row.name) - vectors) // (
            scenario.tp if row.name != "experts" else scenario.ep
        )
        part = cut + vectors + _padding(scenario, row.name)
        total += part if row.name in _FIRST + _LAST else part // pp
    return total


def _unpadded(model: Model, name: str) -> int:
    """What of a row lies over the vocabulary and is padded."""
    return model.vocab * model.hidden if name in {"token embedding", "output head"} else 0


def _padding(scenario: Scenario, name: str) -> int:
    if not _unpadded(scenario.model, name):
        return 0
    return padded_vocabulary(scenario) * scenario.model.hidden // scenario.tp


def padded_size(scenario: Scenario) -> int:
    """The gradient buffer: a multiple of 128 and of the data-parallel degree."""
    multiple = lcm(scenario.dp, DIVISOR)
    return -(-own_parameters(scenario) // multiple) * multiple


def parameter_names(scenario: Scenario) -> list[str]:
    """Rank 0's parameters in the order of its gradient buffer, which is backwards; none where layers are unusual."""
    model = scenario.model
    if model.experts or model.latent or model.norms_per_layer != 2 or model.qk_norm == "full":
        return []
    names = ["embedding.word_embeddings.weight"]
    if model.learned_positions:
        names.append("embedding.position_embeddings.weight")
    for layer in range(model.layers // scenario.pp):
        names += [f"decoder.layers.{layer}.{name}" for name in _layer_names(model)]
    if scenario.pp == 1:
        names += [f"decoder.final_layernorm.{part}" for part in _norm_parts(model, "")]
        names += [] if model.tied_embeddings else ["output_layer.weight"]
        names += ["output_layer.bias"] if model.head_bias else []
    return [f"module.{name}" for name in reversed(names)]


def _norm_parts(model: Model, prefix: str) -> list[str]:
    return [f"{prefix}weight", f"{prefix}bias"] if model.norm == "layer" else [f"{prefix}weight"]


def _layer_names(model: Model) -> Iterator[str]:
    """Parameters of a layer of Transformer Engine, whose norms belong to the projections behind them."""
    yield from _linear("self_attention.linear_proj", bias=model.out_bias)
    yield from (f"self_attention.linear_qkv.{part}" for part in _norm_parts(model, "layer_norm_"))
    yield from _linear("self_attention.linear_qkv", bias=model.qkv_bias)
    if model.qk_norm:
        yield from ("self_attention.q_layernorm.weight", "self_attention.k_layernorm.weight")
    yield from (f"mlp.linear_fc1.{part}" for part in _norm_parts(model, "layer_norm_"))
    yield from _linear("mlp.linear_fc1", bias=model.mlp_bias)
    yield from _linear("mlp.linear_fc2", bias=model.mlp_bias)


def _linear(name: str, *, bias: bool) -> Iterator[str]:
    yield f"{name}.weight"
    if bias:
        yield f"{name}.bias"


def ddp_config() -> str:
    """The settings of gradients: reduced in fp32, after the backward pass."""
    fields: dict[str, object] = {
        "grad_reduce_in_fp32": True,
        "overlap_grad_reduce": False,
        "overlap_param_gather": False,
        "align_param_gather": False,
        "use_distributed_optimizer": True,
        "num_distributed_optimizer_instances": 1,
        "check_for_nan_in_grad": True,
        "check_for_large_grads": False,
        "bucket_size": None,
        "pad_buckets_for_high_nccl_busbw": False,
        "average_in_collective": False,
        "fp8_param_gather": False,
        "use_custom_fsdp": False,
        "data_parallel_sharding_strategy": "no_shard",
        "gradient_reduce_div_fusion": True,
        "suggested_communication_unit_size": None,
        "preserve_fp32_weights": True,
        "keep_fp8_transpose_cache_when_using_custom_fsdp": False,
    }
    return _record("DistributedDataParallelConfig", fields)


def optimizer_config(scenario: Scenario) -> str:
    """The settings of Megatron's optimizer."""
    optimizer = scenario.optimizer
    fields: dict[str, object] = {
        "optimizer": "adam",
        "lr": scenario.peak_lr,
        **dict.fromkeys(("min_lr", "decoupled_lr", "decoupled_min_lr")),
        "weight_decay": optimizer.weight_decay,
        "fp16": False,
        "bf16": True,
        "params_dtype": _Dtype("bfloat16"),
        "use_precision_aware_optimizer": False,
        **dict.fromkeys(
            ("main_grads_dtype", "main_params_dtype", "exp_avg_dtype", "exp_avg_sq_dtype"), _Dtype("float32")
        ),
        "loss_scale": None,
        "initial_loss_scale": 2**32,
        "min_loss_scale": 1.0,
        "loss_scale_window": 1000,
        "hysteresis": 2,
        "adam_beta1": optimizer.beta1,
        "adam_beta2": optimizer.beta2,
        "adam_eps": optimizer.eps,
        "sgd_momentum": 0.9,
        "use_distributed_optimizer": True,
        "overlap_param_gather_with_optimizer_step": False,
        "optimizer_cpu_offload": False,
        "optimizer_offload_fraction": 0.0,
        "use_torch_optimizer_for_cpu_offload": False,
        "overlap_cpu_optimizer_d2h_h2d": False,
        "pin_cpu_grads": True,
        "pin_cpu_params": True,
        "clip_grad": optimizer.clip,
        "log_num_zeros_in_grad": False,
        "barrier_with_L1_time": False,
        "timers": None,
        "config_logger_dir": "",
    }
    return _record("OptimizerConfig", fields)


class _Dtype(str):
    """A name that shows itself as one of torch's."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"torch.{self}"


def _record(name: str, fields: dict[str, object]) -> str:
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in fields.items())})"
