"""Make a dataset of class pngs, and of instance pngs where there are some.

``python labelled_png.py IMAGES LABELS --classes classes.csv --instances INSTANCES
--out data/mine --split train``
"""

import argparse
import sys

from mmpisr.datasets.converters.labelled_png import Suffixes, prepare_labelled_png
from mmpisr.datasets.image_file import FRAMES


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add('images', help='folder of the images')
    add('labels', help='folder of the class pngs')
    add('--classes', required=True, help='json, yaml or csv: id, name, isthing, color')
    add('--out', required=True, help='folder of the dataset')
    add('--split', default='train', help='name of the split')
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument('--instances', help='folder of the instance pngs')
    source.add_argument(
        '--connected', action='store_true', help='connected regions are instances'
    )
    add('--unnumbered', choices=('crowd', 'void'), default='crowd', help='number 0')
    add('--min-area', type=int, default=0, help='smaller regions are void, pixels')
    add('--void', type=int, nargs='*', default=[255], help='values without a class')
    add('--image-suffix', help='end of the names of images, e.g. _rgb.jpg')
    add('--label-suffix', default='.png', help='in its place, of class pngs')
    add('--instance-suffix', default='.png', help='in its place, of instance pngs')
    add(
        '--orientation',
        choices=FRAMES,
        help='frame of the labels of images with an EXIF orientation: of the stored '
        'pixels, or as shown with it applied (default: the one whose size they have)',
    )
    add('--workers', type=int, default=2, help='processes')
    return parser.parse_args()


def main() -> None:
    """Prepare it; a mistake is a message and exit code 1."""
    args = parse_args()
    try:
        prepare_labelled_png(
            args.images,
            args.labels,
            classes=args.classes,
            out=args.out,
            split=args.split,
            instances=args.instances,
            connected=args.connected,
            unnumbered=args.unnumbered,
            min_area=args.min_area,
            void=args.void,
            suffixes=Suffixes(
                args.image_suffix, args.label_suffix, args.instance_suffix
            ),
            orientation=args.orientation,
            workers=args.workers,
        )
    except (ValueError, OSError) as error:
        sys.exit(f'labelled_png.py: {error}')


if __name__ == '__main__':
    main()
