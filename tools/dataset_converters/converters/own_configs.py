"""Write the configs of a user's dataset: the data, a base model, and base + PISR."""

import hashlib
import re
import textwrap
from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmpisr.command_line import run_tool
from mmpisr.datasets.image_file import FRAMES
from mmpisr.datasets.panoptic_json import categories_metainfo, read_panoptic_json
from mmpisr.files import write_atomically

from .own_config_texts import (
    BASE,
    DATA,
    EVALUATION,
    MODELS,
    NO_VAL,
    PISR,
    SAME_TEST,
    WEIGHTS,
    Model,
)

MARK = '\n# Written by --write-config, digest '
SPLITS = 'train', 'val', 'test'


def run_own_data_tool(parser: ArgumentParser, prepare: Callable[..., Path]) -> None:
    """Convert a dataset, and write its configs if the command line asks for them.

    Args:
        parser: With the flags of this conversion; flags of all conversions are added.
        prepare: Takes the flags by name; returns the folder of the images.
    """
    add = parser.add_argument
    add('--out', required=True, help='folder of the dataset')
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

    def work(*, write_config: str | None, model: str, **flags: Any) -> None:
        target = dict(out=flags['out'], split=flags['split'])
        if write_config is not None:  # refuses wrong flags before a long conversion
            image_folders(write_config, images='.', **target)
        images = prepare(**flags)
        if write_config is not None:
            written = write_own_configs(
                write_config, images=images, model=model, **target
            )
            print_configs(written)

    run_tool(parser, work)


def write_own_configs(
    path: str | Path,
    *,
    out: str | Path,
    images: str | Path,
    split: str,
    model: str = 'r18-slim',
    max_iters: int | None = None,
    weights: str | Path | None = None,
) -> list[Path]:
    """Write a config of the data, and beside it two of models.

    Splits that were added before stay in it. A file that would not change is not
    written again.

    Args:
        path: Path of the config of the data.
        out: Folder of the dataset, with the split's json.
        images: Folder of its images.
        split: ``train``, ``val`` or ``test``; ``train`` must be the first.
        model: Key of ``MODELS``.
        max_iters: Length of a training; by the number of images if unset.
        weights: Checkpoint of the backbone; by default the one that the model names.

    Returns:
        Paths of the configs of the data, of the base, and of base + PISR.

    Raises:
        ValueError: As :func:`image_folders`; or classes differ between splits.
        FileExistsError: A file that would change was edited; none is written.
    """
    path, root = Path(path), Path(out).resolve()
    folders = image_folders(path, out=root, images=images, split=split)
    base = path.with_name(f'panoptic-deeplab_{model}_{path.name}')
    train = _train_of(root, folders)
    settings = MODELS[model]._asdict() | _counts(train)
    settings['weights'] = WEIGHTS.format(weights=str(weights)) if weights else ''
    texts = {
        path: _data_text(train, root, folders, MODELS[model]),
        base: _base_text(train, path.name, settings, max_iters),
        path.with_name(f'pisr_{base.name}'): PISR.format(
            **settings, base_name=base.name
        ),
    }
    for file, text in texts.items():
        _refuse_edited(file, text)
    for file, text in texts.items():
        if not file.is_file() or _digest(text) != _marked(file.read_text('utf-8')):
            write_atomically(file, f'{text}{MARK}{_digest(text)}\n')
    return [*texts]


def print_configs(paths: Iterable[Path]) -> None:
    """Print a line for each config."""
    for path in paths:
        print(f'config: {path}')


def image_folders(
    path: str | Path, *, out: str | Path, images: str | Path, split: str
) -> dict[str, str]:
    """Image folder of each split in a config of the data, with that of a new split.

    Args:
        path: Path of the config; it may not exist yet.
        out: Folder of the dataset.
        images: Folder of the images of the new split.
        split: The new split, or one to replace.

    Returns:
        Folders relative to ``out``, or absolute if they are elsewhere.

    Raises:
        ValueError: The path is no ``.py``; the split has another name; train is
            missing; or the config has another folder of the dataset.
    """
    path, root, images = Path(path), Path(out).resolve(), Path(images).resolve()
    if path.suffix != '.py':
        raise ValueError(
            f'--write-config {path}: ends with {path.suffix!r}, but a config is a .py'
        )
    cfg = Config.fromfile(path) if path.is_file() else Config()
    found = {}
    for name in SPLITS if path.is_file() else ():
        dataset: Any = (cfg.get(f'{name}_dataloader') or {}).get('dataset') or {}
        if Path(dataset.get('data_root') or '').resolve() != root:
            raise ValueError(
                f'{path}: {name} has data_root {dataset.get("data_root")!r}, but --out '
                f'is {str(root)!r}; give the same --out, or another file to '
                '--write-config'
            )
        if f'panoptic_{name}' in str(dataset.get('ann_file')):
            found[name] = dataset['data_prefix']['img']
    inside = images.is_relative_to(root)
    folder = images.relative_to(root) if inside else images
    found[split] = f'{folder.as_posix()}/'
    if not {'train'} <= set(found) <= set(SPLITS):
        raise ValueError(
            f'{path}: has the splits {[*found]}, but a config takes train, then val '
            'and test; run the command for --split train first, with --write-config'
        )
    return found


def annotations_of(root: Path, split: str) -> str:
    """Path of a split's json without its suffix, which is the folder of its pngs.

    Args:
        root: Folder of the dataset; the path is relative to it.
        split: Such as ``train``: ``annotations/panoptic_train``, or the only other name
            that begins so, as COCO's ``annotations/panoptic_train2017``.

    Raises:
        FileNotFoundError: There is no such json.
        ValueError: There are several.
    """
    name = f'panoptic_{split}'
    found = sorted(root.glob(f'annotations/{name}*.json'))
    exact = [path for path in found if path.stem == name]
    found = exact or [path for path in found if not path.name.endswith('.inputs.json')]
    if not found:
        raise FileNotFoundError(
            f'{root / "annotations" / name}.json: no such file; COCO panoptic data has '
            'annotations/panoptic_train.json and annotations/panoptic_val.json'
        )
    if len(found) > 1:
        names = [path.name for path in found]
        raise ValueError(
            f'{root}/annotations has {names}; name one of them {name}.json'
        )
    return f'annotations/{found[0].stem}'


def _train_of(root: Path, splits: Iterable[str]) -> dict[str, Any]:
    """Json of train; a split with other classes is refused."""
    contents = {
        split: read_panoptic_json(f'{root / annotations_of(root, split)}.json')
        for split in splits
    }
    train = contents['train']['categories']
    for split, content in contents.items():
        if content['categories'] != train:
            names = [
                [c['name'] for c in each] for each in (content['categories'], train)
            ]
            raise ValueError(
                f'{root}: {split} has the classes {names[0]}, but train {names[1]} '
                '(name, id, isthing or color differ); convert both with one --classes'
            )
    return contents['train']


def _counts(train: dict) -> dict[str, int]:
    things = sum(bool(c['isthing']) for c in train['categories'])
    return dict(num_things=things, num_stuff=len(train['categories']) - things)


def _data_text(train: dict, root: Path, folders: dict[str, str], model: Model) -> str:
    read = categories_metainfo(train['categories'])
    things, stuff = (list(read[f'{kind}_classes']) for kind in ('thing', 'stuff'))
    about = f'# Things: {things}. Stuff: {stuff}.'
    scale, crop = _sizes(train['images'], model.side)
    text = DATA.format(
        **_counts(train),
        classes=textwrap.fill(about, 88, subsequent_indent='# '),
        root=f'{root.as_posix()}/',
        scale=scale,
        crop=crop,
        targets=model.targets,
        batch=model.batch,
        train=annotations_of(root, 'train'),
        train_images=folders['train'],
    )
    text += '' if 'val' in folders else NO_VAL
    val = 'val' if 'val' in folders else 'train'
    ann = annotations_of(root, val)
    text += EVALUATION.format(name='val', ann=ann, images=folders[val])
    if 'test' not in folders:
        return text + SAME_TEST
    ann = annotations_of(root, 'test')
    return text + EVALUATION.format(name='test', ann=ann, images=folders['test'])


def _base_text(
    train: dict, data: str, settings: dict[str, Any], max_iters: int | None
) -> str:
    images = len(train['images'])
    enough = min(max(settings['least_iters'], 15 * images), 40_000) // 100 * 100
    iters = max_iters or enough
    return BASE.format(
        **settings,
        data=data,
        iters=iters,
        passes=max(1, iters * settings['batch'] // images),
        interval=max(1, iters // 4),
    )


def _sizes(images: list[dict], side: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Scale with which most images fit into ``side``, and a crop of that size."""
    sizes = sorted(
        (max(i['width'], i['height']), i['width'], i['height']) for i in images
    )
    longest, width, height = sizes[len(sizes) // 2]
    factor = min(1, side / longest)
    scale = round(width * factor), round(height * factor)
    turned = any((i['width'] > i['height']) != (width > height) for i in images)
    crop = (max(scale), max(scale)) if turned else scale
    return scale, crop


def _refuse_edited(path: Path, text: str) -> None:
    if not path.is_file():
        return
    found = path.read_text('utf-8')
    marked = _marked(found)
    if marked not in (_digest(text), _digest(found.rpartition(MARK)[0])):
        raise FileExistsError(
            f'{path}: was changed by hand, so it is kept; the data is converted. Give '
            'another name to --write-config; or move this file away, run the same '
            'command again and copy your changes into the new file'
        )


def _marked(text: str) -> str:
    """Digest at the end of a file; empty if there is none."""
    found = re.fullmatch(r'([0-9a-f]{12})\n', text.rpartition(MARK)[2])
    return found[1] if found else ''


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
