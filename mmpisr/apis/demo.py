"""The demo: train the base and base + PISR on embedded scenes and compare them."""

import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from .comparison import compare
from .predict import DEMO_DIR, predict
from .trainings import TrainingRun, train_together


def run_demo(
    configs: Mapping[str, Path],
    *,
    script: Path,
    data_root: Path,
    out: Path,
    seed: int = 0,
    num_scenes: tuple[int, int] = (400, 100),
    options: Mapping[str, object] | None = None,
) -> dict:
    """Generate scenes, train side by side, evaluate, draw, predict one picture.

    A repeated call continues where an interrupted one stopped.

    Args:
        configs: Config by the name of the model, the base first.
        script: ``tools/train.py``.
        data_root: Folder of the scenes.
        out: Folder of everything else.
        seed: Seed of all trainings.
        num_scenes: Number of training scenes and of evaluation scenes.
        options: More ``--cfg-options`` of all trainings.

    Returns:
        The content of ``summary.json``.
    """
    print(f'1/4 Embedded scenes in {data_root} (20 s the first time)')
    generator = script.parent / 'dataset_converters' / 'generate_scenes.py'
    numbers = ['--num-train', str(num_scenes[0]), '--num-val', str(num_scenes[1])]
    command = [sys.executable, str(generator), '--out', str(data_root), *numbers]
    subprocess.run(command, check=True)

    print(f'2/4 Training {" and ".join(configs)} side by side (about 10 minutes)')
    options = {
        'data_root': str(data_root),
        'randomness.seed': seed,
        'default_hooks.checkpoint.interval': 100,
        'default_hooks.logger.interval': 10,
        **(options or {}),
    }
    models = [TrainingRun(name, path, out / name) for name, path in configs.items()]
    seconds = train_together(models, script=script, options=options)

    print(f'3/4 Comparing on {num_scenes[1]} scenes not trained on (1 minute)')
    notes = {'training_seconds_side_by_side': seconds}
    summary = compare(models, out=out, options=options, notes=notes)
    print(f'Pictures, the chart of scores and summary.json are in {out}')
    _predict_first_scene(summary, data_root, out)
    print(conclusion(*(model['metrics'] for model in summary['models'].values())))
    print('Next, on your own data: mmpisr try DATA --out DIR (docs/try.md)')
    return summary


def conclusion(base: Mapping[str, float], pisr: Mapping[str, float]) -> str:
    """Say what the table means."""
    found = [metrics.get('relation_acc', float('nan')) for metrics in (base, pisr)]
    return (
        f'With PISR, PQ changes from {base["PQ"]:.1f} to {pisr["PQ"]:.1f}. Classes '
        'that look alike and differ only by another object in the image, such as '
        f'carpet and sand, are told apart at {found[1]:.0f} % of their pixels with '
        f'PISR and at {found[0]:.0f} % without; guessing gives 50 %.'
    )


def _predict_first_scene(summary: Mapping, data_root: Path, out: Path) -> None:
    """Print a command of ``mmpisr predict``, and do what it does."""
    scene = str(min((data_root / 'images/val').glob('*.png')))
    last = [*summary['models'].values()][-1]
    model = None if out == DEMO_DIR else [last['config'], last['checkpoint']]
    flags = ['--model', *model] if model else []
    words = [scene, *flags, '--out', str(out / 'predicted')]
    print(f'4/4 Predicting one picture: mmpisr predict {shlex.join(words)}')
    predict([scene], model=model, out=words[-1])
