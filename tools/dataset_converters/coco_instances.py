"""Make a dataset of outlines: an instances json, or a folder of Labelme's jsons.

``python coco_instances.py instances.json IMAGES --background other --out data/mine
--split train``
"""

import argparse

from converters.coco_instances import prepare_coco_instances

from mmpisr.families.own_data import run_own_data_tool


def main() -> None:
    """Prepare it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add('source', help="json of instances, or folder of Labelme's jsons")
    add('images', help='folder of the images')
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
    run_own_data_tool(parser, prepare_coco_instances)


if __name__ == '__main__':
    main()
