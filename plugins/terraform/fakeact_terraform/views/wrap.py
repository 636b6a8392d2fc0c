"""Paragraphs broken at blanks as Terraform does it (internal/command/format/format.go)."""


def wrap(text: str, width: int) -> str:
    r"""A paragraph in lines of less than *width* cells; a word that is longer stands alone.

    >>> wrap("one two three", 8)
    'one two\nthree'
    """
    lines = [""]
    for word in text.split(" "):
        candidate = f"{lines[-1]} {word}" if lines[-1] else word
        if len(candidate) < width or not lines[-1]:
            lines[-1] = candidate
        else:
            lines.append(word)
    return "\n".join(lines)
