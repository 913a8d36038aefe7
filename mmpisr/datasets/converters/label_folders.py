"""Find the label and instance file of each image, in folders of their own or one."""

from collections.abc import Collection, Sequence
from functools import partial
from glob import escape
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from .label_images import IMAGE_SUFFIXES, composed, list_images
from .layout import missing_error

KINDS = ('image', 'label', 'instance')
SPLITS = ('train', 'training', 'val', 'valid', 'validation', 'test', 'testing')
LAYOUT = """
IMAGES/[folders/]NAME{}
LABELS/[folders/]NAME{}       class numbers, grey or palette
INSTANCES/[folders/]NAME{}    instance numbers, 0 = none (optional)
"""


class Suffixes(NamedTuple):
    """What follows the common part of the names, in any case."""

    images: str | None = None  # None = any image file
    labels: str = '.png'
    instances: str = '.png'


class LabelledImage(NamedTuple):
    """One image and its files."""

    name: Path  # relative to the folder of images
    stem: str  # common part of the names, with the folder
    labels: list[Path]  # class file, and instance file where there are some


def split_folders(
    folders: Sequence[Path], split: str, *, exclude: Sequence[Path] = ()
) -> list[Path]:
    """Take the subfolder of a split where the images have one.

    Args:
        folders: Of images, labels and maybe instances.
        split: Its name.
        exclude: More folders that hold no images, such as the output.

    Returns:
        ``IMAGES/SPLIT`` and so on where the folder of images has only folders of
        splits, this one among them; else the folders as they are.

    Raises:
        ValueError: ``IMAGES/SPLIT`` has other images or folders beside it, or there
            are folders of other splits only.
    """
    images = folders[0]
    inside = _images_or_folders(images, {f.resolve() for f in (*folders, *exclude)})
    splits = [name for name in inside if name == split or name.lower() in SPLITS]
    others = [name for name in inside if name not in splits]
    if split not in splits:
        if not splits or split not in SPLITS:
            return list(folders)
        problem = f'has {splits}, but not {split!r}'
    elif others:
        problem = f'is {split!r} a split of it? Beside it are {others[0]!r} and so on'
    else:
        left = [name for name in splits if name != split]
        print(f'{images}: split {split!r} is the folder of that name; not read: {left}')
        return [folder / split for folder in folders]
    raise ValueError(
        f'{images}: {problem}; give {images / splits[0]} as IMAGES to take a folder '
        'alone, or a --split of another name, such as all, to take everything'
    )


def find_labels(
    folders: Sequence[Path],
    suffixes: Suffixes,
    *,
    exclude: Sequence[Path] = (),
    skip_unlabelled: bool = False,
) -> list[LabelledImage]:
    """Pair images with their files by name; accents may be composed or not.

    Args:
        folders: Of images, labels and maybe instances.
        suffixes: Ends of the names.
        exclude: More folders that are not searched, such as the output.
        skip_unlabelled: Leave out images that lack a file, and print how many.

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
        _by_stem(folders, suffixes, kind, exclude) for kind in range(len(folders))
    ]
    if not images:
        name = f'NAME{suffixes.images or IMAGE_SUFFIXES[0]}'
        raise missing([folders[0] / name], 1)

    files = list(zip(folders[1:], suffixes[1:], others, strict=False))
    paths = {
        folder / f'{stem}{suffix}': stem
        for folder, suffix, found in files
        for stem in images
        if stem not in found
    }
    skipped = set(paths.values())
    if paths and (not skip_unlabelled or len(skipped) == len(images)):
        raise missing([*paths], len(images) * len(files), _advice(next(iter(paths))))
    _report(f'{folders[0]}: images without labels, skipped', skipped)
    for folder, _, found in files:
        _report(f'{folder}: files without image', found.keys() - images.keys())
    return [
        LabelledImage(name, stem, [folder / found[stem] for folder, _, found in files])
        for stem, name in images.items()
        if stem not in skipped
    ]


def _images_or_folders(folder: Path, exclude: set[Path]) -> list[str]:
    """Names of what a folder may have images in, and of its images."""
    return sorted(
        path.name
        for path in (folder.iterdir() if folder.is_dir() else ())
        if not path.name.startswith('.')
        and path.resolve() not in exclude
        and (path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES)
    )


def _by_stem(
    folders: Sequence[Path], suffixes: Suffixes, kind: int, exclude: Sequence[Path]
) -> dict[str, Path]:
    """Names of one kind by their common part, in Unicode's composed form."""
    folder, suffix = folders[kind], suffixes[kind]
    longer = tuple(  # of the other kinds in the same folder
        composed(end)
        for other, end in zip(folders, suffixes, strict=False)
        if end and len(end) > len(suffix or '') and other.samefile(folder)
    )
    ends = IMAGE_SUFFIXES if suffix is None else (suffix,)
    found: dict[str, Path] = {}
    for name in list_images(folder, ends, exclude=[*folders, *exclude]):
        if composed(name.name).endswith(longer):
            continue
        end = next(e for e in ends if composed(name.name).endswith(composed(e)))
        stem = normalize('NFC', name.as_posix())[: -len(composed(end))]
        if stem in found:
            raise ValueError(
                f'{folder}: {found[stem].as_posix()!r} and {name.as_posix()!r} have the '
                'same name up to their suffix and the form of accents, so they would '
                f'share a segment png; rename one, or say --{KINDS[kind]}-suffix'
            )
        found[stem] = name
    return found


def _advice(path: Path) -> str:
    """What to do about a label that is missing."""
    same = sorted(path.parent.glob(f'{escape(path.stem)}.*'))
    there = f' {same[0].name!r} is there: give its suffix,' if same else ''
    return f';{there} or leave out such images with --skip-unlabelled'


def _report(title: str, names: Collection[str]) -> None:
    if names:
        print(f'{title}: {len(names)}, the first is {min(names)!r}')
