"""``python -m fakeact``."""

from fakeact.cli import main

main()
