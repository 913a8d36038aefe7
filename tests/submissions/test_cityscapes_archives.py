"""The files of one image in the pixel-level and instance-level archives."""

import cv2
import numpy as np
import pytest
import torch

from mmpisr.evaluation.category_table import CategoryTable
from mmpisr.evaluation.predicted_image import PredictedImage
from mmpisr.submissions.cityscapes_archives import InstanceArchive, PixelArchive

FRAME = 'bonn_000000_000019'


@pytest.fixture
def make(cityscapes_list, sample, panoptic):
    """Maker of one image's files by an archive."""

    def make(kind, panoptic=panoptic, **more):
        meta = dict(classes=('person', 'car', 'road', 'sky'))
        table = CategoryTable(meta, cityscapes_list.categories)
        prediction = PredictedImage(sample('a', panoptic, **more), table)
        archive = kind('c.zip', 'test')
        return archive.files(cityscapes_list.images[0], prediction).files

    return make


def decode(png):
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)


def masks_of(panoptic, *values):
    return torch.from_numpy(np.stack([panoptic == value for value in values]))


def test_without_instances_thing_segments_are_instances_of_confidence_1(make, panoptic):
    files = make(InstanceArchive)

    names = [f'masks/{FRAME}_00{number}.png' for number in (0, 1)]
    lines = ''.join(f'{name} 26 1.0\n' for name in names)
    assert files.pop(f'{FRAME}_pred.txt').decode() == lines
    masks = [decode(files[name]) == 255 for name in names]
    np.testing.assert_array_equal(masks, [panoptic == 1001, panoptic == 2001])


def test_instances_of_the_model_are_used_without_stuff_and_empty_masks(make, panoptic):
    instances = dict(
        labels=torch.tensor([0, 2, 1]),
        scores=torch.tensor([0.25, 0.5, 0.75]),
        masks=masks_of(panoptic, 1001, 2, -1),
    )

    files = make(InstanceArchive, pred_instances=instances)

    text = files.pop(f'{FRAME}_pred.txt').decode()
    assert text == f'masks/{FRAME}_000.png 24 0.25\n'
    assert [(decode(png) == 255).sum() for png in files.values()] == [4]


def test_the_semantic_prediction_is_preferred_to_the_panoptic_map(make, panoptic):
    own = dict(sem_seg=torch.full((1, *panoptic.shape), 3))

    (png,) = make(PixelArchive, pred_sem_seg=own).values()

    assert (decode(png) == 23).all()


def test_a_map_of_void_has_label_0_and_no_instance(make, panoptic):
    empty = np.full_like(panoptic, 4)

    (png,) = make(PixelArchive, empty).values()

    assert not decode(png).any()
    assert make(InstanceArchive, empty) == {f'{FRAME}_pred.txt': b''}
