import pickle
from pathlib import Path

import pytest
import torch

from mmpisr.apis import launch

TOY = str(Path(__file__).parents[1] / 'support' / 'toy_config.py')


@pytest.fixture(scope='module')
def trained(tmp_path_factory) -> Path:
    """Train the toy for two iterations."""
    work_dir = tmp_path_factory.mktemp('trained')
    launch.train([TOY, '--work-dir', str(work_dir)])
    return work_dir


def test_training_writes_a_checkpoint_that_resumes_without_trust(trained):
    options = ['--cfg-options', 'train_cfg.max_iters=3']

    launch.train([TOY, '--work-dir', str(trained), '--resume', *options])

    resumed = torch.load(trained / 'iter_3.pth', weights_only=False)
    assert resumed['meta']['iter'] == 3
    assert 'optimizer' in resumed


def test_resuming_does_not_run_the_config_that_a_checkpoint_carries(trained, tmp_path):
    checkpoint = torch.load(trained / 'iter_2.pth', weights_only=False)
    evidence = tmp_path / 'evidence'
    checkpoint['meta']['config'] = f'open({str(evidence)!r}, "w")'
    torch.save(checkpoint, tmp_path / 'laced.pth')
    flags = ['--work-dir', str(tmp_path), '--resume', str(tmp_path / 'laced.pth')]
    options = ['--cfg-options', 'train_cfg.max_iters=3']

    launch.train([TOY, *flags, *options])

    assert (tmp_path / 'iter_3.pth').exists()
    assert not evidence.exists()

    launch.train([TOY, *flags, *options, '--trust-checkpoint'])

    assert evidence.exists()  # the danger is real: mmengine runs it


def test_testing_evaluates_the_checkpoint_and_dumps_predictions(trained, tmp_path):
    out = tmp_path / 'predictions.pkl'

    launch.evaluate(
        [
            TOY,
            str(trained / 'iter_2.pth'),
            '--work-dir',
            str(tmp_path),
            '--out',
            str(out),
        ]
    )

    predictions = pickle.loads(out.read_bytes())
    weight = torch.load(trained / 'iter_2.pth', weights_only=False)['state_dict']
    assert [p['prediction'].item() for p in predictions] == [
        weight['weight'].item()
    ] * 4


def test_both_spellings_of_the_local_rank_are_read():
    parser = launch.training_parser()

    assert parser.parse_args(['c.py', '--local_rank', '1']).local_rank == 1
    assert parser.parse_args(['c.py', '--local-rank=2']).local_rank == 2


def test_the_flags_of_training_reach_the_config():
    flags = ['--amp', '--auto-scale-lr', '--resume', 'a.pth', '--launcher', 'mpi']

    cfg = launch.training_config(launch.training_parser().parse_args([TOY, *flags]))

    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.auto_scale_lr.enable
    assert (cfg.resume, cfg.load_from) == (True, 'a.pth')
    assert cfg.launcher == 'mpi'


def test_a_runner_that_is_in_no_registry_is_refused(tmp_path):
    options = ['--work-dir', str(tmp_path), '--cfg-options', 'runner_type=Walker']

    with pytest.raises(ValueError, match="runner_type is 'Walker', which is in no"):
        launch.train([TOY, *options])


def test_a_bad_dump_path_is_refused_before_anything_is_built():
    args = launch.evaluation_parser().parse_args([TOY, 'a.pth', '--out', 'a.json'])

    with pytest.raises(ValueError, match='json'):
        launch.evaluation_config(args)


def test_a_submission_needs_a_zip_file_and_a_known_format(capsys):
    parser = launch.evaluation_parser()
    args = parser.parse_args([TOY, 'a.pth', '--submission', 'coco-test-dev'])

    with pytest.raises(ValueError, match=r'coco-test-dev needs --out FILE\.zip'):
        launch.evaluation_config(args)
    with pytest.raises(SystemExit):
        parser.parse_args([TOY, 'a.pth', '--submission', 'lvis'])
    assert 'cityscapes-test' in capsys.readouterr().err
