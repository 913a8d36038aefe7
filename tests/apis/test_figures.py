"""The command that makes figures, with models of random weights."""

import cv2
import pytest
import tiny_hosts
from mmengine.config import Config
from PIL import Image

from mmpisr.apis.figures import main
from mmpisr.apis.inferencer import PanopticInferencer


@pytest.fixture(scope='module')
def files(tmp_path_factory) -> dict[str, list[str]]:
    """Config and checkpoint of some models."""
    folder = tmp_path_factory.mktemp('trained')
    return {
        f'{family}{" + PISR" * host}': tiny_hosts.save(family, folder, host=host)
        for family in ('panoptic-deeplab', 'maskformer')
        for host in (True, False)
    }


@pytest.fixture
def images(tmp_path) -> list[str]:
    """Two images of one name."""
    pixels = tiny_hosts.make_results((64, 96), empty=True)['img']
    paths = [tmp_path / folder / 'f0.jpg' for folder in ('a', 'b')]
    for path in paths:
        path.parent.mkdir()
        cv2.imwrite(str(path), pixels)
    return [str(path) for path in paths]


def written(folder) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob('*.*')}


@pytest.mark.slow
def test_all_figures_of_two_models_and_of_each_image(files, images, tmp_path, capsys):
    out, base = tmp_path / 'out', files['panoptic-deeplab']
    flags = ['--out', str(out), '--compare', *base, '--point', '10,20']

    main([*files['panoptic-deeplab + PISR'], *images, *flags])

    kinds = 'classes', 'slots', 'centers', 'differences', 'pixel_10_20'
    assert written(out) == {f'{i}/f0_{kind}.png' for i in 'ab' for kind in kinds}
    assert len(capsys.readouterr().out.splitlines()) >= 10
    assert cv2.imread(str(out / 'a' / 'f0_classes.png')).shape[2] == 3


def test_a_query_model_has_all_figures_but_that_of_centres(files, images, tmp_path):
    flags = ['--out', str(tmp_path / 'out'), '--point', '0,0', '--classes', 'carpet']
    main([*files['maskformer + PISR'], images[0], *flags])
    names = {'f0_classes.png', 'f0_slots.png', 'f0_pixel_0_0.png'}
    assert written(tmp_path / 'out') == names


@pytest.mark.parametrize(
    ('model', 'flags', 'message'),
    [
        ('panoptic-deeplab', [], 'has 0 relations'),
        ('panoptic-deeplab + PISR', ['--classes', 'rug'], "no class 'rug'.*carpet"),
        ('panoptic-deeplab + PISR', ['--point', '96,0'], '96,0 .*96 wide and 64 high'),
    ],
)
def test_mistakes_end_with_one_line(files, images, tmp_path, model, flags, message):
    with pytest.raises(SystemExit, match=f'^mmpisr figures: .*{message}'):
        main([*files[model], images[0], '--out', str(tmp_path / 'out'), *flags])


def test_a_checkpoint_of_another_model_is_refused(files, images, tmp_path):
    config, checkpoint = files['maskformer + PISR'][0], files['panoptic-deeplab'][1]
    with pytest.raises(
        SystemExit, match='deeplab.*does not hold the layers of this model'
    ):
        main([config, checkpoint, images[0], '--out', str(tmp_path / 'out')])
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    ('orientation', 'size'), [(None, (96, 64)), ('stored', (64, 96))]
)
def test_an_image_is_turned_as_in_testing(files, tmp_path, orientation, size):
    path, exif = tmp_path / 'turned.jpg', Image.Exif()
    exif[274] = 6  # shown after a quarter turn
    Image.new('RGB', (96, 64)).save(path, exif=exif)
    config, checkpoint = files['panoptic-deeplab + PISR']
    cfg = Config.fromfile(config)
    cfg.test_dataloader.dataset.orientation = orientation

    shown = PanopticInferencer(cfg, checkpoint).examine(path)

    assert shown.image.shape == (*size, 3)
    assert shown.panoptic.shape == size


def test_an_array_is_examined_like_its_file(files, images):
    model = PanopticInferencer(*files['panoptic-deeplab + PISR'])

    of_file, of_array = (model.examine(i) for i in (images[0], cv2.imread(images[0])))

    assert (of_file.image == of_array.image).all()
    assert (of_file.panoptic == of_array.panoptic).all()
