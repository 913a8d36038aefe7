"""Several views of an image are merged before the image is segmented."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest
import torch
from generate_scenes import generate_scenes
from mmdet.structures import DetDataSample
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from tiny_hosts import build, make_results

from mmpisr.apis.run_options import load_config, use_tta
from mmpisr.models.panoptic_deeplab import PanopticDeepLabMaps
from mmpisr.models.tta import (
    PanopticDeepLabTTA,
    Queries,
    QueryTTA,
    View,
    match_queries,
    soft_iou,
)
from mmpisr.registry import TRANSFORMS

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
WRAPPERS = {
    'panoptic-deeplab': PanopticDeepLabTTA,
    'mask2former': QueryTTA,
    'maskformer': QueryTTA,
}
# without a relation MaskFormer's random weights give a single segment
VARIED = [(f, host) for f in WRAPPERS for host in (True, False)][:-1]
PLAIN = dict(type='mmdet.RandomFlip', prob=0.0)
SIZES = [(64, 96), (50, 70)]  # the second one is padded


def mirrored_by(direction):
    return dict(type='mmdet.RandomFlip', prob=1.0, direction=direction)


def image_of(size):
    results = make_results(size, empty=False)
    return {key: results[key] for key in ('img', 'img_shape', 'ori_shape')}


def mirrored(image):
    return image | dict(img=np.ascontiguousarray(image['img'][:, ::-1]))


def make_views(*images, flips, factors=(1.0,)):
    """The batch that ``TestTimeAug`` makes of images."""
    resize = dict(type='mmdet.Resize', keep_ratio=True)
    transforms = [
        [dict(resize, scale_factor=factor) for factor in factors],
        [*flips],
        [dict(type='mmpisr.PackPanopticInputs')],
    ]
    step = TRANSFORMS.build(dict(type='TestTimeAug', transforms=transforms))
    return pseudo_collate([step(image) for image in images])


def make_maps(height=4, width=6):
    """Maps at stride 1: a centre at (1, 4), to which every offset leads."""
    center = torch.zeros(1, 1, height, width)
    center[..., 1, 4] = 1
    rows = torch.arange(float(height)).view(-1, 1).expand(height, width)
    columns = torch.arange(float(width)).expand(height, width)
    offset = torch.stack([1 - rows, 4 - columns]).unsqueeze(0)
    return PanopticDeepLabMaps(torch.zeros(1, 3, height, width), center, offset)


def make_view(size=(4, 6), ori=(4, 6), flip=None):
    meta = dict(img_shape=size, ori_shape=ori, flip=bool(flip), flip_direction=flip)
    return View(torch.zeros(1, 3, 8, 8), DetDataSample(metainfo=meta))


class FixedModel(BaseModel):
    """Predicts the same maps for every image, at stride 1."""

    def __init__(self, maps):
        super().__init__()
        self.maps = maps
        self.panoptic_head = SimpleNamespace(stride=1)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return self.maps


def maps_of_view(**view):
    return PanopticDeepLabTTA(FixedModel(make_maps())).view_maps(make_view(**view))


def make_queries(*, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(6, 4, generator=generator)
    masks = torch.randn(6, 8, 10, generator=generator)
    return Queries(logits.softmax(dim=1), masks.sigmoid())


def assert_same_segments(actual, expected):
    """Both panoptic maps have the same segments, whatever their numbers."""
    pairs = torch.stack([actual.flatten(), expected.flatten()]).unique(dim=1)
    assert len(pairs[0].unique()) == len(pairs[1].unique()) == pairs.shape[1] > 1
    assert (pairs[0] % 1000).equal(pairs[1] % 1000)
    assert pairs.max() >= 1000, 'no things were found'


@pytest.fixture(
    params=VARIED, ids=[f'{"pisr" if h else "base"}_{f}' for f, h in VARIED]
)
def model(request):
    """A wrapper whose random weights give several segments."""
    family, host = request.param
    module = build(family, host=host).eval()
    if family != 'panoptic-deeplab':
        module.panoptic_fusion_head.test_cfg.update(object_mask_thr=0, iou_thr=0)
    return WRAPPERS[family](module)


@pytest.mark.parametrize('size', SIZES)
def test_with_a_mirrored_view_a_mirrored_image_gives_the_mirrored_result(model, size):
    flips = PLAIN, mirrored_by('horizontal')
    image = image_of(size)

    (expected,) = model.test_step(make_views(image, flips=flips))
    (actual,) = model.test_step(make_views(mirrored(image), flips=flips))

    assert_same_segments(
        actual.pred_panoptic_seg.sem_seg.flip(-1), expected.pred_panoptic_seg.sem_seg
    )


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('host', [False, True])
def test_the_averaged_maps_of_a_mirrored_image_are_the_mirrored_ones(size, host):
    model = PanopticDeepLabTTA(build('panoptic-deeplab', host=host).eval())
    flips = PLAIN, mirrored_by('horizontal')
    head, image = model.module.panoptic_head, image_of(size)

    with patch.object(head, 'predict_image', wraps=head.predict_image) as spy:
        model.test_step(make_views(image, flips=flips))
        model.test_step(make_views(mirrored(image), flips=flips))

    (expected,), (actual,) = (call.args for call in spy.call_args_list)
    assert expected.size == size
    torch.testing.assert_close(actual.flip((-1,)), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('host', [False, True])
def test_the_averaged_queries_of_a_mirrored_image_are_the_mirrored_ones(size, host):
    model = QueryTTA(build('maskformer', host=host).eval())
    flips = PLAIN, mirrored_by('horizontal')
    image = image_of(size)

    with patch.object(model, 'predict_queries') as spy:
        model.test_step(make_views(image, flips=flips))
        model.test_step(make_views(mirrored(image), flips=flips))

    expected, actual = (call.args[0] for call in spy.call_args_list)
    assert expected.mask_probs.shape[1:] == size
    order, other = (
        queries.class_probs[:, 0].argsort() for queries in (expected, actual)
    )
    torch.testing.assert_close(actual.class_probs[other], expected.class_probs[order])
    torch.testing.assert_close(
        actual.mask_probs[other].flip(-1), expected.mask_probs[order]
    )


@pytest.mark.parametrize('size', SIZES)
def test_a_single_plain_view_gives_the_ordinary_prediction(model, size):
    views = make_views(image_of(size), flips=[PLAIN])
    batch = {name: of_views[0] for name, of_views in views.items()}

    (actual,) = model.test_step(views)
    with torch.no_grad():
        (expected,) = model.module.test_step(batch)

    assert set(actual.keys()) == set(expected.keys())
    seg = actual.pred_panoptic_seg.sem_seg
    assert seg.equal(expected.pred_panoptic_seg.sem_seg)
    assert seg.dtype == expected.pred_panoptic_seg.sem_seg.dtype
    if 'pred_instances' in actual:
        torch.testing.assert_close(
            actual.pred_instances.scores, expected.pred_instances.scores
        )


def test_images_of_a_batch_are_predicted_as_if_alone(model):
    images = [image_of(size) for size in SIZES]
    views = dict(flips=[PLAIN, mirrored_by('diagonal')], factors=(1.0, 1.5))

    together = model.test_step(make_views(*images, **views))
    alone = [model.test_step(make_views(image, **views))[0] for image in images]

    for actual, expected, size in zip(together, alone, SIZES, strict=True):
        assert actual.pred_panoptic_seg.sem_seg.shape == (1, *size)
        assert actual.pred_panoptic_seg.sem_seg.equal(
            expected.pred_panoptic_seg.sem_seg
        )


@pytest.mark.parametrize(
    ('direction', 'axes'),
    [('horizontal', (-1,)), ('vertical', (-2,)), ('diagonal', (-2, -1))],
)
def test_offsets_lead_to_the_centre_after_a_flip_is_undone(direction, axes):
    maps = maps_of_view(flip=direction)

    row = 2 if -2 in axes else 1
    column = 1 if -1 in axes else 4
    assert maps.center[0, 0].nonzero().tolist() == [[row, column]]
    rows, columns = torch.arange(4.0).view(-1, 1), torch.arange(6.0)
    assert (rows + maps.offset[0, 0] == row).all()
    assert (columns + maps.offset[0, 1] == column).all()


def test_padding_is_dropped_before_a_flip_is_undone():
    maps = maps_of_view(size=(3, 5), ori=(3, 5), flip='horizontal')

    assert maps.size == (3, 5)
    assert maps.center[0, 0].nonzero().tolist() == [[1, 0]]


def test_offsets_of_an_enlarged_view_count_original_pixels():
    maps = maps_of_view(ori=(2, 2))

    # pixels of 2 x 3 view pixels: their centres are at rows 0.5, 2.5, columns 1, 4
    dy, dx = maps.offset[0]
    torch.testing.assert_close(dy, torch.tensor([[0.25, 0.25], [-0.75, -0.75]]))
    torch.testing.assert_close(dx, torch.tensor([[1.0, 0.0], [1.0, 0.0]]))


def test_a_view_without_the_meta_key_flip_is_refused():
    sample = DetDataSample(metainfo=dict(img_shape=(4, 6)))
    with pytest.raises(ValueError, match=r"no meta key 'flip'.*\['img_shape'\]"):
        View(torch.zeros(1, 3, 4, 6), sample).flipped_axes  # noqa: B018


def test_soft_iou_by_hand():
    masks = torch.tensor([[[1.0, 1.0, 0.0]], [[0.5, 0.0, 0.0]], [[0.0, 0.0, 0.0]]])

    expected = torch.tensor([[1, 0.5 / 1.75, 0], [0.5 / 1.75, 1, 0], [0, 0, 0]])
    torch.testing.assert_close(soft_iou(masks, masks), expected, rtol=0, atol=1e-5)


def test_shuffled_queries_are_matched_with_themselves():
    reference = make_queries()
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    shuffled = Queries(*(values[order] for values in reference))

    assert match_queries(shuffled, reference).equal(order)


def test_each_of_two_views_decides_where_the_other_is_uncertain():
    """Equal masks differ in class, equal classes in mask."""
    reference, other = make_queries(), make_queries(seed=1)
    order = torch.tensor([1, 2, 3, 4, 5, 0])

    by_class = reference.class_probs, other.mask_probs[:1].expand(6, -1, -1)
    by_mask = other.class_probs[:1].expand(6, -1), reference.mask_probs
    for values in by_class, by_mask:
        shuffled = Queries(*(value[order] for value in values))
        assert match_queries(shuffled, Queries(*values)).equal(order)


def test_views_with_their_queries_in_another_order_change_nothing():
    model = QueryTTA(build('maskformer', host=False).eval())
    views = [make_view(size=SIZES[0], ori=SIZES[0])] * 2
    plain = make_queries()
    shuffled = Queries(*(values.flip(0) for values in plain))

    def merged(*queries):
        copies = [Queries(*(v.clone() for v in q)) for q in queries]
        with (
            patch.object(model, 'view_queries', side_effect=copies),
            patch.object(model, 'predict_queries') as spy,
        ):
            model.predict_views(iter(views))
        return spy.call_args.args[0]

    for actual, expected in zip(merged(plain, shuffled), plain, strict=True):
        torch.testing.assert_close(actual, expected)


@pytest.mark.parametrize(
    'path', [pytest.param(p, id=p.stem) for p in sorted(CONFIGS.glob('*/tta/*_tta.py'))]
)
def test_a_config_with_views_inherits_its_model_and_starts_with_the_plain_view(path):
    cfg = load_config(str(path))
    init_default_scope(cfg.default_scope)
    base = load_config(str(path.parents[1] / f'{path.stem.removesuffix("_tta")}.py'))
    use_tta(cfg)

    assert cfg.model.module == base.model
    image = image_of((64, 96)) | dict(ori_shape=(64, 96))
    views = TRANSFORMS.build(cfg.test_dataloader.dataset.pipeline[1])(image)
    flips = [sample.flip for sample in views['data_samples']]
    assert flips == [False, True] * (len(flips) // 2)
    for step in base.test_dataloader.dataset.pipeline:
        if step.type == 'mmdet.Resize':
            image = TRANSFORMS.build(step)(image)
    assert views['data_samples'][0].img_shape == image['img_shape']


@pytest.mark.slow
@pytest.mark.parametrize('family', ['panoptic-deeplab', 'maskformer'])
def test_the_tool_evaluates_a_model_with_views(repo, tmp_path, family):
    generate_scenes(tmp_path, num_train=1, num_val=2, size=(64, 96), workers=1)
    fragment = repo / 'configs/_base_/tta/panoptic-deeplab.py'
    config = repo / f'configs/pisr/pisr_{family}_r18_1200-iter_scenes.py'
    lines = f'_base_ = {[str(config), str(fragment)]}\n'
    if family == 'maskformer':
        lines += "tta_model = dict(type='mmpisr.QueryTTA')\n"
    (tmp_path / 'views.py').write_text(lines)
    weights = build(family, host=True).state_dict()
    torch.save(dict(state_dict=weights), tmp_path / 'model.pth')

    done = subprocess.run(
        [
            *(sys.executable, str(repo / 'tools/test.py'), 'views.py', 'model.pth'),
            *('--tta', '--show-dir', 'drawn', '--out', 'predictions.pkl'),
            *('--cfg-options', f'data_root={tmp_path}'),
            'test_dataloader.batch_size=2',
        ],
        cwd=tmp_path,
        env=dict(os.environ, PYTHONPATH=str(repo), OMP_NUM_THREADS='1'),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert 'coco_panoptic/PQ' in done.stdout + done.stderr
    assert 'unexpected key' not in done.stdout + done.stderr
    assert 'missing keys' not in done.stdout + done.stderr
    assert (tmp_path / 'predictions.pkl').exists()
    assert len([*tmp_path.rglob('drawn/*')]) == 2
