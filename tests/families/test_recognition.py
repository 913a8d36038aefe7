import pytest

from mmpisr import add_relation
from mmpisr.families.add import read_config

GUIDE = r'docs/your_own_architecture\.md'


def test_a_subclass_that_changes_nothing_is_of_the_family(cfg):
    cfg.model.type = 'others.Renamed'

    assert add_relation(cfg).model.type == 'mmpisr.PISRTwoStagePanopticSegmentor'


def test_a_type_without_prefix_is_looked_up_in_the_default_scope(cfg):
    cfg.model.pop('_scope_', None)
    cfg.model.type = 'Renamed'
    with pytest.raises(ValueError, match="'Renamed', which is in no registry"):
        add_relation(cfg)
    cfg.default_scope = 'others'
    for part in cfg.model.values():
        if isinstance(part, dict):
            part['_scope_'] = 'mmdet'

    assert add_relation(cfg).model.relation.type == 'mmpisr.PISR'


def test_a_subclass_with_a_loss_of_its_own_is_refused(cfg):
    cfg.model.type = 'others.WithOwnLoss'

    with pytest.raises(ValueError, match=rf'model \(WithOwnLoss\) has loss .*{GUIDE}'):
        add_relation(cfg)


def test_an_argument_that_the_host_does_not_take_is_refused(cfg):
    cfg.model.type, cfg.model.extra = 'others.WithOwnArgument', 1

    with pytest.raises(ValueError, match=r"TwoStage.* unexpected .* 'extra'"):
        add_relation(cfg)


def test_a_second_relation_is_refused(cfg):
    once = add_relation(cfg)

    with pytest.raises(ValueError, match=r'relation already: .*mmpisr\.PISR'):
        add_relation(once)


def test_a_host_whose_relation_is_missing_gets_it(cfg):
    cfg.model.type = 'mmpisr.PISRTwoStagePanopticSegmentor'

    assert add_relation(cfg).model.relation.num_instances == 50


@pytest.mark.parametrize(
    ('name', 'missing'),
    [
        ('mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py', 'model.semantic_head and '),
        ('mmseg::fcn/fcn_r50-d8_4xb2-40k_cityscapes-512x1024.py', 'model.neck'),
    ],
)
def test_the_parts_that_a_model_lacks_are_listed(name, missing):
    with pytest.raises(ValueError, match=f'(?s)no known family.*{missing}.*{GUIDE}'):
        add_relation(name)


def test_a_query_model_without_stuff_is_not_panoptic():
    with pytest.raises(ValueError, match=r'panoptic_head\.num_stuff_classes is 0'):
        add_relation('mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco.py')


def test_a_family_without_a_part_that_the_host_needs_is_refused(cfg):
    cfg.model.roi_head.mask_head = None

    with pytest.raises(ValueError, match=r'needs model\.roi_head\.mask_head'):
        add_relation(cfg)


def test_mask2former_is_recognised_although_it_inherits_maskformer():
    name = 'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py'
    cfg = read_config(name)
    assert cfg.model.panoptic_head.type == 'Mask2FormerHead'

    added = add_relation(cfg)

    assert added.model.panoptic_head.type == 'mmpisr.PISRMask2FormerHead'
    assert added.model.type == 'Mask2Former'
