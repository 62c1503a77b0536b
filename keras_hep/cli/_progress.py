"""What long commands show while they work."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["EpochBar", "console"]

console = Console()


class EpochBar:
    """A progress bar over epochs with the latest figures; use as a context."""

    def __init__(self, title: str):
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task(title, figures="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, epoch: int, epochs: int, figures: dict[str, float]) -> None:
        """Show that an epoch has ended."""
        shown = f"epoch {epoch}/{epochs}  loss {figures['loss']:.4f}  validation {figures['val_loss']:.4f}"
        if "val_accuracy" in figures:
            shown += f", accuracy {figures['val_accuracy']:.4f}"
        self._progress.update(self._task, total=epochs, completed=epoch, figures=shown)
