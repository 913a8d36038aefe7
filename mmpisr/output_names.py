"""File names for the results of images, unique among them."""

import os.path as osp
from collections.abc import Callable, Iterable
from pathlib import PurePath

Rule = Callable[[PurePath], str]
SHORTENED: tuple[Rule, ...] = (
    lambda path: path.stem,
    lambda path: path.with_suffix('').as_posix(),
    PurePath.as_posix,
)
WHOLE: tuple[Rule, ...] = (lambda path: path.name, PurePath.as_posix)


def distinct_names(
    images: Iterable[str], *, keep_suffix: bool = False, root: str | None = None
) -> dict[str, str]:
    """Make the shortest names that are unique for a set of images.

    Names are the images' file names (``f0``). Where two of these are equal, all names
    keep the folders below the images' common one (``cam1/f0``). Where two of these are
    equal, too, all names keep the suffix (``cam1/f0.jpg``).

    Args:
        images: Paths or addresses.
        keep_suffix: Keep the suffix in any case, as a drawn copy of the image does.
        root: A folder that holds all images. The names keep all folders below it.

    Returns:
        Name by path, with ``/`` between folders.
    """
    paths = {image: PurePath(osp.abspath(image)) for image in images}
    shared = len(osp.commonprefix([path.parts[:-1] for path in paths.values()]))
    rules = WHOLE if keep_suffix else SHORTENED
    if root is not None:
        shared, rules = len(PurePath(osp.abspath(root)).parts), rules[1:]
    below = {image: PurePath(*path.parts[shared:]) for image, path in paths.items()}
    names: dict[str, str] = {}
    for rule in rules:
        names = {image: rule(path) for image, path in below.items()}
        if len({*names.values()}) == len({*below.values()}):
            break
    return names
