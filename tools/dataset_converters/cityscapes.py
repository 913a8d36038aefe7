"""Make Cityscapes' panoptic json and pngs: ``python cityscapes.py data/cityscapes``.

The folder has ``gtFine`` and ``leftImg8bit``, or the official
``gtFine_trainvaltest.zip`` and ``leftImg8bit_trainvaltest.zip``, which need not be
unpacked. The json is that of cityscapesScripts' ``csCreatePanopticImgs`` byte for byte,
and the pngs have the same pixels.
"""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent))  # where another script runs this one

import numpy as np
from converters.cityscapes_files import Frame, find_frames
from converters.cityscapes_truth import read_segments
from converters.split import ImageJob, convert_split

from mmpisr.command_line import run_tool
from mmpisr.datasets.cityscapes_labels import TABLE, has_train_ids, official_categories
from mmpisr.datasets.panoptic_json import read_panoptic_json
from mmpisr.datasets.run_in_order import run_in_order
from mmpisr.files import write_atomically

SPLITS = ('train', 'val', 'test')
WITHOUT_TRUTH = ('test',)  # its official truth is empty
JSON_STYLE: dict[str, Any] = dict(sort_keys=True, indent=4)


def main() -> None:
    """Read the command line, then convert or check."""
    parser = ArgumentParser(
        description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('root', nargs='?', default='data/cityscapes')
    default = 'default: train and val, and test if its images are there'
    add('--splits', nargs='+', choices=SPLITS, help=default)
    add('--train-ids', action='store_true', help='write the twin with train ids')
    add('--workers', type=int, default=2, help='processes')
    add('--check-only', action='store_true', help='read and check, write nothing')
    run_tool(parser, _run)


def _run(*, check_only: bool, train_ids: bool, **options: Any) -> None:
    if check_only:
        check_cityscapes(**options)
    else:
        convert_cityscapes(train_ids=train_ids, **options)


def convert_cityscapes(
    root: str | Path,
    *,
    splits: Sequence[str] | None = None,
    train_ids: bool = False,
    workers: int = 1,
) -> list[Path]:
    """Write ``gtFine/cityscapes_panoptic_{split}.json`` and the folder of pngs.

    The json of the test split lists images and categories only.

    Args:
        root: Folder of ``gtFine`` and ``leftImg8bit``, or of their zip files.
        splits: Of ``SPLITS``; by default train and val, and test if it exists.
        train_ids: Write the twin ``..._trainId`` whose category ids are train ids.
        workers: Processes.

    Returns:
        The json of each split.

    Raises:
        FileNotFoundError: A file is missing; names it and the layout.
        ValueError: A truth file is damaged or contradicts another.
        OSError: The disk is full; no file is half-written.
    """
    suffix, written = '_trainId' if train_ids else '', []
    for split, frames in _find_splits(Path(root), splits).items():
        path = Path(root, 'gtFine', f'cityscapes_panoptic_{split}{suffix}.json')
        categories = official_categories(train_ids=train_ids)
        if split in WITHOUT_TRUTH:
            _write_image_list(frames, categories, path)
        else:
            convert_split(
                [_job(frame, train_ids) for frame in frames],
                categories=categories,
                json_path=path,
                workers=workers,
                json_style=JSON_STYLE,
            )
        written.append(path)
    return written


def check_cityscapes(
    root: str | Path, *, splits: Sequence[str] | None = None, workers: int = 1
) -> None:
    """Read all truth, and existing jsons; write nothing.

    Raises:
        FileNotFoundError: As ``convert_cityscapes``.
        ValueError: As ``convert_cityscapes``, or a json has other ids than its name
            says.
    """
    for split, frames in _find_splits(Path(root), splits).items():
        read = partial(_read_frame, train_ids=False)
        truth = [frame for frame in frames if frame.instance_ids]
        for _ in run_in_order(f'Checking {split}', read, truth, workers=workers):
            pass
        for suffix, promised in (('', 'label'), ('_trainId', 'train')):
            path = Path(root, 'gtFine', f'cityscapes_panoptic_{split}{suffix}.json')
            if not path.exists():
                continue
            categories = read_panoptic_json(str(path)).get('categories', [])
            found = 'train' if has_train_ids(str(path), categories) else 'label'
            if found != promised:
                raise ValueError(
                    f'{path}: category ids are {found} ids, but its name promises '
                    f'{promised} ids'
                )
        print(f'{split}: {len(frames)} images are complete')


def check_label_table() -> None:
    """Compare our table with that of cityscapesScripts, if it is installed.

    Raises:
        ValueError: Theirs was edited; names the class and both ids.
    """
    with suppress(ImportError):
        from cityscapesscripts.helpers.labels import name2label

        for ours in TABLE:
            theirs = name2label[ours.name]
            if (ours.label_id, ours.train_id) != (theirs.id, theirs.trainId):
                raise ValueError(
                    f'cityscapesscripts.helpers.labels: {ours.name!r} has label id '
                    f'{theirs.id} and train id {theirs.trainId}, expected '
                    f'{ours.label_id} and {ours.train_id}'
                )


def _find_splits(root: Path, splits: Sequence[str] | None) -> dict[str, list[Frame]]:
    """Frames of each split, all found before anything is written."""
    check_label_table()
    frames = {
        split: find_frames(root, split, truth=split not in WITHOUT_TRUTH)
        for split in (splits or ('train', 'val'))
    }
    if splits is None:
        with suppress(FileNotFoundError):
            frames['test'] = find_frames(root, 'test', truth=False)
    return frames


def _job(frame: Frame, train_ids: bool) -> ImageJob:
    """Job of one image; names are those of cityscapesScripts."""
    height, width = frame.size
    image_name = f'{frame.image_id}_gtFine_leftImg8bit.png'
    return ImageJob(
        image=dict(id=frame.image_id, file_name=image_name, height=height, width=width),
        png_name=f'{frame.image_id}_gtFine_panoptic.png',
        segments=partial(_read_frame, frame, train_ids=train_ids),
        inputs=tuple(filter(None, (frame.instance_ids, frame.label_ids))),
    )


def _read_frame(frame: Frame, *, train_ids: bool) -> tuple[np.ndarray, list[dict]]:
    assert frame.instance_ids is not None
    return read_segments(frame.instance_ids, frame.label_ids, train_ids=train_ids)


def _write_image_list(
    frames: Sequence[Frame], categories: list[dict], path: Path
) -> None:
    """Write the json of a split without truth."""
    images = [
        dict(
            id=frame.image_id,
            file_name='/'.join(frame.image.split('/')[-2:]),
            height=frame.size[0],
            width=frame.size[1],
        )
        for frame in frames
    ]
    content = dict(images=images, categories=categories)
    write_atomically(path, json.dumps(content, **JSON_STYLE))
    print(f'{path}: {len(images)} images')


if __name__ == '__main__':
    main()
