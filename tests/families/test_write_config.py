import pytest
from mmdet.models import Mask2Former
from mmengine.config import Config

from mmpisr import add_relation
from mmpisr.families import write_config
from mmpisr.families.add import read_config

BASES = [
    'mmdet::panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py',
    'mmdet::maskformer/maskformer_r50_ms-16xb1-75e_coco.py',
    'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py',
    'mmpisr::panoptic_deeplab/panoptic-deeplab_r52_90k_cityscapes.py',
]


@pytest.mark.parametrize('base', BASES)
def test_the_file_loads_as_what_the_function_returns(base, tmp_path):
    out = write_config(
        base, tmp_path / 'out.py', relation='ConvRelation', num_instances=9
    )

    expected = add_relation(base, relation='ConvRelation', num_instances=9)
    assert Config.fromfile(out)._cfg_dict == expected._cfg_dict
    assert len(out.read_text().splitlines()) <= 15


def test_a_base_given_by_path_is_named_from_the_new_file(repo, tmp_path, monkeypatch):
    base = repo / 'configs/panoptic_deeplab/panoptic-deeplab_r18_1200-iter_scenes.py'
    (tmp_path / 'elsewhere').mkdir()
    monkeypatch.chdir(base.parent)

    out = write_config(base.name, tmp_path / 'elsewhere' / 'out.py')

    assert Config.fromfile(out)._cfg_dict == add_relation(base)._cfg_dict
    assert f"_base_ = '{tmp_path}" not in out.read_text()


@pytest.mark.parametrize(
    ('relation', 'prefix'), [('PISR', 'pisr'), ('OCRRelation', 'ocrrelation')]
)
def test_the_default_name_is_that_of_relation_and_base(
    relation, prefix, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)

    out = write_config(BASES[0], relation=relation)

    assert out.resolve() == tmp_path / f'{prefix}_panoptic-fpn_r50_fpn_1x_coco.py'


def test_a_file_that_is_there_is_left_alone_unless_forced(tmp_path):
    out = tmp_path / 'out.py'
    out.write_text('mine')

    with pytest.raises(FileExistsError, match='--force replaces it'):
        write_config(BASES[0], out)
    assert out.read_text() == 'mine'
    assert 'mmpisr.PISR' in write_config(BASES[0], out, force=True).read_text()


def test_nothing_is_left_behind_when_the_base_is_refused(tmp_path):
    with pytest.raises(ValueError, match='no known family'):
        write_config(
            'mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py', tmp_path / 'out.py'
        )

    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def python_style(tmp_path):
    """A Mask2Former config in Python style, in a folder of its own."""
    base = tmp_path / 'bases' / 'lazy.py'
    base.parent.mkdir()
    text = read_config(BASES[2]).pretty_text
    imports = ['mmdet.models import Mask2Former', 'torch.optim import AdamW']
    for kind in 'Mask2Former', 'AdamW':
        assert f"'{kind}'" in text
        text = text.replace(f"'{kind}'", kind)
    base.write_text(''.join(f'from {line}\n' for line in imports) + text)
    return base


@pytest.mark.parametrize('place', ['out.py', 'bases/out.py', 'a/b/out.py'])
def test_a_base_in_python_style_gets_a_config_in_python_style(
    python_style, tmp_path, place
):
    out = write_config(python_style, tmp_path / place, num_instances=9)

    actual, expected = Config.fromfile(out), add_relation(python_style, num_instances=9)
    assert actual.to_dict() == expected.to_dict()
    assert actual.model.type is Mask2Former
    assert actual.model.panoptic_head.relation.num_instances == 9
    assert 'category_' in actual.optim_wrapper.paramwise_cfg.custom_keys
    assert len(out.read_text().splitlines()) <= 18


def test_the_page_shows_what_is_written_for_a_base_in_python_style(repo, tmp_path):
    text = read_config(BASES[0]).pretty_text
    assert "type='PanopticFPN'" in text
    (tmp_path / 'my_config.py').write_text(
        'from mmdet.models import PanopticFPN\n'
        + text.replace("type='PanopticFPN'", 'type=PanopticFPN')
    )

    written = write_config(tmp_path / 'my_config.py', tmp_path / 'out.py').read_text()

    page = (repo / 'docs/add_pisr.md').read_text()
    assert f'```python\n{written}```' in page


def test_a_base_that_read_base_cannot_name_is_refused_with_the_way_out(
    python_style, tmp_path
):
    base = python_style.rename(python_style.with_name('lazy-one.py'))

    with pytest.raises(ValueError, match=r"'lazy-one' in bases/lazy-one\.py .* rename"):
        write_config(base, tmp_path / 'out.py')
    assert not (tmp_path / 'out.py').exists()
