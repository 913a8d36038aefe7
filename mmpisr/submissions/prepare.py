"""Change a config so that a test writes a submission (``--submission``)."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.registry import DATASETS, init_default_scope

from .formats import SubmissionFormat, find_format
from .image_list import ImageList, list_images, refuse_equal_names, split_of
from .workspace import Workspace


def prepare_submission(
    cfg: Config, *, format_name: str, out_file: str, checkpoint: str
) -> int:
    """Open the workspace, and let the test predict what is missing in it.

    The test evaluators are replaced by the writer, the test's sampler by one that knows
    what is left.

    Args:
        cfg: As read from the file and merged with all other flags; changed in place.
        format_name: Key of ``FORMATS``.
        out_file: The zip file.
        checkpoint: Where the model's weights are; only its name and age are looked at.

    Returns:
        How many images are left.

    Raises:
        ValueError: The file is no ``.zip``, the format or a class is unknown to the
            benchmark, or the workspace was begun with something else.
    """
    if Path(out_file).suffix != '.zip':
        raise ValueError(
            f'--submission writes a .zip, --out has {Path(out_file).suffix!r} '
            f'({out_file})'
        )
    images = _images_of(cfg, find_format(format_name))
    done = Workspace(out_file).open(_origin(cfg, images, checkpoint), images)

    cfg.test_evaluator = ConfigDict(
        type='mmpisr.SubmissionWriter', out_file=out_file, format=format_name
    )
    cfg.test_dataloader.pop('batch_sampler', None)
    cfg.test_dataloader.sampler = ConfigDict(
        type='RemainingImagesSampler', out_file=out_file
    )
    return len(images.images) - len(done)


def _images_of(cfg: Config, fmt: SubmissionFormat) -> ImageList:
    """List the test dataset without running its transforms."""
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    settings = {**cfg.test_dataloader.dataset, 'pipeline': []}
    dataset = DATASETS.build(settings)
    images = list_images(dataset)
    ann_file = getattr(dataset, 'ann_file', '')
    refuse_equal_names(ann_file, images)
    return ImageList(
        images=images,
        categories=fmt.categories(dataset),
        split=split_of(ann_file),
        format=fmt.name,
    )


def _origin(cfg: Config, images: ImageList, checkpoint: str) -> dict[str, str]:
    """Everything that must not change between two parts of one submission."""
    return dict(
        format=images.format,
        config=str(cfg.filename),
        model=_digest(cfg.model),
        dataset=_digest(cfg.test_dataloader.dataset),
        images=f'{len(images.images)} images, {_digest(images)}',
        checkpoint=_stamp(checkpoint),
    )


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _stamp(checkpoint: str) -> str:
    """Path, bytes and time of change of a file; the name of anything else."""
    if not os.path.isfile(checkpoint):
        return checkpoint
    status = os.stat(checkpoint)
    path = os.path.abspath(checkpoint)
    return f'{path} ({status.st_size} bytes, changed at {status.st_mtime_ns} ns)'
