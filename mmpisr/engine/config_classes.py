"""Compare the classes in all parts of a config, for ``tools/validate_dataset.py``."""

from collections.abc import Iterator, Mapping, Sequence

from mmengine.config import Config

from mmpisr.class_lists import check_class_counts, class_difference
from mmpisr.datasets.validation.problems import Problem, error
from mmpisr.evaluation import PanopticMetric
from mmpisr.registry import METRICS, MODELS

KIND = 'classes that differ'


def class_problems(
    cfg: Config, sources: Sequence[tuple[str, Mapping]]
) -> Iterator[Problem]:
    """Compare the classes of splits, of the model, and of the metrics' jsons.

    Args:
        cfg: Parts that it lacks are not compared.
        sources: Json and ``metainfo`` of each split, as far as it could be read.

    Yields:
        An error for each difference.
    """
    known = [(name, meta) for name, meta in sources if meta.get('classes')]
    for name, meta in known[1:]:
        found = class_difference(*known[0], name, meta)
        if found:
            yield error(name, KIND, found)
    if known and cfg.get('model'):
        yield from _model_problems(cfg, *known[0])
    for field in ('val_evaluator', 'test_evaluator') if known else ():
        given = cfg.get(field) or []
        for config in given if isinstance(given, list | tuple) else [given]:
            yield from _metric_problems(field, config, known[-1][1])


def _model_problems(cfg: Config, name: str, meta: Mapping) -> Iterator[Problem]:
    try:
        check_class_counts(MODELS.build(cfg.model), meta)
    except Exception as reason:  # the user's own model may raise any error
        yield error(name, KIND, f'model of {cfg.filename}: {reason}')


def _metric_problems(field: str, config: Mapping, meta: Mapping) -> Iterator[Problem]:
    if not config.get('ann_file') or METRICS.get(config['type']) is not PanopticMetric:
        return
    try:
        metric = METRICS.build(config)
        metric.dataset_meta = {**meta}
        _ = metric.table
    except (ValueError, OSError) as reason:
        yield error(config['ann_file'], KIND, f'{field}: {reason}')
