"""Do the layers of a checkpoint fit a model, and what is done where they do not."""

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mmengine.logging import print_log
from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import nn

MODULE = re.compile(r'^module\.')  # stripped by mmengine, too
HARMLESS = 'num_batches_tracked'  # older checkpoints lack it


def bare_model(model: nn.Module) -> nn.Module:
    """The model inside wrappers of distribution and test-time augmentation."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module  # type: ignore[assignment]
    return model


def other_shapes(model: nn.Module, state: Mapping[str, Any]) -> dict[str, str]:
    """Both shapes of each parameter that a state dict has in another, by its key."""
    expected = model.state_dict()
    found = {}
    for key, value in state.items():
        wanted = expected.get(MODULE.sub('', key))
        if wanted is not None and value.shape != wanted.shape:
            shapes = f'{tuple(value.shape)} against {tuple(wanted.shape)} in the model'
            found[key] = shapes
    return found


def start_fresh(model: nn.Module, checkpoint: Mapping[str, Any], file: str) -> None:
    """Take parameters of another shape out of a checkpoint, and log them by name."""
    state = checkpoint.get('state_dict', checkpoint)
    shapes = other_shapes(model, state)
    for key in shapes:
        del state[key]
    if shapes:
        listed = '\n'.join(f'  {MODULE.sub("", key)}: {shapes[key]}' for key in shapes)
        text = (
            f'{file}: {len(shapes)} parameters have another shape than in the model; '
            f'these start fresh:\n{listed}'
        )
        print_log(text, logger='current', level=logging.WARNING)


def refuse_misfits(model: nn.Module, checkpoint: Mapping[str, Any], file: str) -> None:
    """Let the next loading into a model raise if a layer does not fit.

    Raises:
        ValueError: When the checkpoint is loaded; names the layers.
    """
    shapes = other_shapes(model, checkpoint.get('state_dict', checkpoint))

    def check(_: nn.Module, incompatible: Any) -> None:
        handle.remove()
        missing = [key for key in incompatible.missing_keys if HARMLESS not in key]
        groups = {
            'of another shape': [f'{MODULE.sub("", k)} {v}' for k, v in shapes.items()],
            'of the model missing in it': _layers(missing),
            'that the model lacks': _layers(incompatible.unexpected_keys),
        }
        found = [
            f'{len(names)} {what} ({_listed(names)})'
            for what, names in groups.items()
            if names
        ]
        if found:
            raise ValueError(
                f'{file} does not hold the layers of this model: {"; ".join(found)}. '
                'Test and resume with the config that it was trained with; to train '
                'on from it with other layers, set load_from without --resume'
            )

    handle = model.register_load_state_dict_post_hook(check)


def _layers(keys: Iterable[str]) -> list[str]:
    """Names of modules out of names of parameters, each once."""
    return [*dict.fromkeys(key.rpartition('.')[0] or key for key in keys)]


def _listed(names: list[str], limit: int = 12) -> str:
    more = f' and {len(names) - limit} more' if len(names) > limit else ''
    return f'{", ".join(names[:limit])}{more}'
