import pytest
from evidence.cost import input_shape
from evidence.identity import (
    data_digest,
    evaluation_digest,
    training_digest,
    with_defaults,
)
from mmengine.config import Config

RELATION = dict(type='mmpisr.ConvRelation', num_instances=20)


def config(root='data/a/', seed=0, lr=0.1, **relation) -> Config:
    dataset = dict(data_root=root, ann_file='val.json')
    return Config(
        dict(
            default_scope='mmdet',
            model=dict(relation={**RELATION, **relation}),
            optim_wrapper=dict(lr=lr),
            train_dataloader=dict(dataset=dict(dataset=dataset)),
            val_evaluator=dict(ann_file=f'{root}val.json'),
            test_evaluator=dict(ann_file=f'{root}val.json'),
            randomness=dict(seed=seed),
            work_dir=f'work_dirs/{root}',
        )
    )


def test_neither_seed_nor_place_make_another_training():
    same = config(), config(root='/elsewhere/b/'), config(seed=1)

    assert len({training_digest(cfg) for cfg in same}) == 1
    assert training_digest(config(lr=0.2)) != training_digest(config())


def test_a_missing_slash_is_no_other_place():
    cfg = config()
    cfg.train_dataloader.dataset.dataset.data_root = 'data/a'

    assert training_digest(cfg) == training_digest(config())


def test_an_option_that_equals_a_default_makes_no_other_training():
    explicit = config(fusion=with_defaults(RELATION)['fusion'])

    assert training_digest(explicit) == training_digest(config())
    assert training_digest(config(channels=7)) != training_digest(config())


def test_what_is_tested_is_no_part_of_a_training():
    cfg = config()
    cfg.test_evaluator.miou = True

    assert training_digest(cfg) == training_digest(config())
    assert evaluation_digest(cfg) != evaluation_digest(config())
    assert evaluation_digest(config(lr=0.2)) == evaluation_digest(config())


def test_defaults_are_filled_in_at_any_depth():
    node = dict(parts=[dict(type='ResNet', depth=18)], x=(1, 2))

    found = with_defaults(node)

    assert found['parts'][0]['depth'] == 18
    assert found['parts'][0]['num_stages'] == 4
    assert found['x'] == [1, 2]


@pytest.mark.parametrize('kind', ['nobody.Knows', None, 3])
def test_what_is_no_known_type_stays(kind):
    assert with_defaults(dict(type=kind, a=1)) == dict(type=kind, a=1)


def test_the_digest_of_data_depends_on_content_not_on_place(tmp_path):
    def digest(name, size=3, text='{}'):
        root = tmp_path / name
        (root / 'seg').mkdir(parents=True)
        (root / 'seg' / '1.png').write_bytes(b'x' * size)
        (root / 'a.json').write_text(text)
        dataset = dict(data_root=root, ann_file='a.json', data_prefix=dict(seg='seg'))
        loaders = dict(
            train_dataloader=dict(dataset=dict(dataset=dataset)),
            val_dataloader=dict(dataset=dataset),
        )
        return data_digest(loaders)

    assert digest('a') == digest('b')
    assert len({digest('c'), digest('d', size=4), digest('e', text='[]')}) == 3


def test_models_are_counted_at_the_padded_size_of_an_image(tmp_path):
    (tmp_path / 'a.json').write_text('{"images": [{"height": 180, "width": 240}]}')
    dataset = dict(data_root=str(tmp_path), ann_file='a.json')
    cfg = Config(
        dict(
            val_dataloader=dict(dataset=dataset),
            model=dict(data_preprocessor=dict(pad_size_divisor=16)),
        )
    )

    assert input_shape(cfg) == (192, 240)
