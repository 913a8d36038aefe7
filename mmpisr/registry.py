"""The registries of mmpisr: children of mmengine's, with the scope ``mmpisr``.

``type='mmpisr.PISR'`` in a config imports the locations below. Our own configs write
the prefix, too, because the default scope below an ``mmdet::`` base is mmdet's.
"""

from mmengine.hooks import CheckpointHook, EarlyStoppingHook
from mmengine.registry import DATA_SAMPLERS as MMENGINE_DATA_SAMPLERS
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import VISUALIZERS as MMENGINE_VISUALIZERS
from mmengine.registry import Registry

SCOPE = 'mmpisr'

for _hook in CheckpointHook, EarlyStoppingHook:  # save_best='auto' takes PQ, our first
    _hook._default_greater_keys = [*_hook._default_greater_keys, 'PQ', 'SQ', 'RQ']

MODELS = Registry(
    'model',
    parent=MMENGINE_MODELS,
    scope=SCOPE,
    locations=[
        'mmpisr.models.relations',
        'mmpisr.models.heatmaps',
        'mmpisr.models.panoptic_deeplab',
        'mmpisr.models.upernet',
        'mmpisr.models.hosts',
        'mmpisr.models.tta',
    ],
)
DATASETS = Registry(
    'dataset',
    parent=MMENGINE_DATASETS,
    scope=SCOPE,
    locations=['mmpisr.datasets'],
)
DATA_SAMPLERS = Registry(
    'data sampler',
    parent=MMENGINE_DATA_SAMPLERS,
    scope=SCOPE,
    locations=['mmpisr.datasets'],
)
TRANSFORMS = Registry(
    'transform',
    parent=MMENGINE_TRANSFORMS,
    scope=SCOPE,
    locations=['mmpisr.datasets.transforms'],
)
METRICS = Registry(
    'metric',
    parent=MMENGINE_METRICS,
    scope=SCOPE,
    locations=['mmpisr.evaluation', 'mmpisr.submissions'],
)
HOOKS = Registry(
    'hook', parent=MMENGINE_HOOKS, scope=SCOPE, locations=['mmpisr.engine.hooks']
)
VISUALIZERS = Registry(
    'visualizer',
    parent=MMENGINE_VISUALIZERS,
    scope=SCOPE,
    locations=['mmpisr.visualization'],
)
