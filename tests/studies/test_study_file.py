import json
from copy import deepcopy

import pytest
from mmengine.registry import init_default_scope

from mmpisr.apis.option_flags import read_flags, to_flags
from mmpisr.apis.run_options import load_config
from mmpisr.registry import MODELS
from mmpisr.studies.run_place import evaluation_options, place_of, training_options
from mmpisr.studies.study_file import read_study

STUDY = dict(
    name='s',
    variants=[
        dict(label='base', config='base.py'),
        dict(label='PISR', config='base.py', options={'model.relation': dict(K=5)}),
    ],
    seeds=[0, 1],
    options={'train_cfg.max_iters': 4},
)


@pytest.fixture
def read(tmp_path):
    (tmp_path / 'base.py').write_text('train_cfg = dict(max_iters=2)')

    def read(**changes):
        path = tmp_path / 's.yaml'
        path.write_text(json.dumps({**STUDY, **changes}))  # json is yaml
        return read_study(path)

    return read


def test_options_of_a_variant_are_flat_and_win(read):
    variants = deepcopy(STUDY['variants'])
    variants[1]['options'] = {'train_cfg': dict(max_iters=9)}

    study = read(variants=variants)

    assert study.options_of(study.base) == {'train_cfg.max_iters': 4}
    assert study.options_of(study.variants[1]) == {'train_cfg.max_iters': 9}


def test_a_variant_trained_as_another_has_its_config_and_options(read):
    tested = dict(label='K=9', trained_as='PISR', options={'model.relation.K': 9})

    study = read(variants=[*STUDY['variants'], tested])

    variant = study.find('K=9')
    assert variant.config == study.find('PISR').config
    assert study.trained_as(variant) is study.find('PISR')
    assert study.trained_as(study.base) is study.base
    assert training_options(study, variant)['model.relation.K'] == 5
    assert evaluation_options(study, variant)['model.relation.K'] == 9


def test_a_variant_without_a_config_has_the_files_own(read, tmp_path):
    (tmp_path / 'pisr.py').write_text('train_cfg = dict(max_iters=2)')
    variants = [
        dict(label='base', config='base.py'),
        dict(label='PISR'),
        dict(label='K=9', trained_as='PISR'),
        dict(label='PISR, from base', starts_from='base'),
    ]

    study = read(config='pisr.py', variants=variants)

    assert [v.config.name for v in study.variants] == ['base.py'] + ['pisr.py'] * 3
    assert study.trained_as(study.find('K=9')) is study.find('PISR')


@pytest.mark.parametrize(
    ('given', 'fields'),
    [
        ('gmacs', ('gmacs',)),
        (['gmacs', 'parameters'], ('gmacs', 'parameters')),
        ([], ()),
    ],
)
def test_a_study_has_one_measured_axis_or_several(read, given, fields):
    assert read(x_from=given).x_from == fields


def test_an_unknown_label_names_the_file_and_the_labels(read):
    with pytest.raises(ValueError, match=r"s\.yaml: 'x' is none .*\['base', 'PISR'\]"):
        read().find('x')


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(sedes=[1]), r"s\.yaml: the file: has unknown \['sedes'\]"),
        (dict(seeds=[1, 1]), r'seeds: \[1, 1\]'),
        (dict(seeds=3), 'seeds: 3'),
        (
            dict(config='lost.py', variants=[dict(label='a')]),
            r"variants\[0\].config: 'lost.py' is not at .*lost.py",
        ),
        (dict(compare_to=['OCR']), r"\['OCR'\].*\['base', 'PISR'\]"),
        (dict(variants=[]), 'variants: is empty'),
        (dict(x_from='PQ'), r"x_from: \['PQ'\] are none of \['gmacs'"),
        (dict(x_from=['gmacs', 'AP']), r"x_from: \['AP'\] are none"),
        (dict(options={'lr': '1e-4'}), "options: option lr: '1e-4'.*0.0001"),
        (dict(options=['a']), 'options:.*list'),
        (dict(name='runs'), "name: 'runs' is the folder of all runs"),
        (dict(variants=[dict(config='base.py')]), r"variants\[0\]: lacks \['label'\]"),
        (
            dict(variants=[dict(label='a')]),
            r"variants\[0\]: needs 'config' or 'trained_as', it has \['label'\]",
        ),
        (
            dict(
                variants=[
                    dict(label='a', config='base.py'),
                    dict(label='b', trained_as='a', options={'optim_wrapper.lr': 1}),
                ]
            ),
            r"variants\[1\].options: \['optim_wrapper.lr'\] change no test",
        ),
        (
            dict(variants=[dict(label='a', config='base.py', trained_as='a')]),
            r"it has \['label', 'config', 'trained_as'\]",
        ),
        (
            dict(
                variants=[
                    dict(label='a', config='base.py'),
                    dict(label='b', trained_as='a'),
                    dict(label='c', trained_as='b'),
                ]
            ),
            r"variants\[2\].trained_as: 'b' is not trained; there are \['a'\]",
        ),
        (
            dict(variants=[dict(label='a', config='base.py', starts_from='b')]),
            r"variants\[0\].starts_from: 'b' is not trained; there are \['a'\]",
        ),
        (
            dict(
                variants=[
                    dict(label='a', config='base.py'),
                    dict(label='b', config='base.py', starts_from='a'),
                    dict(label='c', config='base.py', starts_from='b'),
                ]
            ),
            r"variants\[2\].starts_from: 'b' starts from 'a' itself",
        ),
        (
            dict(
                variants=[
                    dict(label='a', config='base.py'),
                    dict(label='b', trained_as='a', starts_from='a'),
                ]
            ),
            r"variants\[1\].starts_from: 'a', but it is trained as 'a'",
        ),
        (dict(variants=[dict(label='a', config='b.py')]), "config: 'b.py' is not at"),
        (dict(variants=[dict(label='a', confg='b.py')]), r"unknown \['confg'\]"),
        (
            dict(variants=[dict(label=x, config='base.py') for x in ('a b', 'a-b')]),
            r"folder 'a-b' is doubled by \['a b', 'a-b'\]",
        ),
        (
            dict(variants=[dict(label='a', config='base.py')] * 2),
            r"label 'a' is doubled by \['a', 'a'\]",
        ),
        (
            dict(
                variants=[
                    dict(label=x, config='base.py', control=True) for x in ('a', 'b')
                ]
            ),
            r"one may be the control, not \['a', 'b'\]",
        ),
    ],
)
def test_a_mistake_is_named(read, changes, message):
    with pytest.raises(ValueError, match=message):
        read(**changes)


def test_flags_come_back_as_they_were():
    options = {'a.b': 1, 'c': 0.5, 'd': True, 'e': None, 'f': 'x.Y', 'g': [1, [2, 3]]}

    assert read_flags(to_flags(options)) == options


def test_studies_share_their_trainings_and_a_changed_test_is_another_test(repo):
    def places(name):
        study = read_study(repo / 'configs' / 'studies' / f'{name}.yaml')
        return {v.label: place_of(study, v, repo) for v in study.variants}

    k, relations = places('k_scenes'), places('relations_scenes')

    assert k['base'] == relations['base']
    assert k['reweighted, K=20'] == relations['PISR']
    assert k['not reweighted, K=20'] == relations['PISR without reweighting']
    at_5 = k['reweighted, K=20, tested at 5']
    assert at_5.training == k['reweighted, K=20'].training
    assert at_5.test == k['reweighted, K=5'].test != k['reweighted, K=20'].test
    assert len({place.training for place in k.values()}) == 11


@pytest.mark.parametrize('name', ['relations_scenes', 'relations_camvid', 'k_scenes'])
def test_each_variant_of_a_study_file_builds_its_model(repo, name):
    study = read_study(repo / 'configs' / 'studies' / f'{name}.yaml')

    found = {}
    for variant in study.variants:
        options = read_flags(to_flags(study.options_of(variant)))
        cfg = load_config(str(variant.config), options=options)
        init_default_scope(cfg.default_scope)
        found[variant.label] = MODELS.build(cfg.model)

    assert not hasattr(found.pop('base'), 'relation')
    relations = {label: model.relation for label, model in found.items()}
    if name == 'k_scenes':
        slots = [relation.num_instances for relation in relations.values()]
        assert slots == [5, 10, 20, 50, 100] * 2 + [5, 10, 50, 100] * 2
    else:
        kinds = [type(relation).__name__ for relation in relations.values()]
        forms = 3 if name == 'relations_scenes' else 2  # of PISR
        assert kinds == [
            *('ConvRelation', 'ConcatRelation', 'ProductRelation', 'OCRRelation'),
            *['PISR'] * forms,
        ]
        assert {relation.num_instances for relation in relations.values()} == {20}
    assert [
        label
        for label, relation in relations.items()
        if getattr(relation, 'reweighting', None) is not None
    ] == [
        label
        for label in relations
        if label.startswith(('PISR to', 'reweighted')) or label == 'PISR'
    ]
