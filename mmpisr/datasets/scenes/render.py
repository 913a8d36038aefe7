"""Draw one scene: layout, ambiguous things and regions, objects, deciders, noise."""

from typing import NamedTuple

import cv2
import numpy as np

from .canvas import VOID, Canvas, blotches
from .classes import RELATIONS
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

Rng = np.random.Generator
MIN_VISIBLE = 6  # square units; what shows less of itself becomes void


class Scene(NamedTuple):
    """One finished scene.

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

    Deciders have their own random numbers: forcing one changes the scene where the
    decider stands, and the class of what it decides, but no other pixel.

    Args:
        seed: Integers; the same ones give the same scene, in any order or process.
        size: Height and width.
        deciders: Force ``boat``, ``snow`` or ``lamp`` to be there or not; by default
            each is there in half of the scenes, whatever the layout and the others.
    """
    coin_rng, rng, decider_rng, noise_rng = (
        np.random.default_rng([*seed, stream]) for stream in range(4)
    )
    there = {r.decider: bool(coin_rng.integers(2)) for r in RELATIONS}
    there.update(deciders or {})
    names = {r.decider: r.present if there[r.decider] else r.absent for r in RELATIONS}

    canvas = Canvas(size)
    layout = LAYOUTS[rng.integers(len(LAYOUTS))]
    stage = layout(canvas, rng, decider_rng, snow=there['snow'])
    _draw_region(canvas, rng, names['lamp'])
    _draw_clutter(canvas, rng, stage)
    _draw_objects(canvas, rng, stage, names)
    _draw_void(canvas, rng)
    _draw_deciders(canvas, decider_rng, stage, there)
    return _finish(canvas, noise_rng)


def _draw_region(canvas: Canvas, rng: Rng, name: str) -> None:
    """An ochre, dotted region on the ground: carpet or sand."""
    if rng.random() > 0.85:
        return
    owner = canvas.stuff(name)
    center = canvas.pixel(rng.uniform(0.2, 0.8), rng.uniform(0.8, 0.9))
    radii = canvas.pixel(rng.uniform(0.16, 0.28), rng.uniform(0.08, 0.13))
    canvas.ellipse(center, radii, vary(rng, (215, 185, 90), 8), owner)
    canvas.add_texture(owner, blotches(canvas, rng, grain=2, strength=16))


def _draw_clutter(canvas: Canvas, rng: Rng, stage: Stage) -> None:
    """Litter on the ground: it belongs to what it lies on."""
    for _ in range(rng.integers(4, 14)):
        x, y = canvas.pixel(rng.random(), rng.uniform(stage.horizon + 0.06, 1))
        sides = rng.uniform(1, 3.5, 2) * canvas.unit
        canvas.box(x, y, *sides, rng.uniform(30, 200, 3), None)


def _draw_objects(
    canvas: Canvas, rng: Rng, stage: Stage, names: dict[str, str]
) -> None:
    """Things from far to near, so that the near ones occlude."""
    kinds = [(draw_car, 0.42)] * rng.integers(0, 4)
    kinds += [(draw_person, 0.5)] * rng.integers(0, 4)
    jobs = [(rng.uniform(0.06, 1) ** 0.8, kind, k, None) for kind, k in kinds]
    for kind, decider in ((draw_round, 'boat'), (draw_sled, 'snow')):
        count = rng.integers(1, 3) if rng.random() < 0.75 else 0
        nearness = rng.uniform(0.45, 0.95, count)
        jobs += [(near, kind, 0.0, names[decider]) for near in nearness]
    if rng.random() < 0.2:
        jobs.append((rng.uniform(0.25, 0.5), _draw_crowd, 0.4, None))

    for near, draw, growth, name in sorted(jobs, key=lambda job: job[0]):
        foot = stage.horizon + 0.02 + near * (0.98 - stage.horizon)
        where = canvas.pixel(rng.uniform(0.02, 0.98), foot)
        reach = canvas.pixel(0, foot - stage.horizon)[1]
        if name is None:
            draw(canvas, rng, where, max(growth * reach, 3))
        else:
            draw(canvas, rng, where, rng.uniform(10, 17) * canvas.unit, name)


def _draw_crowd(
    canvas: Canvas, rng: Rng, foot: tuple[float, float], height: float
) -> None:
    """People too close to count."""
    owner = canvas.new_segment('person', crowd=True)
    for step in range(rng.integers(4, 8)):
        where = (foot[0] + step * height * 0.3, foot[1] + rng.uniform(-1, 1))
        draw_person(canvas, rng, where, height, owner=owner)


def _draw_void(canvas: Canvas, rng: Rng) -> None:
    """Something nobody labelled, or a strip at the lower edge."""
    height, width = canvas.owners.shape
    if rng.random() < 0.35:
        x, y = canvas.pixel(rng.random(), rng.uniform(0.6, 0.95))
        corners = rng.uniform(-9, 9, (5, 2)) * canvas.unit + (x, y)
        canvas.polygon(corners, vary(rng, (60, 70, 40)), VOID)
    if rng.random() < 0.2:
        strip = rng.uniform(3, 6) * canvas.unit
        canvas.box(0, height - strip, width, strip, (20, 20, 22), VOID)


def _draw_deciders(
    canvas: Canvas, rng: Rng, stage: Stage, there: dict[str, bool]
) -> None:
    """Boat and lamp come last, so nothing hides them; snow lies on its mountain."""
    boat, lamp = rng.uniform(15, 19), rng.uniform(20, 25)
    if there['boat']:
        draw_boat(canvas, rng, stage.boat_foot, boat * canvas.unit)
    if there['lamp']:
        height = lamp * canvas.unit
        draw_lamp(canvas, rng, stage.lamp_foot, height, hanging=stage.hanging)


def _finish(canvas: Canvas, rng: Rng) -> Scene:
    """Add light and noise; drop segments that hardly show."""
    light = blotches(canvas, rng, grain=90, strength=9)[..., None]
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
