"""How much of what a split has."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..json_checks.problem import Problem, warning


class SplitCounts:
    """Sums over the images of a split, by category id where it says ``by``.

    Attributes:
        categories: Entries of the json, those that are complete.
        images: Images listed.
        empty: Images without a segment, or of void only.
        segments_by: Segments in the json, crowds included.
        crowds_by: Crowds among them.
        images_by: Images with such a segment.
        pixels_by: Pixels in the pngs.
        void: Pixels of no segment.
        pixels: All pixels of the pngs that were read.
    """

    def __init__(self, categories: Sequence[Mapping[str, Any]]) -> None:
        self.categories = list(categories)
        self.images = self.empty = self.void = self.pixels = 0
        self.segments_by: Counter = Counter()
        self.crowds_by: Counter = Counter()
        self.images_by: Counter = Counter()
        self.pixels_by: Counter = Counter()

    def add(
        self, segments: Sequence[Mapping[str, Any]], pixels: Mapping[int, int]
    ) -> None:
        """Add one annotated image.

        Args:
            segments: Its entries in the json, with ``id`` and ``category_id``.
            pixels: Of the png by segment id; empty if it was not read.
        """
        category_of = {s['id']: s['category_id'] for s in segments}
        self.segments_by.update(s['category_id'] for s in segments)
        self.crowds_by.update(s['category_id'] for s in segments if s.get('iscrowd'))
        self.images_by.update(set(category_of.values()))
        self.empty += not segments or set(pixels) == {0}
        self.pixels += sum(pixels.values())
        self.void += pixels.get(0, 0)
        for number, area in pixels.items():
            if number in category_of:
                self.pixels_by[category_of[number]] += area

    @property
    def segments(self) -> int:
        """All segments."""
        return self.segments_by.total()

    def segments_of(self, isthing: bool) -> int:
        """Segments of things, or of stuff."""
        return sum(
            self.segments_by[c['id']]
            for c in self.categories
            if bool(c['isthing']) == isthing
        )

    def crowd_share(self) -> float:
        """Crowds among all segments; NaN without any."""
        return _share(self.crowds_by.total(), self.segments)

    def void_share(self) -> float:
        """Void among all pixels; NaN if no png was read."""
        return _share(self.void, self.pixels)


def absence_problems(path: str, counts: SplitCounts) -> Iterator[Problem]:
    """Warn of categories without any segment, and of kinds without any.

    Args:
        path: The json.
        counts: Of its annotations.
    """
    for kind, isthing, key in (('thing', True, 'PQ_th'), ('stuff', False, 'PQ_st')):
        names = [c['name'] for c in counts.categories if bool(c['isthing']) == isthing]
        if names and not counts.segments_of(isthing):
            message = (
                f'no {kind} segment at all in annotations[] of {counts.images} images, '
                f'but categories[] has {len(names)} with isthing {int(isthing)}: '
                f'{key} will be NaN'
            )
            yield warning(path, 'things and stuff', message)
    for category in counts.categories:
        if not counts.segments_by[category['id']]:
            message = (
                f'category {category["name"]!r} (id {category["id"]}) has no segment '
                f'in annotations[] of {counts.images} images'
            )
            yield warning(path, 'categories without any segment', message)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float('nan')
