"""The demo: train the base and base + PISR on embedded scenes, show the difference."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from .comparison import compare
from .concurrent_training import train_together
from .trained_model import TrainedModel


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
    """Generate, train side by side, evaluate, draw, and write ``summary.json``.

    Every step goes on where an interrupted one stopped.

    Args:
        configs: Config by the name of the model, the base first.
        script: ``tools/train.py``.
        data_root: Where the scenes are, or will be.
        out: Where everything else goes.
        seed: Of all trainings.
        num_scenes: Scenes to train on and to evaluate on.
        options: More ``--cfg-options`` for all trainings.

    Returns:
        What ``summary.json`` holds.
    """
    print(f'1/3 Embedded scenes in {data_root} (20 s the first time)')
    generator = script.parent / 'dataset_converters' / 'generate_scenes.py'
    numbers = ['--num-train', str(num_scenes[0]), '--num-val', str(num_scenes[1])]
    command = [sys.executable, str(generator), '--out', str(data_root), *numbers]
    subprocess.run(command, check=True)

    print(f'2/3 Training {" and ".join(configs)} side by side (about 10 minutes)')
    options = {
        'data_root': str(data_root),
        'randomness.seed': seed,
        'default_hooks.checkpoint.interval': 100,
        'default_hooks.logger.interval': 10,
        **(options or {}),
    }
    models = [TrainedModel(name, path, out / name) for name, path in configs.items()]
    seconds = train_together(models, script=script, options=options)

    print(f'3/3 Comparing on {num_scenes[1]} scenes not trained on (1 minute)')
    summary = compare(
        models,
        out=out,
        options=options,
        notes={'training_seconds_side_by_side': seconds},
    )
    print(f'Pictures, the chart of scores and summary.json are in {out}')
    return summary
