"""Put several panoptic results of one image next to each other, with a legend."""

from collections.abc import Mapping

import matplotlib
import numpy as np

from .panel_grid import Panel, legend_entries, panel_grid, segment_labels
from .panoptic_image import MIN_WIDTH, draw_panoptic, enlarge, enlargement
from .segment_matching import match_instances


class ImagePanels:
    """Makes panels of one image, all of one size.

    Args:
        image: RGB uint8, ``(H, W, 3)``.
        meta: ``classes`` and, if there is one, ``palette``.
        min_width: Panels are enlarged by a whole factor to at least this width.
        max_width: Rows and columns of wider images are left out, as many as needed.
    """

    def __init__(
        self,
        image: np.ndarray,
        meta: Mapping,
        *,
        min_width: int = MIN_WIDTH,
        max_width: int | None = None,
    ) -> None:
        self.meta = meta
        self.step = -(-image.shape[1] // (max_width or image.shape[1]))
        self.factor = enlargement(-(-image.shape[1] // self.step), min_width)
        self.image = self.fit(image)

    def fit(self, values: np.ndarray) -> np.ndarray:
        """Bring an image or map ``(H, W, ...)`` to the size of the panels."""
        return enlarge(values[:: self.step, :: self.step], self.factor)

    def plain(self) -> Panel:
        """The image."""
        return Panel('image', self.image)

    def segments(self, title: str, panoptic: np.ndarray) -> Panel:
        """A panoptic map in mmdet's encoding, ``(H, W)``, with names of segments."""
        panoptic = self.fit(panoptic)
        pixels = draw_panoptic(self.image, panoptic, self.meta, min_width=1)
        return Panel(title, pixels, segment_labels(panoptic, self.meta))

    def heat(self, title: str, heat: np.ndarray, colours: str) -> Panel:
        """A heatmap in [0, 1], ``(H, W)``, in matplotlib's colours, over the image."""
        table = matplotlib.colormaps[colours](self.fit(heat).clip(0, 1))[..., :3]
        drawn = 0.6 * 255 * table + 0.4 * self.image.mean(axis=2, keepdims=True)
        return Panel(title, drawn.round().astype(np.uint8))


def side_by_side(
    image: np.ndarray,
    maps: Mapping[str, np.ndarray],
    meta: Mapping,
    *,
    min_width: int = MIN_WIDTH,
) -> np.ndarray:
    """Show an image and its panoptic maps in a row, above a legend of their classes.

    Segments with enough room have their class's name. An instance has one shade in all
    maps, see :func:`match_instances`.

    Args:
        image: RGB uint8, ``(H, W, 3)``.
        maps: A title and a panoptic map in mmdet's encoding for each further panel,
            ``(H, W)``, such as truth, base, base + PISR.
        meta: ``classes`` and, if there is one, ``palette``.
        min_width: Panels are enlarged by a whole factor to at least this width.

    Returns:
        RGB uint8; save it with ``mmcv.imwrite(picture[..., ::-1], path)``.

    Raises:
        ValueError: A map is not as large as the image.
    """
    panels = ImagePanels(image, meta, min_width=min_width)
    matched = match_instances([*maps.values()])
    row = [panels.segments(*named) for named in zip(maps, matched, strict=True)]
    return panel_grid([[panels.plain(), *row]], entries=legend_entries(matched, meta))
