"""The command ``mmpisr predict``."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from mmpisr.command_line import run_tool
from mmpisr.mim import mim_root

DEMO_DIR = Path('work_dirs/demo')
DEMO_MODEL = 'base + PISR'
DEMO_CONFIG = 'configs/pisr/pisr_panoptic-deeplab_r18_1200-iter_scenes.py'
DEMO_BASE_CONFIG = 'configs/panoptic_deeplab/panoptic-deeplab_r18_1200-iter_scenes.py'
SCENES = 'mmpisr scenes'  # info.description of their json
SKIPPED = 3
NO_MODEL = """--model is missing, and {} is no scene of the demo. Two ways lead to a \
model:
- train one on your data (docs/datasets.md, "Your own data"), then
  --model CONFIG CHECKPOINT;
- convert a published checkpoint: tools/model_converters/detectron2_panoptic_deeplab.py
  reads those of detectron2; one of mmdet needs its config only,
  --model mmdet::FOLDER/NAME.py CHECKPOINT"""


def main(argv: Sequence[str] | None = None) -> int:
    """Read the flags, predict, and return 3 if images were skipped."""
    parser = ArgumentParser(
        prog='mmpisr predict',
        description='Predict pictures, folders, videos or a webcam, and write panoptic '
        'maps (COCO), overlays and tables.',
        epilog='Exit code: 0; 1 after an error; 3 if images could not be read.',
    )
    add = parser.add_argument
    add(
        'inputs',
        metavar='IN',
        nargs='+',
        help='image, folder, "glob", video, or number of a webcam',
    )
    add(
        '--model',
        nargs='+',
        metavar=('CONFIG', 'CHECKPOINT'),
        help='config and checkpoint (the latest in the work dir of the config); for '
        'scenes of the demo its model, if it is left out',
    )
    add('--out', required=True, metavar='DIR', help='folder of the results')
    add('--batch-size', type=int, default=1, help='images predicted together')
    add('--device', help='cpu, cuda, cuda:1; the best one by default')
    add('--tile', type=int, help='predict longer images in tiles of this side, pixels')
    add('--overlap', type=int, default=128, help='overlap of the tiles, pixels (128)')
    slots = 'write the instance slots of the relation with their scores'
    add('--slots', action='store_true', help=slots)
    add('--no-overlay', dest='overlay', action='store_false', help='draw nothing')
    add('--no-tables', dest='tables', action='store_false', help='write no tables')
    trusted = 'load a checkpoint that holds more than weights; it can run any code'
    add('--trust-checkpoint', action='store_true', help=trusted)
    return run_tool(parser, predict, argv)


def predict(
    inputs: Sequence[str],
    *,
    model: Sequence[str] | None = None,
    out: str,
    device: str | None = None,
    trust_checkpoint: bool = False,
    **options: bool | int | None,
) -> int:
    """Predict and write the results; returns the exit code.

    Args:
        inputs: As the command has them.
        model: Config, and checkpoint if it is not the latest of the work dir.
        out: Folder of the results.
        device: See ``PanopticInferencer``.
        trust_checkpoint: See ``PanopticInferencer``.
        options: Of ``PanopticInferencer.save``.

    Raises:
        FileNotFoundError: There is no such input, config or checkpoint.
        ValueError: There is no model, or the options do not fit each other.
    """
    config, checkpoint = model_of(model, inputs)
    from .inferencer import PanopticInferencer  # loads torch

    inferencer = PanopticInferencer(
        config, checkpoint, device=device, trust_checkpoint=trust_checkpoint
    )
    listed = inputs[0] if len(inputs) == 1 else list(inputs)
    done = inferencer.save(listed, out, **options)  # type: ignore[arg-type]
    print(f'{done.written} images are predicted in {out}')
    if done.skipped:
        print(
            f'{len(done.skipped)} could not be read and are skipped, the first is '
            f'{done.skipped[0]}',
            file=sys.stderr,
        )
    return SKIPPED if done.skipped else 0


def model_of(
    model: Sequence[str] | None, inputs: Sequence[str] = ()
) -> tuple[str, str | Path]:
    """Config and checkpoint of ``--model CONFIG [CHECKPOINT]``.

    Args:
        model: Words of the flag; None: the demo's model, for the demo's scenes only.
        inputs: What it shall predict.

    Raises:
        FileNotFoundError: There is no checkpoint.
        ValueError: There are more words; or no model, and other inputs than scenes.
    """
    if model is None:
        others = [path for path in inputs if not is_demo_scene(path)]
        if others:
            raise ValueError(NO_MODEL.format(others[0]))
        return of_demo(DEMO_MODEL, DEMO_CONFIG)
    if len(model) > 2:
        raise ValueError(
            f'--model takes CONFIG [CHECKPOINT], not {" ".join(model)}; other words '
            'stand before --model'
        )
    config, *checkpoints = model
    if checkpoints:
        return config, checkpoints[0]
    from mmpisr.families.add import read_config

    work_dir = read_config(config).get('work_dir') or f'work_dirs/{Path(config).stem}'
    return config, _latest(Path(work_dir))


def of_demo(name: str, config: str) -> tuple[str, Path]:
    """Config and latest checkpoint of a model that ``make demo`` has trained."""
    return str(mim_root() / config), _latest(DEMO_DIR / name)


def _latest(work_dir: Path) -> Path:
    from .trainings import last_checkpoint

    return last_checkpoint(work_dir)


def is_demo_scene(path: str) -> bool:
    """Whether a path is below the images of drawn scenes, as their json says."""
    from mmpisr.datasets.panoptic_json import read_json

    place = Path(path).absolute()
    for folder in (place, *place.parents):
        jsons = folder.parent.glob('annotations/panoptic_*.json')
        for json_path in jsons if folder.name == 'images' else ():
            info = read_json(str(json_path)).get('info') or {}
            if info.get('description') == SCENES:
                return True
    return False
