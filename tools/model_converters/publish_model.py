"""Reduce a checkpoint to what others need, with a hash in its name.

    python tools/model_converters/publish_model.py work_dirs/mine/iter_1200.pth mine.pth

writes ``mine-<first 8 digits of the file's sha256>.pth``, a name that mim and torch.hub
check after a download. Kept are the weights and ``meta`` (classes, the config's text,
with its paths, versions); the optimiser and the log are left out. If the training had
an ``EMAHook``, the averaged weights are kept: mmengine saves them as ``state_dict``.
"""

import argparse
import io
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import torch
from mmengine.runner.checkpoint import CheckpointLoader

import mmpisr
from mmpisr.command_line import run_tool
from mmpisr.engine.checkpoint import checkpoint_trust
from mmpisr.files import write_atomically


def publish_model(
    checkpoint: str, out: str | Path, *, trust_checkpoint: bool = False
) -> Path:
    """Write the weights and ``meta`` of a checkpoint.

    Args:
        checkpoint: File of a training.
        out: ``NAME.pth`` becomes ``NAME-<hash>.pth``, atomically.
        trust_checkpoint: Whether code in the checkpoint may run.

    Returns:
        The file written.

    Raises:
        FileNotFoundError: There is no such checkpoint.
        ValueError: It is damaged, holds more than weights or no ``state_dict``.
    """
    with checkpoint_trust(trust_checkpoint):
        content = CheckpointLoader.load_checkpoint(checkpoint, 'cpu', logger='silent')
    if not isinstance(content, dict) or 'state_dict' not in content:
        found = sorted(map(str, content)) if isinstance(content, dict) else content
        raise ValueError(f'{checkpoint} has no state_dict, but {found}')
    meta = {**(content.get('meta') or {}), 'mmpisr_version': mmpisr.__version__}
    buffer = io.BytesIO()
    torch.save(dict(meta=meta, state_dict=content['state_dict']), buffer)
    digest = sha256(buffer.getvalue()).hexdigest()
    path = Path(out).with_name(f'{Path(out).stem}-{digest[:8]}.pth')
    write_atomically(path, buffer.getvalue())
    return path


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, publish, and print the path."""
    parser = argparse.ArgumentParser(
        prog='publish_model.py', description=__doc__.splitlines()[0]
    )
    parser.add_argument('checkpoint', metavar='IN', help='checkpoint of a training')
    parser.add_argument('out', metavar='OUT', help='NAME.pth; the hash is added')
    trusted = 'load a checkpoint that holds more than weights; it can run any code'
    parser.add_argument('--trust-checkpoint', action='store_true', help=trusted)
    print(run_tool(parser, publish_model, argv))


if __name__ == '__main__':
    main()
