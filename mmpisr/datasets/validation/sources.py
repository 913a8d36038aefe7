"""Find the splits of a config or of a json."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmpisr.registry import DATASETS

from ..panoptic import PanopticDataset
from ..pipeline_checks import nodes_of
from .split import Split

SPLITS = ('train', 'val', 'test')
KEPT = (
    *('data_root', 'data_prefix', 'metainfo', 'test_mode', 'backend_args'),
    *('orientation', 'classes'),
)


def splits_of_config(cfg: Config, names: Sequence[str] = SPLITS) -> list[Split]:
    """Find the datasets of dataloaders, also inside wrappers.

    Dataloaders that share a json and its folders are one split, such as ``val = test``.

    Raises:
        ValueError: No dataloader has a dataset with an ``ann_file``.
    """
    init_default_scope(cfg.get('default_scope') or 'mmdet')
    found: dict[tuple, Split] = {}
    for name in names:
        loader = cfg.get(f'{name}_dataloader') or {}
        for _, node in nodes_of('dataset', loader.get('dataset')):
            if not node.get('ann_file'):
                continue
            dataset = _lazy(node)
            prefixes = sorted(dataset.data_prefix.items())
            key = (dataset.ann_file, *prefixes, str(node.get('classes')))
            split = found.setdefault(key, Split(name, dataset))
            if name not in split.name.split(' = '):
                split.name += f' = {name}'
    if not found:
        keys = [f'{name}_dataloader' for name in names]
        raise ValueError(
            f'{cfg.filename}: none of {keys} has a dataset with an ann_file'
        )
    return [*found.values()]


def split_of_json(
    path: str,
    *,
    name: str | None = None,
    img_prefix: str | None = None,
    seg_prefix: str | None = None,
    orientation: str | None = None,
) -> Split:
    """Make a split of a json alone; with the name ``test`` it may lack annotations.

    Without ``img_prefix`` images are not read. Pngs are by default beside the json.
    """
    pngs = seg_prefix or str(Path(path).with_suffix(''))
    dataset = PanopticDataset(
        path,
        data_prefix=dict(img=img_prefix or '', seg=pngs),
        test_mode=name == 'test',
        lazy_init=True,
        orientation=orientation,
    )
    return Split(name or Path(path).stem, dataset, img_prefix is not None)


def _lazy(node: Mapping[str, Any]) -> PanopticDataset:
    """Build a dataset that reads nothing yet; of another class, ours in its place."""
    cls = node['type'] if isinstance(node['type'], type) else DATASETS.get(node['type'])
    if not (isinstance(cls, type) and issubclass(cls, PanopticDataset)):
        cls = PanopticDataset
    given = {key: node[key] for key in KEPT if node.get(key) is not None}
    steps = node.get('pipeline') or ()
    given['pipeline'] = [step for step in steps if 'LoadImage' in str(step['type'])]
    return cls(node['ann_file'], **given, lazy_init=True)
