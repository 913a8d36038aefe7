"""The same image in two splits, or twice in one, by the hash of its content."""

from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement

from .problems import Problem, error, warning
from .split import SplitFindings


def shared_image_problems(splits: Sequence[SplitFindings]) -> Iterator[Problem]:
    """Warn of images that a split has twice, or two splits share.

    It is an error where one of two splits is trained on.
    """
    for first, second in combinations_with_replacement(splits, 2):
        names = first.split.name, second.split.name
        report = error if 'train' in ' '.join(names).split() else warning
        for what, ours, theirs in _pairs(first, second):
            if first is second:
                json_path = first.split.dataset.ann_file
                message = f'same {what} as {ours!r}, and both are images[] of '
                yield warning(theirs, 'doubled images', f'{message}{json_path}')
            else:
                message = f'image of {names[1]} with the same {what} as {ours!r} of '
                yield report(theirs, 'images in two splits', f'{message}{names[0]}')


def _pairs(
    first: SplitFindings, second: SplitFindings
) -> Iterator[tuple[str, str, str]]:
    """What is the same, and both paths; equal bytes first, they are equal pixels."""
    seen = set()
    for what in ('bytes', 'pixels'):
        for digest, ours in first.digests[what].items():
            others = second.digests[what].get(digest, [])
            others = ours[1:] if first is second else others
            if others and ours[0] not in seen:
                seen.add(ours[0])
                yield what, ours[0], others[0]
