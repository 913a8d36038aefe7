"""A small panoptic dataset of random blocks, and predictions of it, on disk."""

import json

import cv2
import numpy as np
import torch

CLASSES = ('cat', 'dog', 'sky', 'road')
META = dict(classes=CLASSES, thing_classes=CLASSES[:2])
VOID = len(CLASSES)


def write_ids(path, ids):
    path.parent.mkdir(exist_ok=True, parents=True)
    bgr = np.stack([ids >> 16, ids >> 8 & 255, ids & 255], axis=-1).astype(np.uint8)
    cv2.imwrite(str(path), bgr)


def write_scenes(folder, num_images, seed=0):
    """Blocks of 4 x 4 pixels; returns the path of the json."""
    rng = np.random.default_rng(seed)
    annotations = []
    for index in range(num_images):
        ids = np.kron(rng.integers(0, 9, (4, 5)), np.ones((4, 4), int))
        write_ids(folder / 'truth' / f'{index}.png', ids)
        infos = [
            dict(id=v, category_id=v % 4 + 1, area=int((ids == v).sum()), iscrowd=0)
            for v in np.unique(ids[ids > 0]).tolist()
        ]
        infos[0]['iscrowd'] = int(infos[0]['category_id'] < 3)
        entry = dict(image_id=f'im{index}', file_name=f'{index}.png')
        annotations.append(entry | dict(segments_info=infos))
    content = dict(
        images=[dict(id=f'im{i}') for i in range(num_images)],
        annotations=annotations,
        categories=[
            dict(id=i + 1, name=name, isthing=int(i < 2))
            for i, name in enumerate(CLASSES)
        ],
    )
    (folder / 'truth.json').write_text(json.dumps(content))
    return folder / 'truth.json'


def samples_of(path, noise, seed=0):
    """Predictions with this share of wrong blocks."""
    rng = np.random.default_rng(seed)
    for annotation in json.loads(path.read_text())['annotations']:
        ids = cv2.imread(str(path.with_suffix('') / annotation['file_name']))[..., 2]
        pred = np.where(ids > 0, ids % 4 + 1000 * ids.astype(int) * (ids % 4 < 2), VOID)
        wrong = np.kron(rng.random((4, 5)) < noise, np.ones((4, 4), bool))
        pred[wrong] = 50_000  # one cat
        seg = dict(sem_seg=torch.from_numpy(pred)[None])
        name = annotation['file_name'].replace('png', 'jpg')
        yield dict(img_id=annotation['image_id'], img_path=name, pred_panoptic_seg=seg)


def evaluate(metric, samples):
    metric.dataset_meta = META
    samples = [*samples]
    for sample in samples:
        metric.process({}, [sample])
    return metric.evaluate(size=len(samples))
