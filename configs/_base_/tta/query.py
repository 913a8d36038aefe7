"""Views for MaskFormer and Mask2Former (``tools/test.py --tta``): 3 scales, mirrored.

The scales are short sides, for models that are tested at 640 as those of ADE20K are:
the first view is the one that queries of the others are matched to. Truth is loaded
behind the flip: it stays in the original image's frame.
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
