"""The page of ``mmpisr web``: its pictures, and its layout in Gradio."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from mmengine import fileio

from mmpisr.datasets.image_file import decode_image, read_head
from mmpisr.visualization import relation_figures as figures
from mmpisr.visualization.examined_image import ExaminedImage
from mmpisr.visualization.panel_grid import legend_entries, panel_grid
from mmpisr.visualization.segment_matching import match_instances
from mmpisr.visualization.side_by_side import ImagePanels

from .image_source import open_source
from .inferencer import PanopticInferencer

MAX_BYTES, MAX_PIXELS, NUM_EXAMPLES = 20 * 2**20, 8_000_000, 8
LIMITS = f'The limits are {MAX_BYTES >> 20} MB and {MAX_PIXELS / 1e6:g} megapixels.'
Models = Mapping[str, PanopticInferencer]  # by name; the last one has the relation


def read_picture(content: bytes, frame: str, name: str = 'The picture') -> np.ndarray:
    """Decode an image file within the limits of the page.

    Args:
        content: Of the file.
        frame: See ``PanopticInferencer``.
        name: Of the file, for messages.

    Returns:
        BGR ``(H, W, 3)``; dtype as in the file.

    Raises:
        ValueError: It is too large, or no whole image; names the limits.
    """
    try:
        if len(content) > MAX_BYTES:
            raise ValueError(f'it has {len(content) / 2**20:.1f} MB')
        head = read_head(content)
        if head.size[0] * head.size[1] > MAX_PIXELS:
            raise ValueError(f'its (height, width) is {head.size}')
        return decode_image(content, head, frame)
    except ValueError as reason:
        raise ValueError(f'{name} cannot be shown: {reason}. {LIMITS}') from None


def read_examples(models: Models, inputs: Sequence[str]) -> dict[str, np.ndarray]:
    """Read the first images of the inputs: by name, BGR ``(H, W, 3)``.

    Raises:
        FileNotFoundError: An input does not exist or holds no image.
        ValueError: See :func:`read_picture`.
    """
    frame = [*models.values()][-1].frame
    found: Any = open_source([*inputs]).images if inputs else ()
    chosen = islice(found, NUM_EXAMPLES)
    return {name: read_picture(fileio.get(path), frame, path) for name, path in chosen}


def predict_pictures(
    models: Models, image: np.ndarray
) -> tuple[ExaminedImage, list[np.ndarray], np.ndarray]:
    """Predict an image, BGR ``(H, W, 3)``.

    Returns:
        The image as the last model has predicted it; two pictures of one size for the
        slider (the image itself, if there is one model), and one to click, see
        :func:`pixel_picture`; RGB uint8.
    """
    examined = [model.examine(image) for model in models.values()]
    shown, panels = examined[-1], _panels(examined[-1])
    matched = match_instances([one.panoptic for one in examined])
    drawn = [panels.segments('', panoptic) for panoptic in matched]
    pair = [panels.plain()._replace(title=''), *drawn][-2:]
    entries = legend_entries(matched, shown.meta)
    slider = [panel_grid([[panel]], entries=entries) for panel in pair]
    return shown, slider, drawn[-1].pixels


def heatmap_pictures(shown: ExaminedImage) -> list[np.ndarray | None]:
    """Draw class heatmaps and slots; None clears the picture of another image."""
    return [figures.class_figure(shown), figures.slot_figure(shown), None]


def pixel_picture(shown: ExaminedImage | None, index: Sequence[int]) -> np.ndarray:
    """Draw what a pixel depends on, (x, y) in the picture to click.

    Raises:
        ValueError: The server has forgotten the image, or see ``pixel_figure``.
    """
    if shown is None:
        raise ValueError('The picture was forgotten: pick or upload it again.')
    panels = _panels(shown)
    x, y = (value // panels.factor * panels.step for value in index)
    return figures.pixel_figure(shown, (x, y))


def _panels(shown: ExaminedImage) -> ImagePanels:
    return ImagePanels(shown.image, shown.meta, min_width=900, max_width=1400)


def make_page(models: Models, examples: Mapping[str, np.ndarray]) -> Any:
    """Lay out the page, a ``gradio.Blocks``.

    Pictures are sent as pixels, so that the page has no path of this machine but that
    of Gradio's folder for temporary files, ``GRADIO_TEMP_DIR``.
    """
    import gradio as gr

    left, right = ['image', *models][-2:]
    model, scale = models[right], models[right].loader.scale

    def reply(work: Callable, *args: Any) -> Any:
        """Show an error of ours to the visitor; Gradio hides all others."""
        try:
            return work(*args)
        except ValueError as reason:
            raise gr.Error(str(reason), print_exception=False) from None

    def show_example(event: gr.SelectData) -> tuple:
        return reply(predict_pictures, models, [*examples.values()][event.index])

    def show_upload(content: bytes) -> tuple:
        image = reply(read_picture, content, model.frame)
        return reply(predict_pictures, models, image)

    def show_heatmaps(shown: ExaminedImage) -> list:
        return reply(heatmap_pictures, shown)

    def show_pixel(shown: ExaminedImage | None, event: gr.SelectData) -> np.ndarray:
        return reply(pixel_picture, shown, event.index)

    pictures = [(scale(examples[n])[..., ::-1].astype('uint8'), n) for n in examples]
    fixed: Any = dict(interactive=False, format='png', buttons=[])  # nor sharing
    with gr.Blocks(title='mmpisr', delete_cache=(600, 3600)) as page:
        state = gr.State()
        gr.Markdown(f'# What {right} does\nPick or upload a picture. {LIMITS}')
        look: Any = dict(visible=bool(pictures), height=150, allow_preview=False)
        gallery = gr.Gallery(pictures, label='examples', columns=8, **look, **fixed)
        upload = gr.UploadButton(type='binary', file_types=['image'])
        with gr.Tab('Prediction'):
            slider = gr.ImageSlider(label=f'{left} | {right}', max_height=700, **fixed)
        with gr.Tab('What a pixel depends on'):
            target = gr.Image(label='click a pixel', elem_id='target', **fixed)
            pixel = gr.Image(show_label=False, elem_id='pixel', **fixed)
        with gr.Tab('Heatmaps'):
            classes = gr.Image(show_label=False, elem_id='classes', **fixed)
            slots = gr.Image(show_label=False, elem_id='slots', **fixed)
        # Models have hooks, which allow one call at a time.
        event: Any = dict(concurrency_id='model', api_visibility='private')
        gallery.select(show_example, None, [state, slider, target], **event)
        upload.upload(show_upload, upload, [state, slider, target], **event)
        state.change(show_heatmaps, state, [classes, slots, pixel], **event)
        target.select(show_pixel, state, pixel, **event)
    return page.queue(max_size=20, api_open=False)


def launch(page: Any, *, host: str, port: int | None) -> str:
    """Serve the page in a thread, without any connection to elsewhere.

    Args:
        page: Of :func:`make_page`.
        host: Address to serve at.
        port: None: the first free one from 7860.

    Returns:
        Its address.

    Raises:
        OSError: The port is in use.
    """
    import gradio as gr
    import safehttpx

    # With these two, Gradio fetches addresses that visitors send in place of files.
    safehttpx.get = safehttpx.async_validate_url = None
    services = 'share', 'ssr_mode', 'pwa', 'mcp_server', 'run_history'
    options: Any = dict.fromkeys((*services, 'enable_monitoring'), False)
    options |= dict(server_name=host, server_port=port, prevent_thread_lock=True)
    options |= dict(max_file_size=MAX_BYTES, state_session_capacity=4)
    options['theme'] = gr.themes.Base(font='sans-serif', font_mono='monospace')
    return page.launch(quiet=True, footer_links=[], **options)[1]
