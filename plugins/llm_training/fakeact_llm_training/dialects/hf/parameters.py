"""The Trainer's settings as a script prints them: all fields of transformers 5.24's TrainingArguments, by name."""

import json
from collections.abc import Iterator

from fakeact_llm_training.dialects.hf.command import arguments
from fakeact_llm_training.sim.scenario import Scenario

# As str(TrainingArguments(...)) had them for a process with a GPU that was given nothing else.
_DEFAULTS = """\
activation_checkpointing=False
activation_checkpointing_kwargs=None
adam_beta1=0.9
adam_beta2=0.999
adam_epsilon=1e-08
auto_find_batch_size=False
average_tokens_across_devices=True
batch_eval_metrics=False
bf16=False
bf16_full_eval=False
data_seed=None
dataloader_drop_last=False
dataloader_in_order=True
dataloader_multiprocessing_context=None
dataloader_num_workers=0
dataloader_persistent_workers=False
dataloader_pin_memory=True
dataloader_prefetch_factor=None
ddp_backend=None
ddp_broadcast_buffers=None
ddp_bucket_cap_mb=None
ddp_find_unused_parameters=None
ddp_static_graph=None
ddp_timeout=1800
debug=[]
deepspeed=None
disable_tqdm=False
do_eval=False
do_predict=False
do_train=False
enable_jit_checkpoint=False
eval_accumulation_steps=None
eval_delay=0
eval_do_concat_batches=True
eval_on_start=False
eval_steps=None
eval_strategy=IntervalStrategy.NO
eval_use_gather_object=False
fp16=False
fp16_full_eval=False
fsdp=None
fsdp_config=None
full_determinism=False
gradient_accumulation_steps=1
gradient_checkpointing=False
gradient_checkpointing_kwargs=None
greater_is_better=None
hub_always_push=False
hub_model_id=None
hub_private_repo=None
hub_revision=None
hub_strategy=HubStrategy.EVERY_SAVE
hub_token=<HUB_TOKEN>
ignore_data_skip=False
include_for_metrics=[]
include_num_input_tokens_seen=no
label_names=None
label_smoothing_factor=0.0
learning_rate=5e-05
length_column_name=length
liger_kernel_config=None
load_best_model_at_end=False
local_rank=-1
log_level=passive
log_level_replica=warning
log_on_each_node=True
logging_first_step=False
logging_nan_inf_filter=True
logging_steps=500
logging_strategy=IntervalStrategy.STEPS
lr_scheduler_kwargs=None
lr_scheduler_type=SchedulerType.LINEAR
max_grad_norm=1.0
max_steps=-1
metric_for_best_model=None
neftune_noise_alpha=None
num_train_epochs=3.0
optim=OptimizerNames.ADAMW_TORCH_FUSED
optim_args=None
optim_target_modules=None
output_dir=
parallelism_config=None
per_device_eval_batch_size=8
per_device_train_batch_size=8
prediction_loss_only=False
project=huggingface
push_to_hub=False
remove_unused_columns=True
report_to=[]
restore_callback_states_from_checkpoint=False
resume_from_checkpoint=None
run_name=None
save_on_each_node=False
save_only_model=False
save_steps=500
save_strategy=SaveStrategy.STEPS
save_total_limit=None
seed=42
skip_memory_metrics=True
tf32=None
torch_compile=False
torch_compile_backend=None
torch_compile_mode=None
torch_empty_cache_steps=None
trackio_bucket_id=None
trackio_space_id=None
trackio_static_space_id=None
train_sampling_strategy=random
use_cache=False
use_cpu=False
use_liger_kernel=False
warmup_steps=0
weight_decay=0.0
"""
_ACCELERATOR = {
    "split_batches": False, "dispatch_batches": None, "even_batches": True, "use_seedable_sampler": True,
    "non_blocking": False, "gradient_accumulation_kwargs": None, "use_configured_state": False,
}  # fmt: skip
# What comes of a file with fsdp_version 2.
_FSDP_2 = {"version": 2, "min_num_params": 0, "xla": False, "xla_fsdp_v2": False, "xla_fsdp_grad_ckpt": False}
_FLOATS = frozenset((
    "adam_beta2", "learning_rate", "max_grad_norm", "num_train_epochs", "warmup_steps", "weight_decay",
))  # fmt: skip
_ENUMERATIONS = {
    "eval_strategy": "IntervalStrategy",
    "save_strategy": "SaveStrategy",
    "lr_scheduler_type": "SchedulerType",
}


def parameters(run: Scenario) -> Iterator[str]:
    """The lines of the text, a field in each; what the command does not set has its default."""
    fields = {"accelerator_config": str(_ACCELERATOR)}
    fields |= dict(line.split("=", 1) for line in _DEFAULTS.splitlines())
    given = {name: value for name, value in arguments(run) if name in fields}
    fields |= {name: _shown(name, value) for name, value in given.items()} | _follows(given)
    yield "TrainingArguments("
    yield from (f"{name}={value}," for name, value in fields.items())
    yield ")"


def _shown(name: str, value: object) -> str:
    """What is made of an argument of the command line."""
    if name in _FLOATS:
        return str(float(str(value)))
    if name in _ENUMERATIONS:
        return f"{_ENUMERATIONS[name]}.{str(value).upper()}"
    if name == "lr_scheduler_kwargs":
        return str(json.loads(str(value).strip("'")))
    if name == "fsdp_config":
        return str(_FSDP_2)
    return str(value) if value != "" else "True"


def _follows(given: dict[str, object]) -> dict[str, str]:
    """What the class sets because of something else."""
    fields = {"do_eval": "True"}
    if "load_best_model_at_end" in given:
        fields |= {"metric_for_best_model": "loss", "greater_is_better": "False"}
    if "activation_checkpointing" in given:
        fields["gradient_checkpointing"] = "True"  # the name's old alias
    if "torch_compile" in given:
        fields["torch_compile_backend"] = "inductor"
    return fields
