"""A model as torchtitan's registry knows it: module, flavor, and the function that configures its training."""

from fakeact_llm_training.catalogue.records import Model


def flavor(model: Model) -> tuple[str, str]:
    """Name and flavor: ("llama3", "8B")."""
    first, *more, size = model.slug.split("-")
    rest = "".join(part.split(".")[0] if part[0].isdigit() else f"_{part}" for part in more)
    return (first + rest).replace(".", "_"), size.upper()


def config(model: Model) -> str:
    """The function of a registry that a job is started with.

    >>> from fakeact_llm_training.catalogue import models
    >>> [config(model) for model in models() if model.slug in {"llama-3.1-8b", "qwen3-14b"}]
    ['llama3_8b', 'qwen3_14b']
    """
    name, size = flavor(model)
    return f"{name}_{size.lower().replace('.', '_')}"


def optimized_tensors(model: Model) -> int:
    """Parameters that its optimizer lists: one matrix for queries, keys and values in each layer."""
    per_layer = 7 + 2 * (model.qk_norm == "head")
    return model.layers * per_layer + 2 + (not model.tied_embeddings)


def is_qwen_like(model: Model) -> bool:
    """Whether it is built by the class for Qwen 3, whose parameters are counted as those of experts are."""
    return bool(model.qk_norm)
