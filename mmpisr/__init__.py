"""PISR: relate panoptic, instance and semantic predictions (CVPR 2022) in OpenMMLab."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmpisr.apis.inferencer import PanopticInferencer
    from mmpisr.families import Family, add_relation, register_family

__all__ = ['Family', 'PanopticInferencer', 'add_relation', 'register_family']
__version__ = '0.1.0'

# `python -m mmpisr.check_env` must run without mmengine, to report that it is missing.
# A broken installation of mmengine raises its own error.
try:
    from mmpisr.console import ignore_upstream_messages
    from mmpisr.mim import register_config_packages
except ModuleNotFoundError as error:
    if error.name != 'mmengine':
        raise
else:
    ignore_upstream_messages()
    register_config_packages()


def __getattr__(name: str) -> Any:
    """Import the part with this name on first use, because it needs mmengine."""
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    part = 'apis.inferencer' if name == 'PanopticInferencer' else 'families'
    return getattr(import_module(f'mmpisr.{part}'), name)
