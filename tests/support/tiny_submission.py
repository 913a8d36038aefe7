"""Names, samples and a begun submission of three tiny images, for any process."""

from pathlib import Path

import numpy as np
import torch

from mmpisr.submissions import RemainingImagesSampler, SubmissionWriter
from mmpisr.submissions.formats import label_categories
from mmpisr.submissions.image_list import ImageList, ListedImage
from mmpisr.submissions.workspace import Workspace

SIZE = (6, 8)
IMAGES = 5
META = dict(
    classes=('person', 'car', 'road', 'sky'),
    thing_classes=('person', 'car'),
    stuff_classes=('road', 'sky'),
)


def frames(count: int) -> ImageList:
    """Frames of one city of the test split."""
    names = [f'bonn_{number:06}_000019' for number in range(count)]
    files = [f'{name}_leftImg8bit' for name in names]
    images = [
        ListedImage(name, f'{file}.png', *SIZE, file)
        for name, file in zip(names, files, strict=True)
    ]
    return ImageList(images, label_categories(META), 'test', 'cityscapes-test')


def street() -> np.ndarray:
    """Two cars beside road, sky above, a void corner; mmdet's encoding."""
    ids = np.full(SIZE, 2)
    ids[:2] = 3
    ids[3:5, 1:3] = 1 + 1000
    ids[3:5, 5:7] = 1 + 2000
    ids[5, 7] = len(META['classes'])
    return ids


def make_sample(img_id: int | str, panoptic: np.ndarray, **more: dict) -> dict:
    """A data sample as models leave it."""
    sem_seg = torch.from_numpy(panoptic.copy())[None]
    return dict(img_id=img_id, pred_panoptic_seg=dict(sem_seg=sem_seg), **more)


def begin_submission(
    out_file: Path, images: ImageList, *, origin: dict | None = None
) -> SubmissionWriter:
    """Open or go on with a submission, as one process does."""
    Workspace(out_file).open(origin or dict(config='a.py'), images)
    writer = SubmissionWriter(str(out_file), format=images.format)
    writer.dataset_meta = META
    return writer


def predict(out_file: Path, *, stop_after: int | None = None) -> None:
    """Predict this process's share, each image another shift of one map."""
    listed = frames(IMAGES)
    writer = begin_submission(out_file, listed)
    sampler = RemainingImagesSampler(range(IMAGES), out_file=str(out_file))
    for position in list(sampler)[:stop_after]:
        panoptic = np.roll(street(), position, axis=1)
        writer.process({}, [make_sample(listed.images[position].id, panoptic)])
    if stop_after is None:
        writer.evaluate(IMAGES)


def join(rank: int, folder: Path, processes: int, stop_after: int | None) -> None:
    """Be one of several processes."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=processes
    )
    predict(folder / 'c.zip', stop_after=stop_after)
    torch.distributed.destroy_process_group()
    (folder / 'store').unlink(missing_ok=True)
