"""Real Cityscapes frames, predictions made from them, and both written down."""

import json
from importlib import import_module
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

VOID = -1


class Prediction(NamedTuple):
    """One image's prediction; label ids are the official ones."""

    segments: np.ndarray  # (H, W), 0 = void
    label_of: dict  # segment -> label id
    masks: list  # (label id, score, mask), may overlap


def official_classes():
    """Evaluated labels of cityscapesscripts, things first."""
    from cityscapesscripts.helpers.labels import labels

    known = [label for label in labels if not label.ignoreInEval]
    return sorted(known, key=lambda label: not label.hasInstances)


def evaluator(name):
    return import_module(f'cityscapesscripts.evaluation.{name}')


def dataset_meta(classes):
    pixel = evaluator('evalPixelLevelSemanticLabeling')
    return dict(
        classes=[c.name for c in classes],
        thing_classes=[c.name for c in classes if c.hasInstances],
        instance_areas=pixel.args.avgClassSize,
    )


def write_truth(source, folder, step, count):
    """Copy the first frames, every ``step``-th pixel, and convert them officially."""
    from cityscapesscripts.preparation.createPanopticImgs import convert2panoptic

    city = folder / 'gtFine' / 'val' / 'aachen'
    city.mkdir(parents=True)
    files = sorted(source.glob('gtFine/*/aachen/*_instanceIds.png'))[-count:]
    for file in files:
        for path in (file, file.with_name(file.name.replace('instance', 'label'))):
            pixels = np.array(Image.open(path))[::step, ::step]
            Image.fromarray(np.ascontiguousarray(pixels)).save(city / path.name)
    convert2panoptic(str(folder / 'gtFine'), setNames=['val'])
    return [city / file.name for file in files]


def perfect_prediction(path):
    """The truth itself; a group of things is one segment."""
    segments = np.array(Image.open(path)).astype(np.int64)
    evaluated = {c.id: c for c in official_classes()}
    label_of = {}
    for value in np.unique(segments).tolist():
        label = evaluated.get(value if value < 1000 else value // 1000)
        if label is not None:
            label_of[value] = label.id
    segments[~np.isin(segments, [*label_of])] = 0
    return Prediction(segments, label_of, thing_masks(segments, label_of))


def thing_masks(segments, label_of, scores=None):
    things = {c.id for c in official_classes() if c.hasInstances}
    chosen = [value for value, label in label_of.items() if label in things]
    scores = np.ones(len(chosen)) if scores is None else scores(len(chosen))
    return [
        (label_of[value], score, segments == value)
        for value, score in zip(chosen, scores, strict=True)
    ]


def spoiled_prediction(path, rng):
    """Shift, remove, merge, split and relabel segments; masks that overlap."""
    segments, label_of, _ = perfect_prediction(path)
    segments = np.roll(segments, rng.integers(-6, 7, 2), axis=(0, 1))
    classes = official_classes()
    for value in rng.permutation([*label_of]).tolist():
        kind = rng.choice(['keep', 'remove', 'merge', 'split', 'relabel'], p=WEIGHTS)
        mask = segments == value
        if kind == 'remove':
            segments[mask] = 0
        elif kind == 'merge':
            alike = [v for v, c in label_of.items() if c == label_of[value]]
            segments[mask] = rng.choice(alike)
        elif kind == 'split':
            middle = int(np.median(np.nonzero(mask)[1])) if mask.any() else 0
            mask[:, :middle] = False
            segments[mask] = value + 100_000
            label_of[value + 100_000] = label_of[value]
        elif kind == 'relabel':
            label_of[value] = int(rng.choice([c.id for c in classes]))
    top = rng.integers(0, segments.shape[0] // 2)
    segments[top : top + 20, 40:200] = 0
    left = {*np.unique(segments).tolist()} - {0}
    label_of = {v: c for v, c in label_of.items() if v in left}
    masks = thing_masks(segments, label_of, rng.random)
    return Prediction(segments, label_of, masks + extra_masks(masks, rng))


WEIGHTS = [0.5, 0.1, 0.1, 0.15, 0.15]


def extra_masks(masks, rng):
    """Shifted copies of half the masks, and boxes, with scores that tie."""
    things = [c.id for c in official_classes() if c.hasInstances]
    extra = [
        (label, round(rng.random(), 1), np.roll(mask, rng.integers(-9, 10, 2), (0, 1)))
        for label, _, mask in masks[::2]
    ]
    for _ in range(4):
        box = np.zeros_like(masks[0][2])
        top, left = (rng.integers(0, size // 2) for size in box.shape)
        box[top : top + 60, left : left + 90] = True
        extra.append((int(rng.choice(things)), 0.5, box))
    return [*extra, (things[0], 0.9, np.zeros_like(masks[0][2]))]


def as_sample(path, pred, classes, with_masks):
    """What a model would put on a data sample."""
    row_of = {c.id: row for row, c in enumerate(classes)}
    panoptic = np.full(pred.segments.shape, len(classes))
    for number, (value, label) in enumerate(pred.label_of.items()):
        thing = classes[row_of[label]].hasInstances
        instance = 1000 * (number + 1) if thing else 0
        panoptic[pred.segments == value] = row_of[label] + instance
    name = path.name.replace('_gtFine_instanceIds.png', '')
    sample = dict(
        img_id=name, pred_panoptic_seg=dict(sem_seg=torch.from_numpy(panoptic)[None])
    )
    if with_masks:
        labels, scores, masks = zip(*pred.masks, strict=True)
        sample['pred_instances'] = dict(
            labels=torch.tensor([row_of[label] for label in labels]),
            scores=torch.tensor(scores, dtype=torch.float64),
            masks=torch.from_numpy(np.stack(masks)),
        )
    return sample


def write_predictions(folder, paths, preds):
    """The three official formats of the same predictions; stuff is one segment each."""
    (folder / 'pixel').mkdir(parents=True)
    (folder / 'instance').mkdir()
    (folder / 'pan').mkdir()
    annotations = []
    for path, pred in zip(paths, preds, strict=True):
        name = path.name.replace('_gtFine_instanceIds.png', '')
        labels = np.zeros(pred.segments.shape, np.uint8)
        for value, label in pred.label_of.items():
            labels[pred.segments == value] = label
        Image.fromarray(labels).save(folder / 'pixel' / f'{name}.png')
        annotations.append(_write_panoptic(folder / 'pan', name, pred))
        _write_instances(folder / 'instance', name, pred.masks)
    (folder / 'pan.json').write_text(json.dumps(dict(annotations=annotations)))


def _write_panoptic(folder, name, pred):
    things = {c.id for c in official_classes() if c.hasInstances}
    number_of = {
        value: 200_000 + value if label in things else label
        for value, label in pred.label_of.items()
    }
    ids = np.zeros(pred.segments.shape, np.uint32)
    for value, number in number_of.items():
        ids[pred.segments == value] = number
    rgb = np.stack([ids & 255, ids >> 8 & 255, ids >> 16], axis=-1).astype(np.uint8)
    Image.fromarray(rgb).save(folder / f'{name}.png')
    infos = {
        number: dict(id=number, category_id=pred.label_of[value])
        for value, number in number_of.items()
    }
    return dict(image_id=name, file_name=f'{name}.png', segments_info=[*infos.values()])


def _write_instances(folder, name, masks):
    lines = []
    for index, (label, score, mask) in enumerate(masks):
        file = f'{name}_{index}.png'
        Image.fromarray(mask.astype(np.uint8) * 255).save(folder / file)
        lines.append(f'{file} {label} {float(score)!r}\n')
    (folder / f'{name}.txt').write_text(''.join(lines))
