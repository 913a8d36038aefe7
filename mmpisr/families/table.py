"""The table of families: which class becomes which host, and where in the config."""

from collections.abc import Callable
from typing import NamedTuple

from .fields import Fields

Paths = tuple[str, ...]


class Family(NamedTuple):
    """Models that inherit one class, and the host that adds a relation to them.

    Types are registry names with their prefix. Fields are written with dots, below
    ``model``: ``roi_head.mask_head``.
    """

    base: str
    """Class that a config of the family names, or a parent of it."""
    host: str
    """Class that replaces it; takes the same arguments and ``relation``."""
    part: str = ''
    """Field whose ``type`` is replaced; empty: the model's own."""
    needs: Paths = ()
    """Fields without which the host cannot work."""
    equal: tuple[Paths, ...] = ()
    """Groups of fields that must have one value."""
    things: str = ''
    """Field with the number of thing classes; empty: not compared with the data's."""
    stuff: str = ''
    """Same for stuff classes."""
    check: Callable[[Fields], None] | None = None
    """Whatever else must hold; raises ``ValueError``."""


def families() -> tuple[Family, ...]:
    """All families, the last registered first."""
    return tuple(reversed(_FAMILIES))


def register_family(family: Family) -> None:
    """Let :func:`mmpisr.add_relation` know another family.

    Of several families that a model belongs to, that with the most derived base class
    is taken, and of these the last registered. Registering one again changes nothing.

    Raises:
        ValueError: A type lacks the prefix of its registry, or another host is
            registered for the same base and part.
    """
    for field, name in dict(base=family.base, host=family.host).items():
        if '.' not in name:
            raise ValueError(
                f'{field} is {name!r}, but needs the prefix of its registry, as in '
                f"'mmdet.{name}'"
            )
    for known in _FAMILIES:
        same_place = (known.base, known.part) == (family.base, family.part)
        if same_place and known.host != family.host:
            raise ValueError(
                f'{family.base} becomes {known.host} already, not {family.host}'
            )
    if family not in _FAMILIES:
        _FAMILIES.append(family)


def _check_class_weights(fields: Fields) -> None:
    """One weight a class and one for "no object"."""
    (num_things,) = fields.read('panoptic_head.num_things_classes').values()
    (num_stuff,) = fields.read('panoptic_head.num_stuff_classes').values()
    for path, weights in fields.read('panoptic_head.loss_cls.class_weight').items():
        if isinstance(weights, list) and len(weights) != num_things + num_stuff + 1:
            raise ValueError(
                f'{path} has {len(weights)} weights, but '
                f'model.panoptic_head has {num_things} thing and {num_stuff} stuff '
                'classes, and one for no object'
            )


def _query_family(base: str, host: str) -> Family:
    return Family(
        base=base,
        host=host,
        part='panoptic_head',
        needs=('panoptic_head', 'panoptic_fusion_head'),
        equal=(
            (
                'panoptic_head.num_things_classes',
                'panoptic_fusion_head.num_things_classes',
            ),
            (
                'panoptic_head.num_stuff_classes',
                'panoptic_fusion_head.num_stuff_classes',
            ),
        ),
        things='panoptic_head.num_things_classes',
        stuff='panoptic_head.num_stuff_classes',
        check=_check_class_weights,
    )


_FAMILIES = [
    Family(
        base='mmpisr.PanopticDeepLab',
        host='mmpisr.PISRPanopticDeepLab',
        needs=('neck', 'panoptic_head'),
        equal=(
            ('neck.semantic.out_channels', 'panoptic_head.semantic_channels'),
            ('neck.instance.out_channels', 'panoptic_head.instance_channels'),
        ),
        things='panoptic_head.num_things_classes',
        stuff='panoptic_head.num_stuff_classes',
    ),
    Family(
        base='mmdet.TwoStagePanopticSegmentor',
        host='mmpisr.PISRTwoStagePanopticSegmentor',
        needs=(
            'neck',
            'roi_head.bbox_head',
            'roi_head.mask_head',
            'semantic_head',
            'panoptic_fusion_head',
        ),
        equal=(
            (
                'neck.out_channels',
                'semantic_head.in_channels',
                'rpn_head.in_channels',
                'roi_head.bbox_roi_extractor.out_channels',
                'roi_head.mask_roi_extractor.out_channels',
            ),
            (
                'panoptic_fusion_head.num_things_classes',
                'semantic_head.num_things_classes',
                'roi_head.bbox_head.num_classes',
                'roi_head.mask_head.num_classes',
            ),
            (
                'panoptic_fusion_head.num_stuff_classes',
                'semantic_head.num_stuff_classes',
            ),
        ),
        things='panoptic_fusion_head.num_things_classes',
        stuff='panoptic_fusion_head.num_stuff_classes',
    ),
    _query_family('mmdet.MaskFormerHead', 'mmpisr.PISRMaskFormerHead'),
    _query_family('mmdet.Mask2FormerHead', 'mmpisr.PISRMask2FormerHead'),
]
