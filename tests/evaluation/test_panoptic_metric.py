import json

import cv2
import numpy as np
import pytest
import torch
from mmdet.evaluation import CocoPanopticMetric
from mmdet.evaluation.functional import INSTANCE_OFFSET

from mmpisr.evaluation import PanopticMetric
from mmpisr.registry import METRICS

NAMES = ['cat', 'dog', 'sky', 'road']
THINGS = ['cat', 'dog']
META = dict(classes=NAMES, thing_classes=THINGS)
VOID = len(NAMES)
HEIGHT, WIDTH = 12, 16


def write_png(path, ids):
    bgr = np.stack([ids >> 16, ids >> 8 & 255, ids & 255], axis=-1).astype(np.uint8)
    cv2.imwrite(str(path), bgr)


def write_dataset(folder, seed=0, num_images=3):
    """Blocks of random categories with void and a crowd; ids use all three bytes."""
    rng = np.random.default_rng(seed)
    (folder / 'panoptic').mkdir()
    annotations = []
    for index in range(num_images):
        blocks = np.kron(rng.integers(0, 5, (3, 4)), np.ones((4, 4), int))
        ids = blocks * 70001  # 1 and 2 are things, 3 is sky, 4 is road
        infos = [
            dict(
                id=int(block * 70001),
                category_id=int(9 + block if block > 2 else rng.integers(10, 12)),
                area=int((blocks == block).sum()),
                iscrowd=0,
            )
            for block in np.unique(blocks[blocks > 0])
        ]
        infos[0]['iscrowd'] = int(infos[0]['category_id'] < 12)
        write_png(folder / 'panoptic' / f'truth_{index}.png', ids)
        annotations.append(
            dict(
                image_id=100 + index,
                file_name=f'truth_{index}.png',
                segments_info=infos,
            )
        )
    categories = [
        dict(id=10 + i, name=name, isthing=int(name in THINGS))
        for i, name in enumerate(NAMES)
    ]
    images = [
        dict(id=100 + i, file_name=f'truth_{i}.jpg', width=WIDTH, height=HEIGHT)
        for i in range(num_images)
    ]
    content = dict(images=images, annotations=annotations, categories=categories)
    (folder / 'panoptic.json').write_text(json.dumps(content))
    return content


def perfect_map(folder, annotation):
    """The truth in mmdet's encoding; crowds are void."""
    bgr = cv2.imread(str(folder / 'panoptic' / annotation['file_name'])).astype(int)
    ids = bgr[..., 2] + 256 * bgr[..., 1] + 65536 * bgr[..., 0]
    pred = np.full(ids.shape, VOID)
    for number, info in enumerate(annotation['segments_info'], start=1):
        if info['iscrowd']:
            continue
        label = info['category_id'] - 10
        instance = number if label < len(THINGS) else 0
        pred[ids == info['id']] = label + INSTANCE_OFFSET * instance
    return pred


def sample_of(annotation, pred, **fields):
    return dict(
        img_id=annotation['image_id'],
        img_path='elsewhere/' + annotation['file_name'].replace('.png', '.jpg'),
        ori_shape=pred.shape,
        pred_panoptic_seg=dict(sem_seg=torch.from_numpy(pred)[None]),
        **fields,
    )


def perturbed_samples(folder, content, seed=0, shift=1):
    rng = np.random.default_rng(seed)
    samples = []
    for annotation in content['annotations']:
        pred = np.roll(perfect_map(folder, annotation), shift, axis=1)
        pred[rng.random(pred.shape) < 0.1] = VOID - 1
        samples.append(sample_of(annotation, pred))
    return samples


def evaluate(metric, samples):
    metric.dataset_meta = META
    for sample in samples:
        metric.process({}, [sample])
    return metric.evaluate(size=len(samples))


@pytest.fixture
def dataset(tmp_path):
    content = write_dataset(tmp_path)
    paths = dict(
        ann_file=str(tmp_path / 'panoptic.json'),
        seg_prefix=str(tmp_path / 'panoptic'),
    )
    return tmp_path, content, paths


def test_keys_and_values_are_those_of_mmdet(dataset):
    folder, content, paths = dataset

    ours = evaluate(
        PanopticMetric(**paths, classwise=True), perturbed_samples(folder, content)
    )
    theirs = evaluate(
        CocoPanopticMetric(**paths, classwise=True),
        perturbed_samples(folder, content),
    )

    assert ours.keys() == theirs.keys()
    assert ours == pytest.approx(theirs, rel=1e-12)
    assert 0 < ours['coco_panoptic/PQ'] < 100


def test_the_truth_as_prediction_scores_100_and_stays_unchanged(dataset):
    folder, content, paths = dataset
    samples = [sample_of(a, perfect_map(folder, a)) for a in content['annotations']]
    before = [s['pred_panoptic_seg']['sem_seg'].clone() for s in samples]

    values = evaluate(PanopticMetric(**paths), samples)

    assert values['coco_panoptic/PQ'] == 100
    for sample, pred in zip(samples, before, strict=True):
        assert torch.equal(sample['pred_panoptic_seg']['sem_seg'], pred)


def test_the_folder_defaults_to_the_name_of_the_json(dataset):
    folder, content, paths = dataset
    samples = perturbed_samples(folder, content)
    assert evaluate(PanopticMetric(paths['ann_file']), samples) == evaluate(
        PanopticMetric(**paths), samples
    )


def test_a_config_builds_it_with_the_arguments_of_mmdets(dataset):
    _, _, paths = dataset
    config = dict(
        type='mmpisr.PanopticMetric',
        **paths,
        classwise=False,
        format_only=False,
        outfile_prefix=None,
        nproc=4,
        file_client_args=None,
        backend_args=None,
        collect_device='cpu',
        prefix='pan',
    )
    assert METRICS.build(config).prefix == 'pan'


def test_without_a_json_the_samples_carry_the_truth(dataset):
    folder, content, paths = dataset
    samples = perturbed_samples(folder, content)
    expected = evaluate(PanopticMetric(**paths), samples)
    for sample, annotation in zip(samples, content['annotations'], strict=True):
        sample['seg_map_path'] = str(folder / 'panoptic' / annotation['file_name'])
        sample['segments_info'] = [
            dict(
                id=info['id'],
                category=info['category_id'] - 10,
                is_thing=info['category_id'] < 12 and not info['iscrowd'],
            )
            for info in annotation['segments_info']
        ]

    assert evaluate(PanopticMetric(), samples) == expected


def test_a_dataset_without_stuff_gives_nan_for_stuff(dataset):
    folder, content, paths = dataset
    content['categories'] = content['categories'][:2]
    for annotation in content['annotations']:
        for info in annotation['segments_info']:
            info['category_id'] = 10 + info['category_id'] % 2
    (folder / 'panoptic.json').write_text(json.dumps(content))
    metric = PanopticMetric(**paths)
    metric.dataset_meta = dict(classes=THINGS, thing_classes=THINGS)
    pred = np.full((HEIGHT, WIDTH), len(THINGS))
    metric.process({}, [sample_of(content['annotations'][0], pred)])

    values = metric.evaluate(size=1)

    assert values['coco_panoptic/PQ_th'] == 0
    assert np.isnan(values['coco_panoptic/PQ_st'])


def test_no_images_at_all_give_nan(dataset):
    _, _, paths = dataset
    values = evaluate(PanopticMetric(**paths, miou=True), [])
    assert all(np.isnan(value) for value in values.values())


def test_two_ranks_together_equal_one(dataset, monkeypatch):
    folder, content, paths = dataset
    samples = perturbed_samples(folder, content)
    expected = evaluate(PanopticMetric(**paths), samples)
    ranks = [PanopticMetric(**paths) for _ in range(2)]
    for rank, metric in enumerate(ranks):
        metric.dataset_meta = META
        for i in (rank, rank + 2):  # the sampler pads: image 0 is seen twice
            metric.process({}, [samples[i % len(samples)]])

    def gather(results, size, *args, **kwargs):
        pairs = zip(ranks[0].results, ranks[1].results, strict=True)
        return [result for pair in pairs for result in pair][:size]

    monkeypatch.setattr('mmengine.evaluator.metric.collect_results', gather)
    assert ranks[0].evaluate(size=len(samples)) == expected


def test_what_an_image_leaves_is_its_id_and_one_small_array(dataset):
    folder, content, paths = dataset
    metric = PanopticMetric(**paths)
    metric.dataset_meta = META
    metric.process({}, perturbed_samples(folder, content))
    assert [list(result) for result in metric.results] == [['img_id', 'pq']] * 3
    assert metric.results[0]['pq'].shape == (len(NAMES), 4)
