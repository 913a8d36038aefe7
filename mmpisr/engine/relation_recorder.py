"""Record what the relations of a model are given and what they return."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from torch import nn

from mmpisr.engine.layer_fit import bare_model
from mmpisr.evaluation.reweighting import RelationCall
from mmpisr.models.relations import BaseRelation


class RelationRecorder:
    """Keeps every call of a model's relations, with any host, until ``close``.

    Args:
        model: May be wrapped.

    Attributes:
        calls: By the relation's name in the model, oldest first; clear the lists after
            each batch.
        semantic_index: Of the host of each relation, see :class:`RelationCall`.
    """

    def __init__(self, model: nn.Module) -> None:
        self.calls: dict[str, list[RelationCall]] = {}
        self.semantic_index: dict[str, Sequence[int] | None] = {}
        self._hooks = ExitStack()
        inner = bare_model(model)
        for name, module in inner.named_modules():
            if isinstance(module, BaseRelation):
                host = inner.get_submodule(name.rpartition('.')[0])
                self.semantic_index[name] = getattr(host, 'semantic_index', None)
                self.calls[name] = []
                record = partial(self._record, name)
                hook = module.register_forward_hook(record, with_kwargs=True)
                self._hooks.enter_context(hook)

    def close(self) -> None:
        """Stop recording, and forget the calls."""
        self._hooks.close()
        self.calls = {}

    def _record(
        self, name: str, _: nn.Module, args: tuple, kwargs: Mapping, output: Any
    ) -> None:
        call = RelationCall.of(args, kwargs, output, self.semantic_index[name])
        self.calls[name].append(call)
