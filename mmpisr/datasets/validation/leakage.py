"""The same image in two splits, or twice in one, by the hash of its content."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from ..json_checks.problem import ERROR, WARNING, Problem, warning
from .split import SplitFindings

KINDS = ('bytes', 'pixels')  # equal bytes are equal pixels, so they are told first


def double_image_problems(findings: SplitFindings) -> Iterator[Problem]:
    """Warn of images that a split has twice."""
    told: set[str] = set()
    for kind in KINDS:
        for paths in findings.digests[kind].values():
            if len(paths) > 1 and not told.issuperset(paths):
                told.update(paths)
                message = (
                    f'same {kind} as {paths[0]!r}, and both are images[] of '
                    f'{findings.split.dataset.ann_file}'
                )
                yield warning(paths[1], 'doubled images', message)


def leakage_problems(splits: Sequence[SplitFindings]) -> Iterator[Problem]:
    """Look for images that two splits share.

    Yields:
        An error for each image that is also trained on; a warning for one of two
        other splits.
    """
    for first, second in combinations(splits, 2):
        trained = 'train' in (*first.split.name.split(), *second.split.name.split())
        level = ERROR if trained else WARNING
        told: set[str] = set()
        for kind in KINDS:
            for digest in first.digests[kind].keys() & second.digests[kind].keys():
                ours, theirs = first.digests[kind][digest], second.digests[kind][digest]
                if ours[0] in told:
                    continue
                told.add(ours[0])
                message = (
                    f'image of {second.split.name} with the same {kind} as '
                    f'{ours[0]!r} of {first.split.name}'
                )
                yield Problem(level, theirs[0], message, 'images in two splits')
