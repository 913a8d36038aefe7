"""Views for Panoptic-DeepLab (``tools/test.py --tta``): 7 scales, each also mirrored.

The scales are relative to the original image, and are those of Panoptic-DeepLab's paper
for Cityscapes. The ground truth is loaded after the flip, so that it keeps the frame of
the original image.
"""

tta_model = dict(type='mmpisr.PanopticDeepLabTTA')
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(type='mmdet.Resize', scale_factor=factor, keep_ratio=True)
                for factor in (1.0, 0.5, 0.75, 1.25, 1.5, 1.75, 2.0)
            ],
            [dict(type='mmdet.RandomFlip', prob=prob) for prob in (0.0, 1.0)],
            [dict(type='mmpisr.LoadPanopticSegments')],
            [dict(type='mmpisr.PackPanopticInputs')],
        ],
    ),
]
