from types import SimpleNamespace

import pytest
import torch
from mmdet.models.roi_heads import HybridTaskCascadeRoIHead, StandardRoIHead
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import nn

from mmpisr.models.heatmaps.roi_masks import (
    RoIMaskHeatmaps,
    best_boxes,
    check_roi_head,
    class_maps,
    paste_masks,
    roi_mask_probs,
)

METAS = [dict(img_shape=(16, 24), batch_input_shape=(16, 24))] * 2
FEATS = [torch.zeros(2, 3, 4, 6)]


class RoIHead(nn.Module):
    """Detects given boxes; the logit of each mask is ``logit`` x class everywhere."""

    def __init__(self, *images: list[tuple]) -> None:
        super().__init__()
        self.images = images
        self.mask_head = nn.Identity()
        self.logit = nn.Parameter(torch.tensor(1.0))
        self.test_cfg = ConfigDict(score_thr=0.5)

    def predict_bbox(self, feats, metas, proposals, rcnn_test_cfg):
        self.asked = proposals, rcnn_test_cfg
        return [self.detections(image, rcnn_test_cfg) for image in self.images]

    def detections(self, image, config):
        kept = [found for found in image if found[1] >= config.score_thr]
        return InstanceData(
            bboxes=torch.tensor([box for box, _, _ in kept]).reshape(-1, 4),
            scores=torch.tensor([score for _, score, _ in kept]),
            labels=torch.tensor([label for _, _, label in kept], dtype=torch.long),
        )

    def _mask_forward(self, feats, rois):
        classes = torch.arange(3.0).view(1, 3, 1, 1)
        return dict(mask_preds=self.logit * classes.expand(len(rois), 3, 4, 4))


BOX = (4.0, 4.0, 12.0, 12.0)  # pixels 1 and 2 of a map of stride 4


def make(head: RoIHead, number: int = 3, **options):
    return RoIMaskHeatmaps(**options)(head, FEATS, [], METAS, num_instances=number)


def test_a_mask_lands_on_the_pixels_of_its_box():
    masks = torch.tensor([[[0.25, 0.5], [0.75, 1.0]]])

    pasted = paste_masks(torch.tensor([[1.0, 2.0, 3.0, 4.0]]), masks, size=(5, 6))

    expected = torch.zeros(1, 5, 6)
    expected[0, 2:4, 1:3] = masks[0]
    torch.testing.assert_close(pasted, expected)


def test_boxes_outside_of_the_map_and_boxes_without_area_leave_it_finite():
    boxes = torch.tensor([[-9.0, 0, -5, 3], [1.5, 1.5, 1.5, 1.5], [0, 2.5, 6, 2.5]])

    pasted = paste_masks(boxes, torch.ones(3, 2, 2), size=(5, 6))

    assert pasted.isfinite().all()
    assert pasted[0].sum() == 0
    assert pasted.amax() <= 1


def test_pasting_passes_a_gradient_to_the_masks():
    masks = torch.rand(1, 2, 2, requires_grad=True)

    paste_masks(
        torch.tensor([[0.0, 0.0, 4.0, 4.0]]), masks, size=(5, 6)
    ).sum().backward()

    assert masks.grad.min() > 0


def test_no_boxes_paste_to_nothing_and_stay_attached():
    masks = torch.rand(0, 2, 2, requires_grad=True)

    pasted = paste_masks(torch.zeros(0, 4), masks, size=(5, 6))

    assert pasted.shape == (0, 5, 6)
    assert pasted.requires_grad


def test_the_best_boxes_come_first():
    found = InstanceData(scores=torch.tensor([0.2, 0.9, 0.5]), labels=torch.arange(3))

    assert best_boxes(found, 2).labels.tolist() == [1, 2]
    assert len(best_boxes(found, 5)) == 3


def test_slots_hold_the_predicted_classs_mask_times_the_score_best_first():
    head = RoIHead([(BOX, 0.6, 0), (BOX, 0.8, 2)], [(BOX, 0.9, 1)])

    heatmaps, valid, classes = make(head)

    probs = torch.arange(3.0).sigmoid()
    assert valid.tolist() == [[True, True, False], [True, False, False]]
    assert classes.tolist() == [[2, 0, 0], [1, 0, 0]]
    assert heatmaps.shape == (2, 3, 4, 6)
    torch.testing.assert_close(heatmaps[0, 0, 1, 1], 0.8 * probs[2])
    torch.testing.assert_close(heatmaps[0, 1, 2, 2], 0.6 * probs[0])
    torch.testing.assert_close(heatmaps[1, 0, 1, 2], 0.9 * probs[1])
    assert heatmaps.count_nonzero() == 3 * 4


def test_gradients_reach_the_masks():
    head = RoIHead([(BOX, 0.8, 2)], [])

    make(head)[0].sum().backward()

    assert head.logit.grad > 0


def test_no_detections_give_empty_slots_attached_to_the_graph():
    head = RoIHead([], [(BOX, 0.01, 1)])

    heatmaps, valid, _ = make(head)
    heatmaps.sum().backward()

    assert not valid.any()
    assert not heatmaps.any()
    assert head.logit.grad == 0


def test_detections_that_the_panoptic_result_leaves_out_fill_slots():
    head = RoIHead([(BOX, 0.4, 1)], [])

    assert make(head)[1].sum() == 1
    assert not make(head, score_thr=0.5)[1].any()
    assert head.test_cfg.score_thr == 0.5


def test_the_number_of_slots_is_not_bounded_by_that_of_results():
    head = RoIHead([(BOX, 0.8, 1)], [])
    head.test_cfg.max_per_img = 2

    make(head, number=12)

    assert head.asked[1].max_per_img == 12
    assert head.test_cfg.max_per_img == 2


def test_only_the_best_proposals_are_used():
    head = RoIHead([], [])
    proposals = InstanceData(bboxes=torch.eye(4), scores=torch.tensor([1, 4, 3, 2.0]))
    without_scores = InstanceData(bboxes=torch.eye(4))

    maker = RoIMaskHeatmaps(max_proposals=2)
    maker(head, FEATS, [proposals, without_scores], METAS, num_instances=3)

    best, first = head.asked[0]
    assert torch.equal(best.bboxes, torch.eye(4)[[1, 2]])
    assert torch.equal(first.bboxes, torch.eye(4)[:2])
    assert len(proposals) == 4


def test_no_proposal_at_all_is_refused():
    with pytest.raises(ValueError, match=r'max_proposals.*0'):
        RoIMaskHeatmaps(max_proposals=0)


@pytest.mark.parametrize('classes', [1, 3])
def test_stages_of_a_cascade_are_averaged(classes):
    logits = torch.tensor([-2.0, 3.0])
    head = SimpleNamespace(
        mask_head=nn.ModuleList([nn.Identity(), nn.Identity()]),
        _mask_forward=lambda stage, feats, rois: dict(
            mask_preds=logits[stage].expand(2, classes, 1, 1)
        ),
    )

    probs = roi_mask_probs(head, FEATS, torch.zeros(2, 5), torch.tensor([0, 2]))

    assert probs.shape == (2, 1, 1)
    torch.testing.assert_close(probs[1, 0, 0], logits.sigmoid().mean())


@pytest.mark.parametrize(
    ('head', 'mask_head', 'message'),
    [
        (HybridTaskCascadeRoIHead, nn.Identity(), 'HybridTask.* _mask_forward of its'),
        (StandardRoIHead, None, 'mask_head is None'),
    ],
)
def test_a_head_with_unsupported_masks_is_refused(head, mask_head, message):
    head = head.__new__(head)
    nn.Module.__init__(head)
    head.mask_head = mask_head

    with pytest.raises(ValueError, match=message):
        check_roi_head(head)


SLOTS = torch.tensor([[0.2, 0.9], [0.6, 0.1], [0.5, 0.4], [0.0, 0.0]]).view(1, 4, 1, 2)
CLASSES = torch.tensor([[2, 2, 0, 0]])  # the last slot is empty


def test_a_class_has_the_highest_of_its_instances_at_each_pixel():
    maps = class_maps(SLOTS, CLASSES, num_classes=3)

    expected = torch.tensor([[0.5, 0.4], [0.0, 0.0], [0.6, 0.9]]).view(1, 3, 1, 2)
    assert torch.equal(maps, expected)


def test_the_gradient_goes_to_the_instance_that_was_highest():
    heatmaps = SLOTS.clone().requires_grad_()

    class_maps(heatmaps, CLASSES, num_classes=3).sum().backward()

    taken = torch.tensor([[0.0, 1], [1, 0], [1, 1], [0, 0]]).view(1, 4, 1, 2)
    assert torch.equal(heatmaps.grad, taken)


def test_no_slot_leaves_every_class_empty():
    maps = class_maps(torch.zeros(2, 0, 3, 4), torch.zeros(2, 0).long(), num_classes=5)

    assert maps.shape == (2, 5, 3, 4)
    assert not maps.any()
