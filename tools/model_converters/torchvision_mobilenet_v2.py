"""Convert torchvision's ImageNet MobileNetV2 to a backbone checkpoint.

    python tools/model_converters/torchvision_mobilenet_v2.py \
        mobilenet_v2-b0353104.pth pretrained/mobilenet_v2.pth

The file is https://download.pytorch.org/models/mobilenet_v2-b0353104.pth. The result
fits ``mmseg.MobileNetV2``, which ends before the last convolution (``features.18``);
that and the classifier are left out.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

import torch
from mmseg.models.backbones import MobileNetV2
from torch import Tensor

LEFT_OUT = 'features.18.', 'classifier.'


def convert_state_dict(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the tensors of the backbone, whose order is the same in both libraries.

    Raises:
        ValueError: The number of tensors, or the shape of one, differs.
    """
    given = _without_counters(state)
    given = {k: v for k, v in given.items() if not k.startswith(LEFT_OUT)}
    expected = _without_counters(MobileNetV2().state_dict())
    if len(given) != len(expected):
        raise ValueError(
            f"torchvision's MobileNetV2 has {len(expected)} tensors before its last "
            f'convolution, this file has {len(given)}'
        )
    pairs = zip(given.items(), expected.items(), strict=True)
    for (old, value), (new, target) in pairs:
        if value.shape != target.shape:
            raise ValueError(
                f'{old} has the shape {tuple(value.shape)}, but {new} has '
                f'{tuple(target.shape)}; is this MobileNetV2 of width 1.0?'
            )
    return dict(zip(expected, given.values(), strict=True))


def _without_counters(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without the batch counters, which old files of torchvision lack."""
    return {k: v for k, v in state.items() if not k.endswith('num_batches_tracked')}


def main() -> None:
    """Parse the arguments and convert."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('source', type=Path, help="torchvision's file")
    parser.add_argument('target', type=Path, help='checkpoint to write')
    args = parser.parse_args()

    state = torch.load(args.source, map_location='cpu', weights_only=True)
    try:
        converted = convert_state_dict(state)
    except ValueError as error:
        raise SystemExit(f'{args.source}: {error}') from error
    args.target.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=converted), args.target)
    print(f'{args.target}: {len(converted)} tensors')


if __name__ == '__main__':
    main()
