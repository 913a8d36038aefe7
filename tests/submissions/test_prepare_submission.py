import json
import shutil
from copy import deepcopy
from pathlib import Path

import pytest
from generate_scenes import generate_scenes
from mmengine.config import Config

from mmpisr.apis.run_options import load_config
from mmpisr.submissions import FORMATS, prepare_submission
from mmpisr.submissions.formats import label_categories
from mmpisr.submissions.image_list import ListedImage, frame_of, read_image_list

SCENES = 'configs/panoptic_deeplab/panoptic-deeplab_r18_1200-iter_scenes.py'


@pytest.fixture(scope='module')
def scenes(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('scenes')
    generate_scenes(root, num_train=1, num_val=3, size=(64, 96), workers=1)
    return root


@pytest.fixture
def cfg(repo, scenes) -> Config:
    return load_config(str(repo / SCENES), options=dict(data_root=str(scenes)))


def prepare(cfg, out_file, *, format_name='coco-val', checkpoint='m.pth') -> int:
    return prepare_submission(
        cfg, format_name=format_name, out_file=str(out_file), checkpoint=checkpoint
    )


def test_the_writer_takes_the_place_of_the_evaluators(cfg, tmp_path):
    assert prepare(cfg, tmp_path / 'a.zip') == 3

    assert cfg.test_evaluator.type == 'mmpisr.SubmissionWriter'
    assert cfg.test_dataloader.sampler.type == 'RemainingImagesSampler'
    assert cfg.test_dataloader.dataset.pipeline  # untouched
    listed = read_image_list(tmp_path / 'a.zip.partial' / 'images.json')
    assert [image.file_name for image in listed.images][:1] == ['000000.png']
    assert (listed.split, listed.format) == ('val', 'coco-val')
    assert len(listed.categories) == 19


def test_joined_test_sets_are_listed_as_one(cfg, scenes, tmp_path):
    inner = cfg.test_dataloader.dataset
    content = json.loads((scenes / inner.ann_file).read_text())
    for image in content['images']:
        image['id'] += 1000
        image['file_name'] = f'more/{image["file_name"]}'
    parts = []
    for start in 0, 2:
        part = dict(content, images=content['images'][start : start + 2])
        path = tmp_path / f'part_{start}.json'
        path.write_text(json.dumps(part | dict(annotations=[])))
        parts.append(dict(inner, ann_file=str(path), test_mode=True))
    shutil.copytree(scenes / inner.data_prefix.img, tmp_path / 'img' / 'more')
    for part in parts:
        part['data_prefix'] = dict(img=str(tmp_path / 'img'))
    cfg.test_dataloader.dataset = dict(type='ConcatDataset', datasets=parts)

    assert prepare(cfg, tmp_path / 'a.zip') == 3


def test_joined_test_sets_of_the_same_images_are_refused(cfg, tmp_path):
    inner = cfg.test_dataloader.dataset
    cfg.test_dataloader.dataset = dict(type='ConcatDataset', datasets=[inner, inner])

    with pytest.raises(ValueError, match=r'images\[\].id must be unique.* 2, '):
        prepare(cfg, tmp_path / 'a.zip')


def test_a_benchmark_with_a_list_of_its_own_takes_no_joined_test_sets(cfg, tmp_path):
    inner = cfg.test_dataloader.dataset
    cfg.test_dataloader.dataset = dict(type='ConcatDataset', datasets=[inner, inner])

    with pytest.raises(
        ValueError, match='joins 2 datasets, but .*test-dev2017.json is'
    ):
        prepare(cfg, tmp_path / 'a.zip', format_name='coco-test-dev')


def test_the_same_command_goes_on_and_another_checkpoint_is_refused(cfg, tmp_path):
    checkpoint = tmp_path / 'm.pth'
    checkpoint.write_bytes(b'weights')
    again = deepcopy(cfg)
    other = deepcopy(cfg)
    prepare(cfg, tmp_path / 'a.zip', checkpoint=str(checkpoint))

    prepare(again, tmp_path / 'a.zip', checkpoint=str(checkpoint))
    checkpoint.write_bytes(b'more weights')

    with pytest.raises(ValueError, match=r'begun with checkpoint .*7 bytes.*12 bytes'):
        prepare(other, tmp_path / 'a.zip', checkpoint=str(checkpoint))


def test_another_model_is_refused(cfg, tmp_path):
    other = deepcopy(cfg)
    prepare(cfg, tmp_path / 'a.zip')
    other.model.test_cfg = dict(other=1)

    with pytest.raises(ValueError, match=r'a\.zip\.partial was begun with model'):
        prepare(other, tmp_path / 'a.zip')


def test_a_test_json_needs_no_annotations(cfg, scenes, tmp_path):
    content = json.loads((scenes / 'annotations/panoptic_val.json').read_text())
    del content['annotations']
    path = tmp_path / 'panoptic_test.json'
    path.write_text(json.dumps(content))
    dataset = cfg.test_dataloader.dataset
    dataset.update(ann_file=str(path), data_prefix=dict(img='images/val'))

    assert prepare(cfg, tmp_path / 'a.zip') == 3


def test_a_benchmark_brings_its_own_test_set(cfg, scenes, tmp_path):
    content = json.loads((scenes / 'annotations/panoptic_val.json').read_text())
    del content['annotations']
    path = scenes / 'annotations/panoptic_image_info_test-dev2017.json'
    path.write_text(json.dumps(content))
    shutil.copytree(scenes / 'images/val', scenes / 'test2017')

    assert prepare(cfg, tmp_path / 'a.zip', format_name='coco-test-dev') == 3

    assert cfg.test_dataloader.dataset.data_prefix == dict(img='test2017/')
    listed = read_image_list(tmp_path / 'a.zip.partial' / 'images.json')
    assert listed.split == 'test-dev2017'


def test_a_test_set_that_is_not_there_is_named_with_what_makes_it(cfg, tmp_path):
    message = r'gtFine/cityscapes_panoptic_test\.json does not exist.* cityscapes\.py'
    with pytest.raises(FileNotFoundError, match=message.replace(' city', '.*city')):
        prepare(cfg, tmp_path / 'a.zip', format_name='cityscapes-test')


def test_other_files_than_zip_are_refused(cfg, tmp_path):
    with pytest.raises(ValueError, match=r"writes a \.zip, --out has '\.pkl'"):
        prepare(cfg, tmp_path / 'a.pkl')


def test_a_dataset_without_json_is_named(tmp_path):
    with pytest.raises(ValueError, match=r'ann_file, list has None'):
        FORMATS['coco-test-dev'].categories([])


def test_label_ids_come_from_the_names_or_from_the_metainfo():
    meta = dict(classes=('car', 'road'), thing_classes=('car',))

    assert label_categories(meta) == [
        dict(id=26, name='car', isthing=1),
        dict(id=7, name='road', isthing=0),
    ]
    own = dict(meta, classes=('Auto', 'road'), label_ids=(26, 7))
    assert [c['id'] for c in label_categories(own)] == [26, 7]


def test_a_class_without_label_id_is_named():
    meta = dict(classes=('car', 'moon'), thing_classes=('car',))

    with pytest.raises(ValueError, match=r"\['moon'\] have no label id.*'road'"):
        label_categories(meta)
    with pytest.raises(ValueError, match="'label_ids'.* has 1 ids for 2 classes"):
        label_categories(meta | dict(label_ids=(1,)))


def test_a_frame_is_found_in_every_kind_of_file_name():
    for kind in '', '_leftImg8bit', '_gtFine_leftImg8bit', '_panoptic':
        assert frame_of(f'x/bonn_000001_000019{kind}.png') == 'bonn_000001_000019'
    with pytest.raises(ValueError, match=r"'000001\.jpg' does not begin with <city>"):
        frame_of('000001.jpg')


@pytest.fixture
def two_folders(cfg, scenes, tmp_path) -> Config:
    """A config whose two test images have one name."""
    content = json.loads((scenes / 'annotations/panoptic_val.json').read_text())
    images, annotations = content['images'], content['annotations']
    shutil.copytree(scenes / 'images/val', tmp_path / 'images/val/b')
    shutil.copy(scenes / 'images/val' / images[0]['file_name'], tmp_path / 'images/val')
    images[1]['file_name'] = f'b/{images[0]["file_name"]}'
    content.update(images=images[:2], annotations=annotations[:2])
    path = tmp_path / 'panoptic_val.json'
    path.write_text(json.dumps(content))
    dataset = cfg.test_dataloader.dataset
    prefix = dict(img=str(tmp_path / 'images/val'), seg=dataset.data_prefix.seg)
    dataset.update(ann_file=str(path), data_prefix=prefix)
    return cfg


def test_images_of_one_name_in_two_folders_have_results_of_their_own(
    two_folders, tmp_path
):
    assert prepare(two_folders, tmp_path / 'a.zip') == 2

    listed = read_image_list(tmp_path / 'a.zip.partial' / 'images.json')
    assert [image.name for image in listed.images] == ['000000', 'b/000000']


def test_two_images_of_one_frame_of_cityscapes_are_refused_by_name():
    files = [f'{folder}/bonn_000001_000019_leftImg8bit.png' for folder in 'ab']
    images = [ListedImage(i, file, 6, 8, file) for i, file in enumerate(files)]

    for archive in FORMATS['cityscapes-val'].archives('c.zip', 'val'):
        with pytest.raises(ValueError, match=f"'{files[0]}'.*'{files[1]}'.*c.*zip"):
            archive.refuse_shared_names(images)


def test_a_merged_class_is_submitted_as_the_first_of_its_categories(cfg, tmp_path):
    merged = dict(vehicle=['sledge', 'car'], floor=['carpet', 'snow'])
    cfg.test_dataloader.dataset.classes = merged
    prepare(cfg, tmp_path / 'a.zip')

    listed = read_image_list(tmp_path / 'a.zip.partial' / 'images.json').categories
    path = Path(cfg.test_dataloader.dataset.data_root) / 'annotations'
    official = json.loads((path / 'panoptic_val.json').read_text())['categories']
    ids = {category['name']: category['id'] for category in official}
    assert listed == [
        dict(id=ids['sledge'], name='vehicle', isthing=1),
        dict(id=ids['carpet'], name='floor', isthing=0),
    ]


def test_cityscapes_label_of_a_merged_class_is_that_of_its_first_member():
    meta = dict(
        classes=('two wheels', 'flat'),
        thing_classes=('two wheels',),
        class_members={'two wheels': ['bicycle', 'motorcycle'], 'flat': ['road']},
    )

    assert [category['id'] for category in label_categories(meta)] == [33, 7]
