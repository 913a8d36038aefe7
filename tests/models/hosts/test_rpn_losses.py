from types import SimpleNamespace

import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmpisr.models.hosts import PISRTwoStagePanopticSegmentor
from mmpisr.models.hosts.two_stage import class_agnostic


def make_sample() -> DetDataSample:
    sample = DetDataSample(metainfo=dict(img_shape=(8, 8)))
    sample.gt_instances = InstanceData(bboxes=torch.ones(2, 4), labels=torch.arange(2))
    sample.ignored_instances = InstanceData(bboxes=torch.ones(1, 4))
    return sample


class Head:
    def loss_and_predict(self, feats, samples, proposal_cfg):
        self.labels = samples[0].gt_instances.labels
        return dict(loss_cls=1, loss_rpn_bbox=2, accuracy=3), [proposal_cfg]


def test_every_object_has_class_zero_and_the_truth_keeps_its_own():
    sample = make_sample()

    agnostic = class_agnostic(sample)

    assert agnostic.gt_instances.labels.tolist() == [0, 0]
    assert sample.gt_instances.labels.tolist() == [0, 1]
    assert agnostic.gt_instances.bboxes is sample.gt_instances.bboxes
    assert len(agnostic.ignored_instances) == 1
    assert agnostic.img_shape == (8, 8)


def test_rpn_losses_of_any_head_get_the_prefix_rpn():
    head = Head()
    host = SimpleNamespace(
        with_rpn=True, rpn_head=head, train_cfg=dict(rpn_proposal={})
    )
    host.test_cfg = SimpleNamespace(rpn=None)

    losses, proposals = PISRTwoStagePanopticSegmentor.propose_with_losses(
        host, [], [make_sample()]
    )

    assert losses == dict(rpn_loss_cls=1, loss_rpn_bbox=2, accuracy=3)
    assert proposals == [{}]
    assert not head.labels.any()
