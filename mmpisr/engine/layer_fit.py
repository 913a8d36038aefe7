"""Compare the layers of a checkpoint with those of a model."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from mmengine.logging import print_log
from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import nn

WRAPPER = 'module.'  # removed by mmengine, too
OPTIONAL = 'num_batches_tracked'  # older checkpoints lack it


def bare_model(model: nn.Module) -> nn.Module:
    """Return the model inside wrappers of distribution and test-time augmentation."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module  # type: ignore[assignment]
    return model


def other_shapes(model: nn.Module, state: Mapping[str, Any]) -> dict[str, str]:
    """Describe the parameters whose shape differs from the model's, by key."""
    own = model.state_dict()
    return {
        key: f'{tuple(value.shape)} against {tuple(own[name].shape)} in the model'
        for key, value in state.items()
        if (name := key.removeprefix(WRAPPER)) in own and value.shape != own[name].shape
    }


def start_fresh(model: nn.Module, checkpoint: Mapping[str, Any], file: str) -> None:
    """Remove parameters of another shape from a checkpoint, and log their names."""
    state = checkpoint.get('state_dict', checkpoint)
    shapes = other_shapes(model, state)
    for key in shapes:
        del state[key]
    if shapes:
        text = (
            f'{file}: {len(shapes)} parameters have another shape than in the model; '
            f'these start fresh:'
        )
        lines = [f'  {key.removeprefix(WRAPPER)}: {shapes[key]}' for key in shapes]
        message = '\n'.join([text, *lines])
        print_log(message, logger='current', level=logging.WARNING)


def refuse_misfits(model: nn.Module, checkpoint: Mapping[str, Any], file: str) -> None:
    """Make the next loading into a model raise if a layer does not fit.

    Raises:
        ValueError: When the checkpoint is loaded; names the layers.
    """
    shapes = other_shapes(model, checkpoint.get('state_dict', checkpoint))

    def check(_: nn.Module, incompatible: Any) -> None:
        handle.remove()
        missing = [key for key in incompatible.missing_keys if OPTIONAL not in key]
        groups = {
            'of another shape': [
                f'{key.removeprefix(WRAPPER)} {shapes[key]}' for key in shapes
            ],
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
                'other layers from it, set load_from and leave out --resume'
            )

    handle = model.register_load_state_dict_post_hook(check)


def _layers(keys: Iterable[str]) -> list[str]:
    """Return the modules of parameters, each once."""
    return [*dict.fromkeys(key.rpartition('.')[0] or key for key in keys)]


def _listed(names: list[str], limit: int = 12) -> str:
    more = f' and {len(names) - limit} more' if len(names) > limit else ''
    return f'{", ".join(names[:limit])}{more}'
