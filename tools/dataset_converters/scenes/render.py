"""Draw one scene: layout, ambiguous region, things, deciders, then noise."""

from collections.abc import Callable
from functools import partial
from operator import itemgetter
from typing import NamedTuple

import cv2
import numpy as np

from mmpisr.datasets.panoptic_scenes import RELATIONS

from .canvas import VOID, Canvas, Point, Rng, blotches
from .layouts import LAYOUTS, Stage
from .objects import (
    draw_boat,
    draw_car,
    draw_lamp,
    draw_person,
    draw_round,
    draw_sled,
    vary,
)

Painter = Callable[[Canvas, Rng, Point, float], None]
MIN_VISIBLE = 6  # square units; smaller segments become void


class Scene(NamedTuple):
    """A scene and its segments.

    Attributes:
        image: ``(H, W, 3)`` uint8, RGB.
        index_map: ``(H, W)`` int32: 0 = void, i + 1 = the i-th segment.
        segments: Class name and crowd flag of each segment.
    """

    image: np.ndarray
    index_map: np.ndarray
    segments: list[tuple[str, bool]]


def draw_scene(
    seed: tuple[int, ...],
    size: tuple[int, int],
    *,
    deciders: dict[str, bool] | None = None,
) -> Scene:
    """Draw the scene of a seed.

    Each decider has its own random numbers. Forcing one changes its own pixels and the
    class of what depends on it, and no other pixel.

    Args:
        seed: Integers; the same ones give the same scene.
        size: Height and width.
        deciders: Force ``boat``, ``snow`` or ``lamp`` to be present or absent; by
            default each is present in half of the scenes, independently.
    """
    coin_rng, rng, noise_rng, *decider_rngs = (
        np.random.default_rng([*seed, stream]) for stream in range(3 + len(RELATIONS))
    )
    rngs = {r.decider: own for r, own in zip(RELATIONS, decider_rngs, strict=True)}
    there = {r.decider: bool(coin_rng.integers(2)) for r in RELATIONS}
    there.update(deciders or {})
    names = {r.decider: r.present if there[r.decider] else r.absent for r in RELATIONS}

    canvas = Canvas(size)
    layout = LAYOUTS[rng.integers(len(LAYOUTS))]
    stage = layout(canvas, rng, rngs['snow'] if there['snow'] else None)
    _draw_region(canvas, rng, names['lamp'])
    _draw_clutter(canvas, rng, stage)
    _draw_objects(canvas, rng, stage, names)
    _draw_void(canvas, rng)
    _draw_deciders(canvas, rngs, stage, there)
    return _finish(canvas, noise_rng)


def _draw_region(canvas: Canvas, rng: Rng, name: str) -> None:
    """Draw an ochre, dotted region on the ground: carpet or sand."""
    if rng.random() > 0.85:
        return
    owner = canvas.stuff(name)
    center = canvas.pixel(rng.uniform(0.2, 0.8), rng.uniform(0.8, 0.9))
    radii = canvas.pixel(rng.uniform(0.16, 0.28), rng.uniform(0.08, 0.13))
    canvas.ellipse(center, radii, vary(rng, (215, 185, 90), 8), owner)
    canvas.add_texture(owner, blotches(canvas, rng, size=2, strength=16))


def _draw_clutter(canvas: Canvas, rng: Rng, stage: Stage) -> None:
    """Draw litter that belongs to the segment below it."""
    for _ in range(rng.integers(4, 14)):
        x, y = canvas.pixel(rng.random(), rng.uniform(stage.horizon + 0.06, 1))
        sides = rng.uniform(1, 3.5, 2) * canvas.unit
        canvas.box((x, y), tuple(sides), rng.uniform(30, 200, 3), None)


def _draw_objects(
    canvas: Canvas, rng: Rng, stage: Stage, names: dict[str, str]
) -> None:
    """Draw things from far to near, so that near ones occlude far ones."""
    jobs: list[tuple[float, Painter, float]] = []  # nearness, painter, height in pixels
    cars, persons = rng.integers(0, 4, 2)
    for painter, growth in [(draw_car, 0.42)] * cars + [(draw_person, 0.5)] * persons:
        near = rng.uniform(0.06, 1) ** 0.8
        jobs.append((near, painter, max(growth * _below(canvas, stage, near), 3)))
    for draw, name in ((draw_round, names['boat']), (draw_sled, names['snow'])):
        for _ in range(rng.integers(1, 4) if rng.random() < 0.8 else 0):
            height = rng.uniform(13, 20) * canvas.unit
            jobs.append((rng.uniform(0.45, 0.95), partial(draw, name=name), height))
    if rng.random() < 0.2:
        near = rng.uniform(0.25, 0.5)
        jobs.append((near, _draw_crowd, 0.4 * _below(canvas, stage, near)))

    horizon = canvas.pixel(0, stage.horizon)[1]
    for near, paint, height in sorted(jobs, key=itemgetter(0)):
        x = canvas.pixel(rng.uniform(0.02, 0.98), 0)[0]
        paint(canvas, rng, (x, horizon + _below(canvas, stage, near)), height)


def _below(canvas: Canvas, stage: Stage, near: float) -> float:
    """Pixels below the horizon; ``near`` 0 is far away, 1 the lower edge."""
    return canvas.pixel(0, 0.02 + near * (0.98 - stage.horizon))[1]


def _draw_crowd(canvas: Canvas, rng: Rng, foot: Point, height: float) -> None:
    """Draw a crowd of overlapping persons, one segment."""
    owner = canvas.new_segment('person', crowd=True)
    for step in range(rng.integers(4, 8)):
        where = (foot[0] + step * height * 0.3, foot[1] + rng.uniform(-1, 1))
        draw_person(canvas, rng, where, height, owner=owner)


def _draw_void(canvas: Canvas, rng: Rng) -> None:
    """Draw unlabelled pixels: a polygon, or a strip at the lower edge."""
    height, width = canvas.owners.shape
    if rng.random() < 0.35:
        x, y = canvas.pixel(rng.random(), rng.uniform(0.6, 0.95))
        corners = rng.uniform(-9, 9, (5, 2)) * canvas.unit + (x, y)
        canvas.polygon(corners, vary(rng, (60, 70, 40)), VOID)
    if rng.random() < 0.2:
        strip = rng.uniform(3, 6) * canvas.unit
        canvas.box((0, height - strip), (width, strip), (20, 20, 22), VOID)


def _draw_deciders(
    canvas: Canvas, rngs: dict[str, Rng], stage: Stage, there: dict[str, bool]
) -> None:
    """Draw boat and lamp last, so that nothing hides them."""
    if there['boat']:
        height = rngs['boat'].uniform(15, 19) * canvas.unit
        draw_boat(canvas, rngs['boat'], stage.boat_foot, height)
    if there['lamp']:
        rng, height = rngs['lamp'], rngs['lamp'].uniform(20, 25) * canvas.unit
        draw_lamp(canvas, rng, stage.lamp_foot, height, hanging=stage.hanging)


def _finish(canvas: Canvas, rng: Rng) -> Scene:
    """Add light and noise; make tiny segments void."""
    light = blotches(canvas, rng, size=90, strength=9)[..., None]
    noise = rng.normal(0, 5, canvas.image.shape)
    soft = cv2.GaussianBlur(canvas.image, (3, 3), 0.6)
    image = np.clip(soft * rng.uniform(0.9, 1.1) + light + noise, 0, 255)

    count = len(canvas.segments)
    areas = np.bincount(canvas.owners.ravel(), minlength=count + 1)[1:]
    kept = areas >= max(MIN_VISIBLE * canvas.unit**2, 1)
    positions = np.append(0, np.where(kept, np.cumsum(kept), 0))
    segments = [s for s, keep in zip(canvas.segments, kept, strict=True) if keep]
    index_map = positions[canvas.owners].astype(np.int32)
    return Scene(image.astype(np.uint8), index_map, segments)
