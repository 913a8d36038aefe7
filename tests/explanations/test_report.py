import json
from pathlib import Path

import pytest
from tiny_explained import BASE, HOST

from mmpisr.explanations.examination import TrainedSeeds, examine
from mmpisr.explanations.report import write_explanation
from mmpisr.explanations.study_seeds import study_seeds
from mmpisr.studies.run_place import place_of
from mmpisr.studies.study import Study, Variant

FIGURES = ('scores', 'calibration', 'swap', 'flips')


@pytest.fixture(scope='module')
def examinations(scenes, checkpoints):
    """PISR with two seeds, and the base with one."""
    options = {'data_root': f'{scenes}/', 'test_dataloader.dataset.indices': 2}
    host, base = checkpoints[HOST], checkpoints[BASE]
    return (
        examine(TrainedSeeds('PISR', HOST, [host, host], options)),
        examine(TrainedSeeds('base', BASE, [base], options)),
    )


def test_the_page_has_every_section_and_figure(examinations, tmp_path):
    page = write_explanation(*examinations, out=tmp_path, command='the command')

    text = page.read_text()
    for part in (
        'the command',
        '- boat drawn or taken away: buoy or ball follows in base ',
        "- another image's encodings: PQ ",
        '- 2 test images',
        '| classes, each by itself |',
        '| matched slots: on deciders |',
        '| unchanged |',
        '| all swapped |',
        '| boat | all swapped |',
        '| *classes, by their confidence* |',
        '| *slots, by their confidence* |',
        ' of the 19 classes on average.',
        '| classes known | ',
        '| boat: buoy, ball | base |',
        '| boat: buoy, ball | PISR |',
        '| lamp | PISR |',
    ):
        assert part in text, part
    files = {f'{name}.{kind}' for name in FIGURES for kind in ('svg', 'png')}
    assert {path.name for path in tmp_path.iterdir()} == {'README.md', *files}


def test_the_same_seed_twice_has_no_spread(examinations):
    first, second = examinations[0].observed
    assert (first.table.records['pq'] == second.table.records['pq']).all()
    flips = examinations[0].flips
    assert (flips[0] == flips[1]).all()


def test_a_second_page_changes_no_byte(examinations, tmp_path):
    folders = [tmp_path / name for name in ('one', 'two')]
    for folder in folders:
        write_explanation(*examinations, out=folder, command='c')

    first, second = ({p.name: p.read_bytes() for p in f.iterdir()} for f in folders)
    assert first == second


def test_a_model_without_a_relation_has_neither_scores_nor_encodings(
    examinations, tmp_path
):
    page = write_explanation(examinations[1], None, out=tmp_path, command='c')

    assert 'base has no reweighting scores.' in page.read_text()
    assert 'base has no encodings.' in page.read_text()


def test_data_without_relations_says_so(examinations, tmp_path):
    plain = examinations[0]._replace(relations=(), flips=[])
    page = write_explanation(plain, None, out=tmp_path, command='c').read_text()
    assert 'This data has none.' in page
    assert '| unchanged |' in page


def test_models_of_other_images_are_refused(examinations, tmp_path):
    first, base = examinations
    table = base.observed[0].table._replace(image_ids=[7, 8])
    other = base._replace(observed=[base.observed[0]._replace(table=table)])
    with pytest.raises(ValueError, match=r'\[7, 8\], and 2 beginning with \[1, 2\]'):
        write_explanation(first, other, out=tmp_path, command='c')


def test_a_model_without_a_checkpoint_is_refused():
    with pytest.raises(ValueError, match='PISR: no checkpoint of .*scenes.py'):
        examine(TrainedSeeds('PISR', HOST, [], {}))


@pytest.fixture
def study(tmp_path) -> Study:
    variant = Variant('PISR', HOST, {'model.relation.channels': 32})
    file = tmp_path / 's.yaml'
    return Study('s', 'S', (variant,), (0, 1), {}, (), 'x', None, file)


def test_finished_trainings_of_a_study_are_its_seeds(study, tmp_path):
    folder = place_of(study, study.variants[0], tmp_path).folder(1)
    folder.mkdir(parents=True)
    (folder / 'trained.json').write_text(json.dumps({}))
    (folder / 'last_checkpoint').write_text('iter_2.pth')

    found = study_seeds(study, 'PISR', runs=tmp_path, options={'data_root': 'd/'})

    assert found.checkpoints == [Path('iter_2.pth')]
    assert found.config == HOST
    assert found.options['model.relation.channels'] == 32
    assert found.options['data_root'] == 'd/'


def test_a_study_without_finished_trainings_says_where_it_looked(study, tmp_path):
    with pytest.raises(
        ValueError, match=f"no training of 'PISR' is finished in {tmp_path}"
    ):
        study_seeds(study, 'PISR', runs=tmp_path)
