"""Train every family without and with PISR on embedded scenes; plot PQ over time.

    python tools/analysis_tools/train_families.py --out work_dirs/families

Each family is trained from scratch, then both models are trained on from the trained
base. Goes on where an interrupted call stopped. Two trainings run side by side.
"""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from mmpisr.apis.family_trainings import Family, train_family
from mmpisr.apis.learning_curves import Curve, curve_table, draw_curves
from mmpisr.datasets.scenes import generate_scenes

TOOLS = Path(__file__).resolve().parents[1]
CONFIGS = TOOLS.parent / 'configs'
FAMILIES = ('panoptic-deeplab', 'panoptic-fpn', 'upernet', 'maskformer', 'mask2former')


def family(name: str) -> Family:
    """The two configs of a family for embedded scenes."""
    config = f'{name}_r18_1200-iter_scenes.py'
    folder = CONFIGS / name.replace('-', '_')
    return Family(name, folder / config, CONFIGS / 'pisr' / f'pisr_{config}')


def main() -> None:
    """Parse the flags, train, and print a table a phase."""
    parser = ArgumentParser(
        description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('--families', nargs='+', choices=FAMILIES, default=FAMILIES)
    add('--out', type=Path, required=True, help='folder of everything')
    add('--data-root', type=Path, default=Path('data/scenes'))
    add('--seed', type=int, default=0)
    add('--iters', type=int, default=1200, help='of the trainings from scratch')
    add('--tuning-iters', type=int, default=200, help='0: only from scratch')
    add('--val-interval', type=int, default=100)
    args = parser.parse_args()

    generate_scenes(args.data_root, num_train=400, num_val=100)
    options = {
        'data_root': str(args.data_root),
        'randomness.seed': args.seed,
        'train_cfg.max_iters': args.iters,
        'train_cfg.val_interval': args.val_interval,
        'param_scheduler.1.end': args.iters,
        'default_hooks.checkpoint.interval': 100,
        'default_hooks.logger.interval': 10,
        'train_dataloader.num_workers': 1,
        'val_dataloader.num_workers': 1,
    }
    for name in args.families:
        print(name)
        train_family(
            family(name),
            script=TOOLS / 'train.py',
            out=args.out / name,
            options=options,
            tuning_iters=args.tuning_iters,
        )
    report(args.out)


def report(out: Path) -> None:
    """Print what every finished family's ``summary.json`` in a folder holds."""
    summaries = [json.loads(p.read_text()) for p in sorted(out.glob('*/summary.json'))]
    for phase in ('scratch', 'tuned'):
        curves = {
            f'{summary["family"]}, {name}': curve
            for summary in summaries
            for name, curve in curves_in(summary, phase).items()
        }
        print(f'\n{phase}\n{curve_table(curves)}')
    for summary in summaries:
        print(f'{summary["family"]}: {summary.get("warm_start", "no warm start")}')
    panels = {s['family']: curves_in(s, 'scratch') for s in summaries}
    draw_curves(panels, out / 'learning_curves.svg')


def curves_in(summary: dict, phase: str) -> dict[str, Curve]:
    """Curves of a phase by name; json has made their iterations strings."""
    curves = summary['curves'].get(phase, {})
    return {
        name: {int(step): pq for step, pq in curve.items()}
        for name, curve in curves.items()
    }


if __name__ == '__main__':
    main()
