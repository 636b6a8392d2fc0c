"""What transformers says while it saves a model: `logger.info` of versions 4.57 and 5, in order.

They appear at log level info only. The lines carry no prefix here; a dialect puts its own before them.
"""

from collections.abc import Iterator

from fakeact_llm_training.sim.export import Export, ExportedFile

# Version 5 has a bar over the shards; version 4 is silent.
SHARDS_BAR = "Writing model shards"
CARD_LINE = "Training completed. Do not forget to share your model on huggingface.co/models =)"


def training_completed() -> Iterator[str]:
    """The Trainer's last line after training, with its blank ones."""
    yield from ("", "", CARD_LINE, "", "")


def save_lines(export: Export) -> Iterator[str]:
    """All lines of saving a model and its tokenizer."""
    yield f"Saving model checkpoint to {export.path}"
    for file in export.files:
        yield from file_lines(export, file)


def file_lines(export: Export, file: ExportedFile) -> Iterator[str]:
    """What is said once `file` is written; the weights are announced after the last of them."""
    path = f"{export.path}/{file.name}"
    match file.name:
        case "config.json" | "generation_config.json":
            yield f"Configuration saved in {path}"
        case "model.safetensors":
            yield f"Model weights saved in {path}"
        case "model.safetensors.index.json":
            yield split_line(export.limit, len(export.weights), path)
        case "tokenizer_config.json":
            yield f"tokenizer config file saved in {path}"
        case "special_tokens_map.json":
            yield f"Special tokens file saved in {path}"


def split_line(limit: str, shards: int, index: str) -> str:
    """What transformers says of several shards.

    >>> split_line("5GB", 4, "out/index.json")[:88]
    'The model is bigger than the maximum size per checkpoint (5GB) and is going to be split '
    """
    return (
        f"The model is bigger than the maximum size per checkpoint ({limit}) and is going to be split in {shards} "
        f"checkpoint shards. You can find where each parameters has been saved in the index located at {index}."
    )


def deleting_line(path: str) -> str:
    """The Trainer prunes an old checkpoint."""
    return f"Deleting older checkpoint [{path}] due to args.save_total_limit"


def best_line(path: str, loss: float) -> str:
    """The Trainer goes back to the best checkpoint, whose score is written out in full."""
    return f"Loading best model from {path} (score: {loss})."
