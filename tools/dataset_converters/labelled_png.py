"""Make a dataset of label files, and of instance pngs where there are some.

``python labelled_png.py IMAGES LABELS --classes classes.csv --instances INSTANCES
--out data/mine --split train``
"""

import argparse
import sys

from mmpisr.datasets.converters.labelled_png import (
    NUMBERINGS,
    Suffixes,
    prepare_labelled_png,
)
from mmpisr.datasets.image_file import FRAMES
from mmpisr.families.own_data import MODELS, write_own_configs


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add('images', help='folder of the images')
    add('labels', help='folder of the label files: class numbers, or --colors')
    add('--classes', required=True, help='json, yaml or csv: id, name, isthing, color')
    add('--out', required=True, help='folder of the dataset')
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
        default=[255],
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
    add(
        '--orientation',
        choices=FRAMES,
        help='frame of the labels of images with an EXIF orientation: of the stored '
        'pixels, or as shown with it applied (default: the one whose size they have)',
    )
    add('--workers', type=int, default=2, help='processes')
    add(
        '--write-config',
        metavar='FILE.py',
        help='config of the data to write, and beside it a base and base + PISR',
    )
    add('--model', choices=MODELS, default='r18-slim', help='of --write-config')
    return parser.parse_args()


def value(text: str) -> int | str:
    """Read a number, or a color as it is."""
    return text if text.startswith('#') else int(text)


def main() -> None:
    """Prepare it; a mistake is a message and exit code 1."""
    args = parse_args()
    try:
        images = prepare_labelled_png(
            args.images,
            args.labels,
            classes=args.classes,
            out=args.out,
            split=args.split,
            instances=args.instances,
            connected=args.connected,
            numbering=args.numbering,
            colors=args.colors,
            unnumbered=args.unnumbered,
            min_area=args.min_area,
            void=args.void,
            suffixes=Suffixes(
                args.image_suffix, args.label_suffix, args.instance_suffix
            ),
            skip_unlabelled=args.skip_unlabelled,
            orientation=args.orientation,
            workers=args.workers,
        )
        if args.write_config is not None:
            write_own_configs(
                args.write_config,
                out=args.out,
                images=images,
                split=args.split,
                model=args.model,
            )
    except (ValueError, OSError) as error:
        sys.exit(f'labelled_png.py: {error}')


if __name__ == '__main__':
    main()
