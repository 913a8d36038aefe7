"""Compare two evaluations of the same images, refusing what does not pair up."""

from collections.abc import Mapping

import numpy as np

from .resampling import Difference, compare_pairs
from .score_table import ScoreTable


def compare_tables(
    first: ScoreTable,
    second: ScoreTable,
    *,
    names: tuple[str, str],
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Difference]:
    """Compare all additive measures of two results; images pair up by id.

    Args:
        first: One result.
        second: The other; its images may have another order.
        names: Their files, for messages.
        resamples: Draws of the bootstrap and of the permutation test.
        seed: Of the random generator.

    Returns:
        A comparison per result key.

    Raises:
        ValueError: They differ in images, categories or measures, or there are no
            images.
    """
    _check_measures(first, second, names)
    _check_categories(first, second, names)
    order = _pairs(first, second, names)
    found: dict[str, Difference] = {}
    for name, measure in first.measures().items():
        found |= compare_pairs(
            measure,
            first.records[name],
            second.records[name][order],
            resamples=resamples,
            seed=seed,
        )
    return found


def difference_table(differences: Mapping[str, Difference]) -> str:
    """Lay out a row per value: A, B, A - B, its 95 % interval, p-value."""
    width = max(map(len, differences), default=0) + 2
    rows = [
        f'{"":{width}}{"A":>9}{"B":>9}{"A - B":>9}{"95 % interval":>22}{"p-value":>10}'
    ]
    for key, found in differences.items():
        interval = f'[{found.interval.low:+.3f}, {found.interval.high:+.3f}]'
        rows.append(
            f'{key:{width}}{found.first:9.3f}{found.second:9.3f}{found.difference:+9.3f}'
            f'{interval:>22}{found.p_value:10.4f}'
        )
    return '\n'.join(rows)


def _check_categories(first: ScoreTable, second: ScoreTable, names: tuple) -> None:
    ours, theirs = (
        [(c['name'], bool(c['isthing'])) for c in table.categories]
        for table in (first, second)
    )
    if ours != theirs:
        pairs = zip(ours, theirs, strict=False)
        place = next((i for i, (a, b) in enumerate(pairs) if a != b), None)
        where = '' if place is None else f', first {ours[place]} and {theirs[place]}'
        raise ValueError(
            f'{names[0]} and {names[1]} differ in categories (name, is thing): '
            f'{len(ours)} and {len(theirs)}{where}'
        )
    needed = ('instance_areas', 'iIoU'), ('relations', 'relation_acc')
    for field, key in needed:
        ours, theirs = (getattr(table, field) for table in (first, second))
        if ours != theirs:
            raise ValueError(
                f"{names[0]} and {names[1]} differ in '{field}', which {key} needs: "
                f'{ours} and {theirs}'
            )


def _check_measures(first: ScoreTable, second: ScoreTable, names: tuple) -> None:
    ours, theirs = sorted(first.records), sorted(second.records)
    if ours != theirs:
        raise ValueError(
            f'{names[0]} and {names[1]} differ in measures: {ours} and {theirs}; '
            'evaluate both with the same options'
        )


def _pairs(first: ScoreTable, second: ScoreTable, names: tuple) -> np.ndarray:
    """For each image of the first its place in the second, ``(I,)``."""
    for table, name in zip((first, second), names, strict=True):
        doubled = len(table.image_ids) - len({*table.image_ids})
        if doubled:
            raise ValueError(f'{name}: {doubled} image ids occur more than once')
    ours, theirs = {*first.image_ids}, {*second.image_ids}
    if ours != theirs:
        alone = [sorted(a - b, key=str) for a, b in ((ours, theirs), (theirs, ours))]
        raise ValueError(
            f'{names[0]} and {names[1]} differ in images: {len(alone[0])} are only in '
            f'the first (such as {alone[0][:3]}), {len(alone[1])} only in the second '
            f'(such as {alone[1][:3]})'
        )
    if not ours:
        raise ValueError(f'{names[0]} and {names[1]} have no images')
    place = {image_id: i for i, image_id in enumerate(second.image_ids)}
    return np.array([place[image_id] for image_id in first.image_ids])
