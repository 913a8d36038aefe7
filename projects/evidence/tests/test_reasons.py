import numpy as np
import pytest
import torch
from evidence.reasons import confused_pairs, confusion_of
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData

CAR, ROAD, VOID = 0, 1, 2


def sample(truth, predicted):
    maps = (PixelData(sem_seg=torch.tensor([[m]])) for m in (truth, predicted))
    gt, pred = maps
    return DetDataSample(gt_panoptic_seg=gt, pred_panoptic_seg=pred)


def test_pixels_are_counted_by_class_whatever_their_instance_and_without_void():
    truth = [1000 + CAR, 2000 + CAR, ROAD, ROAD, VOID, CAR]
    predicted = [3000 + CAR, ROAD, ROAD, 1000 + CAR, ROAD, VOID]

    found = confusion_of(sample(truth, predicted), 2)

    assert found.tolist() == [[1, 1], [1, 1]]


def test_a_pair_is_confused_as_much_as_its_pixels_are_taken_for_the_other():
    confusion = np.array([[60, 20, 0, 0], [10, 100, 10, 0], [0, 0, 50, 0], [0] * 4])

    found = confused_pairs(confusion, ['cow', 'sheep', 'grass', 'absent'])

    assert found.to_dict() == {
        'cow, sheep': pytest.approx(100 * 30 / 200),
        'cow, grass': 0,
        'sheep, grass': pytest.approx(100 * 10 / 170),
    }
