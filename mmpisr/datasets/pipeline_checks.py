"""Refuse pipeline steps that pad, or that change an image without its segments."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from mmengine.config import Config

PAD_ADVICE = (
    'Remove it and pad in model.data_preprocessor: pad_size_divisor=32, or '
    "batch_augments=[dict(type='mmdet.BatchFixedSizePad', size=(height, width))]"
)
IMAGE_ONLY = (  # ends of names: a Mosaic, CachedMosaic, YOLOXMixUp, ...
    *('Mosaic', 'MixUp', 'Mixup', 'CutMix', 'CopyPaste', 'InstaBoost'),
    *('RandomAffine', 'RandomShift', 'RandomCenterCropPad', 'BatchResize'),
    'BatchSyncRandomResize',
)
GEOMETRIES = (
    'Resize, RandomResize, RandomFlip, RandomCrop, Rotate, ShearX, ShearY, TranslateX '
    'and TranslateY move both'
)
ALBU_PIXELS = """
    AdditiveNoise AdvancedBlur AutoContrast Blur CLAHE ChannelDropout ChannelShuffle
    ChromaticAberration CoarseDropout ColorJitter Defocus Downscale Emboss Equalize
    FDA FancyPCA GaussNoise GaussianBlur GlassBlur GridDropout HEStain
    HistogramMatching HueSaturationValue ISONoise Illumination ImageCompression
    InvertImg JpegCompression MedianBlur MotionBlur MultiplicativeNoise NoOp
    Normalize PixelDistributionAdaptation PixelDropout PlanckianJitter
    PlasmaBrightnessContrast PlasmaShadow Posterize RGBShift RandomBrightness
    RandomBrightnessContrast RandomContrast RandomFog RandomGamma RandomGravel
    RandomRain RandomShadow RandomSnow RandomSunFlare RandomToneCurve
    RingingOvershoot SaltAndPepper Sharpen ShotNoise Solarize Spatter Superpixels
    TemplateTransform ToFloat FromFloat ToGray ToRGB ToSepia UniformParams
    UnsharpMask ZoomBlur Compose OneOf OneOrOther RandomOrder Sequential SomeOf
    SelectiveChannelTransform
"""  # of albumentations: they change pixels and move none


def check_steps(path: str, steps: Any, *, has_segments: bool = False) -> None:
    """Refuse steps that pad, or that move an image without its segments.

    mmdet's ``Pad`` sets ``img_shape`` to the padded size, so that a relation would
    encode the padding as image; the data preprocessor pads without that. Other steps
    are checked if one of them loads segments, or with ``has_segments``. ``steps`` are
    a pipeline or a dataset's config, wrapped datasets included; ``path`` is the name of
    that field.

    Raises:
        ValueError: Naming the field of the step, and what to write in its place.
    """
    found = [(name, step) for name, step in nodes_of(path, steps) if 'type' in step]
    for name, step in found:
        if type_name(step) == 'Pad':
            raise ValueError(
                f'{name} is a Pad, which makes padding look like image. {PAD_ADVICE} '
                f'in place of size={step.get("size")} (width, height)'
            )
    kinds = [type_name(step) for _, step in found]
    if not has_segments and 'LoadPanopticSegments' not in kinds:
        return
    for name, step in found:
        problem = _problem(type_name(step), step)
        if problem:
            raise ValueError(f'{name} ({type_name(step)}) {problem}')


def check_pipelines(cfg: Config) -> None:
    """Apply :func:`check_steps` to all pipelines and batch augmentations of a config.

    Raises:
        ValueError: As :func:`check_steps`.
    """
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = (cfg.get(loader) or {}).get('dataset')
        check_steps(f'{loader}.dataset', dataset)
    preprocessor = (cfg.get('model') or {}).get('data_preprocessor') or {}
    path = 'model.data_preprocessor.batch_augments'
    check_steps(path, preprocessor.get('batch_augments'), has_segments=True)


def check_packed(results: dict, index_map: np.ndarray | None) -> None:
    """Refuse a padded sample, or one whose image and map differ in size.

    :func:`check_steps` finds steps by name only; this finds all others. In a test
    pipeline without targets the map may have the original size.

    ``results`` are those before packing, ``index_map`` the segments, ``(H, W)``.

    Raises:
        ValueError: The image is padded, or has another size than the map.
    """
    name = results.get('img_path', 'the image')
    if 'pad_fixed_size' in results:  # left by mmcv's Pad
        raise ValueError(
            f'{name}: the pipeline pads to {results["img_shape"]} (height, width), '
            f'which makes padding look like image. {PAD_ADVICE}'
        )
    shape = results['img'].shape[:2]
    targets = {'gt_bboxes', 'gt_panoptic_deeplab'} & set(results)
    if index_map is None or (results.get('is_original_map') and not targets):
        return
    if index_map.shape != shape:
        raise ValueError(
            f'{name}: (height, width) of the image is {shape} after the pipeline, of '
            f'gt_seg_map {index_map.shape}: a step changes the one without the other'
        )


def nodes_of(path: str, value: Any) -> Iterator[tuple[str, dict]]:
    """Yield every dict of a config below a field, with its name."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from nodes_of(f'{path}.{key}', inner)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from nodes_of(f'{path}[{index}]', inner)


def innermost_datasets(dataset: Any) -> list[Any]:
    """The datasets (or their configs) inside wrappers, or the dataset itself."""
    inner = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    if inner == [None]:
        return [dataset]
    return [part for wrapped in inner for part in innermost_datasets(wrapped)]


def type_name(step: dict) -> str:
    """Name of the type without its scope; the type may be a class."""
    kind = step['type']
    return kind.rpartition('.')[2] if isinstance(kind, str) else kind.__name__


def _problem(kind: str, step: dict) -> str | None:
    """Describe the problem of one step; None if it has none."""
    fill = step.get('seg_ignore_label', None if kind == 'Expand' else 255)
    if fill not in (0, 255):
        return f'fills gt_seg_map with seg_ignore_label={fill}; write 255 (void)'
    if kind.endswith(IMAGE_ONLY):
        return f'changes the image without its segments; {GEOMETRIES}'
    if kind == 'PackDetInputs':
        return (
            'would train on the numbers of segments as if they were classes; write '
            'mmpisr.PackPanopticInputs'
        )
    if kind == 'Albu' and 'gt_seg_map' not in (step.get('keymap') or {}):
        inner = nodes_of('', step.get('transforms', []))
        kinds = [type_name(node) for _, node in inner if 'type' in node]
        moving = [name for name in kinds if name not in ALBU_PIXELS.split()]
        if moving:
            return (
                f'moves the image without its segments by {moving[0]}; {GEOMETRIES}. '
                "If this one moves nothing, or for both: keymap=dict(img='image', "
                "gt_seg_map='mask')"
            )
    return None
