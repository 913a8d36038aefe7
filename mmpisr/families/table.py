"""The table of families: which class becomes which host, and where in the config."""

from typing import NamedTuple


class Family(NamedTuple):
    """Models that inherit one class, and the host that adds a relation to them.

    Types have the prefix of their registry; fields are below ``model``.
    """

    base: str
    """Class of the models of this family; subclasses belong to it, too."""
    host: str
    """Class that replaces it; takes the same arguments and ``relation``."""
    part: str = ''
    """Field whose ``type`` is replaced; empty: that of the model itself."""
    needs: tuple[str, ...] = ()
    """Fields that the config must have, such as ``roi_head.mask_head``."""


FAMILIES = [
    Family(
        'mmdet.TwoStagePanopticSegmentor',
        'mmpisr.PISRTwoStagePanopticSegmentor',
        needs=('neck', 'roi_head.mask_head', 'semantic_head', 'panoptic_fusion_head'),
    ),
    Family(
        'mmpisr.PanopticDeepLab',
        'mmpisr.PISRPanopticDeepLab',
        needs=('neck', 'panoptic_head'),
    ),
    *(
        Family(
            f'mmdet.{head}',
            f'mmpisr.PISR{head}',
            part='panoptic_head',
            needs=('panoptic_head', 'panoptic_fusion_head'),
        )
        for head in ('MaskFormerHead', 'Mask2FormerHead')
    ),
]


def register_family(family: Family) -> None:
    """Add a family for :func:`mmpisr.add_relation`.

    If a model belongs to several families, the one with the most derived base class is
    used, and among equals the last registered. Registering twice changes nothing.

    Raises:
        ValueError: A type lacks the prefix of its registry, or the base and part are
            registered with another host.
    """
    for field, name in dict(base=family.base, host=family.host).items():
        if '.' not in name:
            raise ValueError(
                f'{field} is {name!r}, but needs the prefix of its registry, as in '
                f"'mmdet.{name}'"
            )
    for known in FAMILIES:
        same_place = (known.base, known.part) == (family.base, family.part)
        if same_place and known.host != family.host:
            raise ValueError(
                f'{family.base} becomes {known.host} already, not {family.host}'
            )
    if family not in FAMILIES:
        FAMILIES.insert(0, family)
