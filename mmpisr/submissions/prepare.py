"""Change a config so that a test writes a submission (``--submission``)."""

import hashlib
import json
import os
import os.path as osp
from copy import deepcopy
from pathlib import Path
from typing import Any

from mmengine import fileio
from mmengine.config import Config, ConfigDict
from mmengine.registry import DATASETS, init_default_scope

from mmpisr.datasets.pipeline_checks import innermost_datasets, nodes_of
from mmpisr.datasets.validation.problems import double_problems, raise_first_error
from mmpisr.datasets.zip_files import resolve_file

from .formats import BenchmarkSplit, SubmissionFormat, find_format
from .image_list import ImageList, list_images, split_of
from .workspace import Workspace


def prepare_submission(
    cfg: Config, *, format_name: str, out_file: str, checkpoint: str
) -> int:
    """Open the workspace, and let the test predict the images that are missing in it.

    The writer replaces the test evaluators, and a sampler of the remaining images the
    test's sampler; a format that has a test set of its own replaces that of the config.

    Args:
        cfg: As read from the file and merged with all other flags; changed in place.
        format_name: Key of ``FORMATS``.
        out_file: The zip file.
        checkpoint: The model's weights; only the name, size and date of the file are
            used.

    Returns:
        How many images are left.

    Raises:
        FileNotFoundError: The test set does not exist; names the script that makes it.
        ValueError: The file is no ``.zip``, the format is unknown or a class is not one
            of the benchmark, the results of two images would have one name, or the
            workspace was begun with something else.
    """
    if Path(out_file).suffix != '.zip':
        raise ValueError(
            f'--submission writes a .zip, --out has {Path(out_file).suffix!r} '
            f'({out_file})'
        )
    fmt = find_format(format_name)
    if fmt.test_set is not None:
        _use_test_set(cfg, fmt.test_set)
    images = _images_of(cfg, fmt)
    for archive in fmt.archives(out_file, images.split):
        archive.refuse_shared_names(images.images)
    workspace = Workspace(out_file)
    workspace.open(_origin(cfg, images, checkpoint), images)

    cfg.test_evaluator = ConfigDict(
        type='mmpisr.SubmissionWriter', out_file=out_file, format=format_name
    )
    cfg.test_dataloader.pop('batch_sampler', None)
    cfg.test_dataloader.sampler = ConfigDict(
        type='RemainingImagesSampler', out_file=out_file
    )
    return len(images.images) - len(workspace.finished())


def _use_test_set(cfg: Config, test_set: BenchmarkSplit) -> None:
    dataset, *others = innermost_datasets(cfg.test_dataloader.dataset)
    if others:
        raise ValueError(
            f'test_dataloader.dataset joins {len(others) + 1} datasets, but '
            f'{test_set.ann_file} is one; give one of them as test_dataloader.dataset'
        )
    root = dataset.get('data_root') or ''
    path = osp.join(root, test_set.ann_file)
    if not fileio.exists(resolve_file(path), backend_args=dataset.get('backend_args')):
        raise FileNotFoundError(
            f'{path} does not exist, the list of images to submit; python '
            f'tools/dataset_converters/{test_set.converter} {root} makes it. Other '
            'names: a format that ends in -val takes the test set of the config'
        )
    dataset.ann_file = test_set.ann_file
    dataset.data_prefix = ConfigDict(img=test_set.img_prefix)


def _images_of(cfg: Config, fmt: SubmissionFormat) -> ImageList:
    """List the test dataset without running its transforms."""
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    settings = deepcopy(cfg.test_dataloader.dataset)
    for _, node in nodes_of('dataset', settings):
        if 'pipeline' in node:
            node['pipeline'] = []
    dataset = DATASETS.build(settings)
    images, parts = list_images(dataset), innermost_datasets(dataset)
    ann_files = [getattr(part, 'ann_file', '') for part in parts]
    ids = [image.id for image in images]
    raise_first_error(double_problems(', '.join(ann_files), 'images[].id', ids))
    categories = [fmt.categories(part) for part in parts]
    for ann_file, other in zip(ann_files, categories, strict=True):
        if other != categories[0]:
            raise ValueError(
                f'{ann_file}: its categories are not those of {ann_files[0]}, with '
                'which test_dataloader.dataset joins it; one submission has one list'
            )
    return ImageList(images, categories[0], split_of(ann_files[0]), fmt.name)


def _origin(cfg: Config, images: ImageList, checkpoint: str) -> dict[str, str]:
    """Everything that must be the same when a submission is continued."""
    origin = dict(
        format=images.format,
        config=str(cfg.filename),
        model=_digest(cfg.model),
        dataset=_digest(cfg.test_dataloader.dataset),
        images=f'{len(images.images)} images, {_digest(images)}',
        checkpoint=checkpoint,
    )
    if osp.isfile(checkpoint):
        file, path = os.stat(checkpoint), osp.abspath(checkpoint)
        changed = f'changed at {file.st_mtime_ns} ns'
        origin['checkpoint'] = f'{path} ({file.st_size} bytes, {changed})'
    return origin


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
