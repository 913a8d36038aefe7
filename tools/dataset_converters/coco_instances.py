"""Make a dataset of outlines: an instances json, or a folder of Labelme's jsons.

``python coco_instances.py instances.json IMAGES --background other --out data/mine
--split train``
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # where another script runs this one

from converters.instance_json import choose_classes, find_images, read_instances
from converters.labelme import read_labelme
from converters.outline_jobs import note_hidden, outline_jobs, outlines_by_image
from converters.own_configs import run_own_data_tool
from converters.split import convert_split

from mmpisr.datasets.image_folder import report
from mmpisr.datasets.panoptic_json import read_panoptic_json


def main() -> None:
    """Read the command line and convert."""
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
    on_top = 'on top is the later annotation, or the smaller one'
    add('--overlap', choices=('order', 'area'), default='order', help=on_top)
    choices, crowds = ('keep', 'instance', 'void'), 'what iscrowd 1 becomes'
    add('--crowds', choices=choices, default='keep', help=crowds)
    add('--skip-missing', action='store_true', help='leave out images without a file')
    run_own_data_tool(parser, prepare_coco_instances)


def prepare_coco_instances(
    source: str | Path,
    images: str | Path,
    *,
    out: str | Path,
    split: str = 'train',
    classes: str | Path | None = None,
    stuff: Sequence[str] = (),
    stuff_labels: str | Path | None = None,
    background: str | None = None,
    overlap: str = 'order',
    crowds: str = 'keep',
    skip_missing: bool = False,
    orientation: str | None = None,
    workers: int = 1,
) -> Path:
    """Write ``annotations/panoptic_{split}`` and its json; images stay where they are.

    Stuff is drawn first, then crowds, then other things. What is left out is counted
    and printed with an example.

    Args:
        source: Json of instances, or a folder of Labelme's jsons.
        images: Folder of the images, searched with its subfolders.
        out: Folder of the dataset.
        split: Its name.
        classes: Table of the classes, see ``read_classes``; the names of ``source``
            must be in it. Without it: those of ``source``, all of them things.
        stuff: Without ``classes``: names that are stuff.
        stuff_labels: Folder of class pngs that lie under the outlines; things in
            them, and 255, are void.
        background: Class of pixels without annotation, which are void otherwise.
        overlap: What is on top: the later annotation (``order``), or the smaller
            (``area``).
        crowds: What annotations with ``iscrowd`` become: crowds (``keep``), an
            ``instance`` each, or ``void``.
        skip_missing: Leave out images whose files are missing.
        orientation: Frame of the outlines of images with an EXIF orientation,
            ``stored`` or ``shown``; None: the one whose size the json has.
        workers: Processes.

    Returns:
        The folder of the images.

    Raises:
        FileNotFoundError: Names the first file that is missing, and the layout.
        ValueError: A field, an outline or an argument is wrong; both values are named.
    """
    if background is not None and stuff_labels is not None:
        raise ValueError(
            f'background {background!r} and stuff_labels {str(stuff_labels)!r}: give '
            'only one of them for the pixels without outline'
        )
    source, images = Path(source), Path(images)
    left_out: defaultdict[str, list[str]] = defaultdict(list)
    is_labelme = source.is_dir()
    content = read_labelme(source, left_out) if is_labelme else read_instances(source)
    categories = choose_classes(source, content, classes, stuff, background, left_out)
    entries = find_images(
        source,
        content['images'],
        images,
        left_out,
        skip_missing=skip_missing,
        orientation=orientation,
        workers=workers,
    )
    drawn = outlines_by_image(content, categories, entries, crowds, left_out)
    json_path = Path(out) / f'annotations/panoptic_{split}.json'
    convert_split(
        outline_jobs(
            entries,
            drawn,
            categories,
            stuff_labels=stuff_labels,
            background=background,
            by_area=overlap == 'area',
        ),
        categories=categories,
        json_path=json_path,
        info=dict(
            description='made of outlines of instances',
            under_them='pngs' if stuff_labels else background,
            overlap=overlap,
            crowds=crowds,
        ),
        workers=workers,
    )
    note_hidden(read_panoptic_json(str(json_path))['annotations'], drawn, left_out)
    report(left_out)
    return images


if __name__ == '__main__':
    main()
