"""Time the grouping of Panoptic-DeepLab beside a loop over instances and classes.

    python tools/analysis_tools/benchmark_grouping.py --out docs/benchmarks/grouping.md

Both merge the same synthetic maps in turns, in one process, and must give the same
panoptic map. Then ``predict_by_maps`` is timed, from maps at a quarter of the
resolution to all results. Needs no data and no checkpoint.
"""

import os
import shlex
import sys
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping
from math import ceil, pi, sqrt
from pathlib import Path
from textwrap import fill
from typing import Any

sys.path.append(str(Path(__file__).parent))  # where another script runs this one

import numpy as np
import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from speed.memory import peak_memory_mib
from speed.origin import code_version, machine
from speed.page import WIDTH, made_by, markdown_table, quartiles, shown
from speed.per_instance import group_per_instance
from speed.timing import ratios
from torch import Tensor

from mmpisr.files import write_atomically
from mmpisr.models.panoptic_deeplab import PanopticDeepLabHead, PanopticDeepLabMaps
from mmpisr.models.panoptic_deeplab.grouping import group_panoptic

THINGS, STUFF = 8, 11
CLASSES = dict(num_things=THINGS, num_classes=THINGS + STUFF)
STRIDE = 4
COVERED = 0.3  # of the image by things
NOISE = 3.0  # standard deviation of offsets, pixels
MISLABELLED = 0.02  # of the pixels
OURS, LOOP, WHOLE = 'group_panoptic', 'loop', 'predict_by_maps'
COLUMNS = (
    'instances',
    'loop, ms',
    'group_panoptic, ms',
    'ratio',
    'quartiles',
    'processor ratio',
    'peak MiB',
    'predict_by_maps, ms',
)
EXPLAINED = f"""\
The loop is that of detectron2's Panoptic-DeepLab: distances of all pixels to all
centres, then a loop over instances and one over classes. Things are discs that cover
{COVERED:.0%} of the image; offsets have noise of {NOISE:.0f} pixels, and
{MISLABELLED:.0%} of the pixels have a random class. Both give the same panoptic map.
They take turns in one process; every other turn runs in reverse order. ms is the median
wall time; the ratio is the median over turns of the time of the loop divided by that of
group_panoptic in the same turn, with its quartiles. Peak memory is that of tensors
which group_panoptic makes. predict_by_maps is the whole, from
maps at stride {STRIDE} to panoptic map, class probabilities and instances."""


def scene(count: int, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Draw a grid of discs with centres, noisy offsets, and stuff around them.

    Args:
        count: Number of instances.
        size: (height, width) in pixels.

    Returns:
        Labels, int64, ``(H, W)``; heatmap of centres, ``(1, H, W)``; offsets (dy, dx)
        in pixels, ``(2, H, W)``.
    """
    generator = torch.Generator().manual_seed(0)
    height, width = size
    columns = ceil(sqrt(count * width / height))
    rows = ceil(count / columns)
    radius = sqrt(COVERED * height * width / count / pi)
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing='ij')
    labels = THINGS + y * STUFF // height
    owner = torch.zeros_like(labels)
    center = torch.zeros(size)
    numbers = torch.arange(count)
    points = torch.stack(
        [
            (2 * (numbers // columns) + 1) * height // (2 * rows),
            (2 * (numbers % columns) + 1) * width // (2 * columns),
        ],
        dim=1,
    )  # (K, 2)
    for number, (cy, cx) in enumerate(points.tolist()):
        squared = (y - cy) ** 2 + (x - cx) ** 2
        inside = squared < radius**2
        labels[inside], owner[inside] = number % THINGS, number
        center = center.maximum((squared / -128).exp())
    wrong = torch.rand(size, generator=generator) < MISLABELLED
    labels[wrong] = torch.randint(
        THINGS + STUFF, (int(wrong.sum()),), generator=generator
    )
    offset = (points[owner] - torch.stack([y, x], dim=2)).permute(2, 0, 1)
    noise = NOISE * torch.randn(2, *size, generator=generator)
    return labels, center[None], offset + noise


def whole_prediction(maps: tuple[Tensor, Tensor, Tensor]) -> Callable[[], Any]:
    """Return ``predict_by_maps`` of a scene, whose maps are reduced to the stride."""
    labels, center, offset = maps
    head = PanopticDeepLabHead(num_things_classes=THINGS, num_stuff_classes=STUFF)
    logits = 10.0 * F.one_hot(labels[::STRIDE, ::STRIDE], THINGS + STUFF)
    small = PanopticDeepLabMaps(
        logits.permute(2, 0, 1)[None].contiguous(),
        F.max_pool2d(center[None], STRIDE),
        offset[None, :, ::STRIDE, ::STRIDE] / STRIDE,
    )
    size = tuple(labels.shape)
    sample = DetDataSample(metainfo=dict(img_shape=size, ori_shape=size))
    return lambda: head.predict_by_maps(small, [sample])


def measure(count: int, args: Namespace) -> tuple[dict[str, np.ndarray], float]:
    """Time both ways and the whole prediction of a scene.

    Returns:
        Wall and processor seconds of each turn, ``(2, turns)``, by name; and the peak
        memory of ours, MiB.

    Raises:
        ValueError: The panoptic maps differ.
    """
    maps = tuple(part.to(args.device) for part in scene(count, tuple(args.shape)))
    work: dict[str, Callable[[], Any]] = {
        OURS: lambda: group_panoptic(*maps, **CLASSES),
        LOOP: lambda: group_per_instance(*maps, **CLASSES),
        WHOLE: whole_prediction(maps),
    }
    ours = work[OURS]()
    if not torch.equal(ours.panoptic, work[LOOP]()):
        raise ValueError(f'{count} instances: the panoptic maps differ')
    if len(ours.labels) != count:
        raise ValueError(f'{count} instances drawn, {len(ours.labels)} found')
    work[WHOLE]()  # warm-up
    spent: dict[str, list] = {name: [] for name in work}
    for turn in range(args.turns):
        for name in [*work][:: 1 if turn % 2 == 0 else -1]:
            start = clocks(args.device)
            work[name]()
            spent[name].append(clocks(args.device) - start)
    memory = peak_memory_mib(work[OURS], torch.device(args.device))
    return {name: np.array(times).T for name, times in spent.items()}, memory


def clocks(device: str) -> np.ndarray:
    """Wall and processor seconds, after the device has finished."""
    if device.startswith('cuda'):
        torch.cuda.synchronize(device)
    return np.array([time.perf_counter(), time.process_time()])


def row(count: int, spent: Mapping[str, np.ndarray], memory: float) -> list[str]:
    """Format one line of the table."""
    wall, processor = (
        ratios({name: spent[name][clock] for name in (OURS, LOOP)})[LOOP]
        for clock in (0, 1)
    )
    middle = {name: 1e3 * float(np.median(times[0])) for name, times in spent.items()}
    return [
        str(count),
        shown(middle[LOOP], 0),
        shown(middle[OURS], 0),
        shown(wall[1], 1),
        quartiles(wall[0], wall[2]),
        shown(processor[1], 1),
        shown(memory, 0),
        shown(middle[WHOLE], 0),
    ]


def parse_args() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(
        description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('--shape', type=int, nargs=2, default=(1024, 2048), metavar=('H', 'W'))
    add('--instances', type=int, nargs='+', default=[10, 60, 200], metavar='N')
    add('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    add('--turns', type=int, default=5, help='of each way')
    add('--out', type=Path, help='page to write')
    args = parser.parse_args()
    for name, value in (('turns', args.turns), ('instances', min(args.instances))):
        if value < 1:
            parser.error(f'--{name} is {value}, expected at least 1')
    return args


@torch.no_grad()
def main() -> None:
    """Time all scenes, print the page."""
    args = parse_args()
    load = os.getloadavg()[0]
    rows = [row(count, *measure(count, args)) for count in args.instances]
    about = {**machine(), **code_version(), 'threads': torch.get_num_threads()}
    height, width = args.shape
    facts = f'{height} x {width} (height x width) on {args.device}, {args.turns} turns.'
    lines = [
        '# Speed of the grouping',
        '',
        'Made by a script, do not edit.',
        '',
        fill(f'{facts} {" ".join(EXPLAINED.split())}', WIDTH, break_on_hyphens=False),
        '',
        *markdown_table(COLUMNS, rows),
        '',
        *made_by(shlex.join(['python', *sys.argv]), {**about, 'load': load}),
    ]
    text = '\n'.join(lines) + '\n'
    print(text)
    if args.out:
        write_atomically(args.out, text)


if __name__ == '__main__':
    main()
