"""Three tiny images, predictions of them, and a submission that is begun."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mmpisr.submissions import SubmissionWriter
from mmpisr.submissions.cityscapes_names import label_categories
from mmpisr.submissions.image_list import ImageList, ListedImage
from mmpisr.submissions.workspace import Workspace

SIZE = (6, 8)
META = dict(
    classes=('person', 'car', 'road', 'sky'),
    thing_classes=('person', 'car'),
    stuff_classes=('road', 'sky'),
)
COCO_IDS = (1, 3, 149, 187)
FRAMES = [f'bonn_{number:06}_000019' for number in range(3)]


@pytest.fixture
def coco_list() -> ImageList:
    """Three images as COCO names them, not in the order of their ids."""
    images = [ListedImage(number, f'{number:012}.jpg', *SIZE) for number in (9, 2, 5)]
    categories = [
        dict(id=number, name=name, isthing=int(name in META['thing_classes']))
        for number, name in zip(COCO_IDS, META['classes'], strict=True)
    ]
    return ImageList(images, categories, 'test-dev2017', 'coco-test-dev')


@pytest.fixture
def cityscapes_list() -> ImageList:
    """Three frames of one city."""
    images = [ListedImage(frame, f'{frame}_leftImg8bit.png', *SIZE) for frame in FRAMES]
    return ImageList(images, label_categories(META), 'test', 'cityscapes-test')


@pytest.fixture
def panoptic() -> np.ndarray:
    """Two cars beside road, sky above, a void corner."""
    ids = np.full(SIZE, 2)
    ids[:2] = 3
    ids[3:5, 1:3] = 1 + 1000
    ids[3:5, 5:7] = 1 + 2000
    ids[5, 7] = len(META['classes'])
    return ids


def make_sample(img_id: int | str, panoptic: np.ndarray, **more: dict) -> dict:
    """A data sample as models leave it."""
    sem_seg = torch.from_numpy(panoptic.copy())[None]
    return dict(img_id=img_id, pred_panoptic_seg=dict(sem_seg=sem_seg), **more)


@pytest.fixture
def sample() -> Callable[..., dict]:
    """Maker of data samples."""
    return make_sample


def begin_submission(
    out_file: Path, images: ImageList, *, origin: dict | None = None
) -> SubmissionWriter:
    """Open or go on with a submission, as one process does."""
    Workspace(out_file).open(origin or dict(config='a.py'), images)
    writer = SubmissionWriter(str(out_file), format=images.format)
    writer.dataset_meta = META
    return writer


@pytest.fixture
def begin() -> Callable[..., SubmissionWriter]:
    """Opener of submissions."""
    return begin_submission


@pytest.fixture
def written(panoptic) -> Callable[[Path, ImageList], Path]:
    """Writer of whole submissions."""

    def write(out_file: Path, images: ImageList) -> Path:
        writer = begin_submission(out_file, images)
        for image in images.images:
            writer.process({}, [make_sample(image.id, panoptic)])
        writer.evaluate(0)
        return out_file

    return write
