"""Time relations against a fixed reference, and count the bytes saved for backward.

    python tools/analysis_tools/benchmark_relations.py
    python tools/analysis_tools/benchmark_relations.py --amp --turns 50 --out FILE

The reference is a 3x3 convolution C -> 128, a 1x1 convolution back, and the sum with
the features. It and the relations take turns in one process; every other turn runs in
reverse order. A ratio is of two times of one turn. Needs no data and no checkpoint.
"""

import os
import shlex
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple

sys.path.append(str(Path(__file__).parent))  # where another script runs this one

import numpy as np
import torch
from speed.origin import code_version, machine
from speed.page import WIDTH, made_by, markdown_table, quartiles, shown
from speed.timing import ratios, seconds_of, time_in_turns
from torch import Tensor, nn

from mmpisr.files import write_atomically
from mmpisr.models.relations import PISR, ConvRelation, OCRRelation

RELATIONS = (PISR, OCRRelation, ConvRelation)
WORK = ('step', 'forward')
REFERENCE = 'reference'
REFERENCE_WIDTH = 128
COLUMNS = (
    '',
    'parameters',
    'step, ms',
    'ratio',
    'quartiles',
    'forward, ms',
    'ratio',
    'quartiles',
    'saved / inputs',
    'bf16 / float32',
)
EXPLAINED = f"""\
B = 1. The reference is a 3x3 convolution C -> {REFERENCE_WIDTH}, a 1x1 convolution back
to C, and the sum with the features. The models take turns in one process; every other
turn runs in reverse order. A step is forward and backward, to all inputs and
parameters; forward is without gradients. ms is the median; the ratio is the median over
turns of a model's time divided by that of the reference in the same turn, with its
quartiles. Saved / inputs: bytes kept for backward in float32, each storage once and the
inputs themselves among them, but not the module's own parameters, over the bytes of
features, class probabilities and heatmaps. Bf16 / float32: those bytes under bfloat16
autocast over those in float32; the inputs stay float32, and bfloat16 copies of weights
count."""


class Case(NamedTuple):
    """Sizes of a relation's inputs for one image."""

    channels: int
    height: int
    width: int
    classes: int
    instances: int


CASES = (Case(256, 128, 256, 133, 100), Case(384, 128, 256, 19, 50))


class Reference(nn.Module):
    """Two convolutions with a residual, on the features alone.

    Args:
        channels: C of the feature map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, REFERENCE_WIDTH, 3, padding=1)
        self.restore = nn.Conv2d(REFERENCE_WIDTH, channels, 1)

    def forward(self, feats: Tensor, sem_probs: Tensor, heatmaps: Tensor) -> Tensor:
        """``feats (B, C, H, W)`` convolved twice and added."""
        return feats + self.restore(self.reduce(feats))


class TimedModule:
    """A relation or the reference, with random inputs.

    Args:
        module: Takes features, class probabilities and heatmaps.
        case: Sizes of the inputs.
        device: ``'cpu'`` or a CUDA device.
        amp: Whether to time it under bfloat16 autocast.
    """

    def __init__(
        self, module: nn.Module, case: Case, *, device: str = 'cpu', amp: bool = False
    ) -> None:
        self.device, self.amp = torch.device(device), amp
        self.module = module.to(self.device)
        self.inputs = made_up_inputs(case, self.device)
        self._grad = torch.randn_like(self.inputs[0])

    def forward(self, *, amp: bool) -> Tensor:
        """Related features, ``(1, C, H, W)``."""
        with self._autocast(amp):
            output = self.module(*self.inputs)
        return output if isinstance(output, Tensor) else output.feats

    def seconds(self, work: str) -> float:
        """Time ``'step'`` or ``'forward'`` once."""
        return seconds_of(dict(zip(WORK, self._work, strict=True))[work], self.device)

    def saved_bytes(self, *, amp: bool) -> int:
        """Bytes kept for backward, each storage once, without parameters."""
        own = {p.untyped_storage().data_ptr() for p in self.module.parameters()}
        kept = {}  # holds the storages, so that no address is used twice

        def pack(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage
            return tensor.detach()

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            self.forward(amp=amp)
        return sum(s.nbytes() for address, s in kept.items() if address not in own)

    @property
    def input_bytes(self) -> int:
        """Bytes of features, class probabilities and heatmaps."""
        return sum(values.nbytes for values in self.inputs)

    @property
    def _work(self) -> tuple:
        return self._step, self._forward_only

    def _step(self) -> None:
        leaves = [*self.inputs, *self.module.parameters()]
        output = self.forward(amp=self.amp)
        torch.autograd.grad(output, leaves, self._grad, allow_unused=True)

    @torch.no_grad()
    def _forward_only(self) -> None:
        self.forward(amp=self.amp)

    def _autocast(self, enabled: bool) -> AbstractContextManager:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=enabled)


def made_up_inputs(case: Case, device: torch.device) -> list[Tensor]:
    """Features, class probabilities and heatmaps, float32, with gradients."""
    frame = case.height, case.width
    maps = [
        torch.randn(1, case.channels, *frame, device=device),
        torch.randn(1, case.classes, *frame, device=device).softmax(dim=1),
        torch.rand(1, case.instances, *frame, device=device),
    ]
    return [values.requires_grad_() for values in maps]


def build_all(case: Case, *, width: int, device: str, amp: bool) -> dict:
    """Build the reference and then the relations as ``TimedModule``, by name.

    Args:
        case: Sizes of the inputs.
        width: ``channels`` of the relations.
        device: Where they are timed.
        amp: Whether to use autocast.
    """
    torch.manual_seed(0)
    numbers = dict(num_classes=case.classes, num_instances=case.instances)
    modules = {REFERENCE: Reference(case.channels)} | {
        relation.__name__: relation(case.channels, channels=width, **numbers)
        for relation in RELATIONS
    }
    return {
        name: TimedModule(module, case, device=device, amp=amp)
        for name, module in modules.items()
    }


def case_table(models: Mapping[str, TimedModule], *, turns: int) -> list[str]:
    """Time the models of a case, count saved bytes, and format a Markdown table."""
    for model in models.values():
        for work in WORK:
            model.seconds(work)  # warm-up
    spent = time_in_turns(models, turns=turns, work=WORK)
    rows = [
        [
            name,
            f'{sum(p.numel() for p in model.module.parameters()):,}',
            *_time_cells(spent['step'], name),
            *_time_cells(spent['forward'], name),
            *_memory_cells(model),
        ]
        for name, model in models.items()
    ]
    return markdown_table(COLUMNS, rows)


def _time_cells(spent: Mapping[str, np.ndarray], name: str) -> Sequence[str]:
    low, middle, high = ratios(spent)[name]
    milliseconds = 1e3 * float(np.median(spent[name]))
    return shown(milliseconds, 1), shown(middle, 3), quartiles(low, high)


def _memory_cells(model: TimedModule) -> Sequence[str]:
    wide, narrow = (model.saved_bytes(amp=amp) for amp in (False, True))
    return shown(wide / model.input_bytes, 2), shown(narrow / wide, 2)


def relations_page(
    tables: Mapping[Case, Sequence[str]],
    args: Namespace,
    *,
    command: str,
    about: Mapping[str, Any],
) -> str:
    """Write the tables as Markdown.

    Args:
        tables: Of each case.
        args: As ``parse_args`` gives them.
        command: Command that made the page.
        about: See ``speed_page``.
    """
    dtype = 'bfloat16 autocast' if args.amp else 'float32'
    facts = f'On {args.device}, {dtype}, {args.turns} turns.{tf32(args.device)}'
    text = fill(f'{facts} {" ".join(EXPLAINED.split())}', WIDTH, break_on_hyphens=False)
    lines = ['# Speed of relations', '', 'Made by a script, do not edit.', '', text]
    for case, table in tables.items():
        title = (
            f'C = {case.channels}, {case.height} x {case.width}, N = {case.classes}, '
            f'K = {case.instances}'
        )
        lines += ['', f'## {title}', '', f'Relations of {args.width} channels.', '']
        lines += table
    return '\n'.join([*lines, '', *made_by(command, about)]) + '\n'


def tf32(device: str) -> str:
    """Report whether a GPU may use TF32 for float32; empty for a CPU."""
    if not device.startswith('cuda'):
        return ''
    states = {True: 'on', False: 'off'}
    return (
        f' TF32 is {states[torch.backends.cudnn.allow_tf32]} in convolutions and '
        f'{states[torch.backends.cuda.matmul.allow_tf32]} in matrix products.'
    )


def parse_args() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(
        description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    add('--amp', action='store_true', help='time under bfloat16 autocast')
    add('--width', type=int, default=128, help='channels of the relations')
    add('--turns', type=int, default=20, help='of each model')
    add('--out', type=Path, help='page to write')
    args = parser.parse_args()
    for name in ('width', 'turns'):
        if getattr(args, name) < 1:
            parser.error(f'--{name} is {getattr(args, name)}, expected at least 1')
    if args.device.startswith('cuda') and not torch.cuda.is_available():
        parser.error(f'--device {args.device}, but torch finds no GPU')
    return args


def main() -> None:
    """Time all cases, print the page."""
    args = parse_args()
    load = os.getloadavg()[0]
    tables = {}
    for case in CASES:
        models = build_all(case, width=args.width, device=args.device, amp=args.amp)
        tables[case] = case_table(models, turns=args.turns)
    about = {**machine(), **code_version(), 'threads': torch.get_num_threads()}
    command = shlex.join(['python', *sys.argv])
    text = relations_page(tables, args, command=command, about={**about, 'load': load})
    print(text)
    if args.out:
        write_atomically(args.out, text)


if __name__ == '__main__':
    main()
