"""The command ``tools/validate_dataset.py``."""

import argparse
import os
from collections import Counter, defaultdict
from collections.abc import Sequence

import cv2
from mmengine import DictAction
from mmengine.config import Config

from mmpisr.engine.config_classes import class_problems

from ..data_root import merge_options
from ..image_file import FRAMES
from .counts import class_table, split_table
from .leakage import shared_image_problems
from .problems import ERROR, WARNING, Problem
from .sources import SPLITS, split_of_json, splits_of_config
from .split import Split, SplitFindings, check_split


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
    if not args.source.endswith('.json'):
        for name in ('seg_prefix', 'img_prefix', 'orientation'):
            if getattr(args, name):
                flag = f'--{name.replace("_", "-")}'
                parser.error(f'{flag} is for a json; {args.source} has its own {name}')
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Check, print, and return the exit status."""
    args = parse_args(argv)
    cv2.setNumThreads(0)  # the worker processes are enough
    cfg, splits = _splits(args)
    findings = [check_split(split, workers=args.workers) for split in splits]
    problems = all_problems(findings)
    sources = [(split.dataset.ann_file, split.dataset._metainfo) for split in splits]
    problems += class_problems(cfg, sources)

    counts = [(found.split.name, found.counts) for found in findings]
    print(split_table(counts))
    for name, found in counts if args.classwise else ():
        print(class_table(name, found))
    for split in splits:
        if not split.read_images:
            print(f'{split.name}: images were not read, give --img-prefix')
    if problems:
        print(problem_list(problems, limit=args.max_problems))
    levels = Counter(problem.level for problem in problems)
    print(f'{levels[ERROR]} errors, {levels[WARNING]} warnings')
    return int(bool(levels[ERROR] or (args.strict and levels[WARNING])))


def all_problems(findings: Sequence[SplitFindings]) -> list[Problem]:
    """Put together what is wrong in each split and between splits."""
    inside = [problem for found in findings for problem in found.problems]
    return [*inside, *shared_image_problems(findings)]


def problem_list(problems: Sequence[Problem], *, limit: int = 5) -> str:
    """Problems grouped by level and kind, errors first, ``limit`` of each kind."""
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
        split = split_of_json(
            args.source,
            name=args.split,
            img_prefix=args.img_prefix,
            seg_prefix=args.seg_prefix,
            orientation=args.orientation,
        )
        return Config(), [split]
    cfg = Config.fromfile(args.source)
    merge_options(cfg, args.cfg_options)
    return cfg, splits_of_config(cfg, [args.split] if args.split else SPLITS)
