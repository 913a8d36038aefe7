"""The page of ``mmpisr web``: what it shows, and its layout in Gradio."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from mmengine import fileio

from mmpisr.datasets.image_file import decode_image, read_head
from mmpisr.datasets.image_folder import IMAGE_SUFFIXES
from mmpisr.visualization.examined_image import ExaminedImage
from mmpisr.visualization.panel_grid import legend_entries, panel_grid
from mmpisr.visualization.relation_figures import (
    class_figure,
    pixel_figure,
    slot_figure,
)
from mmpisr.visualization.segment_matching import match_instances
from mmpisr.visualization.side_by_side import ImagePanels

from .figures import named_models
from .image_source import open_source
from .inferencer import PanopticInferencer

MAX_BYTES, MAX_PIXELS = 20_000_000, 16_000_000
LIMITS = (
    f'Pictures have at most {MAX_BYTES // 10**6} MB and {MAX_PIXELS // 10**6} '
    f'megapixels, and end with {", ".join(IMAGE_SUFFIXES)}.'
)
NUM_EXAMPLES = 8
SESSIONS = 4
"""Visitors whose last picture is kept in memory."""


class ShownImage(NamedTuple):
    """An image on the page."""

    examined: ExaminedImage
    """By the model with the relation."""
    panels: ImagePanels
    """Of the size in which it is shown."""

    def pixel(self, index: Sequence[int]) -> np.ndarray:
        """Draw what the pixel at (x, y) of a panel depends on, see ``pixel_figure``."""
        x, y = (value // self.panels.factor * self.panels.step for value in index)
        return pixel_figure(self.examined, (x, y))


class PageModels:
    """The models behind the page.

    Args:
        model: With a relation.
        compare: Another one for the same classes, such as the base.

    Raises:
        ValueError: The model has no relation, or the models' classes differ.
    """

    def __init__(
        self, model: PanopticInferencer, compare: PanopticInferencer | None = None
    ) -> None:
        self.named = named_models(model, compare)
        *_, self.name = self.named
        if self.name == 'base':
            raise ValueError(
                'the page shows what a relation does, but the model of --model has '
                'none: give a config that mmpisr add-relation wrote'
            )

    @property
    def titles(self) -> Sequence[str]:
        """What is on the left and on the right of the slider."""
        return [*self.named] if len(self.named) == 2 else ['image', self.name]

    def read(self, content: bytes) -> np.ndarray:
        """Decode an image file as in testing, within the limits of the page.

        Returns:
            BGR ``(H, W, 3)``; dtype as in the file.

        Raises:
            ValueError: It is too large, or no whole image; names the limits.
        """
        try:
            if len(content) > MAX_BYTES:
                raise ValueError(f'{len(content) / 1e6:.1f} MB are too many')
            head = read_head(content)
            if head.size[0] * head.size[1] > MAX_PIXELS:
                high, wide = head.size
                raise ValueError(f'{wide} x {high} pixels (width, height) are too many')
            return decode_image(content, head, self.named[self.name].frame)
        except ValueError as reason:
            raise ValueError(
                f'The picture cannot be shown: {reason}. {LIMITS}'
            ) from None

    def thumbnail(self, image: np.ndarray) -> np.ndarray:
        """RGB uint8 of what ``read`` gives."""
        scaled = self.named[self.name].loader.scale(image)
        return scaled[..., ::-1].astype(np.uint8)

    def show(self, image: np.ndarray) -> tuple[ShownImage, list[np.ndarray]]:
        """Predict an image, BGR ``(H, W, 3)``.

        Returns:
            The image, and two pictures of one size for the slider, RGB uint8.
        """
        examined = {name: one.examine(image) for name, one in self.named.items()}
        shown = examined[self.name]
        panels = ImagePanels(shown.image, shown.meta, min_width=900, max_width=1400)
        matched = match_instances([one.panoptic for one in examined.values()])
        drawn = [panels.segments('', panoptic) for panoptic in matched]
        entries = legend_entries(matched, shown.meta)
        pair = [panels.plain()._replace(title=''), *drawn][-2:]
        pictures = [panel_grid([[panel]], entries=entries) for panel in pair]
        return ShownImage(shown, panels), pictures


def read_examples(models: PageModels, inputs: Sequence[str]) -> dict[str, np.ndarray]:
    """Read the first images of the inputs: by name, BGR ``(H, W, 3)``.

    Raises:
        FileNotFoundError: An input does not exist or holds no image.
        ValueError: An image cannot be read, or is larger than uploads may be.
    """
    found = {}
    images = open_source([*inputs]).images if inputs else ()
    for name, path in islice(images, NUM_EXAMPLES):
        try:
            found[name] = models.read(fileio.get(path))
        except ValueError as reason:
            raise ValueError(f'{path}: {reason}') from reason
    return found


def make_page(models: PageModels, examples: Mapping[str, np.ndarray]) -> Any:
    """Lay out the page, a ``gradio.Blocks``.

    Pictures are sent as pixels, so that the page has no path of this machine but that
    of Gradio's folder for temporary files, ``GRADIO_TEMP_DIR``.
    """
    os.environ['GRADIO_ANALYTICS_ENABLED'] = 'False'  # before gradio is loaded
    import gradio as gr

    @contextmanager
    def messages() -> Iterator[None]:
        """Show an error of ours to the visitor; Gradio hides all others."""
        try:
            yield
        except ValueError as reason:
            raise gr.Error(str(reason), print_exception=False) from None

    @messages()
    def show_example(event: gr.SelectData) -> tuple:
        return in_view(*models.show([*examples.values()][event.index]))

    @messages()
    def show_upload(content: bytes) -> tuple:
        return in_view(*models.show(models.read(content)))

    def in_view(shown: ShownImage, pictures: list[np.ndarray]) -> tuple:
        panoptic = shown.examined.panoptic
        return shown, pictures, shown.panels.segments('', panoptic).pixels, None

    @messages()
    def heatmaps(shown: ShownImage) -> list[np.ndarray]:
        return [class_figure(shown.examined), slot_figure(shown.examined)]

    @messages()
    def depends(shown: ShownImage | None, event: gr.SelectData) -> np.ndarray:
        if shown is None:
            raise ValueError('The picture was forgotten: pick or upload it again.')
        return shown.pixel(event.index)

    one_by_one = dict(concurrency_id='model', concurrency_limit=1)  # models have hooks
    event = dict(one_by_one, api_visibility='private')
    picture = dict(interactive=False, format='png', buttons=['download', 'fullscreen'])
    left, right = models.titles
    with gr.Blocks(
        title='mmpisr', analytics_enabled=False, delete_cache=(600, 3600)
    ) as page:
        state = gr.State()
        gr.Markdown(f'# What {models.name} does\nPick or upload a picture. {LIMITS}')
        with gr.Row():
            gallery = gr.Gallery(
                [(models.thumbnail(image), name) for name, image in examples.items()],
                label='examples',
                elem_id='examples',
                visible=bool(examples),
                columns=NUM_EXAMPLES,
                height=150,
                allow_preview=False,
                interactive=False,
                scale=5,
            )
            upload = gr.UploadButton(
                'Upload a picture', type='binary', file_types=[*IMAGE_SUFFIXES]
            )
        with gr.Tab('Prediction'):
            label = f'left: {left}, right: {right}'
            slider = gr.ImageSlider(
                label=label, max_height=700, elem_id='slider', **picture
            )
        with gr.Tab('What a pixel depends on'):
            gr.Markdown('Click a pixel of the prediction.')
            target = gr.Image(
                label=f'prediction of {models.name}', elem_id='target', **picture
            )
            pixel = gr.Image(
                label='what the pixel depends on', elem_id='pixel', **picture
            )
        with gr.Tab('Class heatmaps'):
            classes = gr.Image(
                label='before and after the relation', elem_id='classes', **picture
            )
        with gr.Tab('Instance slots'):
            slots = gr.Image(
                label='slots with their scores', elem_id='slots', **picture
            )
        views = [state, slider, target, pixel]
        for shown in (
            gallery.select(show_example, None, views, **event),
            upload.upload(show_upload, upload, views, **event),
        ):
            shown.success(heatmaps, state, [classes, slots], **event)
        target.select(depends, state, pixel, **event)
    return page.queue(max_size=20, api_open=False)


def launch(page: Any, host: str, port: int | None) -> str:
    """Serve the page in a thread, without any connection to elsewhere.

    Returns:
        Its address.

    Raises:
        OSError: The port is in use.
    """
    import gradio as gr
    import safehttpx

    async def refuse(*_: Any, **__: Any) -> None:
        raise ValueError('addresses are not fetched')

    # With these two, Gradio fetches addresses that visitors send in place of files.
    safehttpx.get = safehttpx.async_validate_url = refuse
    _, address, _ = page.launch(
        server_name=host,
        server_port=port,
        max_file_size=MAX_BYTES,
        state_session_capacity=SESSIONS,
        theme=gr.themes.Base(font='sans-serif', font_mono='monospace'),
        footer_links=[],
        share=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        run_history=False,
        enable_monitoring=False,
        quiet=True,
        prevent_thread_lock=True,
    )
    return address
