"""The page of recipes, the metafiles and the pages of benchmarks say the same."""

import re
import runpy
import shutil
from importlib import import_module

import pytest
import yaml


@pytest.fixture(scope='module')
def tool(repo):
    return runpy.run_path(str(repo / 'tools/analysis_tools/model_zoo.py'))


@pytest.fixture(scope='module')
def models(tool, repo):
    """Models of all metafiles by name."""
    contents = map(yaml.safe_load, (p.read_text() for p in tool['metafiles'](repo)))
    return {model['Name']: model for content in contents for model in content['Models']}


def test_the_page_says_what_the_metafiles_say(tool, repo):
    assert (repo / 'docs/model_zoo.md').read_text() == tool['page'](repo)


def test_the_metafiles_have_what_was_measured_and_nothing_else(tool, repo, models):
    known = tool['measured'](repo)

    pisr = known['pisr_panoptic-deeplab_r52_90k_cityscapes']
    assert pisr['GMACs'] == '519.9 at 1024 x 2048'
    assert re.fullmatch(r'[\d.]+ ms at 512 x 1024', pisr['Inference Time'])
    for name, model in models.items():
        for field in tool['FIELDS'][1:]:
            expected = known[name].get(field, 'not measured')
            assert model['Metadata'][field] == expected, (name, field)


@pytest.mark.parametrize(
    'name',
    [
        'panoptic-deeplab_r52_90k_cityscapes',
        'pisr_panoptic-deeplab_r52_90k_cityscapes',
        'pisr_mask2former_r18_1200-iter_scenes',
        'upernet_r18_1200-iter_scenes',
    ],
)
def test_the_parameters_are_those_of_the_model(tool, repo, models, name):
    count = tool['count_parameters'](repo / models[name]['Config'])

    assert models[name]['Metadata']['Parameters'] == count
    page = (repo / 'docs/benchmarks/speed_panoptic-deeplab_r52.md').read_text()
    assert 'r52' not in name or f'| {count:,} |' in page


def test_facts_replace_old_ones_and_leave_all_other_lines(tool, repo, tmp_path):
    path = tmp_path / 'metafile.yml'
    shutil.copy(repo / 'configs/pisr/metafile.yml', path)
    before = path.read_text()
    name = 'pisr_panoptic-deeplab_r52_90k_cityscapes'

    tool['write_facts'](path, {name: {'Parameters': 7, 'GMACs': '1 at 2 x 3'}})

    (model,) = (
        m for m in yaml.safe_load(path.read_text())['Models'] if name in m.values()
    )
    assert model['Metadata'] == {
        'Training Data': 'Cityscapes',
        'Parameters': 7,
        'GMACs': '1 at 2 x 3',
        'Inference Memory': 'not measured',
        'Inference Time': 'not measured',
    }
    changed = [
        (old, new)
        for old, new in zip(
            before.splitlines(), path.read_text().splitlines(), strict=True
        )
        if old != new
    ]
    assert len(changed) == 4
    assert all(old.split(':')[0] == new.split(':')[0] for old, new in changed)


def test_mim_finds_the_facts_and_its_download_prints_what_the_page_quotes(
    tool, repo, monkeypatch, tmp_path
):
    name = 'pisr_panoptic-deeplab_r52_90k_cityscapes'
    search = import_module('mim.commands.search')  # the package hides its modules
    download = import_module('mim.commands.download').download
    monkeypatch.setattr(search, 'get_installed_path', lambda package: str(repo))

    found = search.get_model_info('mmpisr', configs=[name], to_dict=True)[name]
    with pytest.raises(ValueError, match='weight') as error:
        download('mmpisr', [name], dest_root=str(tmp_path))

    assert found['gmacs'] == '519.9 at 1024 x 2048'
    plain = re.sub(r'\x1b\[\d+m', '', str(error.value))
    short = re.sub(r'\[.*?\](?=,\s+dtype)', '[...]', plain, flags=re.DOTALL)
    quoted = f'ValueError: {" ".join(short.split())}'
    assert f'```text\n{quoted}\n```' in (repo / 'docs/model_zoo.md').read_text()
    assert [*tmp_path.iterdir()] == []
