"""Make a dataset of label files, and of instance pngs where there are some.

``python labelled_png.py IMAGES LABELS --classes classes.csv --instances INSTANCES
--out data/mine --split train``
"""

import argparse
from pathlib import Path

from converters.labelled_png import (
    DEFAULT_VOID,
    NUMBERINGS,
    Suffixes,
    prepare_labelled_png,
)

from mmpisr.families.own_data import run_own_data_tool


def main() -> None:
    """Prepare it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add('images', help='folder of the images')
    add('labels', help='folder of the label files: class numbers, or --colors')
    add('--classes', required=True, help='json, yaml or csv: id, name, isthing, color')
    add(
        '--split',
        default='train',
        help='name of the split; where IMAGES has folders of splits only, as train '
        'and val, IMAGES/SPLIT, LABELS/SPLIT and INSTANCES/SPLIT are read; where '
        'other folders or images are beside IMAGES/SPLIT it is an error that says how '
        'to choose',
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument('--instances', help='folder of the instance files')
    source.add_argument(
        '--connected', action='store_true', help='connected regions are instances'
    )
    source.add_argument(
        '--numbering',
        type=int,
        choices=NUMBERINGS,
        help='label files have class x NUMBERING + n for instance n (n may be 0); a '
        'value below is a class without number, as in Cityscapes',
    )
    add(
        '--colors',
        action='store_true',
        help='label files show the colors that the table has for its classes',
    )
    add('--unnumbered', choices=('crowd', 'void'), default='crowd', help='number 0')
    add('--min-area', type=int, default=0, help='smaller regions are void, pixels')
    add(
        '--void',
        type=value,
        nargs='*',
        default=[*DEFAULT_VOID],
        metavar='VALUE',
        help='values without a class; with --colors, colors such as #000000',
    )
    add('--image-suffix', help='end of the names of images, e.g. _rgb.jpg')
    add('--label-suffix', default='.png', help='in its place, of label files')
    add('--instance-suffix', default='.png', help='in its place, of instance pngs')
    add(
        '--skip-unlabelled',
        action='store_true',
        help='leave out images without labels, and say how many',
    )
    run_own_data_tool(parser, prepare)


def value(text: str) -> int | str:
    """Read a number, or a color as it is."""
    return text if text.startswith('#') else int(text)


def prepare(
    *,
    image_suffix: str | None,
    label_suffix: str,
    instance_suffix: str,
    **options,
) -> Path:
    """Convert with the suffixes of the command line."""
    suffixes = Suffixes(image_suffix, label_suffix, instance_suffix)
    return prepare_labelled_png(suffixes=suffixes, **options)


if __name__ == '__main__':
    main()
