"""mIoU, iIoU and Cityscapes AP of scenes small enough for a hand."""

import sys

import numpy as np
import pytest
import torch

from mmpisr.evaluation import PanopticMetric
from mmpisr.evaluation.category_table import CategoryTable
from mmpisr.evaluation.ground_truth import ImageTruth, Segments
from mmpisr.evaluation.measures.cityscapes_ap import CityscapesAP
from mmpisr.evaluation.measures.iou import InstanceWeightedIoU, MeanIoU
from mmpisr.evaluation.measures.panoptic_quality import PanopticQuality
from mmpisr.evaluation.scored_image import ScoredImage

NAMES = ('cat', 'dog', 'sky')
TABLE = CategoryTable(dict(classes=NAMES, thing_classes=('cat', 'dog')))
VOID = 3


def image_of(truth, infos, pred, **fields):
    """``infos``: rows of (id, category, crowd)."""
    truth, pred = np.array(truth), np.array(pred)
    ids, rows, crowds = zip(*infos, strict=True)
    areas = [(truth == number).sum() for number in ids]
    segments = Segments.of(ids=ids, categories=rows, areas=areas, is_crowd=crowds)
    seg = dict(sem_seg=torch.from_numpy(pred)[None])
    sample = dict(img_id=1, pred_panoptic_seg=seg, **fields)
    return ScoredImage(sample, ImageTruth('x.png', truth, segments), TABLE)


@pytest.fixture
def image():
    """Cats of 4 and 2 pixels, a crowd of cats of 2, sky of 3, one pixel void."""
    return image_of(
        [[5, 5, 5, 5, 6, 6], [7, 7, 9, 9, 9, 0]],
        [(5, 0, False), (6, 0, False), (7, 0, True), (9, 2, False)],
        [[1000, 1000, 1000, 2, 2000, 2], [3000, 1, 1, 2, VOID, 1]],
    )


def test_a_crowd_counts_as_its_class_in_miou_and_void_does_not_count(image):
    areas = MeanIoU(3).of_image(image)

    # Cats: 8 pixels with the crowd, 5 found, none given elsewhere; dogs: 2 false, the
    # one in void left out; sky: 3 pixels, 1 found, 2 false, 1 given to void.
    assert areas.tolist() == [[5, 8, 5], [0, 0, 2], [1, 3, 3]]
    assert MeanIoU(3).summarise([areas])['mIoU'] == pytest.approx(
        100 * (5 / 8 + 0 + 1 / 5) / 3
    )


def test_iiou_weighs_each_instance_by_its_size(image):
    measure = InstanceWeightedIoU(TABLE, dict(cat=10, dog=99))
    sums = measure.of_image(image)

    # 3 of 4 and 1 of 2 pixels of the single cats; the crowd makes a false dog pixel.
    assert sums.tolist() == [
        [3 / 4 + 1 / 2, 1 / 4 + 1 / 2, 6, 2, 0],
        [0, 0, 0, 0, 2],
        [0, 0, 0, 0, 2],
    ]
    assert measure.summarise([sums])['iIoU'] == pytest.approx(
        100 * (12.5 / (12.5 + 7.5) + 0) / 2
    )


def test_without_published_sizes_iiou_takes_the_average_of_the_truth(image):
    found = InstanceWeightedIoU(TABLE).summarise(
        [InstanceWeightedIoU(TABLE).of_image(image)]
    )
    given = InstanceWeightedIoU(TABLE, dict(cat=3, dog=1))
    assert found == given.summarise([given.of_image(image)])


def test_a_thing_without_a_published_size_is_refused():
    with pytest.raises(ValueError, match=r"'instance_areas'.*\['dog'\].*\['cat'\]"):
        InstanceWeightedIoU(TABLE, dict(cat=3))


def test_a_semantic_prediction_goes_before_the_panoptic_one(image):
    labels = torch.tensor([[0, 0, 0, 0, 0, 0], [1, 1, 2, 2, 2, 2]])
    image.sample['pred_sem_seg'] = dict(sem_seg=labels[None])
    sums = InstanceWeightedIoU(TABLE).of_image(image)
    assert sums[0, :2].tolist() == [2, 0]
    assert MeanIoU(3).of_image(image)[2].tolist() == [3, 3, 3]


def test_many_sums_at_once_give_the_values_of_each(image):
    rng = np.random.default_rng(0)
    for measure in (PanopticQuality(TABLE), MeanIoU(3), InstanceWeightedIoU(TABLE)):
        totals = rng.integers(0, 3, (4, 5, *measure.shape)).astype(float)
        together = measure.values(totals)
        for place in np.ndindex(4, 5):
            alone = measure.values(totals[place])
            for key, values in together.items():
                np.testing.assert_array_equal(values[place], alone[key])


@pytest.mark.parametrize(
    'measure', [PanopticQuality(TABLE), MeanIoU(3), InstanceWeightedIoU(TABLE)]
)
def test_no_images_give_nan(measure):
    assert all(np.isnan(value) for value in measure.summarise([]).values())


def test_iiou_of_a_dataset_without_things_is_nan():
    table = CategoryTable(dict(classes=('sky',), thing_classes=()))
    measure = InstanceWeightedIoU(table, {})
    assert np.isnan(measure.summarise([np.ones((1, 5))])['iIoU'])


def block_image(scores, masks):
    """A cat of 200 pixels, a crowd of cats of 200, 200 pixels void."""
    truth = np.zeros((30, 20), int)
    truth[:10], truth[10:20] = 5, 7
    instances = dict(
        labels=torch.zeros(len(masks), dtype=torch.int64),
        scores=torch.tensor(scores),
        masks=torch.from_numpy(np.array(masks).reshape(-1, 30, 20)),
    )
    infos = [(5, 0, False), (7, 0, True)]
    return image_of(truth, infos, truth * 0 + VOID, pred_instances=instances)


def rows_mask(first, last):
    mask = np.zeros((30, 20), bool)
    mask[first:last] = True
    return mask


def test_cityscapes_ap_leaves_out_predictions_in_void_and_in_crowds():
    measure = CityscapesAP(TABLE)
    masks = [rows_mask(0, 10), rows_mask(11, 19), rows_mask(21, 30), rows_mask(0, 0)]
    image = block_image([0.5, 0.9, 0.9, 0.9], masks)
    found = measure.summarise([measure.of_image(image)])
    assert found == pytest.approx(dict(AP=100, AP50=100))


def test_cityscapes_ap_of_a_prediction_that_covers_three_quarters():
    measure = CityscapesAP(TABLE)
    image = block_image([0.5], [rows_mask(2, 10)])  # IoU 0.8: thresholds 0.5 to 0.75
    found = measure.summarise([measure.of_image(image)])
    assert found == pytest.approx(dict(AP=60, AP50=100))


def test_cityscapes_ap_without_predictions_is_0_and_without_truth_nan():
    measure = CityscapesAP(TABLE)
    nothing = measure.of_image(block_image([], []))
    assert measure.summarise([nothing]) == dict(AP=0, AP50=0)
    assert np.isnan(measure.summarise([])['AP'])


def test_cityscapes_ap_without_cityscapesscripts_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, 'cityscapesscripts.evaluation', None)
    with pytest.raises(ImportError, match='pip install --no-deps cityscapesscripts'):
        PanopticMetric(mask_ap='cityscapes')


def test_an_unknown_kind_of_mask_ap_is_refused():
    with pytest.raises(ValueError, match=r"mask_ap='lvis'.*'coco', 'cityscapes'"):
        PanopticMetric(mask_ap='lvis')
