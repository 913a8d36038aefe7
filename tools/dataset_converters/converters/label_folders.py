"""Find the label and instance file of each image, in folders of their own or one."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from mmpisr.datasets.image_folder import IMAGE_SUFFIXES, composed, list_images, report

from .layout import missing_error

SPLITS = ('train', 'training', 'val', 'valid', 'validation', 'test', 'testing')
LAYOUT = """
IMAGES/[folders/]NAME{}
LABELS/[folders/]NAME{}       class numbers, grey or palette
INSTANCES/[folders/]NAME{}    instance numbers, 0 = none (optional)
"""


class Suffixes(NamedTuple):
    """Ends of the file names after their common part, in any case."""

    images: str | None = None  # None = any image file
    labels: str = '.png'
    instances: str = '.png'


class LabelledImage(NamedTuple):
    """One image and its files."""

    name: Path  # relative to the folder of images
    stem: str  # common part of the names, with the folder
    labels: tuple[Path, ...]  # class file, and instance file where there are some


def split_folders(folders: Sequence[Path], split: str, out: Path) -> list[Path]:
    """Choose ``IMAGES/SPLIT`` and so on if IMAGES has folders of splits only.

    ``out`` may be among the folders of splits.

    Raises:
        ValueError: There are folders of splits, but not of this one, or other images
            or folders beside it.
    """
    images = folders[0]
    apart = {folder.resolve() for folder in (*folders, out)}
    names = sorted(
        path.name
        for path in (images.iterdir() if images.is_dir() else ())
        if not path.name.startswith('.')
        and path.resolve() not in apart
        and (path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES)
    )
    splits = [name for name in names if name.lower() in (split, *SPLITS)]
    if not splits or (split not in splits and split not in SPLITS):
        return list(folders)
    if split in splits == names:
        print(f'{images}: {split!r} is read, not all of {names}')
        return [folder / split for folder in folders]
    raise ValueError(
        f'{images}: has {names[:5]}, and split is {split!r}; give {images / splits[0]} '
        'as IMAGES to read one folder, or --split all, or another name, to read all'
    )


def find_labels(
    folders: Sequence[Path], suffixes: Suffixes, out: Path, *, skip_unlabelled: bool
) -> list[LabelledImage]:
    """Pair images with their files by name, whatever the form of accents.

    ``folders`` are those of images, labels and, if any, instances; they may be the
    same. ``out`` is not searched.

    Raises:
        FileNotFoundError: Naming the first file that is missing, and the layout.
        ValueError: Two files have the same name up to the suffix.
    """
    layout = LAYOUT.format(*suffixes._replace(images=suffixes.images or '.*'))
    missing = partial(missing_error, f'Images in {folders[0]}', layout)
    absent = [folder for folder in folders if not folder.is_dir()]
    if absent:
        raise missing(absent, len(folders))
    images, *others = [
        _by_stem(folders, suffixes, kind, out) for kind in range(len(folders))
    ]
    if not images:
        name = f'NAME{suffixes.images or IMAGE_SUFFIXES[0]}'
        advice = '; files that end as labels do are not taken for images'
        raise missing([folders[0] / name], 1, advice)
    files = list(zip(folders[1:], suffixes[1:], others, strict=False))
    paths = {
        folder / f'{stem}{suffix}': stem
        for folder, suffix, found in files
        for stem in images
        if stem not in found
    }
    skipped = set(paths.values())
    if paths and (not skip_unlabelled or len(skipped) == len(images)):
        advice = (
            '; give --label-suffix or --instance-suffix if names end otherwise, or '
            'leave such images out with --skip-unlabelled'
        )
        raise missing([*paths], len(images) * len(files), advice)
    left_out = {f'images of {folders[0]} lack a file, so they are skipped': skipped}
    for folder, _, found in files:
        left_out[f'files of {folder} have no image'] = found.keys() - images.keys()
    report({kind: sorted(stems) for kind, stems in left_out.items()})
    return [
        LabelledImage(name, stem, tuple(f / found[stem] for f, _, found in files))
        for stem, name in images.items()
        if stem not in skipped
    ]


def _by_stem(
    folders: Sequence[Path], suffixes: Suffixes, kind: int, out: Path
) -> dict[str, Path]:
    """Names of one kind by their common part, in Unicode's composed form."""
    folder, suffix = folders[kind], suffixes[kind] or ''
    longer = tuple(  # of the other kinds in the same folder
        composed(end)
        for other, end in zip(folders, suffixes, strict=False)
        if end and len(end) > len(suffix) and other.samefile(folder)
    )
    ends = (suffix,) if suffix else IMAGE_SUFFIXES
    found: dict[str, Path] = {}
    for name in list_images(folder, ends, exclude=[*folders, out]):
        text = composed(name.name)
        if text.endswith(longer):
            continue
        end = next(e for e in map(composed, ends) if text.endswith(e))
        stem = normalize('NFC', name.as_posix())[: -len(end)]
        if stem in found:
            raise ValueError(
                f'{folder}: {str(found[stem])!r} and {str(name)!r} have one name up to '
                'the suffix or the form of accents, so one segment png; rename one, or '
                'choose a suffix with --image-suffix or --label-suffix'
            )
        found[stem] = name
    return found
