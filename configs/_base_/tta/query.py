"""Views for MaskFormer and Mask2Former (``tools/test.py --tta``): 3 scales, mirrored.

The scales are shorter sides, for models that are tested at 640 as on ADE20K. They are
not given in the paper; chosen here. The queries of all views are matched to those of
the first view. The ground truth is loaded after the flip, so that it keeps the frame of
the original image.
"""

tta_model = dict(type='mmpisr.QueryTTA')
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(type='mmdet.Resize', scale=(2560, side), keep_ratio=True)
                for side in (640, 512, 768)
            ],
            [dict(type='mmdet.RandomFlip', prob=prob) for prob in (0.0, 1.0)],
            [dict(type='mmpisr.LoadPanopticSegments')],
            [dict(type='mmpisr.PackPanopticInputs')],
        ],
    ),
]
