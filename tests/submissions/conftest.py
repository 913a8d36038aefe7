"""Three tiny images, predictions of them, and a submission that is begun."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_submission import META, SIZE, begin_submission, frames, make_sample, street

from mmpisr.submissions import SubmissionWriter
from mmpisr.submissions.image_list import ImageList, ListedImage

COCO_IDS = (1, 3, 149, 187)


@pytest.fixture
def coco_list() -> ImageList:
    """Three images as COCO names them, not in the order of their ids."""
    images = [
        ListedImage(number, f'{number:012}.jpg', *SIZE, f'{number:012}')
        for number in (9, 2, 5)
    ]
    categories = [
        dict(id=number, name=name, isthing=int(name in META['thing_classes']))
        for number, name in zip(COCO_IDS, META['classes'], strict=True)
    ]
    return ImageList(images, categories, 'test-dev2017', 'coco-test-dev')


@pytest.fixture
def cityscapes_list() -> ImageList:
    """Three frames of one city."""
    return frames(3)


@pytest.fixture
def panoptic() -> np.ndarray:
    """Two cars beside road, sky above, a void corner."""
    return street()


@pytest.fixture
def sample() -> Callable[..., dict]:
    """Maker of data samples."""
    return make_sample


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
