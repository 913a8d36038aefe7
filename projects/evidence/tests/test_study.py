import pytest
from evidence.study import TEST, TRAINING
from evidence.study_file import read_study

CONFIG = 'pisr/pisr_panoptic-deeplab_r18_1200-iter_scenes.py'
CHANNELS = 'model.relation.channels'
BASE = f"""
title: Base
config: {CONFIG}
seeds: [0, 1]
options: {{train_cfg: {{max_iters: 8}}, data_root: a}}
compare_to: [OCR]
variants:
  - {{label: base, config: panoptic_deeplab/panoptic-deeplab_r18_1200-iter_scenes.py}}
  - {{label: OCR, control: base, options: {{model.relation.channels: 8}}}}
  - {{label: at 5, trained_as: OCR, options: {{model.relation.num_instances: 5}}, x: 5}}
  - {{label: warm, starts_from: base}}
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name='study.yaml'):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_a_study_is_read_with_everything_that_its_variants_inherit(write, repo):
    study = read_study(write(BASE))

    assert (study.name, study.title, study.seeds) == ('study', 'Base', (0, 1))
    base, ocr, at_5, warm = study.variants
    assert study.base is base
    assert base.config.name == 'panoptic-deeplab_r18_1200-iter_scenes.py'
    assert {v.config for v in (ocr, at_5, warm)} == {repo / 'configs' / CONFIG}
    shared = {'train_cfg.max_iters': 8, 'data_root': 'a'}
    assert base.training == TRAINING | shared
    assert base.test == TRAINING | shared | TEST
    assert ocr.training == at_5.training == base.training | {CHANNELS: 8}
    assert at_5.test == ocr.test | {'model.relation.num_instances': 5}
    assert (warm.starts_from, at_5.trained_as, at_5.x) == ('base', 'OCR', 5)
    assert [v.control for v in study.variants] == ['', 'base', '', '']


def test_a_base_gives_config_seeds_options_and_the_variants_that_are_named(write):
    write(BASE, 'base.yaml')

    study = read_study(
        write(
            """
_base_: base.yaml
seeds: [5]
options: {train_cfg.max_iters: 9}
variants: [base, OCR, {label: ours}]
"""
        )
    )

    assert study.seeds == (5,)
    assert (study.title, study.compare_to) == ('study', ())
    base, ocr, ours = study.variants
    assert base.training == TRAINING | {'train_cfg.max_iters': 9, 'data_root': 'a'}
    assert ocr.training == base.training | {CHANNELS: 8}
    assert ours.config == ocr.config != base.config


def test_a_config_beside_the_study_comes_first(write, tmp_path):
    own = write('', 'own.py')
    text = 'seeds: [0]\nconfig: own.py\nvariants: [{label: base}]'
    assert read_study(write(text)).base.config == own.resolve()


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('title:', 'titel:', r"study\.yaml: the file: has unknown \['titel'\]"),
        ('control:', 'kontrol:', r"variants\[1\]: has unknown \['kontrol'\]"),
        ('seeds: [0, 1]', 'seeds: [0, 0]', r'seeds: \[0, 0\] is no list of different'),
        ('seeds: [0, 1]', 'x_label: K', r"the file: lacks \['seeds'\]"),
        ('label: OCR', 'label: base', r"labels \['base'\] occur more than once"),
        ('compare_to: [OCR]', 'compare_to: [X]', r"compare_to: \['X'\] are no labels"),
        ('control: base', 'control: X', r"control: \['X'\] are no labels"),
        ('compare_to: [OCR]', 'x_from: time', r"x_from: 'time' is none of \['gmacs'"),
        ('trained_as: OCR', 'trained_as: X', r"trained_as: 'X' is not trained"),
        ('starts_from: base', 'starts_from: X', r"starts_from: 'X' is not trained"),
        ('starts_from: base', 'starts_from: warm', r"'warm' starts from 'warm' itself"),
        ('model.relation.num_instances: 5', 'train_cfg.a: 5', r'change no test'),
        ('data_root: a', "lr: '1e-4'", r"option lr: '1e-4' is read back as 0.0001"),
        ('pisr/pisr_', 'pisr/none_', r"config: 'pisr/none_.*' is neither in .* nor in"),
        ('{label: warm', '{x: 1', r"variants\[3\]: lacks \['label'\]"),
    ],
)
def test_a_mistake_is_named_with_its_place(write, old, new, message):
    assert old in BASE
    with pytest.raises(ValueError, match=message):
        read_study(write(BASE.replace(old, new, 1)))


def test_a_label_that_the_base_lacks_is_refused(write):
    write(BASE, 'base.yaml')
    with pytest.raises(ValueError, match=r"variants: \['PISR'\] are no labels of"):
        read_study(write('_base_: base.yaml\nvariants: [PISR]'))


def test_a_missing_base_is_named(write):
    with pytest.raises(ValueError, match=r'_base_: there is no file .*none\.yaml'):
        read_study(write('_base_: none.yaml\nvariants: []'))
