"""Put several panoptic results of one image next to each other, with a legend."""

from collections.abc import Mapping

import matplotlib
import numpy as np
from matplotlib.patches import Patch
from mmdet.evaluation.functional import INSTANCE_OFFSET

from mmpisr.evaluation.measures.relation_accuracy import FIELDS as RELATION_FIELDS

from .panel_grid import Panel, legend_entries, panel_grid, segment_labels
from .panoptic_image import MIN_WIDTH, draw_panoptic, enlarge, enlargement, stripes
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

    def segments(
        self, title: str, panoptic: np.ndarray, *, truth: np.ndarray | None = None
    ) -> Panel:
        """A panoptic map in mmdet's encoding, ``(H, W)``, with names of segments.

        Args:
            title: Of the panel.
            panoptic: The map.
            truth: Pixels of another class than here are hatched, ``(H, W)``. If it is
                the map itself, names say why look-alike classes are what they are.
        """
        meta = explained_names(self.meta) if truth is panoptic else self.meta
        wrong = None if truth is None else self.fit(wrong_pixels(panoptic, truth, meta))
        panoptic = self.fit(panoptic)
        pixels = draw_panoptic(self.image, panoptic, meta, min_width=1)
        if wrong is not None:
            pixels[wrong & stripes(wrong.shape, falling=True)] = 0
        return Panel(title, pixels, segment_labels(panoptic, meta))

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
    truth: str | None = None,
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
        truth: Title of the map that is the truth: where the class of another map
            differs, it is hatched.
        min_width: Panels are enlarged by a whole factor to at least this width.

    Returns:
        RGB uint8; save it with ``mmcv.imwrite(picture[..., ::-1], path)``.

    Raises:
        ValueError: A map is not as large as the image.
    """
    panels = ImagePanels(image, meta, min_width=min_width)
    matched = dict(zip(maps, match_instances([*maps.values()]), strict=True))
    right = None if truth is None else matched[truth]
    row = [panels.segments(*named, truth=right) for named in matched.items()]
    entries = legend_entries([*matched.values()], meta)
    if truth is not None:
        hatch = Patch(fc='white', hatch='\\' * 3, ec='black', label='wrong class')
        entries.append(hatch)
    return panel_grid([[panels.plain(), *row]], entries=entries)


def wrong_pixels(panoptic: np.ndarray, truth: np.ndarray, meta: Mapping) -> np.ndarray:
    """Pixels whose class is not that of the truth, void left out, bool, ``(H, W)``."""
    labels, right = panoptic % INSTANCE_OFFSET, truth % INSTANCE_OFFSET
    return (labels != right) & (right < len(meta['classes']))


def explained_names(meta: Mapping) -> dict:
    """Metainfo in which look-alike classes are named with what decides them."""
    names = {name: name for name in meta['classes']}
    for relation in meta.get('relations', ()):
        decider, present, absent = (relation[f] for f in RELATION_FIELDS)
        names[present] = f'{present}, because of the {decider}'
        names[absent] = f'{absent}, because no {decider} is there'
    return {**meta, 'classes': [*names.values()]}
