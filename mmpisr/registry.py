"""The registries of mmpisr: children of mmengine's, with the scope ``mmpisr``.

``type='mmpisr.PISR'`` in a config imports the parts below. Our own configs write the
prefix, too, because the default scope below an ``mmdet::`` base is mmdet's.
"""

from mmengine import registry as mmengine
from mmengine.hooks import CheckpointHook, EarlyStoppingHook
from mmengine.registry import Registry

SCOPE = 'mmpisr'

for _hook in CheckpointHook, EarlyStoppingHook:  # save_best='auto' takes PQ, our first
    _hook._default_greater_keys = [*_hook._default_greater_keys, 'PQ', 'SQ', 'RQ']


def _child(parent: Registry, *parts: str) -> Registry:
    """Make the child of a registry, whose types are registered by parts of mmpisr."""
    locations = [f'{SCOPE}.{part}' for part in parts]
    return Registry(parent.name, parent=parent, scope=SCOPE, locations=locations)


MODELS = _child(
    mmengine.MODELS,
    *('models.relations', 'models.heatmaps', 'models.hosts', 'models.tta'),
    *('models.panoptic_deeplab', 'models.upernet'),
)
DATASETS = _child(mmengine.DATASETS, 'datasets')
DATA_SAMPLERS = _child(mmengine.DATA_SAMPLERS, 'datasets')
TRANSFORMS = _child(mmengine.TRANSFORMS, 'datasets.transforms')
METRICS = _child(mmengine.METRICS, 'evaluation', 'submissions')
HOOKS = _child(mmengine.HOOKS, 'engine.hooks')
VISUALIZERS = _child(mmengine.VISUALIZERS, 'visualization')
