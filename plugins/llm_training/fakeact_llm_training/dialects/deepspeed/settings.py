"""The engine's configuration as DeepSpeed 0.17.5 prints it: what was set, among the defaults of all that was not."""

from collections.abc import Iterator

from fakeact_llm_training.dialects.deepspeed.defaults import (
    BUCKET,
    DEFAULTS,
    FIELDS,
    JSON_SECTIONS,
    PREFETCH,
    Section,
    Value,
)
from fakeact_llm_training.sim.scenario import Scenario

STAGES = {"DDP": 0, "ZeRO-1": 1, "ZeRO-2": 2, "ZeRO-3": 3}
_NAME_CELLS = 29


def stage(scenario: Scenario) -> int:
    """The ZeRO stage; 0 where nothing is sharded."""
    return STAGES.get(scenario.sharding, 0)


def accumulates_in_fp32(scenario: Scenario) -> bool:
    """Whether gradients are summed in fp32, which is the BF16_Optimizer's part: bf16 under ZeRO-1."""
    return stage(scenario) == 1 and scenario.precision == "bf16"


def configuration(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Names and values in their order; some values have several lines."""
    texts = {name: str(value) for name, value in DEFAULTS.items()}
    texts |= {name: as_json(value) for name, value in JSON_SECTIONS.items()}
    texts |= {name: _fields(value) for name, value in {**FIELDS, **_sections(scenario)}.items()}
    texts |= {name: str(value) for name, value in _chosen(scenario).items()}
    yield from sorted(texts.items())


def row(name: str, value: str) -> str:
    """A line of the configuration.

    >>> row("gradient_clipping", "1.0")
    '  gradient_clipping ............ 1.0'
    """
    return f"  {name} {'.' * (_NAME_CELLS - len(name))} {value}"


def user_config(scenario: Scenario) -> Section:
    """The file that the run was started with."""
    config: Section = {
        "train_batch_size": scenario.global_batch,
        "train_micro_batch_size_per_gpu": scenario.micro_batch,
        "gradient_accumulation_steps": scenario.grad_accum,
        "steps_per_print": scenario.log_interval,
        "gradient_clipping": scenario.optimizer.clip,
        "wall_clock_breakdown": False,
    }
    if scaling := scenario.loss_scaling:
        config["fp16"] = {
            "enabled": True,
            "initial_scale_power": int(scaling.initial).bit_length() - 1,
            "loss_scale_window": scaling.window,
            "hysteresis": scaling.hysteresis,
            "min_loss_scale": int(scaling.minimum),
        }
    elif stage(scenario):
        config["bf16"] = {"enabled": True}
    else:
        config["torch_autocast"] = {"enabled": True, "dtype": "bfloat16"}
    if accumulates_in_fp32(scenario):
        config["data_types"] = {"grad_accum_dtype": "fp32"}
    if level := stage(scenario):
        config["zero_optimization"] = {"stage": level, "overlap_comm": True}
    return config


def as_json(value: Value, level: int = 0) -> str:
    """JSON as DeepSpeed writes it, with a blank behind each comma and numbers above 1000 in scientific notation.

    >>> as_json({"train_batch_size": 1024, "stage": 2}).splitlines()
    ['{', '    "train_batch_size": 1.024000e+03, ', '    "stage": 2', '}']
    """
    if isinstance(value, dict):
        gap = " " * 4 * (level + 1)
        rows = [f'\n{gap}"{name}": {as_json(item, level + 1)}' for name, item in value.items()]
        return "{" + ", ".join(rows) + f"\n{gap[4:]}" + "}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return f"{value:e}" if value > 1000 else str(value)
    return f'"{value}"'


def _fields(section: Section) -> str:
    return " ".join(f"{name}={value}" for name, value in section.items())


def _chosen(scenario: Scenario) -> Section:
    """What the file or the launch decides."""
    level = stage(scenario)
    chosen: Section = {
        # Where the object lies follows from the process; nothing depends on it.
        "comms_config": f"<deepspeed.comm.config.DeepSpeedCommsConfig object at {address(scenario, 1):#x}>",
        "grad_accum_dtype": "fp32" if accumulates_in_fp32(scenario) else None,
        "gradient_accumulation_steps": scenario.grad_accum,
        "gradient_clipping": scenario.optimizer.clip,
        "steps_per_print": scenario.log_interval,
        "train_batch_size": scenario.global_batch,
        "train_micro_batch_size_per_gpu": scenario.micro_batch,
        "world_size": scenario.dp,
        "zero_enabled": level > 0,
        "zero_optimization_stage": level,
    }
    if not level:
        chosen |= {"torch_autocast_dtype": "torch.bfloat16", "torch_autocast_enabled": True}
    return chosen


def address(scenario: Scenario, number: int) -> int:
    """Where an object of rank 0 lies in memory: on the heap of CPython, 16 bytes apart."""
    return 0x7F0000000000 + scenario.site.pid(0) % 0xFFFF * 0x1000000 + number * 0x4E90


def _sections(scenario: Scenario) -> dict[str, Section]:
    scaling = scenario.loss_scaling
    return {
        "bfloat16_config": {
            "enabled": not scaling and stage(scenario) > 0,
            "immediate_grad_update": False,
            "check_grad_overflow": False,
        },
        "float16_config": {
            "enabled": scaling is not None,
            "auto_cast": False,
            "loss_scale": 0.0,
            "initial_scale_power": 16,
            "loss_scale_window": 1000,
            "hysteresis": 2,
            "consecutive_hysteresis": False,
            "min_loss_scale": 1,
            "fp16_master_weights_and_grads": False,
        },
        "zero_config": _zero(stage(scenario)),
    }


def _zero(level: int) -> Section:
    return {
        "stage": level,
        "contiguous_gradients": True,
        "reduce_scatter": True,
        "reduce_bucket_size": BUCKET,
        "use_multi_rank_bucket_allreduce": True,
        "allgather_partitions": True,
        "allgather_bucket_size": BUCKET,
        "overlap_comm": level > 0,
        "load_from_fp32_weights": True,
        "elastic_checkpoint": False,
        **dict.fromkeys(("offload_param", "offload_optimizer", "zenflow")),
        "sub_group_size": 1_000_000_000,
        **dict.fromkeys(("cpu_offload_param", "cpu_offload_use_pin_memory", "cpu_offload")),
        "prefetch_bucket_size": PREFETCH,
        "param_persistence_threshold": 100_000,
        "model_persistence_threshold": 2**63 - 1,
        "max_live_parameters": 1_000_000_000,
        "max_reuse_distance": 1_000_000_000,
        "gather_16bit_weights_on_model_save": False,
        "module_granularity_threshold": 0,
        "use_all_reduce_for_fetch_params": False,
        "stage3_gather_fp16_weights_on_model_save": False,
        "ignore_unused_parameters": True,
        "legacy_stage1": False,
        "round_robin_gradients": False,
        "zero_hpz_partition_size": 1,
        **dict.fromkeys(
            ("zero_quantized_weights", "zero_quantized_nontrainable_weights", "zero_quantized_gradients"), False
        ),
        "zeropp_loco_param": None,
        "mics_shard_size": -1,
        "mics_hierarchical_params_gather": False,
        "memory_efficient_linear": True,
        "pipeline_loading_checkpoint": False,
        "override_module_apply": True,
        "log_trace_cache_warnings": False,
    }
