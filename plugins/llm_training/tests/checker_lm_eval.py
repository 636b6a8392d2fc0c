"""A reader of lm-eval's table: standard errors follow from the values and the published numbers of examples."""

import re
from collections.abc import Iterable, Iterator
from math import sqrt

EXAMPLES = {
    "arc_challenge": 1172, "arc_easy": 2376, "boolq": 3270, "gsm8k": 1319, "hellaswag": 10042, "piqa": 1838,
    "winogrande": 1267,
}  # fmt: skip
ROW = re.compile(r"\|([ \w-]*)\|[ \d]*\|[\w -]*\|[ \d]*\|(\w+) *\|. *\|(\d\.\d{4})\|. *\|(\d\.\d{4})\|")


def wrong_errors(lines: Iterable[str]) -> Iterator[str]:
    """Rows whose standard error is not sqrt(p(1-p)/(n-1))."""
    task = ""
    for line in lines:
        if not (row := ROW.fullmatch(line)):
            continue
        task = row[1].strip() or task
        share, error = float(row[3]), float(row[4])
        if (count := EXAMPLES.get(task)) and abs(sqrt(share * (1 - share) / (count - 1)) - error) > 0.0001:
            yield line


def table_is_of(lines: Iterable[str], path: str) -> Iterator[str]:
    """The table is headed by the model that was asked for."""
    yield from (line for line in lines if line.startswith("hf ({'pretrained': ") and f"'{path}'" not in line)
