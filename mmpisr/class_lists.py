"""Compare classes: two lists, a model with a dataset, the parts of a model."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from torch import nn

THINGS, STUFF = 'num_things_classes', 'num_stuff_classes'


def class_difference(
    first: str, ours: Mapping[str, Any], second: str, theirs: Mapping[str, Any]
) -> str | None:
    """Describe where two lists of classes differ; None: they agree or are unknown.

    Args:
        first: File of the first list.
        ours: ``classes``, and ``thing_classes`` if known.
        second: File of the second list.
        theirs: As ``ours``.
    """
    pairs = [_kinds(ours, theirs), _kinds(theirs, ours)]
    if not all(pairs):
        return None
    for position, (a, b) in enumerate(zip_longest(*pairs, fillvalue='missing')):
        if a != b:
            sizes = f'{len(pairs[0])} against {len(pairs[1])} classes'
            return f'class {position} is {a} in {first}, but {b} in {second} ({sizes})'
    return None


def is_reordered(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether two lists have classes of the same names and kinds in another order."""
    orders = [[*meta['classes']] for meta in (first, second)]
    things: list[Any] = [meta.get('thing_classes') for meta in (first, second)]
    alike = None in things or {*things[0]} == {*things[1]}
    return alike and sorted(orders[0]) == sorted(orders[1]) and orders[0] != orders[1]


def check_class_counts(model: nn.Module, metainfo: Mapping[str, Any]) -> None:
    """Compare the class counts of all modules with the classes of a dataset.

    Compared are ``num_things_classes`` and ``num_stuff_classes`` of any module and
    ``num_classes`` of box and mask heads (things). ``num_classes`` of a relation may be
    smaller: Panoptic-FPN's semantic head has one class for all things. A dataset
    without things is refused if a module predicts things: its heads would be empty.

    Args:
        model: The model, not wrapped.
        metainfo: ``classes``, ``thing_classes`` and ``stuff_classes`` of the dataset;
            without the latter two nothing is compared.

    Raises:
        ValueError: Names the module, the field and both values.
    """
    if not {'thing_classes', 'stuff_classes'} <= set(metainfo):
        return
    things, stuff = len(metainfo['thing_classes']), len(metainfo['stuff_classes'])
    if len(metainfo.get('classes', ())) not in (0, things + stuff):
        raise ValueError(
            f'the dataset has {len(metainfo["classes"])} classes, but {things} '
            f'thing_classes and {stuff} stuff_classes; metainfo needs all three'
        )
    for name, module, field, actual in _class_counts(model):
        expected = stuff if field == STUFF else things
        part = f'{name or "model"} ({type(module).__name__})'
        if field != STUFF and things == 0:
            raise ValueError(
                f'{part}: {field} is {actual}, but the dataset has no thing classes at '
                f'all ({stuff} stuff classes): isthing is 0 in all categories of its '
                'json'
            )
        if actual != expected:
            raise ValueError(
                f'{part}: {field} is {actual}, but the dataset has {expected} '
                f'({things} things, {stuff} stuff classes)'
            )


def check_equal_counts(model: nn.Module) -> None:
    """Compare the class counts of all modules of a panoptic model with each other.

    Raises:
        ValueError: Two counts differ, or there are no stuff classes; names the fields
            and their values.
    """
    first: dict[bool, tuple[str, int]] = {}
    for name, _, field, count in _class_counts(model):
        path = f'model.{name}.{field}'
        if not name:
            continue  # mmdet's detectors copy the counts of their heads
        if field == STUFF and count == 0:
            raise ValueError(f'{path} is 0: the model is not panoptic')
        other, expected = first.setdefault(field == STUFF, (path, count))
        if count != expected:
            raise ValueError(
                f'{other} is {expected}, but {path} is {count}; they must be equal'
            )


def _class_counts(model: nn.Module) -> Iterator[tuple[str, nn.Module, str, int]]:
    """Name, module, field and value of every number of thing or stuff classes."""
    from mmdet.models.roi_heads.bbox_heads import BBoxHead  # jsons are compared without
    from mmdet.models.roi_heads.mask_heads import FCNMaskHead

    for name, module in model.named_modules():
        is_roi_head = isinstance(module, BBoxHead | FCNMaskHead)
        for field in (THINGS, STUFF, *(['num_classes'] if is_roi_head else [])):
            count = getattr(module, field, None)
            if isinstance(count, int):
                yield name, module, field, count


def _kinds(meta: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Name and, if known on both sides, kind of each class."""
    names = [*meta.get('classes', ())]
    if 'thing_classes' not in meta or 'thing_classes' not in other:
        return [repr(name) for name in names]
    things = set(meta['thing_classes'])
    return [f'{name!r} ({"thing" if name in things else "stuff"})' for name in names]
