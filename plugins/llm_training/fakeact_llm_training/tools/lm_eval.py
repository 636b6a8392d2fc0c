"""What lm-evaluation-harness (version 0.4.13) prints at its end."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from fakeact.widgets import markdown_table
from fakeact_llm_training.sim.evaluation import Evaluation, Score

COLUMNS = ("Version", "Filter", "n-shot", "Metric", "", "Value", "", "Stderr")
ALIGN = "lrlrllrlr"
LOGLIKELIHOOD_BAR, GENERATION_BAR = "Running loglikelihood requests", "Running generate_until requests"


def command(path: str, evaluation: Evaluation) -> Iterator[str]:
    """The harness on all GPUs of a node, as ``set -x`` shows it; it is told to log nothing but errors."""
    tasks = sorted({score.task for score in evaluation.scores if not score.depth})
    yield "LMEVAL_LOG_LEVEL=ERROR"
    yield (
        f"accelerate launch --multi_gpu --num_processes {evaluation.replicas} --num_machines 1 --mixed_precision no "
        f"--dynamo_backend no -m lm_eval --model hf --model_args pretrained={path},dtype=bfloat16 "
        f"--tasks {','.join(tasks)} --batch_size auto --output_path {path}/eval"
    )


def result_lines(evaluation: Evaluation, path: str, batch: int) -> Iterator[str]:
    """The settings, all tasks, the groups; the model is read from `path`, `batch` is what "auto" has found."""
    yield heading(path, batch)
    yield from table(evaluation.scores)
    yield ""
    yield from table(evaluation.groups, "Groups")
    yield ""


def heading(path: str, batch: int) -> str:
    """The line above the table.

    >>> heading("out/hf", 64)[:66]
    "hf ({'pretrained': 'out/hf', 'dtype': 'bfloat16'}), gen_kwargs: ({"
    """
    return (
        f"hf ({{'pretrained': '{path}', 'dtype': 'bfloat16'}}), gen_kwargs: ({{}}), limit: None, "
        f"num_fewshot: None, batch_size: auto ({batch})"
    )


def table(scores: Sequence[Score], title: str = "Tasks") -> list[str]:
    """Scores as `make_table` has them; a task's further lines leave its name and version out."""
    if not scores:
        return []
    repeated = [False, *(one.task == other.task for one, other in pairwise(scores))]
    rows = [_row(score, again=again) for score, again in zip(scores, repeated, strict=True)]
    # pytablewriter centres the header over its column, which it keeps three wide.
    widths = [max(3, *map(len, column)) for column in zip((title, *COLUMNS), *rows, strict=True)]
    header = [f"{name:^{width}}" for name, width in zip((title, *COLUMNS), widths, strict=True)]
    return markdown_table(rows, header, align=ALIGN, margin=0)


def _row(score: Score, *, again: bool) -> list[str]:
    name = " " * score.depth + "- " * (score.depth > 0) + score.task
    shots = " " if score.shots is None else str(score.shots)
    first = ["", ""] if again else [name, str(score.version)]
    return [*first, score.filter, shots, score.metric, "↑", f"{score.value:.4f}", "±", f"{score.stderr:.4f}"]
