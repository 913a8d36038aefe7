"""Convert weights of detectron2's Panoptic-DeepLab project to mmpisr.

    python tools/model_converters/detectron2_panoptic_deeplab.py MODEL.pkl MODEL.pth

Also takes the ImageNet backbones of that project (R-52.pkl), whose names have no
prefix; the result is then a checkpoint for ``backbone.init_cfg``. The result must fit
the model of ``--config`` completely: a tensor that is left over or missing is an error,
and nothing is written.
"""

import argparse
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

CONFIG = (
    Path(__file__).resolve().parents[2]
    / 'configs/panoptic_deeplab/panoptic-deeplab_r52_90k_cityscapes.py'
)
STRIDES = {'res2': 0, 'res3': 1, 'res4': 2}
DROPPED = re.compile(r'pixel_(mean|std)$|stem\.fc\.|linear\.|.*\bloss\.')
RULES = [
    (r'backbone\.(stem)\.conv(\d)', lambda m: f'backbone.stem.{3 * int(m[2]) - 3}'),
    (r'backbone\.res(\d)', lambda m: f'backbone.layer{int(m[1]) - 1}'),
    (r'sem_seg_head\.decoder', 'neck.semantic'),
    (r'ins_embed_head\.decoder', 'neck.instance'),
    (r'sem_seg_head\.head', 'panoptic_head.semantic_head'),
    (r'sem_seg_head\.predictor', 'panoptic_head.semantic_predictor'),
    (r'ins_embed_head\.(center|offset)_', r'panoptic_head.\1_'),
    (r'res5\.project_conv\.convs\.4\.1', 'aspp.pool'),
    (r'res5\.project_conv\.convs\.(\d)', r'aspp.branches.\1'),
    (r'res5\.project_conv\.project', 'aspp.project'),
    (r'(res\d)\.project_conv', lambda m: f'projections.{STRIDES[m[1]]}'),
    (r'(res\d)\.fuse_conv', lambda m: f'fusions.{STRIDES[m[1]]}'),
    (r'(depthwise|pointwise)', r'\1_conv'),
]


def convert_backbone_name(name: str) -> str:
    """Name of a backbone parameter whose modules are already renamed."""
    if match := re.match(r'(backbone\.stem)\.(\d+)\.norm\.(.+)', name):
        return f'{match[1]}.{int(match[2]) + 1}.{match[3]}'
    name = name.replace('shortcut.norm.', 'downsample.1.')
    name = name.replace('shortcut.', 'downsample.0.')
    return re.sub(r'conv(\d)\.norm\.', r'bn\1.', name)


def convert_name(name: str) -> str:
    """Name of one parameter or buffer in ``mmpisr.PanopticDeepLab``.

    Raises:
        ValueError: If the name belongs to no part of the model.
    """
    new = name
    for pattern, replacement in RULES:
        new = re.sub(pattern, replacement, new)
    if not new.startswith(('backbone.', 'neck.', 'panoptic_head.')):
        raise ValueError(f'{name!r} is no part of detectron2 Panoptic-DeepLab')
    if new.startswith('backbone.'):
        return convert_backbone_name(new)
    if '_predictor.' in new:
        return new
    if '.norm.' in new:
        return new.replace('.norm.', '.bn.')
    return re.sub(r'\.(weight|bias)$', r'.conv.\1', new)


def convert_state_dict(
    state: Mapping[str, Tensor],
    *,
    trailing_things: int = 8,
    expected: Mapping[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """Rename all tensors, and put the rows of thing classes first.

    Args:
        state: detectron2's tensors: of a whole model, or of a backbone alone, whose
            names then have no ``backbone.`` prefix, and get none.
        trailing_things: How many thing classes detectron2 counts last: 8 for
            Cityscapes, 0 where things come first already (COCO).
        expected: State dict that the result must fit; None: not checked.

    Raises:
        ValueError: If a tensor is left over or missing, or has another shape.
    """
    kept = {name: value for name, value in state.items() if not DROPPED.match(name)}
    if is_backbone(kept):
        prefixed = {f'backbone.{name}': value for name, value in kept.items()}
        new = {
            convert_name(name).removeprefix('backbone.'): value
            for name, value in prefixed.items()
        }
    else:
        new = {convert_name(name): value for name, value in kept.items()}
    for name in new:
        if '.semantic_predictor.' in name:
            new[name] = new[name].roll(trailing_things, dims=0)
    if expected is not None:
        check_fit(new, expected)
    return new


def is_backbone(state: Mapping[str, Tensor]) -> bool:
    """Whether detectron2's tensors are those of an ImageNet backbone alone."""
    return all(name.startswith(('stem.', 'res', 'linear.')) for name in state)


def expected_state(config: str | Path, *, backbone_only: bool) -> dict[str, Tensor]:
    """The state dict of a config's model, or of its backbone, on the meta device."""
    from mmengine.config import Config

    from mmpisr.registry import MODELS

    model = Config.fromfile(config).model
    with torch.device('meta'):
        module = MODELS.build(model.backbone if backbone_only else model)
    return module.state_dict()


def check_fit(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Compare names and shapes; how often a normalisation was updated may be missing.

    Raises:
        ValueError: Naming what is left over, missing, or of another shape.
    """
    left_over = sorted(state.keys() - expected.keys())
    missing = sorted(
        name
        for name in expected.keys() - state.keys()
        if not name.endswith('.num_batches_tracked')
    )
    if left_over or missing:
        raise ValueError(
            f'the model does not have {left_over}, the checkpoint lacks {missing}'
        )
    for name, value in state.items():
        if value.shape != expected[name].shape:
            raise ValueError(
                f'{name} is {tuple(value.shape)} in the checkpoint, but '
                f'{tuple(expected[name].shape)} in the model'
            )


class ArrayUnpickler(pickle.Unpickler):
    """Reads pickled NumPy arrays and containers, and nothing that can run code."""

    allowed = re.compile(
        r'numpy\.(ndarray|dtype)|numpy\._?core\.multiarray\.(_reconstruct|scalar)'
        r'|collections\.OrderedDict|_codecs\.encode'
    )

    def find_class(self, module: str, name: str) -> Any:
        """Import one of the allowed names.

        Raises:
            pickle.UnpicklingError: If it is another one.
        """
        if not self.allowed.fullmatch(f'{module}.{name}'):
            raise pickle.UnpicklingError(f'refused to load {module}.{name}')
        return super().find_class(module, name)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read detectron2's ``.pkl``, or a ``.pth``, as tensors."""
    if path.suffix == '.pkl':
        with path.open('rb') as file:
            weights = ArrayUnpickler(file, encoding='latin1').load()
    else:
        weights = torch.load(path, map_location='cpu', weights_only=True)
    weights = weights.get('model', weights)
    return {name: torch.as_tensor(value) for name, value in weights.items()}


def main() -> None:
    """Convert one file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', type=Path, help='.pkl or .pth of detectron2')
    parser.add_argument('target', type=Path, help='.pth to write')
    parser.add_argument(
        '--config', default=CONFIG, help='config of the model that it must fit'
    )
    parser.add_argument(
        '--trailing-things',
        type=int,
        default=8,
        help='thing classes at the end of the order of classes: Cityscapes 8, COCO 0',
    )
    args = parser.parse_args()
    weights = read_weights(args.source)
    state = convert_state_dict(
        weights,
        trailing_things=args.trailing_things,
        expected=expected_state(args.config, backbone_only=is_backbone(weights)),
    )
    partial = args.target.with_name(f'{args.target.name}.part')
    torch.save(dict(state_dict=state), partial)
    partial.replace(args.target)
    print(f'{len(state)} tensors written to {args.target}')


if __name__ == '__main__':
    main()
