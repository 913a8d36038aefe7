"""Time ``mmpisr.PanopticMetric`` beside mmdet's ``CocoPanopticMetric``.

    python tools/analysis_tools/benchmark_metric.py --data-root data/camvid
    python tools/analysis_tools/benchmark_metric.py --cityscapes ROOT --images 500

Both see the same predictions in one process, a block of images each in turn, and must
give the same numbers. Predictions are made before each block and cost no time here.
``PanopticMetric`` reads the next truth ahead in a thread; a block ends when that thread
has, so that it never works in the other's time or for free. Then ``PanopticMetric``
evaluates alone in a process of its own, whose peak memory is reported.
"""

import argparse
import copy
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future, wait
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # where another script runs this one

import cv2
import numpy as np
from benchmark_page import OURS, POOLED, THEIRS, benchmark_page
from benchmark_truth import (
    JSON,
    PNGS,
    Predictions,
    cityscapes_truth,
    coco_truth,
    write_truth,
)
from mmdet.evaluation import CocoPanopticMetric
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from mmpisr.evaluation import PanopticMetric
from mmpisr.evaluation.panoptic_annotations import PngPrefetcher

EARLY = 50  # images after which memory is looked at for the first time


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--data-root', type=Path, help='of a COCO-panoptic dataset')
    parser.add_argument('--ann-file', default='annotations/panoptic_val.json')
    parser.add_argument('--seg-prefix', default='annotations/panoptic_val')
    parser.add_argument('--cityscapes', type=Path, help='folder with gtFine instead')
    parser.add_argument('--images', type=int, help='how many; truths repeat (all once)')
    parser.add_argument(
        '--paired-images', type=int, help='of these, how many mmdet sees too (all)'
    )
    parser.add_argument('--block', type=int, default=8, help='images a turn')
    parser.add_argument(
        '--processes',
        action='store_true',
        help="also mmdet's metric with outfile_prefix and a process per core",
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--out', type=Path, help='page to write')
    parser.add_argument('--alone', type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not args.alone and not args.data_root and not args.cityscapes:
        parser.error('give --data-root or --cityscapes')
    return args


def main() -> None:
    """Make the truth, run both in turns, run ours alone, print a comparison."""
    args = parse_args()
    cv2.setNumThreads(0)  # as OpenMMLab's runners do
    MMLogger.get_instance('benchmark', log_level='ERROR')
    if args.alone:
        print(json.dumps(run_alone(Predictions(args.alone, args.seed))))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.cityscapes:
            categories, truths = cityscapes_truth(args.cityscapes, folder)
        else:
            root = args.data_root
            categories, truths = coco_truth(
                root / args.ann_file, root / args.seg_prefix
            )
        num = args.images or len(truths)
        for part, size in (('paired', args.paired_images or num), ('alone', num)):
            (folder / part).mkdir()
            write_truth(folder / part, categories, truths, size)
        text = compare(args, folder, len(truths))
    print(text)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(text)


def compare(args: argparse.Namespace, folder: Path, num_truths: int) -> str:
    """Run everything; give the page, or end with an error if the numbers differ."""
    load = os.getloadavg()[0]
    predictions = Predictions(folder / 'paired', args.seed)
    names = [OURS, THEIRS] + [POOLED] * args.processes
    metrics = {name: make_metric(name, predictions) for name in names}
    spent, values = run_in_turns(metrics, predictions, args.block)
    alone = measure_alone(folder / 'alone', args.seed)
    gap = max(
        abs(values[OURS][key] - value)
        for name in names[1:]
        for key, value in values[name].items()
    )
    if not gap < 1e-9:
        sys.exit(f'the metrics disagree by {gap}: {values}')
    about = dict(
        paired=len(predictions),
        size=predictions.sample(0)['ori_shape'],
        truths=num_truths,
        gap=gap,
        block=args.block,
        seed=args.seed,
        load=load,
        command=' '.join(['python', *sys.argv]),
    )
    return benchmark_page(spent, values[OURS], about, alone)


def make_metric(name: str, predictions: Predictions) -> BaseMetric:
    """Build a metric as a config would."""
    folder = predictions.folder
    cls = PanopticMetric if name == OURS else CocoPanopticMetric
    extra = dict(outfile_prefix=str(folder / 'results')) if name == POOLED else {}
    metric = cls(
        ann_file=str(folder / JSON),
        seg_prefix=str(folder / PNGS),
        nproc=os.cpu_count(),
        **extra,
    )
    metric.dataset_meta = predictions.dataset_meta()
    return metric


def run_in_turns(
    metrics: dict[str, BaseMetric], predictions: Predictions, block: int
) -> tuple[dict[str, np.ndarray], dict[str, dict]]:
    """Let the metrics take turns, each first in every other block.

    Returns:
        Per metric: wall and processor seconds of each block and last of the final
        sums, ``(blocks + 1, 2)``; the results.
    """
    ahead = track_reading_ahead()
    spent: dict[str, list] = {name: [] for name in metrics}
    for turn, samples in enumerate(predictions.batches(block)):
        for name in [*metrics][:: 1 if turn % 2 else -1]:
            inputs = copy.deepcopy(samples)  # mmdet's metric overwrites them
            start = clocks()
            for sample in inputs:
                metrics[name].process({}, [sample])
            wait(ahead)
            spent[name].append(clocks() - start)
    values = {}
    for name, metric in metrics.items():
        start = clocks()
        values[name] = metric.evaluate(size=len(predictions))
        spent[name].append(clocks() - start)
    return {name: np.array(seconds) for name, seconds in spent.items()}, values


def track_reading_ahead() -> list[Future]:
    """Keep what any ``PngPrefetcher`` has begun to read last in the list returned."""
    submit = PngPrefetcher._submit
    last: list[Future] = []

    def submit_and_note(self: PngPrefetcher, path: str) -> Future:
        last[:] = [submit(self, path)]
        return last[0]

    PngPrefetcher._submit = submit_and_note  # type: ignore[method-assign]
    return last


def clocks() -> np.ndarray:
    """Wall seconds, and processor seconds of this process and of ended children."""
    users = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    spent = [resource.getrusage(user) for user in users]
    processor = sum(usage.ru_utime + usage.ru_stime for usage in spent)
    return np.array([time.perf_counter(), processor])


def run_alone(predictions: Predictions) -> dict[str, float]:
    """Evaluate all images with ours; seconds, and peak memory early and at the end."""
    imported = peak_mib()
    metric = make_metric(OURS, predictions)
    seconds, early = 0.0, 0.0
    for place, (sample,) in enumerate(predictions.batches(1)):
        start = time.perf_counter()
        metric.process({}, [sample])
        seconds += time.perf_counter() - start
        if place < EARLY:
            early = peak_mib()
    metric.evaluate(size=len(predictions))
    return dict(
        images=len(predictions),
        seconds=seconds,
        imported_mib=imported,
        early_images=min(EARLY, len(predictions)),
        early_mib=early,
        mib=peak_mib(),
    )


def peak_mib() -> float:
    """Most memory that this process has held so far, all of it, in MiB.

    Read from Linux' ``/proc``: ``getrusage`` counts what the parent held, too.
    """
    status = Path('/proc/self/status').read_text()
    (kib,) = re.findall(r'^VmHWM:\s+(\d+) kB$', status, re.MULTILINE)
    return int(kib) / 1024


def measure_alone(folder: Path, seed: int) -> dict[str, float]:
    """Run ``run_alone`` in a fresh process."""
    command = [sys.executable, __file__, '--alone', str(folder), '--seed', str(seed)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().split('\n')[-1])


if __name__ == '__main__':
    main()
