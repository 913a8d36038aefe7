"""The inferencer with a model whose answer is known."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import truth_model
from generate_scenes import generate_scenes
from mmengine.config import Config
from PIL import Image
from truth_model import META, picture_of_truth

from mmpisr import PanopticInferencer
from mmpisr.apis.prediction_folder import PredictionFolder
from mmpisr.apis.tiles import TileGrid
from mmpisr.datasets import PanopticDataset, PanopticScenes
from mmpisr.datasets.segment_png import decode_segment_ids
from mmpisr.evaluation.category_table import CategoryTable
from mmpisr.evaluation.ground_truth import ImageTruth, Segments
from mmpisr.evaluation.measures.panoptic_quality import PanopticQuality
from mmpisr.evaluation.scored_image import ScoredImage

SIZES = (24, 40), (32, 20), (24, 40)


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """Save a checkpoint with the given meta information."""
    folder = tmp_path_factory.mktemp('checkpoint')

    def save(**meta):
        path = folder / f'{len([*folder.iterdir()])}.pth'
        state = dict(weight=torch.zeros(1))
        torch.save(dict(state_dict=state, meta=meta), path)
        return path

    return save


@pytest.fixture(scope='module')
def inferencer(checkpoint):
    config = Config(truth_model.config())
    return PanopticInferencer(config, checkpoint(dataset_meta=META), device='cpu')


def make_truth(size, seed=0):
    """A thing of each of two classes on two kinds of stuff."""
    rng = np.random.default_rng((seed, *size))
    truth = np.full(size, 9)
    truth[: size[0] // 2] = 12
    for number in (1, 2):
        top, left = (int(rng.integers(0, length - 8)) for length in size)
        truth[top : top + 6, left : left + 7] = 1000 * number + number
    return truth


@pytest.fixture
def folder(tmp_path):
    """Pictures of three sizes in two folders."""
    for number, size in enumerate(SIZES):
        path = tmp_path / 'in' / f'cam{number % 2}' / f'f{number}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), picture_of_truth(make_truth(size, number)))
    return tmp_path / 'in'


def same_segments(first, second):
    """Whether two maps have the same segments, whatever the numbers of instances."""
    pairs = {*zip(first.ravel().tolist(), second.ravel().tolist(), strict=True)}
    firsts, seconds = zip(*pairs, strict=True)
    alike = all(a % 1000 == b % 1000 for a, b in pairs)
    return alike and len({*firsts}) == len(pairs) == len({*seconds})


def files(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob('*') if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def table(path: Path) -> list[dict]:
    with path.open() as file:
        return [*csv.DictReader(file)]


def test_arrays_and_files_give_one_answer_in_batches_of_any_size(inferencer, folder):
    truths = [make_truth(size, number) for number, size in enumerate(SIZES)]
    arrays = [picture_of_truth(truth) for truth in truths]

    for batch_size in (1, 2, 5):
        found = [*inferencer(arrays, batch_size=batch_size)]
        of_files = {p.source.name: p for p in inferencer(folder, batch_size=batch_size)}
        for number, truth in enumerate(truths):
            of_file = of_files[f'cam{number % 2}/f{number}']
            assert same_segments(truth, found[number].panoptic)
            assert np.array_equal(found[number].panoptic, of_file.panoptic)
            assert np.array_equal(of_file.image[..., ::-1], arrays[number])


def test_each_image_has_a_png_an_overlay_and_tables_in_its_folder(
    inferencer, folder, tmp_path
):
    done = inferencer.save(folder, tmp_path / 'out', batch_size=2)

    assert done == (3, [])
    of_one = [name for name in files(tmp_path / 'out') if 'f1' in name]
    assert of_one == [
        'classes/cam1/f1.csv',
        'instances/cam1/f1.csv',
        'overlay/cam1/f1.jpg',
        'predictions.panoptic/cam1/f1.png',
    ]
    assert len(files(tmp_path / 'out')) == 3 * 4 + 1

    truth = make_truth(SIZES[1], 1)
    things = table(tmp_path / 'out/instances/cam1/f1.csv')
    assert {row['class'] for row in things} == {'person', 'boat'}
    for row in things:
        mask = truth % 1000 == META['classes'].index(row['class'])
        rows, cols = np.nonzero(mask)
        assert int(row['pixels']) == mask.sum()
        assert (int(row['left']), int(row['top'])) == (cols.min(), rows.min())
        assert row['score'] == '0.5000'
    classes = table(tmp_path / 'out/classes/cam1/f1.csv')
    assert sum(int(row['pixels']) for row in classes) == truth.size
    assert abs(sum(float(row['percent']) for row in classes) - 100) < 0.1


def test_the_output_is_a_dataset_in_the_format_of_coco(inferencer, folder, tmp_path):
    inferencer.save(folder, tmp_path / 'out')
    json_path = tmp_path / 'out/predictions.panoptic.json'

    maps = str(tmp_path / 'out/predictions.panoptic')
    dataset = PanopticDataset(str(json_path), data_prefix=dict(img='', seg=maps))
    content = json.loads(json_path.read_text())

    assert dataset.metainfo['classes'] == META['classes']
    assert len(dataset) == 3
    for entry in content['annotations']:
        png = tmp_path / 'out/predictions.panoptic' / entry['file_name']
        ids = decode_segment_ids(png.read_bytes())
        number = int(entry['image_id'][-1])
        listed = {segment['id']: segment for segment in entry['segments_info']}
        assert {*np.unique(ids).tolist()} == {*listed}
        labels = np.vectorize(lambda i, s=listed: s[i]['category_id'])(ids)
        assert np.array_equal(labels, make_truth(SIZES[number], number) % 1000)


def test_images_that_cannot_be_read_are_named_and_skipped(
    inferencer, folder, tmp_path, capsys
):
    whole = (folder / 'cam0/f0.png').read_bytes()
    (folder / 'cut.png').write_bytes(whole[: len(whole) // 2])
    (folder / 'empty.jpg').touch()
    (folder / 'text.jpg').write_text('no image')
    jpeg = cv2.imencode('.jpg', np.full((64, 64, 3), 90, np.uint8))[1].tobytes()
    (folder / 'half.jpg').write_bytes(jpeg[:-20])
    deep = np.zeros((16, 16, 3), np.uint16)
    cv2.imwrite(str(folder / 'deep.png'), deep)

    done = inferencer.save(folder, tmp_path / 'out', batch_size=2)

    printed = capsys.readouterr().err
    assert done.written == 3
    bad = {'cut.png', 'deep.png', 'empty.jpg', 'half.jpg', 'text.jpg'}
    assert {Path(path).name for path in done.skipped} == bad
    for name in bad:
        assert f'skipped: {folder / name}: ' in printed
    assert len([*(tmp_path / 'out/overlay').rglob('*.jpg')]) == 3


def test_an_array_of_another_shape_is_skipped_and_grey_is_read(inferencer, capsys):
    grey = np.full((10, 12), 3, np.uint8)

    (found,) = inferencer([np.zeros((2, 3, 4), np.uint8), grey])

    assert found.panoptic.shape == (10, 12)
    assert 'array/000000: its shape is (2, 3, 4)' in capsys.readouterr().err


@pytest.mark.parametrize('stated', [None, 'stored'])
def test_an_image_is_turned_as_in_testing(checkpoint, tmp_path, stated):
    truth = make_truth((24, 40))
    picture = Image.fromarray(picture_of_truth(truth)[..., ::-1])
    exif = picture.getexif()
    exif[274] = 6
    picture.save(tmp_path / 'turned.png', exif=exif)
    config = Config(truth_model.config(orientation=stated))
    turning = PanopticInferencer(config, checkpoint(dataset_meta=META), device='cpu')

    (found,) = turning(tmp_path / 'turned.png')

    shown = np.rot90(truth, -1) if stated is None else truth
    assert same_segments(shown, found.panoptic)
    assert found.image.shape[:2] == shown.shape


def test_two_images_never_share_a_file(inferencer, folder, tmp_path):
    cv2.imwrite(str(folder / 'cam0/f0.bmp'), picture_of_truth(make_truth((20, 20))))

    done = inferencer.save(folder, tmp_path / 'out')

    assert done.written == 4 == len([*(tmp_path / 'out/overlay').rglob('*.jpg')])
    maps = tmp_path / 'out/predictions.panoptic/cam0'
    assert decode_segment_ids((maps / 'f0.bmp.png').read_bytes()).shape == (20, 20)
    assert decode_segment_ids((maps / 'f0.png.png').read_bytes()).shape == SIZES[0]


def test_results_inside_the_input_are_not_predicted_again(inferencer, folder):
    for _ in range(2):
        assert inferencer.save(folder, folder / 'out').written == 3


def test_what_was_predicted_before_an_error_is_in_the_json(tmp_path, inferencer):
    (prediction,) = inferencer(picture_of_truth(make_truth((20, 20))))

    with pytest.raises(ValueError, match='predicted labels'):
        write_two(PredictionFolder(tmp_path, META), prediction)

    content = json.loads((tmp_path / 'predictions.panoptic.json').read_text())
    assert [image['id'] for image in content['images']] == ['array/000000']
    assert not [*tmp_path.glob('*.jsonl')]


def write_two(folder, prediction):
    """Write a prediction, and one with a label that is no class."""
    with folder:
        folder.write(prediction)
        prediction.sample.pred_panoptic_seg.sem_seg += 30
        folder.write(prediction)


@pytest.fixture(scope='module')
def mosaic(tmp_path_factory) -> np.ndarray:
    """The truth of 3 x 3 scenes in one picture."""
    root = tmp_path_factory.mktemp('scenes')
    generate_scenes(root, num_train=0, num_val=9, workers=1)
    dataset = PanopticScenes(
        'annotations/panoptic_val.json',
        data_root=str(root),
        data_prefix=dict(img='images/val/', seg='annotations/panoptic_val/'),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='mmpisr.LoadPanopticSegments'),
            dict(type='mmpisr.PackPanopticInputs'),
        ],
        test_mode=True,
    )
    maps = []
    for number in range(9):
        sample = dataset[number]['data_samples']
        codes = sample.gt_panoptic_seg.sem_seg[0].numpy()
        maps.append(np.where(codes >= 1000, codes + 1000 * 20 * number, codes))
    rows = [np.concatenate(maps[i : i + 3], axis=1) for i in (0, 3, 6)]
    return np.concatenate(rows)  # (384, 576)


def quality(truth: np.ndarray, prediction: np.ndarray) -> float:
    """PQ of one image, in percent."""
    table = CategoryTable(META)
    values, areas = np.unique(truth[truth % 1000 < len(table)], return_counts=True)
    ids = np.where(truth % 1000 < len(table), truth + 1, 0)  # 0 = void
    segments = Segments.of(values + 1, values % 1000, areas, areas < 0)
    sample = dict(pred_panoptic_seg=dict(sem_seg=prediction[None]))
    image = ScoredImage(sample, ImageTruth('', ids, segments), table)
    measure = PanopticQuality(table)
    return float(measure.values(measure.of_image(image))['PQ'])


@pytest.mark.parametrize(('tile', 'overlap'), [(200, 32), (128, 24), (300, 64)])
def test_tiles_of_a_mosaic_give_what_the_whole_image_gives(
    inferencer, mosaic, tile, overlap
):
    picture, grid = picture_of_truth(mosaic), TileGrid(mosaic.shape, tile, overlap)
    inferencer.model.seen.clear()

    (whole,) = inferencer(picture)
    (tiled,) = inferencer(picture, tile=tile, overlap=overlap, batch_size=4)

    tiles = [size for batch in inferencer.model.seen[1:] for size in batch]
    assert tiles == [(tile, tile)] * len(grid.windows)
    assert quality(mosaic, whole.panoptic) == 100
    assert quality(mosaic, tiled.panoptic) > 99
    cut = 0
    for value in np.unique(mosaic[mosaic >= 1000]):
        mask = mosaic == value
        cut += sum(mask[owned].any() for owned in grid.owned) > 1
        assert len(np.unique(tiled.panoptic[mask])) == 1
    assert cut >= 2


def test_an_image_that_is_no_longer_than_a_tile_is_not_cut(inferencer):
    picture = picture_of_truth(make_truth((24, 40)))
    inferencer.model.seen.clear()

    assert len([*inferencer([picture, picture], tile=40, overlap=8)]) == 2

    assert inferencer.model.seen == [[(24, 40)]] * 2


def test_options_that_do_not_fit_are_refused(inferencer, tmp_path):
    picture = picture_of_truth(make_truth((24, 40)))

    for options, message in (
        (dict(batch_size=0), 'batch_size is 0'),
        (dict(tile=100), 'overlap is 128 and tile 100'),
        (dict(slots=True), 'mmpisr add-relation adds one'),
    ):
        with pytest.raises(ValueError, match=message):
            inferencer.save(picture, tmp_path, **options)


def test_classes_come_from_the_checkpoint_or_else_from_the_config(checkpoint):
    config = Config(truth_model.config())
    names = [f'class {number}' for number in range(19)]
    other = dict(CLASSES=names, THING_CLASSES=names[:8], STUFF_CLASSES=names[8:])

    of_checkpoint = PanopticInferencer(config, checkpoint(dataset_meta=other))
    of_config = PanopticInferencer(config, checkpoint())

    assert of_checkpoint.model.dataset_meta['classes'] == names
    assert of_config.model.dataset_meta['classes'] == META['classes']


def test_a_model_whose_classes_are_not_known_is_refused(checkpoint):
    config = Config(truth_model.config())
    config.test_dataloader.dataset.type = 'mmpisr.PanopticDataset'

    with pytest.raises(ValueError, match='has no classes and thing_classes'):
        PanopticInferencer(config, checkpoint(), device='cpu')


def test_a_checkpoint_is_loaded_by_the_rule_of_testing(checkpoint, tmp_path):
    config = Config(truth_model.config())
    trap = checkpoint(dataset_meta=META, trap=torch.nn.Linear(1, 1))
    other = tmp_path / 'other.pth'
    torch.save(dict(state_dict=dict(bias=torch.zeros(1)), meta={}), other)

    with pytest.raises(ValueError, match='--trust-checkpoint'):
        PanopticInferencer(config, trap)
    assert PanopticInferencer(config, trap, trust_checkpoint=True)
    with pytest.raises(ValueError, match='does not hold the layers of this model'):
        PanopticInferencer(config, other)
    with pytest.raises(FileNotFoundError, match='does not exist'):
        PanopticInferencer(config, tmp_path / 'none.pth')
