"""Configs of a user's dataset: they load, take further splits, and keep edits."""

import json
from argparse import ArgumentParser

import pytest
from converters.own_configs import run_own_data_tool, write_own_configs
from mmengine.config import Config

CLASSES = [
    dict(id=1, name='car', isthing=1),
    dict(id=5, name='"""\n', isthing=1),
    dict(id=2, name='straße', isthing=0),
]


@pytest.fixture
def add(tmp_path):
    """Make the json of a split and write the configs."""

    def run(split, size=(96, 64), count=10, classes=CLASSES, **options):
        width, height = size
        images = [
            dict(id=i, file_name='a.jpg', width=width, height=height)
            for i in range(count)
        ]
        path = tmp_path / f'data/annotations/panoptic_{split}.json'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dict(images=images, categories=classes)))
        options = dict(images=tmp_path / 'data/photos' / split) | options
        return write_own_configs(
            tmp_path / 'mine.py', out=tmp_path / 'data', split=split, **options
        )

    return run


@pytest.mark.parametrize('model', ['r18-slim', 'r50'])
def test_base_and_pisr_inherit_the_data_and_count_its_classes(add, model):
    data, base, pisr = map(Config.fromfile, add('train', model=model))

    for cfg in (base, pisr):
        assert cfg.train_dataloader == data.train_dataloader
        assert cfg.model.panoptic_head.num_things_classes == 2
        assert cfg.model.panoptic_head.num_stuff_classes == 1
    assert base.model.type == 'mmpisr.PanopticDeepLab'
    assert pisr.model.type == 'mmpisr.PISRPanopticDeepLab'


def test_evaluation_is_on_train_until_there_is_a_val(add):
    (data, *_) = add('train')
    first = Config.fromfile(data)
    assert first.val_evaluator.ann_file.endswith('annotations/panoptic_train.json')
    assert '# No split val yet' in data.read_text()

    add('val')

    second = Config.fromfile(data)
    assert second.val_evaluator.ann_file.endswith('annotations/panoptic_val.json')
    assert second.val_dataloader.dataset.data_prefix.img == 'photos/val/'
    assert second.test_dataloader == second.val_dataloader
    assert second.train_dataloader == first.train_dataloader
    assert 'No split val' not in data.read_text()


def test_a_test_split_is_tested_and_val_stays(add):
    add('train')
    add('val')
    (data, *_) = add('test')

    cfg = Config.fromfile(data)
    assert cfg.test_evaluator.ann_file.endswith('panoptic_test.json')
    assert cfg.val_evaluator.ann_file.endswith('panoptic_val.json')


@pytest.mark.parametrize(
    ('size', 'model', 'scale'),
    [
        ((96, 64), 'r18-slim', (96, 64)),
        ((4000, 3000), 'r18-slim', (512, 384)),
        ((3000, 4000), 'r50', (768, 1024)),
    ],
)
def test_large_images_are_made_smaller(add, size, model, scale):
    (data, *_) = add('train', size=size, model=model)

    cfg = Config.fromfile(data)
    assert cfg.crop_size == cfg.scale == scale


def test_images_elsewhere_are_named_by_their_whole_path(add, tmp_path):
    (data, *_) = add('train', images=tmp_path / 'elsewhere')

    prefix = Config.fromfile(data).train_dataloader.dataset.data_prefix
    assert prefix.img == f'{tmp_path}/elsewhere/'


def test_more_images_are_more_iterations(add):
    assert Config.fromfile(add('train', count=10)[1]).max_iters == 1200
    assert Config.fromfile(add('train', count=200)[1]).max_iters == 3000


def test_an_edited_file_is_kept_and_nothing_else_written(add, tmp_path):
    paths = add('train')
    edited = paths[0].read_text().replace('prob=0.5', 'prob=0.0')
    paths[0].write_text(edited)
    others = [path.read_text() for path in paths[1:]]

    assert add('train') == paths  # would write the same as before the edit
    with pytest.raises(FileExistsError, match=r'mine.py: was changed by hand'):
        add('val')
    with pytest.raises(FileExistsError, match=r'mine.py: was changed by hand'):
        add('train', size=(32, 32), count=400)

    assert paths[0].read_text() == edited
    assert [path.read_text() for path in paths[1:]] == others


def test_a_file_that_was_not_written_by_the_tool_is_kept(add, tmp_path):
    (tmp_path / 'panoptic-deeplab_r18-slim_mine.py').write_text('a = 1\n')

    with pytest.raises(FileExistsError, match='was changed by hand'):
        add('train')

    assert not (tmp_path / 'mine.py').exists()


@pytest.mark.parametrize('split', ['val', 'night'])
def test_train_comes_first(add, split):
    with pytest.raises(ValueError, match=rf"has the splits \['{split}'\], but"):
        add(split)


def test_splits_with_other_classes_are_refused(add):
    add('train')

    with pytest.raises(ValueError, match=r"val has the classes \['car'\], but train"):
        add('val', classes=CLASSES[:1])


def test_another_folder_than_the_configs_is_refused(add, tmp_path):
    add('train')
    (tmp_path / 'data').rename(tmp_path / 'data2')

    with pytest.raises(ValueError, match=r'mine.py: train has data_root .*data/'):
        write_own_configs(
            tmp_path / 'mine.py', out=tmp_path / 'data2', split='val', images=tmp_path
        )


@pytest.mark.parametrize(
    ('flags', 'message'),
    [
        (['--split', 'val'], r"has the splits \['val'\], but a config takes train"),
        (['--split', 'night'], r"has the splits \['night'\]"),
        (['--write-config', 'mine.yaml'], "ends with '.yaml', but a config is a .py"),
    ],
)
def test_wrong_flags_are_refused_before_the_conversion(
    flags, message, tmp_path, monkeypatch
):
    parser = ArgumentParser()
    parser.add_argument('--split', default='train')
    given = [
        '--out',
        str(tmp_path),
        '--write-config',
        str(tmp_path / 'mine.py'),
        *flags,
    ]
    monkeypatch.setattr('sys.argv', ['tool', *given])
    converted = []

    with pytest.raises(SystemExit):
        run_own_data_tool(parser, lambda **flags: converted.append(flags))

    assert converted == []
