"""A study file that inherits from another."""

import re

import pytest

from mmpisr.studies.study_file import read_study

BASE = """
name: all
title: All of them
config: configs/pisr.py
seeds: [0, 1]
options: {train_cfg: {max_iters: 800, val_interval: 200}}
compare_to: [OCR]
variants:
  - {label: base, config: configs/base.py}
  - {label: OCR, options: {model.relation: {_delete_: true, type: OCR}}}
  - {label: PISR}
"""


@pytest.fixture
def read(tmp_path):
    """Writes a file whose base is ``../all.yaml`` and reads the study."""
    for name in ('base', 'pisr', 'other'):
        (tmp_path / 'configs' / f'{name}.py').parent.mkdir(exist_ok=True)
        (tmp_path / 'configs' / f'{name}.py').touch()
    (tmp_path / 'all.yaml').write_text(BASE)
    (tmp_path / 'more').mkdir()

    def read_text(text, base='../all.yaml'):
        path = tmp_path / 'more' / 'study.yaml'
        path.write_text(f'_base_: {base}\nname: few\n{text}')
        return read_study(path)

    return read_text


def test_what_is_not_given_is_the_bases(read, tmp_path):
    study = read('variants: [base, {label: ours}, PISR]')

    assert [v.label for v in study.variants] == ['base', 'ours', 'PISR']
    configs = [v.config.relative_to(tmp_path / 'configs') for v in study.variants]
    assert [str(path) for path in configs] == ['base.py', 'pisr.py', 'pisr.py']
    assert study.seeds == (0, 1)
    assert study.options == {'train_cfg.max_iters': 800, 'train_cfg.val_interval': 200}
    assert (study.name, study.title, study.compare_to) == ('few', 'few', ())


def test_what_is_given_wins_option_by_option(read, tmp_path):
    study = read(
        'config: ../configs/other.py\nseeds: [7]\noptions: {train_cfg.max_iters: 9}\n'
        'variants: [base, OCR, {label: ours}]'
    )

    assert study.seeds == (7,)
    assert study.options == {'train_cfg.max_iters': 9, 'train_cfg.val_interval': 200}
    base, ocr, ours = study.variants
    assert ocr.options == {
        'model.relation._delete_': True,
        'model.relation.type': 'OCR',
    }
    assert [v.config.stem for v in (base, ocr, ours)] == ['base', 'pisr', 'other']


@pytest.mark.parametrize(
    ('text', 'base', 'message'),
    [
        ('variants: [base]', 'none.yaml', "study.yaml: _base_: 'none.yaml' is not at"),
        ('variants: [base]', 'study.yaml', "'study.yaml' needs variants and no _base_"),
        (
            'variants: [base, GNN]',
            '../all.yaml',
            "variants[1]: 'GNN' is none of the base's ['base', 'OCR', 'PISR']",
        ),
        ('seeds: [0]', '../all.yaml', 'variants: is empty'),
        (
            'options: 3\nvariants: [base]',
            '../all.yaml',
            'options: 3 is int, no mapping',
        ),
    ],
)
def test_a_mistake_is_named(read, text, base, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        read(text, base)
