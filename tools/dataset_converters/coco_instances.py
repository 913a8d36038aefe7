"""Make a dataset of outlines: an instances json, or a folder of Labelme's jsons.

``python coco_instances.py instances.json IMAGES --background other --out data/mine
--split train``
"""

import argparse
import sys

from mmpisr.datasets.converters.coco_instances import prepare_coco_instances
from mmpisr.datasets.image_file import FRAMES
from mmpisr.families.own_data import MODELS, write_own_configs


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add('source', help="json of instances, or folder of Labelme's jsons")
    add('images', help='folder of the images')
    add('--out', required=True, help='folder of the dataset')
    add('--split', default='train', help='name of the split')
    add('--classes', help='json, yaml or csv: id, name, isthing, color')
    add('--stuff', nargs='+', default=[], metavar='NAME', help='classes that are stuff')
    under = parser.add_mutually_exclusive_group()
    under.add_argument(
        '--stuff-labels',
        metavar='FOLDER',
        help='class pngs under the outlines; their values are ids of --classes',
    )
    under.add_argument(
        '--background',
        metavar='NAME',
        help='class of pixels without outline, which are void otherwise',
    )
    add(
        '--overlap',
        choices=('order', 'area'),
        default='order',
        help='on top is the later annotation, or the smaller one',
    )
    add(
        '--crowds',
        choices=('keep', 'instance', 'void'),
        default='keep',
        help='what annotations with iscrowd 1 become',
    )
    add('--skip-missing', action='store_true', help='leave out images without a file')
    add(
        '--orientation',
        choices=FRAMES,
        help='frame of the outlines of images with an EXIF orientation: of the stored '
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


def main() -> None:
    """Prepare it; a mistake is a message and exit code 1."""
    args = parse_args()
    try:
        prepare_coco_instances(
            args.source,
            args.images,
            out=args.out,
            split=args.split,
            classes=args.classes,
            stuff=args.stuff,
            stuff_labels=args.stuff_labels,
            background=args.background,
            overlap=args.overlap,
            crowds=args.crowds,
            skip_missing=args.skip_missing,
            orientation=args.orientation,
            workers=args.workers,
        )
        if args.write_config is not None:
            write_own_configs(
                args.write_config,
                out=args.out,
                images=args.images,
                split=args.split,
                model=args.model,
            )
    except (ValueError, OSError) as error:
        sys.exit(f'coco_instances.py: {error}')


if __name__ == '__main__':
    main()
