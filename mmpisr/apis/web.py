"""The command ``mmpisr web``."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from typing import Any

from mmpisr.command_line import run_tool

from .commands import exit_on_sigterm
from .predict import DEMO_BASE, DEMO_BASE_CONFIG, DEMO_SCENES, model_of, of_demo

LOOPBACK = '127.0.0.1'


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and serve the page until Ctrl-C."""
    parser = ArgumentParser(
        prog='mmpisr web',
        description='A page that shows what a relation does to your pictures: '
        'predictions, class heatmaps, instance slots, and what a pixel depends on.',
    )
    add = parser.add_argument
    add(
        '--model',
        nargs='+',
        metavar=('CONFIG', 'CHECKPOINT'),
        help='config and checkpoint (the latest in the work dir of the config) of a '
        "model with a relation; the demo's models and scenes, if it is left out",
    )
    pair: dict[str, Any] = dict(nargs=2, metavar=('CONFIG', 'CHECKPOINT'))
    add('--compare', **pair, help='a second model, such as the base')
    add('--examples', nargs='+', metavar='IMAGE', help='images or folders to pick from')
    add('--host', default=LOOPBACK, help=f'address to serve at ({LOOPBACK}: only here)')
    add('--port', type=int, help='the first free one from 7860 by default')
    add('--device', help='cpu, cuda, cuda:1; the best one by default')
    trusted = 'load a checkpoint that holds more than weights; it can run any code'
    add('--trust-checkpoint', action='store_true', help=trusted)
    run_tool(parser, serve, argv)


def serve(
    *,
    model: Sequence[str] | None = None,
    compare: Sequence[str] | None = None,
    examples: Sequence[str] | None = None,
    host: str = LOOPBACK,
    port: int | None = None,
    **options: Any,
) -> None:
    """Load the models and serve the page until it is interrupted.

    Args:
        model: Config, and checkpoint if it is not the latest of the work dir; None:
            the demo's models and scenes.
        compare: Config and checkpoint of a second model.
        examples: Images, folders and globs.
        host: Address to serve at.
        port: None: the first free one from 7860.
        options: ``device`` and ``trust_checkpoint`` of ``PanopticInferencer``.

    Raises:
        ImportError: Gradio is missing.
        FileNotFoundError: There is no such config, checkpoint or example.
        ValueError: The models do not fit the page or each other, or an example cannot
            be read.
        OSError: The port is in use.
    """
    if find_spec('gradio') is None:
        raise ImportError("the page needs Gradio: pip install 'mmpisr[web]'")
    trained: list[Any] = [model_of(model)]
    if model is None:
        compare = compare or of_demo(DEMO_BASE, DEMO_BASE_CONFIG)  # type: ignore[assignment]
        examples = examples or [DEMO_SCENES]
    trained += [compare] if compare else []
    from .inferencer import PanopticInferencer  # loads torch
    from .web_page import PageModels, launch, make_page, read_examples

    load = partial(PanopticInferencer, **options)
    models = PageModels(*(load(*files) for files in trained))
    exit_on_sigterm()
    with TemporaryDirectory(prefix='mmpisr_web_') as folder:  # of uploads
        os.environ['GRADIO_TEMP_DIR'] = folder
        page = make_page(models, read_examples(models, examples or []))
        print(f'mmpisr web: {launch(page, host, port)} (Ctrl-C ends it)', flush=True)
        if host != LOOPBACK:
            text = f'anyone who reaches {host} can use the page; it has no password'
            print(f'mmpisr web: {text}', file=sys.stderr)
        page.block_thread()
