"""What a sleep raises once the show is over."""

import asyncio


class Exit(asyncio.CancelledError):
    """The show is over. Raised out of every sleep; ``except Exception`` does not swallow it."""
