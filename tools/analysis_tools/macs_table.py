"""Tabulate what PISR adds to each family, in GMACs.

    python tools/analysis_tools/macs_table.py --out docs/benchmarks/macs.md

Counts each config of ``configs/pisr`` in ``ROWS`` and its base as ``get_macs.py`` does.
Takes minutes.
"""

import argparse
import os
import platform
import re
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

sys.path.append(str(Path(__file__).parent))  # where another script runs this one

import get_macs
import torch

from mmpisr.families.add import read_config
from mmpisr.mim import mim_root
from mmpisr.models.relations import BaseRelation

Size = tuple[int, int]
HERE = 'tools/analysis_tools'
COCO, CITYSCAPES, FIXED = (640, 864), (1024, 2048), (640, 640)
ROWS: dict[str, tuple[str, Size]] = {
    'MaskFormer MobileNetV2, COCO': ('maskformer_mobilenetv2_ms-16xb1-75e_coco', COCO),
    'MaskFormer R-50, COCO': ('maskformer_r50_ms-16xb1-75e_coco', COCO),
    'MaskFormer R-50, ADE20K': ('maskformer_r50_720k_ade20k-panoptic', COCO),
    'MaskFormer R-101, ADE20K': ('maskformer_r101_720k_ade20k-panoptic', COCO),
    'Mask2Former R-50, COCO': ('mask2former_r50_8xb2-lsj-50e_coco-panoptic', COCO),
    'Panoptic-FPN MobileNetV2, COCO': ('panoptic-fpn_mobilenetv2_fpn_1x_coco', COCO),
    'Panoptic-FPN R-50, COCO': ('panoptic-fpn_r50_fpn_1x_coco', COCO),
    'Panoptic-FPN R-101, COCO': ('panoptic-fpn_r101_fpn_1x_coco', COCO),
    'UPerNet R-50, COCO': ('upernet_r50_270k_coco', COCO),
    'UPerNet Swin-T, COCO': ('upernet_swin-t_270k_coco', COCO),
    'UPerNet Swin-L, COCO': ('upernet_swin-l_270k_coco', COCO),
    'Panoptic-DeepLab MobileNetV2, COCO': (
        'panoptic-deeplab_mobilenetv2_200k_coco',
        FIXED,
    ),
    'Panoptic-DeepLab R-52, COCO': ('panoptic-deeplab_r52_200k_coco', FIXED),
    'Panoptic-DeepLab HRNet-w48, COCO': ('panoptic-deeplab_hrnet-w48_200k_coco', FIXED),
    'Panoptic-DeepLab MobileNetV2, Cityscapes': (
        'panoptic-deeplab_mobilenetv2_90k_cityscapes',
        CITYSCAPES,
    ),
    'Panoptic-DeepLab R-50, Cityscapes': (
        'panoptic-deeplab_r50_90k_cityscapes',
        CITYSCAPES,
    ),
    'Panoptic-DeepLab R-52, Cityscapes': (
        'panoptic-deeplab_r52_90k_cityscapes',
        CITYSCAPES,
    ),
    'Panoptic-DeepLab R-101, Cityscapes': (
        'panoptic-deeplab_r101_90k_cityscapes',
        CITYSCAPES,
    ),
    'Panoptic-DeepLab HRNet-w48, Cityscapes': (
        'panoptic-deeplab_hrnet-w48_90k_cityscapes',
        CITYSCAPES,
    ),
}


class Counts(NamedTuple):
    """Multiply-accumulates of a base, of its host, and of the relation alone."""

    base: int
    host: int
    relation: int


def base_of(path: Path) -> str:
    """Name the one config that a file inherits, as ``read_config`` takes it."""
    (base,) = re.findall(r"^_base_ = '(.+)'$", path.read_text(), re.MULTILINE)
    return base if '::' in base else str(path.parent / base)


def count(path: Path, size: Size) -> Counts:
    """Count a config with a relation and its base, one after the other.

    Args:
        path: Config that inherits the base and adds the relation.
        size: (height, width) of the input.
    """
    base = get_macs.build_for_counting(read_config(base_of(path)))
    base_macs = get_macs.count_macs(base, size)
    host = get_macs.build_for_counting(read_config(path))
    host_macs = get_macs.count_macs(host, size)
    (relation,) = (n for n, m in host.named_modules() if isinstance(m, BaseRelation))
    return Counts(base_macs['total'], host_macs['total'], host_macs[relation])


def cells(name: str, size: Size, counts: Counts) -> str:
    """One line of the table, in GMACs."""
    added = counts.host - counts.base
    numbers = (*counts[:2], added, counts.relation, added - counts.relation)
    columns = [name, f'{size[0]} x {size[1]}', *(f'{n / 1e9:.1f}' for n in numbers)]
    return f'| {" | ".join(columns)} |'


def page(rows: Sequence[str], out: str) -> str:
    """Markdown around the rows of the table, with what makes them again."""
    explained = (get_macs.__doc__ or '').partition('What is counted')[2].strip()
    lines = [
        '# Multiply-accumulates',
        '',
        'What PISR adds to each family, in GMACs for one image. Made by a script; do',
        'not edit. "Final stage" is all that is added beside the relation: the second',
        'heads, and the instance heatmaps where these are computed for it alone (box',
        'and mask head of the intermediate stage).',
        '',
        '| | input | base | + PISR | added | relation | final stage |',
        '| --- | --- | --- | --- | --- | --- | --- |',
        *rows,
        '',
        f'Counted{explained}',
        '',
        '```bash',
        f'python {HERE}/macs_table.py --out {out}',
        '```',
        '',
        f'{os.cpu_count()} cores ({platform.machine()}), torch {torch.__version__}, '
        f'{date.today()}; the counts depend on none of these.',
    ]
    return '\n'.join(lines) + '\n'


def main() -> None:
    """Count all rows and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--out', default='docs/benchmarks/macs.md', help='page to write'
    )
    args = parser.parse_args()

    rows = []
    for name, (config, size) in ROWS.items():
        path = mim_root() / 'configs' / 'pisr' / f'pisr_{config}.py'
        rows.append(cells(name, size, count(path, size)))
        print(rows[-1], flush=True)
    Path(args.out).parent.mkdir(parents=True, exist_ok=True)
    Path(args.out).write_text(page(rows, args.out))


if __name__ == '__main__':
    main()
