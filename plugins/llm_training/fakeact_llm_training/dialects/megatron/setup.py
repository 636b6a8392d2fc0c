"""Configurations as Megatron logs them: the text of its dataclasses, megatron-core 0.16.1."""

from fakeact_llm_training.dialects.megatron.arguments import chosen, evaluations
from fakeact_llm_training.dialects.megatron.figures import typed
from fakeact_llm_training.dialects.megatron.weights import PER_RANK, SMALLEST_BUCKET
from fakeact_llm_training.sim.scenario import Scenario

SHARDING = {
    "distrib_optim_sharding_type": "dp_reshardable",
    "singleton_local_shards": False,
    "chained_optim_avoid_prefix": True,
}


def _record(name: str, values: dict[str, object]) -> str:
    """A dataclass as Python shows it.

    >>> _record("Config", {"lr": 0.1, "name": "adam"})
    "Config(lr=0.1, name='adam')"
    """
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in values.items())})"


class _Raw(str):
    """A value that is shown without quotes: a dtype, an object."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


_FLOAT = _Raw("torch.float32")


def _address(what: str, pid: int, place: int) -> _Raw:
    """An object without a text of its own; where it lies nobody can recompute."""
    return _Raw(f"<{what} object at {0x7E0000000000 + pid * 0x1F35A7D0 % 0x1FFFFFFF000 + place:#x}>")


def data_parallel(scenario: Scenario) -> str:
    """How gradients are reduced."""
    half = scenario.precision == "fp16"
    return _record(
        "DistributedDataParallelConfig",
        {
            "grad_reduce_in_fp32": not half,
            "overlap_grad_reduce": True,
            "overlap_param_gather": True,
            "align_param_gather": False,
            "use_distributed_optimizer": True,
            "num_distributed_optimizer_instances": 1,
            "check_for_nan_in_grad": not half,
            "check_for_large_grads": False,
            "bucket_size": max(SMALLEST_BUCKET, PER_RANK * scenario.dp),
            "pad_buckets_for_high_nccl_busbw": False,
            "reduce_scatter_with_fp32_accumulation": False,
            "average_in_collective": False,
            "fp8_param_gather": False,
            "reuse_grad_buf_for_mxfp8_param_ag": False,
            "use_megatron_fsdp": False,
            "use_custom_fsdp": False,
            "data_parallel_sharding_strategy": "no_shard",
            "gradient_reduce_div_fusion": True,
            "suggested_communication_unit_size": None,
            "preserve_fp32_weights": True,
            "keep_fp8_transpose_cache": False,
            "nccl_ub": False,
            "fsdp_double_buffer": False,
            "outer_dp_sharding_strategy": "no_shard",
            "disable_symmetric_registration": False,
            "fsdp_manual_registration": False,
            "delay_wgrad_compute": False,
        },
    )


def optimizer(scenario: Scenario, pid: int) -> str:
    """The optimizer's settings in a process."""
    settings, half = chosen(scenario, 0), scenario.precision == "fp16"
    return _record(
        "OptimizerConfig",
        {
            "lr": settings["lr"],
            "min_lr": settings["min_lr"],
            "decoupled_lr": None,
            "decoupled_min_lr": None,
            "weight_decay": settings["weight_decay"],
            "apply_wd_to_qk_layernorm": False,
            "fp8_recipe": "delayed",
            "fp16": half,
            "bf16": not half,
            "reuse_grad_buf_for_mxfp8_param_ag": False,
            "params_dtype": _Raw(settings["params_dtype"]),
            "use_precision_aware_optimizer": False,
            "store_param_remainders": True,
            "main_grads_dtype": _FLOAT,
            "main_params_dtype": _FLOAT,
            "exp_avg_dtype": _FLOAT,
            "exp_avg_sq_dtype": _FLOAT,
            "optimizer": "adam",
            "loss_scale": None,
            "initial_loss_scale": 2**32,
            "min_loss_scale": 1.0,
            "loss_scale_window": 1000,
            "hysteresis": 2,
            "adam_beta1": settings["adam_beta1"],
            "adam_beta2": settings["adam_beta2"],
            "adam_eps": settings["adam_eps"],
            "decoupled_weight_decay": True,
            "sgd_momentum": 0.9,
            "muon_momentum": 0.9,
            "muon_split_qkv": True,
            "muon_use_nesterov": False,
            "muon_scale_mode": "spectral",
            "muon_fp32_matmul_prec": "medium",
            "muon_num_ns_steps": 5,
            "muon_tp_mode": "blockwise",
            "muon_extra_scale_factor": 1.0,
            "use_distributed_optimizer": True,
            "overlap_param_gather": True,
            "overlap_param_gather_with_optimizer_step": False,
            "optimizer_cpu_offload": False,
            "optimizer_offload_fraction": 1.0,
            "use_torch_optimizer_for_cpu_offload": False,
            "overlap_cpu_optimizer_d2h_h2d": False,
            "pin_cpu_grads": True,
            "pin_cpu_params": True,
            "clip_grad": settings["clip_grad"],
            "log_num_zeros_in_grad": settings["log_num_zeros_in_grad"],
            "barrier_with_L1_time": True,
            "timers": _address("megatron.core.timers.Timers", pid, 0xEA0),
            "config_logger_dir": "",
        },
    )


def dataset(scenario: Scenario, pid: int) -> str:
    """Where sequences come from."""
    path = scenario.site.paths.dataset
    blends = [([f"{path}_train"], None), ([f"{path}_valid"], None), None]
    return _record(
        "GPTDatasetConfig",
        {
            "random_seed": max(scenario.seed, 1),
            "sequence_length": scenario.sequence_length,
            "blend": None,
            "blend_per_split": blends,
            "multiple_validation_sets": False,
            "full_validation": True,
            "split": None,
            "split_matrix": None,
            "num_dataset_builder_threads": 1,
            "path_to_cache": f"{scenario.site.paths.output}/data-cache",
            "mmap_bin_files": True,
            "mock": False,
            "tokenizer": _address("megatron.core.tokenizers.text.text_tokenizer.MegatronTokenizerText", pid, 0x4F790),
            "mid_level_dataset_surplus": 0.005,
            "allow_ambiguous_pad_tokens": False,
            "fast_cache_load": False,
            "defer_npy_index_mmap": False,
            "reset_position_ids": False,
            "reset_attention_mask": False,
            "eod_mask_loss": False,
            "create_attention_mask": False,
            "drop_last_partial_validation_sequence": True,
            "add_extra_token_to_sequence": True,
            "object_storage_cache_path": None,
            "data_parallel_size": 1,
            "sequence_parallel_size": 0,
            "hybrid_context_parallel": False,
            "sequences_per_dataset": None,
            "token_dtype_code": 4 if scenario.model.tokenizer.vocab > 2**16 else 8,
            "context_parallel_size": None,
        },
    )


def decay_style(scenario: Scenario) -> str:
    """The schedule's name."""
    return str(chosen(scenario, 0)["lr_decay_style"])


def scheduler_state(scenario: Scenario) -> dict[str, object]:
    """What a checkpoint knows of the schedule, in samples; the form and order of its reading."""
    settings, said = chosen(scenario, 0), typed(scenario.schedule)
    decay, unit = settings["weight_decay"], 1 if said.samples else scenario.global_batch
    ends = (said.decay or said.total) * unit
    share = said.warmup_fraction
    return {
        "learning rate": settings["lr"],
        "minimum learning rate": settings["min_lr"],
        "warmup iterations": (said.warmup or 0) * unit if share is None else share * ends,
        "total number of iterations": ends,
        "learning rate decay style": settings["lr_decay_style"],
        "start weight decay": decay,
        "end weight decay": decay,
        "total number of weight decay iterations": said.total * unit,
        "weight decay incr style": "constant",
    }


def test_samples(scenario: Scenario) -> int:
    """Sequences that a test would have, were there a set for it."""
    return evaluations(scenario) * scenario.global_batch
