"""Make a dataset of label files, and of instance pngs if there are any.

``python labelled_png.py IMAGES LABELS --classes classes.csv --instances INSTANCES
--out data/mine --split train``
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # where another script runs this one

from converters.classes_file import read_classes
from converters.label_folders import Suffixes, find_labels, split_folders
from converters.label_images import image_entries
from converters.label_segments import NUMBERINGS, LabelReader, label_table
from converters.own_configs import run_own_data_tool
from converters.split import ImageJob, convert_split

from mmpisr.datasets.panoptic_json import read_panoptic_json

DEFAULT_VOID = (255,)


def main() -> None:
    """Read the command line and convert."""
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
        help='name of the split; if IMAGES has only folders of splits, as train and '
        'val, IMAGES/SPLIT, LABELS/SPLIT and INSTANCES/SPLIT are read; if it has '
        'IMAGES/SPLIT beside other folders or images, the error says how to choose',
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
        type=lambda text: text if text.startswith('#') else int(text),
        nargs='*',
        default=[*DEFAULT_VOID],
        metavar='VALUE',
        help='values without a class; with --colors, colors such as #000000',
    )
    add('--image-suffix', help='end of the names of images, e.g. _rgb.jpg')
    add('--label-suffix', default='.png', help='end of the names of label files')
    add('--instance-suffix', default='.png', help='end of the names of instance pngs')
    add(
        '--skip-unlabelled',
        action='store_true',
        help='leave out images without labels, and print how many',
    )
    run_own_data_tool(parser, prepare_labelled_png)


def prepare_labelled_png(
    images: str | Path,
    labels: str | Path,
    *,
    classes: str | Path,
    out: str | Path,
    split: str = 'train',
    instances: str | Path | None = None,
    connected: bool = False,
    numbering: int | None = None,
    colors: bool = False,
    unnumbered: str = 'crowd',
    min_area: int = 0,
    void: Sequence[int | str] = DEFAULT_VOID,
    image_suffix: str | None = None,
    label_suffix: str = '.png',
    instance_suffix: str = '.png',
    skip_unlabelled: bool = False,
    orientation: str | None = None,
    workers: int = 1,
) -> Path:
    """Write ``annotations/panoptic_{split}`` and its json; images stay where they are.

    Args:
        images: Folder of the images, searched with its subfolders; see
            ``split_folders`` for one that has a folder for each split.
        labels: Folder of the label files, see ``read_label_file``.
        classes: Table of the classes, see ``read_classes``.
        out: Folder of the dataset.
        split: Its name.
        instances: Folder of the instance files: grey values, or RGB (``R + 256 G +
            65536 B``). Class and number together make an instance. Numbers on stuff
            are ignored.
        connected: Without ``instances``: connected regions of things are instances.
        numbering: Label files hold both: ``class x numbering + number`` for an
            instance, and a value below ``numbering`` is a class without number.
        colors: Label files show the classes' colours.
        unnumbered: Pixels of a thing whose number is 0: one ``crowd`` region per
            class, which no metric counts as missed, or ``void``.
        min_area: With ``connected``: smaller regions (pixels) become void.
        void: Values of the label files without a class; with ``colors``, colours
            ``#rrggbb``, by default none.
        image_suffix: End of the names of images, in any case; None: of any image file.
        label_suffix: In its place, of label files.
        instance_suffix: In its place, of instance files.
        skip_unlabelled: Leave out images without labels, and print how many.
        orientation: Frame of the labels of images with an EXIF orientation, ``stored``
            or ``shown``; None: the one whose size they have.
        workers: Processes.

    Returns:
        Folder that the json's names of images start from.

    Raises:
        FileNotFoundError: Names the first file that is missing, and the layout.
        ValueError: A label file is faulty, of another size or has unknown values, the
            table of classes is faulty, or arguments contradict each other.
    """
    categories = read_classes(classes)
    things = tuple(c['id'] for c in categories if c['isthing'])
    if (instances is not None) + connected + (numbering is not None) != 1:
        raise ValueError(
            f'numbering is {numbering}, instances is {instances!r} and connected '
            f'{connected}: give a folder of instance files, or connected (regions are '
            'instances), or numbering (label files have both), and only one of them'
        )
    if min_area < 0 or (min_area and not connected):
        raise ValueError(
            f'min_area is {min_area}; it must be >= 0, and needs connected'
        )
    if unnumbered not in ('crowd', 'void'):
        raise ValueError(f"unnumbered is {unnumbered!r}, neither 'crowd' nor 'void'")
    if numbering is not None and (numbering < 2 or colors or 0 in things):
        raise ValueError(
            f'{classes}: numbering is {numbering}, colors is {colors} and things are '
            f'{things}; it must be > 1, without colors, and class 0 must be stuff'
        )
    void = () if colors and tuple(void) == DEFAULT_VOID else void
    table = label_table(categories, void, colors)
    reader = LabelReader(table, things, unnumbered, min_area, numbering, colors)
    annotations = Path(out) / 'annotations'
    given = [Path(f) for f in (images, labels, instances) if f is not None]
    folders = split_folders(given, split, Path(out))
    suffixes = Suffixes(image_suffix, label_suffix, instance_suffix)
    found = find_labels(folders, suffixes, annotations, skip_unlabelled=skip_unlabelled)
    listed = [(i, image.name, image.labels[0]) for i, image in enumerate(found, 1)]
    entries = image_entries(
        folders[0], listed, orientation=orientation, workers=workers
    )
    source = 'connected regions' if connected else 'numbered in pngs'
    info = dict(
        description='made of class pngs',
        instances=f'class x {numbering} + number' if numbering else source,
        unnumbered=unnumbered,
        min_area=min_area,
        void=sorted(void),
    )
    json_path = annotations / f'panoptic_{split}.json'
    convert_split(
        [
            ImageJob(
                entry,
                f'{image.stem}.png',
                partial(reader.segments, *image.labels),
                image.labels,
            )
            for entry, image in zip(entries, found, strict=True)
        ],
        categories=categories,
        json_path=json_path,
        info=info | (dict(colors=True) if colors else {}),
        workers=workers,
    )
    _note_absent_classes(json_path, folders[1], void)
    return folders[0]


def _note_absent_classes(
    json_path: Path, labels: Path, void: Sequence[int | str]
) -> None:
    """Print which classes no label file shows, and a hint for masks of 0 and 255."""
    content = read_panoptic_json(str(json_path))
    segments = [s for a in content['annotations'] for s in a['segments_info']]
    shown = {segment['category_id'] for segment in segments}
    absent = [c['name'] for c in content['categories'] if c['id'] not in shown]
    if not absent or not content['images']:
        return
    print(f'{labels}: no file shows the classes {absent}')
    pixels = sum(image['height'] * image['width'] for image in content['images'])
    left_out = pixels - sum(segment['area'] for segment in segments)
    if left_out and 255 in void and len(shown) <= 1:
        print(
            f'{left_out} of {pixels} pixels are void, as value 255 is. If 255 is a '
            'class (masks of 0 and 255), write 255 as its id in --classes, and --void '
            'with the values that are void, or with nothing after it'
        )


if __name__ == '__main__':
    main()
