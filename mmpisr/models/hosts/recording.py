"""Read what flows through a submodule while upstream code runs it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn


class Recording:
    """The last call of a module: ``inputs`` (positional) and ``output``.

    Raises:
        RuntimeError: The module was not called.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._call: tuple[tuple, Any] | None = None

    def keep(self, module: nn.Module, inputs: tuple, output: object) -> None:
        """Keep one call; the form that torch's forward hooks have."""
        self._call = (inputs, output)

    @property
    def inputs(self) -> tuple:
        """Positional arguments of the last call."""
        return self._get()[0]

    @property
    def output(self) -> Any:
        """What the last call returned."""
        return self._get()[1]

    def _get(self) -> tuple[tuple, Any]:
        if self._call is None:
            raise RuntimeError(f'{self._name} was expected to be called, but was not')
        return self._call


@contextmanager
def recorded(module: nn.Module) -> Iterator[Recording]:
    """Record the calls of a module inside the ``with`` block.

    A host that needs an intermediate value of mmdet's code reads it in this way: the
    code stays upstream's, and nothing is computed twice.
    """
    recording = Recording(type(module).__name__)
    handle = module.register_forward_hook(recording.keep)
    try:
        yield recording
    finally:
        handle.remove()
