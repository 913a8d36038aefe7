"""Every command and Python block of the pages is run, or says why it is not.

A comment above a block is one of

    <!-- not run: REASON -->
    <!-- run by tests/test_guide.py -->

All other blocks of a page are run here, in order, in a folder with scenes, pictures,
an untrained model, and links to ``configs`` and ``tools``. Trainings have two
iterations. ``docs/benchmarks``, the model zoo and the pages of studies are made by
the command that they show; what makes them has tests of its own.
"""

import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from generate_scenes import generate_scenes
from mmengine.config import Config
from mmengine.registry import MODELS
from page_blocks import blocks_of, run_block

from mmpisr.datasets import PanopticScenes
from mmpisr.families import FAMILIES

REPO = Path(__file__).resolve().parents[1]
MADE_BY_SCRIPTS = (
    'docs/benchmarks/',
    'docs/model_zoo.md',
    'projects/evidence/results/relations_',
)
PAGES = [
    page.relative_to(REPO).as_posix()
    for pattern in ('*.md', 'docs/**/*.md', 'projects/**/*.md')
    for page in sorted(REPO.glob(pattern))
]
BLOCKS = {
    page: blocks
    for page in PAGES
    if not page.startswith(MADE_BY_SCRIPTS) and (blocks := blocks_of(REPO / page, REPO))
}
RUN = [page for page in BLOCKS if any(block.mark is None for block in BLOCKS[page])]
NAMED_FILE = re.compile(r'(?<![\w/.])((?:tools|projects|configs)/[\w./-]+\.(?:py|sh))')
CONFIG = 'configs/pisr/pisr_panoptic-deeplab_r18_1200-iter_scenes.py'
VALUES = {  # of the words in capitals
    'CONFIG': CONFIG,
    'CHECKPOINT': 'work_dirs/demo/base + PISR/iter_1200.pth',
    'BASE_CONFIG': 'configs/panoptic_deeplab/panoptic-deeplab_r18_1200-iter_scenes.py',
    'BASE_CHECKPOINT': 'base.pth',
    'IMAGE...': 'data/scenes/images/val/000000.png',
    'IMAGES': 'photos/train/images',
    'LABELS': 'photos/train/labels',
    'INSTANCES': 'photos/train/instances',
    'FORMAT': 'coco-val',
}
RESULTS = {  # what must be there after the blocks of a page
    'README.md': ['predicted/overlay/*.jpg', 'work_dirs/pisr_*my_data/iter_2.pth'],
    'docs/figures.md': ['figures/*_classes.png', 'figures/*_pixel_60_120.png'],
    'docs/predict.md': ['predicted/overlay/aerial.jpg', 'predicted/overlay/*0.jpg'],
    'docs/start.md': ['predicted/overlay/*.jpg', 'figures/*_classes.png'],
    'docs/submissions.md': ['FILE.zip'],
    'docs/your_own_data.md': ['work_dirs/pisr_*/*/drawn/**/*.*'],
}


@pytest.mark.parametrize('page', BLOCKS)
def test_a_block_that_is_not_run_here_has_a_reason_or_a_test(page):
    for block in BLOCKS[page]:
        if block.mark is None:
            continue
        kind, _, what = block.mark.partition(
            ': ' if block.mark.startswith('not run') else ' by '
        )
        assert kind in ('not run', 'run'), block
        assert what, block
        assert kind == 'not run' or (REPO / what).is_file(), block


@pytest.mark.parametrize('page', [p for p in PAGES if p != 'CHANGELOG.md'])
def test_each_script_and_config_that_a_page_names_exists(page):
    named = NAMED_FILE.findall((REPO / page).read_text())

    missing = [path for path in named if not (REPO / path).is_file()]
    assert [path for path in missing if not re.search('NAME|BASE', path)] == []


@pytest.mark.parametrize('page', PAGES)
def test_commands_stand_in_blocks_with_a_language(page):
    text = (REPO / page).read_text()

    assert not re.findall(r'^```\n(?:python|mmpisr|make|pip) ', text, re.MULTILINE)


@pytest.fixture(scope='module')
def prepared(tmp_path_factory):
    """A folder with scenes, photos with labels, and two untrained models."""
    folder = tmp_path_factory.mktemp('prepared')
    generate_scenes(folder / 'data/scenes', num_train=2, num_val=2, workers=1)
    (folder / 'work_dirs/demo/base + PISR').mkdir(parents=True)
    for config, checkpoint in (
        (CONFIG, VALUES['CHECKPOINT']),
        (VALUES['BASE_CONFIG'], VALUES['BASE_CHECKPOINT']),
    ):
        write_untrained(config, folder / checkpoint)
    for index in range(6):
        write_photo(folder / 'photos' / ('train' if index < 4 else 'val'), index)
    table = 'id,name,isthing\n0,road,no\n4,car,yes\n'
    (folder / 'photos/classes.csv').write_text(table)
    (folder / 'classes.csv').write_text(table)
    cv2.imwrite(str(folder / 'aerial.tif'), np.zeros((1100, 300, 3), np.uint8))
    (folder / 'my_config.py').write_text(f"_base_ = '{CONFIG}'\n")
    return folder


def write_untrained(config, checkpoint):
    model = MODELS.build(Config.fromfile(REPO / config).model)
    meta = PanopticScenes('not/there.json', lazy_init=True).metainfo
    state = dict(state_dict=model.state_dict(), meta=dict(dataset_meta=meta))
    torch.save(state, checkpoint)
    checkpoint.with_name('last_checkpoint').write_text(VALUES['CHECKPOINT'])


def write_photo(folder, index):
    """A car on a road, elsewhere in each picture."""
    rng = np.random.default_rng(index)
    label, x = np.zeros((48, 64), np.uint8), 4 + 8 * index
    label[10:30, x : x + 16] = 4
    image = label[..., None] * 40 + rng.integers(0, 60, (48, 64, 3))
    for name, content in (
        ('images', image.astype(np.uint8)),
        ('labels', label),
        ('instances', (label > 0).astype(np.uint8)),
    ):
        (folder / name).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name / f'{index}.png'), content)


@pytest.fixture
def folder(prepared, tmp_path, monkeypatch):
    """A copy of the prepared folder, the current one; families are as before."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    for name in 'configs', 'tools':
        (tmp_path / name).symlink_to(REPO / name)
    monkeypatch.chdir(tmp_path)
    known = [*FAMILIES]
    yield tmp_path
    FAMILIES[:] = known


@pytest.mark.slow
@pytest.mark.parametrize('page', RUN)
def test_the_blocks_of_a_page_run(page, folder):
    names = {}

    for block in BLOCKS[page]:
        if block.mark is None:
            run_block(block, VALUES, names)

    for pattern in RESULTS.get(page, []):
        assert [*folder.glob(pattern)], pattern


def test_all_pages_with_results_are_run():
    assert RESULTS.keys() <= {*RUN}
