"""What each framework's way of training asks of model, machine and layout."""

from typing import NamedTuple

from fakeact_llm_training.catalogue.records import Gpu, Model
from fakeact_llm_training.sim.kinds import DialectName, Kind, LossScaling
from fakeact_llm_training.sim.model import total_parameters

# The largest model that people fine-tune in full with one of these trainers on 8 to 64 GPUs.
MOST_TUNED = 73e9
FP16_MODELS = ("pythia", "opt-", "gpt-neox", "gpt2", "gpt3")


class Framework(NamedTuple):
    """What it can do, what it is used for, and how it counts, validates and saves."""

    shardings: frozenset[str]
    tensor_from: float
    """Parameters of the model from which on it splits matrices."""
    stages_from: float
    """Parameters from which on it has stages."""
    kinds: dict[Kind, float]
    """Weights of what it is used for."""
    asynchronous: float
    """The share of its runs that save in the background."""
    any_fabric: bool = True
    by_epoch: bool = True
    """It knows epochs: it validates and saves where one ends, whatever its intervals."""
    as_trainer: bool = False
    """As Hugging Face's Trainer does: at epochs' ends or at intervals, which count steps over the whole run; the last
    batch of an epoch is taken though it is not full."""
    finalizes_between_steps: bool = False
    """A save in the background counts once a step has ended after it: only then are finished ones looked for."""
    saves_first: bool = False
    """A checkpoint comes before a validation; there is one behind the first step, none at the end that is not due."""
    evaluates_behind: bool = False
    """A validation at the end that was not due in the loop comes behind it."""
    newest_torch: bool = False
    """It needs the newest torch, and Python 3.11."""
    by_ssh: int = 0
    """Up to so many nodes are started by a launcher of its own over ssh: none hears of another's end."""
    largest: int = 131_072
    """GPUs of the largest fleet that it runs on if nobody asks for more."""


NEVER = float("inf")
FRAMEWORKS: dict[DialectName, Framework] = {
    "pytorch": Framework(
        frozenset(("DDP", "FSDP", "HSDP", "ZeRO-1")),
        12e9, 6e9, {"pretrain": 1.0, "finetune": 0.5, "resume": 0.6}, 0.3,
    ),
    "megatron": Framework(
        frozenset(("ZeRO-1",)), 2.5e9, 6e9, {"pretrain": 1.0, "finetune": 0.05, "resume": 1.5}, 0.6,
        any_fabric=False, by_epoch=False, finalizes_between_steps=True, evaluates_behind=True,
    ),
    "torchtitan": Framework(
        frozenset(("FSDP", "HSDP")), 12e9, NEVER, {"pretrain": 1.0, "finetune": 0.005, "resume": 1.0}, 0.6,
        any_fabric=False, by_epoch=False, saves_first=True, newest_torch=True,
    ),
    "hf": Framework(
        frozenset(("DDP", "FSDP", "ZeRO-2", "ZeRO-3")),
        NEVER, NEVER, {"pretrain": 0.1, "finetune": 3.0, "resume": 0.02}, 0.0, as_trainer=True, largest=64,
    ),
    "deepspeed": Framework(
        frozenset(("ZeRO-1", "ZeRO-2", "ZeRO-3")),
        12e9, 12e9, {"pretrain": 0.8, "finetune": 0.8, "resume": 0.8}, 0.0, by_ssh=16,
    ),
    "nemo": Framework(
        frozenset(("ZeRO-1",)), 2.5e9, 6e9, {"pretrain": 0.8, "finetune": 0.5, "resume": 0.8}, 0.7,
        any_fabric=False, by_epoch=False,
    ),
}  # fmt: skip


def objection(dialect: DialectName, model: Model, kind: Kind) -> str:
    """Why nobody trains this model so, in a few words; empty if somebody would."""
    if dialect == "torchtitan" and not is_built_by_torchtitan(model):
        return "torchtitan builds dense models like Llama 3 and Qwen 3, such as llama-3.1-8b or qwen3-8b"
    if dialect == "hf" and (total_parameters(model) > MOST_TUNED or model.experts):
        return "the hf Trainer takes dense models up to 72B, such as llama-3.1-8b"
    if kind == "finetune" and model.released < 2019:
        return "there are no weights to fine-tune"
    return ""


def is_built_by_torchtitan(model: Model) -> bool:
    """Whether the arguments of torchtitan's Llama 3 or Qwen 3 describe all of a model's weights."""
    dense = model.gated_mlp and model.norm == "rms" and not model.experts and not model.learned_positions
    if not dense or model.qkv_bias or model.norms_per_layer != 2:
        return False
    plain = not model.qk_norm and not model.tied_embeddings and model.head_dim * model.heads == model.hidden
    return model.qk_norm == "head" or plain


# Families in torchtitan's registry and in NeMo's recipes; models that Megatron has no arguments for.
TORCHTITANS = ("llama-3.1", "qwen3")
NEMOS = ("llama-", "qwen", "mistral", "mixtral", "gemma", "gpt3", "deepseek")
NOT_MEGATRONS = ("bloom", "mpt", "opt", "phi", "pythia", "olmo")
# What people begin a fine-tune from, or a run from scratch after: models of so recent a year.
RECENT = 2024


def is_usual(dialect: DialectName, model: Model, kind: Kind) -> bool:
    """Whether one expects this model in such a run when nobody asked for it."""
    slug = model.slug
    if kind == "finetune" and model.released < RECENT:
        return False
    if dialect == "torchtitan":
        return slug.startswith(TORCHTITANS)
    if dialect == "nemo":
        return slug.startswith(NEMOS)
    return dialect != "megatron" or not slug.startswith(NOT_MEGATRONS)


def drives(dialect: DialectName, gpu: Gpu) -> bool:
    """Whether the framework is used on such GPUs: NeMo on NVIDIA's, the large ones on NVLink machines."""
    if dialect == "nemo" and gpu.vendor != "nvidia":
        return False
    return FRAMEWORKS[dialect].any_fabric or gpu.busbw_node > 100


def may_be_fp16(dialect: DialectName, model: Model, gpu: Gpu) -> bool:
    """Whether such a run may be in fp16 with a loss scale: models of the A100's years, as they were trained."""
    of_its_time = model.slug.startswith(FP16_MODELS) and gpu.slug.startswith("a100")
    return of_its_time and dialect in {"deepspeed", "megatron"}


def loss_scaling(dialect: DialectName) -> LossScaling:
    """Megatron begins at 2**32, DeepSpeed at 2**16; both double after 1,000 good steps."""
    return LossScaling(2.0**16 if dialect == "deepspeed" else 2.0**32, 1000)
