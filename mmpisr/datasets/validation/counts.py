"""Counts of a split, as tables and warnings."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from terminaltables import AsciiTable

from .problems import Problem, warning

SPLIT_HEADER = 'split,images,segments,things,stuff,crowd %,void %,empty images'
CLASS_HEADER = 'category,kind,segments,crowds,images,pixels,pixels %'


@dataclass
class SplitCounts:
    """Sums over the images of a split; a counter is by category id."""

    categories: list[Mapping[str, Any]] = field(default_factory=list)
    images: int = 0
    empty: int = 0  # images without a segment, or of void only
    void: int = 0  # pixels of no segment
    pixels: int = 0  # of all pngs that were read
    segments_by: Counter = field(default_factory=Counter)  # crowds included
    crowds_by: Counter = field(default_factory=Counter)
    images_by: Counter = field(default_factory=Counter)
    pixels_by: Counter = field(default_factory=Counter)

    def add(self, segments: Sequence[Mapping], pixels: Mapping[int, int]) -> None:
        """Add an annotated image; ``pixels`` by segment id, empty without a png."""
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

    def of_kind(self, isthing: bool) -> tuple[list[str], int]:
        """Names of the categories of a kind, and how many segments they have."""
        same = [c for c in self.categories if bool(c['isthing']) == isthing]
        segments = sum(self.segments_by[c['id']] for c in same)
        return [c['name'] for c in same], segments


def absence_problems(path: str, counts: SplitCounts) -> Iterator[Problem]:
    """Warn of categories, and of kinds of categories, without any segment."""
    for kind, isthing, key in (('thing', 1, 'PQ_th'), ('stuff', 0, 'PQ_st')):
        names, segments = counts.of_kind(bool(isthing))
        if segments or not counts.categories:
            continue
        found = (
            f'no {kind} segment at all in annotations[] of {counts.images} images, '
            f'but categories[] has {len(names)} with isthing {isthing}'
            if names
            else f'categories[].isthing is {1 - isthing} in all '
            f'{len(counts.categories)} categories: no {kind} at all'
        )
        yield warning(path, 'things and stuff', f'{found}, so {key} will be NaN')
    for category in counts.categories:
        if not counts.segments_by[category['id']]:
            message = (
                f'category {category["name"]!r} (id {category["id"]}) has no segment '
                f'in annotations[] of {counts.images} images'
            )
            yield warning(path, 'categories without any segment', message)


def split_table(splits: Iterable[tuple[str, SplitCounts]]) -> str:
    """One row a split; ``crowd %`` of all segments, ``void %`` of all pixels."""
    rows = []
    for name, counts in splits:
        segments, crowds = counts.segments_by.total(), counts.crowds_by.total()
        kinds = [counts.of_kind(isthing)[1] for isthing in (True, False)]
        shares = [_percent(crowds, segments), _percent(counts.void, counts.pixels)]
        rows.append([name, counts.images, segments, *kinds, *shares, counts.empty])
    return _table(SPLIT_HEADER, rows)


def class_table(name: str, counts: SplitCounts) -> str:
    """One row a category, in the json's order."""
    rows = []
    for category in counts.categories:
        number, kind = category['id'], 'thing' if category['isthing'] else 'stuff'
        by = (counts.segments_by, counts.crowds_by, counts.images_by, counts.pixels_by)
        share = _percent(counts.pixels_by[number], counts.pixels)
        rows.append([category['name'], kind, *(c[number] for c in by), share])
    return f'{name}\n{_table(CLASS_HEADER, rows)}'


def _percent(part: int, whole: int) -> str:
    return f'{100 * part / whole:.2f}' if whole else '-'


def _table(header: str, rows: Iterable[Sequence]) -> str:
    cells = [[str(cell) for cell in row] for row in rows]
    return AsciiTable([header.split(','), *cells]).table
