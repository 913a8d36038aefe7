"""The command ``tools/validate_dataset.py``."""

import argparse
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement

import cv2
from mmengine import DictAction
from mmengine.config import Config

from mmpisr.engine.config_classes import class_problems

from ..data_root import merge_options
from ..image_file import FRAMES
from .counts import class_table, split_table
from .problems import ERROR, WARNING, Problem, error, warning
from .sources import SPLITS, split_of_json, splits_of_config
from .split import Split, check_split

OF_A_JSON = ('img_prefix', 'seg_prefix', 'orientation')  # flags


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Check a COCO-panoptic dataset: json, segment pngs, images, and '
        'images shared by splits. Exit status 1 if there is an error.'
    )
    add = parser.add_argument
    add('source', help='config (.py) or json')
    add('--seg-prefix', help='folder of the pngs of a json (default: beside it)')
    add('--img-prefix', help='folder of the images of a json (default: not read)')
    add('--orientation', choices=FRAMES, help='frame of the labels of a json')
    only = 'only this dataloader of a config; test: the json may lack annotations'
    add('--split', choices=SPLITS, help=only)
    add('--workers', type=int, default=os.cpu_count() or 1, help='processes')
    add('--strict', action='store_true', help='warnings fail too')
    add('--max-problems', type=int, default=5, help='shown of each kind')
    add('--classwise', action='store_true', help='a table of classes')
    moved = 'data_root=..., of a config'
    add('--cfg-options', nargs='+', action=DictAction, help=moved)
    args = parser.parse_args(argv)
    for name in () if args.source.endswith('.json') else OF_A_JSON:
        if getattr(args, name):
            flag = f'--{name.replace("_", "-")}'
            parser.error(f'{flag} is for a json; {args.source} has its own {name}')
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Check, print, and return the exit status."""
    args = parse_args(argv)
    cv2.setNumThreads(0)  # the worker processes are enough
    cfg, splits = _splits(args)
    for split in splits:
        check_split(split, workers=args.workers)
    problems = all_problems(splits)
    sources = [(split.dataset.ann_file, split.dataset._metainfo) for split in splits]
    problems += class_problems(cfg, sources)

    print(split_table((split.name, split.counts) for split in splits))
    for split in splits:
        if args.classwise:
            print(class_table(split.name, split.counts))
        if not split.read_images:
            print(f'{split.name}: images were not read, give --img-prefix')
    if problems:
        print(problem_list(problems, limit=args.max_problems))
    levels = Counter(problem.level for problem in problems)
    print(f'{levels[ERROR]} errors, {levels[WARNING]} warnings')
    return int(bool(levels[ERROR] or (args.strict and levels[WARNING])))


def all_problems(splits: Sequence[Split]) -> list[Problem]:
    """List the problems of checked splits, and the images that they share."""
    inside = [problem for split in splits for problem in split.problems]
    return [*inside, *_shared_images(splits)]


def _shared_images(splits: Sequence[Split]) -> Iterator[Problem]:
    """Find images that a split has twice, or that two splits share.

    It is an error if one of two splits is trained on, else a warning.
    """
    for first, second in combinations_with_replacement(splits, 2):
        trained = 'train' in f'{first.name} {second.name}'.split()
        for what, ours, theirs in _equal_images(first, second):
            same = f'same {what} as {ours!r}'
            if first is second:
                message = f'{same}, and both are images[] of {first.dataset.ann_file}'
                yield warning(theirs, 'doubled images', message)
            else:
                message = f'image of {second.name} with the {same} of {first.name}'
                report = error if trained else warning
                yield report(theirs, 'images in two splits', message)


def _equal_images(first: Split, second: Split) -> Iterator[tuple[str, str, str]]:
    """What is equal, ``bytes`` or only ``pixels``, and the paths of both images."""
    seen = set()
    for what in ('bytes', 'pixels'):
        for digest, ours in first.digests[what].items():
            others = second.digests[what].get(digest, [])
            others = ours[1:] if first is second else others
            if others and ours[0] not in seen:
                seen.add(ours[0])
                yield what, ours[0], others[0]


def problem_list(problems: Sequence[Problem], *, limit: int = 5) -> str:
    """Group problems by level and kind, errors first, at most ``limit`` of a kind."""
    groups = defaultdict(list)
    for problem in problems:
        groups[problem.level, problem.kind].append(problem)
    lines = []
    for level, kind in sorted(groups, key=lambda group: group[0] != ERROR):
        group = groups[level, kind]
        lines.append(f'{level}: {kind} ({len(group)})')
        lines += [f'  {problem}' for problem in group[:limit]]
        if len(group) > limit:
            lines.append(f'  ... and {len(group) - limit} more (--max-problems)')
    return '\n'.join(lines)


def _splits(args: argparse.Namespace) -> tuple[Config, list[Split]]:
    if args.source.endswith('.json'):
        given = {name: getattr(args, name) for name in OF_A_JSON}
        return Config(), [split_of_json(args.source, name=args.split, **given)]
    cfg = Config.fromfile(args.source)
    merge_options(cfg, args.cfg_options)
    return cfg, splits_of_config(cfg, [args.split] if args.split else SPLITS)
