"""Compare two results on the same images: difference, 95 % interval and p-value.

``compare_results.py A.npz B.npz`` reads what ``PanopticMetric(scores_file=...)`` has
written; ``compare_results.py A.json B.json --ann-file TRUTH.json`` reads COCO-panoptic
results, whose pngs are in folders of the same names. The interval is a paired bootstrap
over images, the p-value (two-sided) a paired permutation test: the results of an image
are swapped at random. Mask AP is no sum over images and is not compared. iIoU of result
jsons takes the average sizes of instances from the truth.
"""

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter

from mmpisr.apis.compare_results import read_result
from mmpisr.evaluation.resampling import difference_table
from mmpisr.evaluation.score_table import compare_tables


def main() -> None:
    """Compare and print; errors are printed as a message, with exit code 1."""
    args = parse_args()
    try:
        compare(args)
    except (ValueError, OSError) as error:
        sys.exit(f'compare_results.py: {error}')


def parse_args() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(
        description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('first', metavar='A', help='npz of scores, or COCO-panoptic result json')
    add('second', metavar='B', help='the same of another model')
    add('--ann-file', metavar='TRUTH.json', help='truth of result jsons')
    add('--seg-prefix', metavar='DIR', help='pngs of the truth, if named otherwise')
    add('--seed', type=int, default=0)
    add('--resamples', type=int, default=2000, help='of bootstrap and permutation')
    args = parser.parse_args()
    if args.resamples < 1:
        parser.error(f'--resamples is {args.resamples}, expected at least 1')
    return args


def compare(args: Namespace) -> None:
    """Print a table of the two results."""
    names = (args.first, args.second)
    first, second = (
        read_result(name, ann_file=args.ann_file, seg_prefix=args.seg_prefix)
        for name in names
    )
    differences = compare_tables(
        first, second, names=names, resamples=args.resamples, seed=args.seed
    )
    print(f'A = {names[0]}\nB = {names[1]}')
    print(f'{len(first.image_ids)} images, {args.resamples} resamples, percent')
    print(difference_table(differences))


if __name__ == '__main__':
    main()
