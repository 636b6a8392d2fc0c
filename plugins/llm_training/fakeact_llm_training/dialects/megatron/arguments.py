"""The list of all arguments, as rank 0 prints it: Megatron's defaults and what this run sets."""

import json
import pkgutil

from fakeact_llm_training.dialects.megatron.figures import typed, vocabulary
from fakeact_llm_training.dialects.megatron.flags import flags
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.schedule import Schedule

FEW_RANKS = 16
"""Up to here the launch script leaves Gloo groups on; each rank says a line in every one of them."""
_LEARNED = "learned_absolute"


def listing(scenario: Scenario, step: int) -> list[str]:
    """All arguments between their headings, before a job that goes on after `step` steps.

    Names are followed by dots up to 48 places and sorted as whole lines, capitals and small letters alike.
    """
    values = {**defaults(), **chosen(scenario, step)}
    rows = [f"  {name} {'.' * (48 - len(name))} {value}" for name, value in values.items()]
    return [
        "------------------------ arguments ------------------------",
        *sorted(rows, key=str.lower),
        "-------------------- end of arguments ---------------------",
    ]


def defaults() -> dict[str, str]:
    """Megatron's defaults: of its argument parser on main in 2026, and of megatron-core 0.16.1's configurations."""
    table: dict[str, str] = json.loads(pkgutil.get_data(__package__, "arguments.json") or "")
    return table


def chosen(scenario: Scenario, step: int) -> dict[str, object]:
    """What the launch script sets, and what follows from it."""
    return {
        **_model(scenario),
        **_experts(scenario),
        **_latent_attention(scenario),
        **_layout(scenario),
        **_recipe(scenario),
        **_files(scenario, step),
    }


def _model(scenario: Scenario) -> dict[str, object]:
    model = scenario.model
    return {
        "num_layers": model.layers,
        "encoder_num_layers": model.layers,
        "hidden_size": model.hidden,
        "ffn_hidden_size": model.ffn,
        "num_attention_heads": model.heads,
        "group_query_attention": model.kv_heads < model.heads and not model.latent,
        "num_query_groups": model.kv_heads if model.kv_heads < model.heads and not model.latent else 1,
        "kv_channels": model.head_dim,
        "seq_length": scenario.sequence_length,
        "encoder_seq_length": scenario.sequence_length,
        "max_position_embeddings": model.learned_positions or max(scenario.sequence_length, model.context),
        "position_embedding_type": _LEARNED if model.learned_positions else "rope",
        "swiglu": model.gated_mlp,
        "normalization": "RMSNorm" if model.norm == "rms" else "LayerNorm",
        "add_bias_linear": model.mlp_bias or model.out_bias,
        "add_qkv_bias": model.qkv_bias,
        "qk_layernorm": bool(model.qk_norm),
        "untie_embeddings_and_output_weights": not model.tied_embeddings,
        "attention_dropout": 0.0,
        "hidden_dropout": 0.0,
        "tokenizer_type": "HuggingFaceTokenizer",
        "tokenizer_model": scenario.site.paths.tokenizer,
        "padded_vocab_size": vocabulary(model, scenario.tp).padded,
    }


def _experts(scenario: Scenario) -> dict[str, object]:
    if not (experts := scenario.model.experts):
        return {}
    layers = [int(layer >= experts.dense_layers) for layer in range(scenario.model.layers)]
    return {
        "num_experts": experts.routed,
        "moe_router_topk": experts.per_token,
        "moe_ffn_hidden_size": experts.ffn,
        "moe_shared_expert_intermediate_size": experts.ffn * experts.shared or None,
        "moe_layer_freq": layers if experts.dense_layers else 1,
        "moe_grouped_gemm": True,
        "moe_permute_fusion": True,
        "moe_token_dispatcher_type": "alltoall",
        # As Mixtral and Qwen 3 were trained, and DeepSeek-V3 beside its biases.
        "moe_router_load_balancing_type": "seq_aux_loss" if experts.router_bias else "aux_loss",
        "moe_aux_loss_coeff": 0.0001 if experts.router_bias else 0.001,
        "moe_router_score_function": "sigmoid" if experts.router_bias else "softmax",
        "moe_router_enable_expert_bias": experts.router_bias,
    }


def _latent_attention(scenario: Scenario) -> dict[str, object]:
    if not (part := scenario.model.latent):
        return {}
    return {
        "multi_latent_attention": True,
        "q_lora_rank": part.q_rank,
        "kv_lora_rank": part.kv_rank,
        "qk_head_dim": part.nope_dim,
        "qk_pos_emb_head_dim": part.rope_dim,
        "v_head_dim": part.value_dim,
    }


def _layout(scenario: Scenario) -> dict[str, object]:
    recompute = scenario.layout.recompute
    uneven = scenario.pp > 1 and scenario.model.pipeline_slots > scenario.model.layers
    return {
        "world_size": scenario.world_size,
        "inprocess_active_world_size": scenario.world_size,
        "tensor_model_parallel_size": scenario.tp,
        "pipeline_model_parallel_size": scenario.pp,
        "transformer_pipeline_model_parallel_size": scenario.pp,
        "context_parallel_size": scenario.cp,
        "expert_model_parallel_size": scenario.ep,
        "expert_tensor_parallel_size": scenario.tp,
        "data_parallel_size": scenario.dp,
        "account_for_embedding_in_pipeline_split": uneven,
        "account_for_loss_in_pipeline_split": uneven,
        "sequence_parallel": scenario.tp > 1,
        "use_distributed_optimizer": True,
        "overlap_grad_reduce": True,
        "overlap_param_gather": True,
        "data_parallel_sharding_strategy": "no_shard",
        "ckpt_fully_parallel_load": True,
        "use_gloo_process_groups": scenario.world_size <= FEW_RANKS,
        "distributed_timeout_seconds_after_init": scenario.collective_timeout,
        "recompute_granularity": None if recompute == "none" else recompute,
        "recompute_method": "uniform" if recompute == "full" else None,
        "recompute_num_layers": 1 if recompute == "full" else None,
        "recompute_modules": ["core_attn"] if recompute == "selective" else None,
        "micro_batch_size": scenario.micro_batch,
        "global_batch_size": scenario.global_batch,
    }


def _recipe(scenario: Scenario) -> dict[str, object]:
    optimizer, schedule, half = scenario.optimizer, scenario.schedule, scenario.precision == "fp16"
    wsd = schedule.kind == "wsd"
    return {
        "bf16": not half,
        "fp16": half,
        "params_dtype": "torch.float16" if half else "torch.bfloat16",
        "accumulate_allreduce_grads_in_fp32": not half,
        "check_for_nan_in_loss_and_grad": not half,
        "lr": _number(schedule.peak),
        "min_lr": _number(schedule.floor),
        "lr_decay_style": "WSD" if wsd else schedule.kind,
        "lr_wsd_decay_style": schedule.shape if wsd else "exponential",
        **_lengths(schedule),
        "weight_decay": optimizer.weight_decay,
        "start_weight_decay": optimizer.weight_decay,
        "end_weight_decay": optimizer.weight_decay,
        "adam_beta1": optimizer.beta1,
        "adam_beta2": optimizer.beta2,
        "adam_eps": optimizer.eps,
        "clip_grad": optimizer.clip,
        "seed": max(scenario.seed, 1),
    }


def _lengths(schedule: Schedule) -> dict[str, object]:
    """How long it trains, in the unit that the script counts in."""
    said = typed(schedule)
    unit = "samples" if said.samples else "iters"
    return {
        f"train_{unit}": said.total,
        f"lr_decay_{unit}": said.decay,
        f"lr_warmup_{unit}": said.warmup or 0,
        "lr_warmup_fraction": said.warmup_fraction,
        f"lr_wsd_decay_{unit}": said.annealing,
    }


def _number(value: float) -> float:
    """A rate as a person types it, without the last bits of a product."""
    return float(f"{value:.10g}")


def _files(scenario: Scenario, step: int) -> dict[str, object]:
    paths = scenario.site.paths
    return {
        "save": paths.checkpoints,
        "load": load_directory(scenario, step),
        "finetune": scenario.kind == "finetune" and step == 0,
        "save_interval": scenario.checkpoint_interval,
        "async_save": scenario.async_checkpoints,
        "async_strategy": "nvrx" if scenario.async_checkpoints else "mcore",
        "eval_interval": scenario.validation_interval or scenario.steps_per_epoch,
        "eval_iters": evaluations(scenario),
        "full_validation": True,
        # Slurm's SIGUSR1 before the time is up; a preemption's SIGTERM is not waited for.
        "exit_signal_handler": True,
        "exit_signal": 10,
        "exit_interval": scenario.last_step if scenario.step_limit else None,
        "log_interval": scenario.log_interval,
        **_logged(scenario),
        "train_data_path": [f"{paths.dataset}_train"],
        "valid_data_path": [f"{paths.dataset}_valid"],
        "data_cache_path": f"{paths.output}/data-cache",
        "create_attention_mask_in_dataloader": False,
        "num_workers": 4,
        "tensorboard_dir": f"{paths.output}/tensorboard",
    }


def _logged(scenario: Scenario) -> dict[str, object]:
    asked = flags(scenario)
    return {
        "log_throughput": asked.throughput,
        "log_energy": asked.energy,
        "log_num_zeros_in_grad": asked.zeros,
        "log_params_norm": asked.params_norm,
        "log_validation_ppl_to_tensorboard": asked.perplexity,
        "log_memory_to_tensorboard": asked.memory,
    }


def load_directory(scenario: Scenario, step: int) -> str:
    """Where a job that goes on after `step` steps looks for a checkpoint."""
    if scenario.kind == "finetune" and step == 0 and scenario.load_path:
        return scenario.load_path
    return scenario.site.paths.checkpoints


def evaluations(scenario: Scenario) -> int:
    """Global batches in a validation."""
    return max(1, scenario.validation_batches // scenario.grad_accum)
