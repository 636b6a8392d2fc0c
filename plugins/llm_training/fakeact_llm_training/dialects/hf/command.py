"""The command line that such a run is launched with."""

import math
from collections.abc import Iterator

from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.tuned import WARMUP_SHARES, WARMUP_STEPS

MOST_CONSOLES = 16
"""Nodes whose output is watched together; of more, each node has a log file of its own."""
LAUNCHER = "torchrun --nnodes {nodes} --nproc_per_node {gpus} --max_restarts {restarts} "
_RENDEZVOUS = "--rdzv_id {job} --rdzv_backend c10d --rdzv_endpoint {address}:{port} "
# transformers' names of the decays; one that ends above zero has a name of its own.
SCHEDULERS = {"cosine": "cosine", "linear": "linear", "wsd": "warmup_stable_decay"}


def command(run: Scenario) -> str:
    """srun, torchrun, script and arguments, as ``set -x`` shows them."""
    launcher = LAUNCHER.format(nodes=run.nodes, gpus=run.gpus_per_node, restarts=run.max_restarts)
    where = _RENDEZVOUS.format(job=run.site.job_id, address=run.master_addr, port=run.master_port)
    options = " ".join(f"--{name} {value}".rstrip() for name, value in arguments(run))
    if run.nodes == 1:
        return f"{launcher}--standalone {run.site.paths.script} {options}"
    logs = "" if run.nodes <= MOST_CONSOLES else "--output logs/%x-%j-%t.log "
    step = f"srun --quit-on-interrupt --nodes {run.nodes} --ntasks-per-node 1 {logs}"
    return f"{step}{launcher}{where}{run.site.paths.script} {options}"


def arguments(run: Scenario) -> Iterator[tuple[str, object]]:
    """The script's arguments, most of which are the Trainer's."""
    if run.kind == "finetune":
        yield "model_name_or_path", run.load_path
    else:
        yield "config_name", run.site.paths.tokenizer
    yield "dataset_path", run.site.paths.dataset
    yield "output_dir", run.site.paths.output
    if run.data.subset:
        yield "max_train_samples", run.train_samples
    if run.data.max_steps:
        yield "max_steps", run.data.max_steps
    else:
        yield "num_train_epochs", run.epochs
    yield "per_device_train_batch_size", run.micro_batch
    yield "per_device_eval_batch_size", run.micro_batch
    yield "gradient_accumulation_steps", run.grad_accum
    yield "learning_rate", run.peak_lr
    yield from _schedule(run)
    yield "weight_decay", run.optimizer.weight_decay
    yield "adam_beta2", run.optimizer.beta2
    yield "max_grad_norm", run.optimizer.clip
    yield "logging_steps", run.log_interval
    yield from _strategy("eval", run.validation_interval, run)
    yield from _strategy("save", run.checkpoint_interval, run)
    if run.keep_checkpoints:
        yield "save_total_limit", run.keep_checkpoints
    if run.patience:
        yield "load_best_model_at_end", True
        yield "early_stopping_patience", run.patience
    yield from _machine(run)


def _schedule(run: Scenario) -> Iterator[tuple[str, object]]:
    name = SCHEDULERS[run.schedule_kind]
    if run.schedule_kind == "cosine" and run.min_lr:
        yield "lr_scheduler_type", "cosine_with_min_lr"
        yield "lr_scheduler_kwargs", f"'{{\"min_lr\": {run.min_lr:g}}}'"
    elif run.schedule_kind == "linear" and run.min_lr:
        yield "lr_scheduler_type", "polynomial"
        yield "lr_scheduler_kwargs", f'\'{{"lr_end": {run.min_lr:g}, "power": 1.0}}\''
    else:
        yield "lr_scheduler_type", name
    if run.schedule_kind == "wsd":
        decay = run.total_steps - run.warmup_steps - round(0.8 * (run.total_steps - run.warmup_steps))
        share = run.min_lr / run.peak_lr
        kwargs = f'"num_decay_steps": {decay}, "decay_type": "1-sqrt", "min_lr_ratio": {share:g}'
        yield "lr_scheduler_kwargs", f"'{{{kwargs}}}'"
    yield "warmup_steps", _warmup(run)


def _warmup(run: Scenario) -> float:
    """As it was given: a number of steps, or what stands for a share of all, which the Trainer rounds up."""
    if run.kind != "finetune" or run.warmup_steps in WARMUP_STEPS:
        return run.warmup_steps
    shares = (share for share in WARMUP_SHARES if math.ceil(share * run.total_steps) == run.warmup_steps)
    return next(shares, run.warmup_steps)


def _strategy(what: str, interval: int, run: Scenario) -> Iterator[tuple[str, object]]:
    if interval in {0, run.steps_per_epoch}:
        yield f"{what}_strategy", "epoch"
    else:
        yield f"{what}_strategy", "steps"
        yield f"{what}_steps", interval


def _machine(run: Scenario) -> Iterator[tuple[str, object]]:
    yield "bf16", True
    if run.layout.recompute != "none":
        # What gradient_checkpointing is called now.
        yield "activation_checkpointing", True
    if run.sharding.startswith("ZeRO"):
        yield "deepspeed", f"ds_z{run.sharding[-1]}.json"
    elif run.sharding == "FSDP":
        # Without a word behind it: those are deprecated, and say so.
        yield "fsdp", ""
        # FSDP 2: its tensors know the whole's size, which the Trainer counts.
        yield "fsdp_config", "fsdp2.json"
    if run.compiled:
        yield "torch_compile", True
    yield "ddp_timeout", run.collective_timeout
    yield "seed", run.seed
    yield "log_level", "info"
    if run.nodes > 1:
        yield "log_on_each_node", False
