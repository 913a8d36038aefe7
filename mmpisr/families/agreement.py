"""Check that classes, channels and heads of a config agree."""

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmengine.registry import DATASETS

from .fields import Fields, find_class
from .table import Family

AUGMENTS = 'batch_augments'
LOADERS = 'train_dataloader', 'val_dataloader', 'test_dataloader'


def check_agreement(cfg: Config, fields: Fields, family: Family) -> None:
    """Check a model with itself and with the datasets whose classes are known.

    Args:
        cfg: The whole config.
        fields: Of its ``model``.
        family: That the model belongs to.

    Raises:
        ValueError: Naming two fields and the value of each.
    """
    for group in family.equal:
        values = [item for field in group for item in fields.read(field).items()]
        for path, value in values[1:]:
            _check_equal(*values[0], path, value)
    if family.check is not None:
        family.check(fields)
    for path, metainfo in _metainfos(cfg):
        _check_classes(path, metainfo, fields, family)
    check_pipelines(cfg)


def check_pipelines(cfg: Config) -> None:
    """Refuse pipelines that pad, or that move an image without its segments.

    Args:
        cfg: The whole config.

    Raises:
        ValueError: Naming the field of the step, and what to write in its place.
    """
    from mmpisr.datasets.pipeline_checks import check_steps  # loads mmdet

    for loader in LOADERS:
        dataset = (cfg.get(loader) or {}).get('dataset')
        check_steps(f'{loader}.dataset', dataset)
    augments = ((cfg.get('model') or {}).get('data_preprocessor') or {}).get(AUGMENTS)
    path = f'model.data_preprocessor.{AUGMENTS}'
    check_steps(path, augments, has_segments=True)


def _check_classes(path: str, metainfo: dict, fields: Fields, family: Family) -> None:
    """Check the class names of a dataset, as far as it has any."""
    counts = [
        next(iter(fields.read(field).items()), None) if field else None
        for field in (family.things, family.stuff)
    ]
    keys = 'thing_classes', 'stuff_classes'
    for key, count in zip(keys, counts, strict=True):
        if key in metainfo and count is not None:
            _check_equal(f'{path}: number of {key}', len(metainfo[key]), *count)
    if 'classes' in metainfo and None not in counts:
        names = [path for path, _ in counts]  # type: ignore[misc]
        total = sum(number for _, number in counts)  # type: ignore[misc]
        classes = len(metainfo['classes'])
        _check_equal(f'{path}: number of classes', classes, ' + '.join(names), total)


def _metainfos(cfg: Config) -> Iterator[tuple[str, dict]]:
    """What datasets say of their classes without their files, by the field."""
    for loader in LOADERS:
        dataset = (cfg.get(loader) or {}).get('dataset')
        if dataset:
            scope = cfg.get('default_scope')
            yield from _of_dataset(f'{loader}.dataset', dataset, scope)


def _of_dataset(
    path: str, dataset: dict, scope: str | None
) -> Iterator[tuple[str, dict]]:
    """Descend into wrappers of datasets."""
    scope = dataset.get('_scope_', scope)
    if isinstance(dataset.get('dataset'), dict):
        yield from _of_dataset(f'{path}.dataset', dataset['dataset'], scope)
        return
    if isinstance(dataset.get('datasets'), list):
        for index, inner in enumerate(dataset['datasets']):
            yield from _of_dataset(f'{path}.datasets[{index}]', inner, scope)
        return
    kind = find_class(dataset.get('type', ''), DATASETS, scope)
    given = dataset.get('metainfo') or {}
    if isinstance(given, dict):
        yield path, {**getattr(kind, 'METAINFO', {}), **given}


def _check_equal(first: str, first_value: Any, second: str, second_value: Any) -> None:
    if first_value != second_value:
        raise ValueError(
            f'{first} is {first_value}, but {second} is {second_value}; they must agree'
        )
