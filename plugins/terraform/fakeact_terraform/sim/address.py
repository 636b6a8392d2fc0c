"""Where a resource instance stands: ``module.network.aws_subnet.private[0]``."""

from dataclasses import dataclass
from typing import TypeAlias

Key: TypeAlias = int | str | None


@dataclass(frozen=True)
class Address:
    """A resource instance's place in the configuration; *key* is its count index or for_each key."""

    module: str
    type: str
    name: str
    key: Key = None

    @property
    def resource(self) -> str:
        """The address without the key: what references and the graph go by."""
        return f"{self.module and f'module.{self.module}.'}{self.type}.{self.name}"

    @property
    def sort_key(self) -> tuple[str, str, str, int, int, str]:
        """The order of a plan: root module first, then by type and name, indices as numbers."""
        index = self.key if isinstance(self.key, int) else 0
        return self.module, self.type, self.name, isinstance(self.key, str), index, str(self.key)

    def __str__(self) -> str:
        """The whole address.

        >>> str(Address("network", "aws_subnet", "private", 0)), str(Address("", "aws_sqs_queue", "q", "in"))
        ('module.network.aws_subnet.private[0]', 'aws_sqs_queue.q["in"]')
        """
        if self.key is None:
            return self.resource
        return f"{self.resource}[{self.key}]" if isinstance(self.key, int) else f'{self.resource}["{self.key}"]'
