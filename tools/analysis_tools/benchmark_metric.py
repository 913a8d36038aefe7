"""Time ``mmpisr.PanopticMetric`` against mmdet's ``CocoPanopticMetric``.

Predictions are ground-truth maps, shifted and coarsened at random. Both metrics see
the same ones in one process and take turns, a whole pass each: ``PanopticMetric`` reads
the next truth ahead in a thread, which must not run in the other's time. Processor time
counts all threads. The numbers must be equal.

    python tools/analysis_tools/benchmark_metric.py --data-root data/camvid
"""

import argparse
import copy
import json
import os
import platform
import sys
import time
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import torch
from mmdet.evaluation import CocoPanopticMetric
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from mmpisr.evaluation import PanopticMetric
from mmpisr.evaluation.segment_png import read_segment_ids

METRICS = dict(mmdet=CocoPanopticMetric, mmpisr=PanopticMetric)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--data-root', type=Path, required=True)
    parser.add_argument('--ann-file', default='annotations/panoptic_val.json')
    parser.add_argument('--seg-prefix', default='annotations/panoptic_val')
    parser.add_argument('--images', type=int, help='only the first so many')
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Build the predictions, run both metrics in turns, print a comparison."""
    args = parse_args()
    cv2.setNumThreads(0)  # as OpenMMLab's runners do
    MMLogger.get_instance('benchmark', log_level='ERROR')
    ann_file, folder = args.data_root / args.ann_file, args.data_root / args.seg_prefix
    content = json.loads(ann_file.read_text())
    rng = np.random.default_rng(args.seed)
    samples = [
        perturbed_sample(annotation, content['categories'], folder, rng)
        for annotation in content['annotations'][: args.images]
    ]

    def make(name: str) -> BaseMetric:
        metric = METRICS[name](ann_file=str(ann_file), seg_prefix=str(folder))
        metric.dataset_meta = dataset_meta(content['categories'])
        return metric

    rounds = [
        {name: timed_pass(make(name), samples) for name in METRICS}
        for _ in range(args.repeats)
    ]
    peaks = {name: peak_memory(make(name), samples) for name in METRICS}
    height, width = samples[0]['ori_shape']
    print(
        f'{len(samples)} images of {width} x {height}; {platform.machine()}, '
        f'{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} (other work on the '
        'machine hides what is gained by reading ahead)'
    )
    report(rounds, peaks, len(samples))


def perturbed_sample(
    annotation: dict, categories: list[dict], folder: Path, rng: np.random.Generator
) -> dict:
    """Turn one image's truth into a data sample whose prediction is a bit wrong."""
    ids = read_segment_ids(str(folder / annotation['file_name']))
    label_of = {cat['id']: label for label, cat in enumerate(categories)}
    truth = np.full(ids.shape, len(label_of), dtype=np.int32)
    for number, info in enumerate(annotation['segments_info'], start=1):
        label = label_of[info['category_id']]
        instance = number if categories[label]['isthing'] else 0
        truth[ids == info['id']] = label + INSTANCE_OFFSET * instance
    shifted = np.roll(truth, rng.integers(-6, 7, size=2), axis=(0, 1))
    pred = cv2.resize(
        shifted[::4, ::4], ids.shape[::-1], interpolation=cv2.INTER_NEAREST
    )
    return dict(
        img_id=annotation['image_id'],
        img_path=str(Path(annotation['file_name']).with_suffix('.jpg')),
        ori_shape=ids.shape,
        pred_panoptic_seg=dict(sem_seg=torch.from_numpy(pred)[None].long()),
    )


def dataset_meta(categories: list[dict]) -> dict:
    """Class names as a dataset would carry them."""
    return dict(
        classes=[cat['name'] for cat in categories],
        thing_classes=[cat['name'] for cat in categories if cat['isthing']],
    )


def timed_pass(metric: BaseMetric, samples: list[dict]) -> tuple[np.ndarray, dict]:
    """Wall and processor seconds of all images and the final sums; the results."""
    samples = copy.deepcopy(samples)  # mmdet's metric overwrites its input
    start = np.array([time.perf_counter(), time.process_time()])
    for sample in samples:
        metric.process({}, [sample])
    values = metric.evaluate(size=len(samples))
    return np.array([time.perf_counter(), time.process_time()]) - start, values


def peak_memory(metric: BaseMetric, samples: list[dict]) -> float:
    """MiB that python and numpy hold at most, beyond predictions and annotations."""
    samples = copy.deepcopy(samples)
    tracemalloc.start()
    for sample in samples:
        metric.process({}, [sample])
    metric.evaluate(size=len(samples))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 2**20


def report(rounds: list[dict], peaks: dict[str, float], num_images: int) -> None:
    """Print the comparison; end with an error if the numbers differ."""
    for name in METRICS:
        spent = 1e3 * np.array([turn[name][0] for turn in rounds]) / num_images
        wall, processor = np.median(spent, axis=0)
        each = ', '.join(f'{value:.2f}' for value in spent[:, 0])
        print(
            f'{name:>7}: {wall:.2f} ms per image ({each}), {processor:.2f} ms of '
            f'processor time, peak {peaks[name]:.1f} MiB'
        )
    ratios = np.array([turn['mmdet'][0] / turn['mmpisr'][0] for turn in rounds])
    wall, processor = np.median(ratios, axis=0)
    fastest = {name: min(turn[name][0][0] for turn in rounds) for name in METRICS}
    print(
        f'mmpisr is {wall:.1f} times as fast (fastest pass against fastest pass: '
        f'{fastest["mmdet"] / fastest["mmpisr"]:.1f}), by processor time '
        f'{processor:.1f}'
    )
    old, new = rounds[0]['mmdet'][1], rounds[0]['mmpisr'][1]
    print(' '.join(f'{key.split("/")[1]} {value:.2f}' for key, value in new.items()))
    gap = max(abs(new[key] - value) for key, value in old.items())
    print(f'largest difference between the two: {gap:.1e} points')
    if not gap < 1e-9:
        sys.exit('the two metrics disagree')


if __name__ == '__main__':
    main()
