"""Serve a page that shows what a relation does to your pictures."""

import os
from argparse import ArgumentParser
from collections.abc import Sequence
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from typing import Any

from mmpisr.command_line import run_tool

from .commands import exit_on_sigterm
from .predict import DEMO_BASE_CONFIG, model_of, of_demo

Words = Sequence[str] | None


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and serve the page until Ctrl-C."""
    parser = ArgumentParser('mmpisr web', description=__doc__)
    two: dict[str, Any] = dict(metavar=('CONFIG', 'CHECKPOINT'))
    add = parser.add_argument
    add('--model', nargs='+', **two, help='with a relation; by default the demo')
    add('--compare', nargs=2, **two, help='a second model, such as the base')
    add('--examples', nargs='+', metavar='IMAGE', help='images or folders to pick from')
    add('--host', default='127.0.0.1', help='0.0.0.0: others can use it, no password')
    add('--port', type=int, help='the first free one from 7860 by default')
    add('--device', help='cpu, cuda, cuda:1; the best one by default')
    run_tool(parser, serve, argv)


def serve(
    *, model: Words, compare: Words, examples: Words, device: str | None, **server: Any
) -> None:
    """Load the models and serve the page until it is interrupted.

    Args:
        model: Config, and checkpoint if it is not the latest of the work dir; None:
            the demo's models and scenes.
        compare: Config and checkpoint of a second model.
        examples: Images, folders and globs.
        device: See ``PanopticInferencer``.
        server: ``host`` and ``port`` of ``launch``.

    Raises:
        ImportError: Gradio is missing.
        FileNotFoundError: There is no such config, checkpoint or example.
        ValueError: The models do not fit each other, or an example cannot be read.
        OSError: The port is in use.
    """
    if find_spec('gradio') is None:
        raise ImportError("the page needs Gradio: pip install 'mmpisr[web]'")
    files: list[Any] = [model_of(model), compare]
    if model is None:
        files[1] = compare or of_demo('base', DEMO_BASE_CONFIG)
        examples = examples or ['data/scenes/images/val']
    from .figures import named_models  # loads torch
    from .inferencer import PanopticInferencer
    from .web_page import launch, make_page, read_examples

    models = named_models(*(PanopticInferencer(*f, device=device) for f in files if f))
    exit_on_sigterm()
    with TemporaryDirectory(prefix='mmpisr_web_') as folder:  # of uploads
        os.environ |= dict(GRADIO_TEMP_DIR=folder, GRADIO_ANALYTICS_ENABLED='False')
        page = make_page(models, read_examples(models, examples or []))
        print(f'mmpisr web: {launch(page, **server)} (Ctrl-C ends it)', flush=True)
        page.block_thread()
