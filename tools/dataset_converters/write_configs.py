"""Write configs for a dataset that is in the format of COCO panoptic already.

``python write_configs.py DATA --write-config my_data.py``: DATA has
``annotations/panoptic_{train,val}.json`` and the folders of pngs beside them.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # where another script runs this one

from converters.own_config_texts import MODELS
from converters.own_configs import annotations_of, print_configs, write_own_configs

from mmpisr.command_line import run_tool
from mmpisr.datasets.panoptic_json import read_panoptic_json

FOLDERS = '{name}', 'images/{name}', '{split}', 'images/{split}', 'images', '.'


def main() -> None:
    """Read the command line and write."""
    parser = ArgumentParser(description=__doc__)
    add = parser.add_argument
    add('data', type=Path, help='folder of the dataset')
    add(
        '--write-config',
        required=True,
        metavar='FILE.py',
        help='config of the data to write, and beside it a base and base + PISR',
    )
    add(
        '--images',
        nargs=2,
        type=Path,
        metavar=('TRAIN', 'VAL'),
        help='folders of the images, if DATA has no folders named as the splits',
    )
    add('--model', choices=MODELS, default='r18-slim', help='base model')
    add('--weights', type=Path, help="checkpoint of the base model's backbone")
    add('--max-iters', type=int, help='of a training; by default by number of images')
    run_tool(parser, write_configs)


def write_configs(
    data: Path,
    *,
    write_config: str,
    images: Sequence[Path] | None,
    model: str,
    weights: Path | None,
    max_iters: int | None,
) -> None:
    """Write the configs of train and val."""
    root = data.resolve()
    splits = 'train', 'val'
    folders = images or [image_folder(root, split) for split in splits]
    for split, folder in zip(splits, folders, strict=True):
        written = write_own_configs(
            write_config,
            out=root,
            images=folder,
            split=split,
            model=model,
            max_iters=max_iters,
            weights=weights.resolve() if weights else None,
        )
    print_configs(written)


def image_folder(root: Path, split: str) -> Path:
    """Find the folder that has the first and the last image of a split.

    Raises:
        FileNotFoundError: None of the usual folders has them.
    """
    stem = annotations_of(root, split)
    listed = read_panoptic_json(f'{root / stem}.json')['images']
    files = [listed[i]['file_name'] for i in (0, -1)]
    name = stem.rpartition('panoptic_')[2]
    folders = [root / folder.format(name=name, split=split) for folder in FOLDERS]
    for folder in folders:
        if all((folder / file).is_file() for file in files):
            return folder
    tried = ', '.join(dict.fromkeys(map(str, folders)))
    raise FileNotFoundError(
        f'{root / stem}.json lists {files[0]!r}, which is in none of {tried}; '
        'give --images TRAIN VAL'
    )


if __name__ == '__main__':
    main()
