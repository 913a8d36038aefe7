"""The notebook, executed with fewer iterations."""

import re

import pytest

ITERATIONS = re.compile(r'^ITERATIONS = \d+', re.MULTILINE)


@pytest.fixture(scope='module')
def notebook(repo):
    """The notebook as it is committed."""
    nbformat = pytest.importorskip('nbformat', reason='needs the extra `tests`')
    return nbformat.read(repo / 'demo/own_pictures.ipynb', as_version=4)


def texts(cell):
    """What a cell printed, and the kinds of what it showed."""
    printed = ''.join(out.get('text', '') for out in cell.get('outputs', []))
    return printed, [
        kind for out in cell.get('outputs', []) for kind in out.get('data', ())
    ]


def test_it_is_committed_without_outputs(notebook):
    assert [cell for cell in notebook.cells if cell.get('outputs')] == []


@pytest.mark.slow
def test_it_leads_from_pictures_to_figures(notebook, tmp_path, monkeypatch):
    nbclient = pytest.importorskip('nbclient', reason='needs the extra `tests`')
    pytest.importorskip('ipykernel', reason='needs the extra `tests`')
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    (change,) = [c for c in notebook.cells if ITERATIONS.search(c.source)]
    change.source = ITERATIONS.sub('ITERATIONS = 30', change.source)

    client = nbclient.NotebookClient(
        notebook, timeout=900, resources=dict(metadata=dict(path=str(tmp_path)))
    )
    client.execute()

    printed, shown = zip(*map(texts, notebook.cells), strict=True)
    assert 'pisr_panoptic-deeplab_r18-slim_my_data.py' in ''.join(printed)
    assert re.search(r'^PQ +\d+\.\d', ''.join(printed), re.MULTILINE)
    assert [kinds.count('image/png') for kinds in shown if kinds] == [1, 1, 1, 3]
    folder = tmp_path / 'own_pictures'
    assert len([*folder.glob('predicted/overlay/*.jpg')]) == 16
    assert {path.name for path in folder.glob('figures/*')} >= {
        '001_classes.png',
        '001_slots.png',
        '001_pixel_64_90.png',
    }
