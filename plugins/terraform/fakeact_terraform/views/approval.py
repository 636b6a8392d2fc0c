"""The question before an apply (internal/backend/local, internal/command/ui_input.go)."""

from fakeact.style import bold

QUESTION = (
    bold("\nDo you want to perform these actions?"),
    "  Terraform will perform the actions described above.",
    "  Only 'yes' will be accepted to approve.\n",
)
PROMPT = f"  {bold('Enter a value:')} "
