"""The hooks of this project, under its own scope."""

from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import Registry

HOOKS = Registry(
    'hook', parent=MMENGINE_HOOKS, scope='roads', locations=['roads.hooks']
)
