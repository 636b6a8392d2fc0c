"""Terraform's marks and colours (internal/command/format), and how deep things are indented."""

from fakeact.style import bright_black, green, red, yellow

CREATE, DELETE, UPDATE, SAME = "+", "-", "~", " "
_COLOURED = {
    CREATE: f"  {green('+')}",
    DELETE: f"  {red('-')}",
    UPDATE: f"  {yellow('~')}",
    SAME: "   ",
    "-/+": f"{red('-')}/{green('+')}",
    "+/-": f"{green('+')}/{red('-')}",
}
ARROW = yellow("->")
TO_NULL = " " + bright_black("-> null")
FORCES = " " + red("# forces replacement")


def mark(symbol: str) -> str:
    """A symbol as it stands before a line, three cells and a blank."""
    return f"{_COLOURED[symbol]} "


def indent(depth: int) -> str:
    """Four blanks for each level."""
    return " " * (4 * depth)


def hidden(noun: str, number: int) -> str:
    """The remark that stands for what has not changed."""
    return bright_black(f"# ({number} unchanged {noun}{'s' * (number != 1)} hidden)")
