"""Submissions read by cityscapesScripts' own evaluators, on real frames."""

import json
import zipfile
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from mmpisr.apis.run_options import load_config
from mmpisr.datasets import merge_options
from mmpisr.datasets.cityscapes_labels import METAINFO
from mmpisr.datasets.segment_png import decode_segment_ids
from mmpisr.evaluation import PanopticMetric
from mmpisr.submissions import SubmissionWriter, prepare_submission
from mmpisr.submissions.formats import label_categories
from mmpisr.submissions.image_list import ImageList, ListedImage, frame_of
from mmpisr.submissions.workspace import Workspace

pytestmark = pytest.mark.slow
pytest.importorskip('cityscapesscripts')
EVALUATION = 'cityscapesscripts.evaluation'


@pytest.fixture(scope='module')
def truth(shared_data, tmp_path_factory) -> Path:
    """The official json and pngs of the three training frames."""
    from cityscapesscripts.preparation.createPanopticImgs import convert2panoptic

    folder = tmp_path_factory.mktemp('gtFine')
    source = shared_data / 'cityscapes_sample' / 'gtFine'
    convert2panoptic(str(source), str(folder), setNames=['train'])
    return folder / 'cityscapes_panoptic_train.json'


def read_panoptic(truth: Path) -> dict[str, np.ndarray]:
    """The truth in mmdet's encoding, by frame."""
    label_of = {number: label for label, number in enumerate(METAINFO['label_ids'])}
    things = len(METAINFO['thing_classes'])
    maps = {}
    for annotation in json.loads(truth.read_text())['annotations']:
        png = truth.with_suffix('') / annotation['file_name']
        ids = decode_segment_ids(png.read_bytes())
        panoptic = np.full(ids.shape, len(METAINFO['classes']))
        for number, segment in enumerate(annotation['segments_info'], start=1):
            label = label_of[segment['category_id']]
            value = label + 1000 * number * (label < things)
            panoptic[ids == segment['id']] = value
        maps[annotation['image_id']] = panoptic
    return maps


def perturb(panoptic: np.ndarray, seed: int) -> np.ndarray:
    """Shift the map, and paint over parts of it with stuff and with void."""
    rng = np.random.default_rng(seed)
    moved = np.roll(panoptic, (1, -2), axis=(0, 1))
    for label in (8, 10, 18, 19):  # road, building, sky, void
        top, left = rng.integers((700, 1500))
        moved[top : top + 250, left : left + 350] = label
    return moved


def make_samples(maps: dict[str, np.ndarray], *, with_scores: bool) -> list[dict]:
    """Data samples; with scores, the masks of things have different confidences."""
    rng = np.random.default_rng(3)
    samples = []
    for frame, panoptic in maps.items():
        sem_seg = torch.from_numpy(panoptic)[None]
        sample = dict(img_id=frame, pred_panoptic_seg=dict(sem_seg=sem_seg))
        things = [v for v in np.unique(panoptic).tolist() if v >= 1000]
        if with_scores:
            sample['pred_sem_seg'] = dict(sem_seg=sem_seg % 1000)
            sample['pred_instances'] = dict(
                labels=torch.tensor(things) % 1000,
                scores=torch.from_numpy(rng.random(len(things))).float(),
                masks=torch.stack([sem_seg[0] == value for value in things]),
            )
        samples.append(sample)
    return samples


def submit(samples: list[dict], folder: Path) -> Path:
    """Write the three archives and unpack them."""
    images = [
        ListedImage(
            s['img_id'], f'{s["img_id"]}_leftImg8bit.png', 1024, 2048, s['img_id']
        )
        for s in samples
    ]
    listed = ImageList(images, label_categories(METAINFO), 'train', 'cityscapes-test')
    Workspace(folder / 'c.zip').open({}, listed)
    writer = SubmissionWriter(str(folder / 'c.zip'), format='cityscapes-test')
    writer.dataset_meta = METAINFO
    for sample in samples:
        writer.process({}, [sample])
    writer.evaluate(0)
    for name in 'c', 'c-pixel', 'c-instance':
        with zipfile.ZipFile(folder / f'{name}.zip') as archive:
            archive.extractall(folder / name)
    return folder


def official_scores(shared_data: Path, truth: Path, folder: Path) -> dict[str, float]:
    """PQ, mIoU, iIoU, AP and AP50 in per cent."""
    instance = import_module(f'{EVALUATION}.evalInstanceLevelSemanticLabeling')
    pixel = import_module(f'{EVALUATION}.evalPixelLevelSemanticLabeling')
    from cityscapesscripts.evaluation.evalPanopticSemanticLabeling import (
        evaluatePanoptic,
    )

    name = 'cityscapes_panoptic_train'
    pq = evaluatePanoptic(
        *(str(truth), str(truth.with_suffix(''))),
        *(str(folder / 'c' / f'{name}.json'), str(folder / 'c' / name)),
        str(folder / 'pq.json'),
    )
    sources = shared_data / 'cityscapes_sample' / 'gtFine' / 'train'
    labels = sorted(map(str, sources.glob('*/*_labelIds.png')))
    pixel.args.predictionPath, pixel.args.predictionWalk = str(folder / 'c-pixel'), None
    pixel.args.JSONOutput, pixel.args.quiet = False, True
    found = [pixel.getPrediction(pixel.args, path) for path in labels]
    iou = pixel.evaluateImgLists(found, labels, pixel.args)

    ids = sorted(map(str, sources.glob('*/*_instanceIds.png')))
    args = instance.args
    args.predictionPath, args.predictionWalk = str(folder / 'c-instance'), None
    args.gtInstancesFile = str(folder / 'gtInstances.json')
    args.JSONOutput, args.quiet = False, True
    found = [instance.getPrediction(path, args) for path in ids]
    ap = instance.evaluateImgLists(found, ids, args)['averages']
    return dict(
        PQ=100 * pq['All']['pq'],
        mIoU=100 * iou['averageScoreClasses'],
        iIoU=100 * iou['averageScoreInstClasses'],
        AP=100 * ap['allAp'],
        AP50=100 * ap['allAp50%'],
    )


def test_the_truth_scores_100_in_all_three_evaluators(
    shared_data, truth, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # an evaluator writes matches.json here
    folder = submit(make_samples(read_panoptic(truth), with_scores=False), tmp_path)

    scores = official_scores(shared_data, truth, folder)

    assert scores == pytest.approx(dict.fromkeys(scores, 100), abs=1e-9)


def test_a_perturbed_prediction_scores_the_same_there_and_in_our_metric(
    shared_data, truth, tmp_path, monkeypatch, record_property
):
    monkeypatch.chdir(tmp_path)
    maps = read_panoptic(truth)
    moved = {frame: perturb(map_, i) for i, (frame, map_) in enumerate(maps.items())}
    samples = make_samples(moved, with_scores=True)
    metric = PanopticMetric(
        str(truth), miou=True, iiou=True, mask_ap='cityscapes', prefix='p'
    )
    metric.dataset_meta = METAINFO
    for sample in samples:
        metric.process({}, [sample])
    ours = metric.evaluate(len(samples))

    theirs = official_scores(shared_data, truth, submit(samples, tmp_path))

    differences = {key: abs(ours[f'p/{key}'] - theirs[key]) for key in theirs}
    record_property(
        'largest difference of a submission here and in cityscapesscripts, points',
        f'{max(differences.values()):.1e}',
    )
    assert all(10 < value < 95 for value in theirs.values()), theirs
    assert max(differences.values()) < 1e-9, (ours, theirs)


def test_our_config_lists_the_frames_with_label_ids(repo, shared_data, truth, tmp_path):
    (tmp_path / 'leftImg8bit').symlink_to(
        shared_data / 'cityscapes_sample' / 'leftImg8bit'
    )
    (tmp_path / 'gtFine').symlink_to(truth.parent)
    cfg = load_config(str(repo / 'configs/_base_/datasets/cityscapes_panoptic.py'))
    merge_options(cfg, dict(data_root=f'{tmp_path}/'))
    cfg.test_dataloader.dataset = cfg.train_dataloader.dataset
    cfg.merge_from_dict(dict(model=dict(type='Any'), default_scope='mmdet'))

    left = prepare_submission(
        cfg,
        format_name='cityscapes-val',
        out_file=str(tmp_path / 'c.zip'),
        checkpoint='a.pth',
    )

    listed = Workspace(tmp_path / 'c.zip').read_list()
    assert left == 3
    assert listed.split == 'train'
    assert listed.images[0].id == frame_of(listed.images[0].file_name)
    assert listed.categories == label_categories(METAINFO)
    assert [c['id'] for c in listed.categories if c['isthing']][0] == 24
