"""Where the values of nodes stand: places that are free again when the last node has read them."""

from __future__ import annotations

__all__ = ["Memory"]

_LINE = 16  # numbers: places begin at lines of the cache


class Memory:
    """A row of numbers.

    Attributes:
        size: numbers that were needed at once at most.
    """

    def __init__(self) -> None:
        self.size = 0
        self._taken: dict[int, int] = {}  # begin -> end

    def take(self, numbers: int) -> int:
        """Return where the first free place of so many numbers begins."""
        wanted = (numbers + _LINE - 1) // _LINE * _LINE
        begin = 0
        for start in sorted(self._taken):
            if start - begin >= wanted:
                break
            begin = self._taken[start]
        self._taken[begin] = begin + wanted
        self.size = max(self.size, begin + wanted)
        return begin

    def free(self, begin: int) -> None:
        """Give a place back."""
        del self._taken[begin]
