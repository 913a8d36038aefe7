"""Which steps part an image from its segments, by their names."""

import pytest

from mmpisr.datasets.pipeline_checks import check_steps

LOAD = dict(type='mmpisr.LoadPanopticSegments')


def albu(*transforms, **options):
    return dict(type='mmdet.Albu', transforms=[*transforms], **options)


@pytest.mark.parametrize(
    ('step', 'message'),
    [
        (dict(type='mmdet.RandomAffine'), 'RandomAffine. changes the image'),
        (dict(type='CachedMosaic'), 'CachedMosaic. changes the image'),
        (dict(type='mmyolo.YOLOXMixUp'), 'YOLOXMixUp. changes the image'),
        (dict(type='CopyPaste'), 'CopyPaste. changes the image'),
        (dict(type='mmdet.Expand'), 'seg_ignore_label=None; write 255'),
        (dict(type='Rotate', seg_ignore_label=11), 'seg_ignore_label=11; write 255'),
        (dict(type='mmdet.PackDetInputs'), 'write mmpisr.PackPanopticInputs'),
        (albu(dict(type='HorizontalFlip')), 'without its segments by HorizontalFlip'),
        (
            albu(dict(type='OneOf', transforms=[dict(type='Blur'), dict(type='D4')])),
            'without its segments by D4',
        ),
    ],
)
def test_a_step_that_parts_them_is_named_with_the_way_on(step, message):
    choice = dict(type='RandomChoice', transforms=[[step]])

    with pytest.raises(ValueError, match=rf'p\[1\].transforms\[0\]\[0\] .*{message}'):
        check_steps('p', [LOAD, choice])


@pytest.mark.parametrize(
    'step',
    [
        dict(type='mmdet.Rotate'),
        dict(type='mmdet.RandomErasing', n_patches=2, ratio=0.1, seg_ignore_label=0),
        dict(type='mmdet.Expand', seg_ignore_label=255),
        dict(type='mmdet.RandAugment'),
        albu(dict(type='OneOf', transforms=[dict(type='Blur')]), dict(type='CLAHE')),
        albu(dict(type='D4'), keymap=dict(img='image', gt_seg_map='mask')),
    ],
)
def test_a_step_that_keeps_them_together_passes(step):
    check_steps('p', [LOAD, step])


def test_a_pipeline_without_segments_may_hold_anything():
    check_steps('p', [dict(type='mmdet.Mosaic'), dict(type='mmdet.PackDetInputs')])
