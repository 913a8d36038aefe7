from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import CheckpointHook, EarlyStoppingHook

from mmpisr.apis import run_options
from mmpisr.apis.run_options import load_config

TOY = str(Path(__file__).parents[1] / 'support' / 'toy_config.py')


def test_the_work_dir_comes_from_the_flag_then_the_config_then_its_name():
    own = dict(work_dir='own')

    assert load_config(TOY).work_dir == 'work_dirs/toy_config'
    assert load_config(TOY, options=own).work_dir == 'own'
    assert load_config(TOY, options=own, work_dir='flag').work_dir == 'flag'


def test_options_override_the_config_and_the_dump_gets_a_name_of_its_own():
    cfg = load_config(TOY, options={'train_cfg.max_iters': 7}, launcher='slurm')

    assert (cfg.train_cfg.max_iters, cfg.launcher) == (7, 'slurm')
    assert cfg.filename == 'toy_config.full.py'
    assert 'max_iters=7' in cfg.pretty_text


def test_amp_keeps_the_loss_scale_of_a_config_and_refuses_other_wrappers():
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper', loss_scale=512.0)))
    run_options.use_amp(cfg)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.optim_wrapper.loss_scale == 512.0

    with pytest.raises(ValueError, match='ApexOptimWrapper'):
        run_options.use_amp(Config(dict(optim_wrapper=dict(type='ApexOptimWrapper'))))


def test_scaling_the_learning_rate_needs_the_batch_size_it_was_tuned_for():
    cfg = load_config(TOY)
    run_options.use_auto_scale_lr(cfg)
    assert cfg.auto_scale_lr.enable

    with pytest.raises(ValueError, match='base_batch_size'):
        run_options.use_auto_scale_lr(Config(dict(auto_scale_lr=dict(enable=True))))


def test_resume_takes_the_latest_checkpoint_or_the_one_that_is_named(tmp_path):
    cfg = Config(dict(load_from='base.pth', work_dir=str(tmp_path)))
    latest = tmp_path / 'iter_1.pth'
    torch.save({}, latest)
    (tmp_path / 'last_checkpoint').write_text('/elsewhere/iter_1.pth')

    run_options.use_resume(cfg, 'auto')
    assert (cfg.resume, cfg.load_from) == (True, str(latest))
    run_options.use_resume(cfg, 'iter_2.pth')
    assert (cfg.resume, cfg.load_from) == (True, 'iter_2.pth')


def test_resume_without_a_checkpoint_yet_keeps_the_warm_start(tmp_path):
    cfg = Config(dict(load_from='base.pth', resume=False, work_dir=str(tmp_path)))

    run_options.use_resume(cfg, 'auto')

    assert (cfg.resume, cfg.load_from) == (False, 'base.pth')


def test_a_loader_without_workers_asks_for_nothing_that_needs_them(tmp_path):
    loader = dict(num_workers=0, persistent_workers=True, prefetch_factor=2)
    (tmp_path / 'c.py').write_text(f'train_dataloader = {loader}')

    cfg = load_config(str(tmp_path / 'c.py'))

    assert cfg.train_dataloader == dict(
        num_workers=0, persistent_workers=False, prefetch_factor=None
    )


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(type='AmpOptimWrapper'), "AmpOptimWrapper.*the device is 'cpu'"),
        (dict(paramwise_cfg=dict(norm_decay_mult=0.0)), 'norm_decay_mult is 0.0, but'),
    ],
)
def test_an_optimizer_that_cannot_run_names_its_field(change, message, monkeypatch):
    monkeypatch.setattr(run_options, 'get_device', lambda: 'cpu')
    wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1)) | change

    with pytest.raises(ValueError, match=message):
        run_options.check_optimizer(Config(dict(optim_wrapper=wrapper)))


@pytest.mark.parametrize('as_list', [False, True])
def test_a_plateau_of_iterations_names_its_field(as_list):
    scheduler = dict(type='ReduceOnPlateauLR', monitor='PQ', by_epoch=False)
    cfg = Config(dict(param_scheduler=[scheduler] if as_list else scheduler))

    with pytest.raises(ValueError, match=r'param_scheduler\[0\].by_epoch is False'):
        run_options.check_optimizer(cfg)


def test_a_plateau_of_a_score_needs_a_rule_and_one_of_a_loss_does_not():
    scheduler = dict(type='ReduceOnPlateauLR', monitor='coco_panoptic/PQ')
    cfg = Config(dict(param_scheduler=[scheduler]))

    with pytest.raises(
        ValueError, match="has no rule.*a smaller .*PQ as better.*'greater'"
    ):
        run_options.check_optimizer(cfg)
    for change in dict(rule='greater'), dict(monitor='loss'):
        run_options.check_optimizer(Config(dict(param_scheduler=[scheduler | change])))


@pytest.mark.parametrize('hook', [CheckpointHook, EarlyStoppingHook])
def test_more_panoptic_quality_is_better_where_no_rule_is_given(hook):
    field = 'save_best' if hook is CheckpointHook else 'monitor'

    built = hook(**{field: 'coco_panoptic/PQ'})

    assert (built.rules if hook is CheckpointHook else [built.rule]) == ['greater']


def test_augmented_testing_names_the_fields_that_a_config_lacks():
    with pytest.raises(ValueError, match='missing: tta_model, tta_pipeline'):
        run_options.use_tta(Config(dict(model=dict(type='A'))))


def augmented(dataset):
    """A config with test-time augmentation of one step, before it is used."""
    return Config(
        dict(
            model=dict(type='A'),
            tta_model=dict(type='TTA'),
            tta_pipeline=[dict(type='Flip')],
            test_dataloader=dict(dataset=dataset),
        )
    )


def test_augmented_testing_wraps_the_model_and_reaches_the_innermost_dataset():
    cfg = augmented(dict(type='Outer', dataset=dict(type='Inner', pipeline=[])))

    run_options.use_tta(cfg)

    assert cfg.model == dict(type='TTA', module=dict(type='A'))
    assert cfg.test_dataloader.dataset.dataset.pipeline == [dict(type='Flip')]


def test_augmented_testing_reaches_every_dataset_that_is_joined():
    parts = [dict(type='Inner', pipeline=[]), dict(type='Inner', pipeline=[])]
    joined = dict(type='ConcatDataset', datasets=parts)
    cfg = augmented(dict(type='RepeatDataset', dataset=joined))

    run_options.use_tta(cfg)

    datasets = cfg.test_dataloader.dataset.dataset.datasets
    assert [part.pipeline for part in datasets] == [[dict(type='Flip')]] * 2


def test_pictures_turn_the_visualization_hook_on():
    cfg = Config(dict(default_hooks=dict(visualization=dict(type='V'))))

    run_options.use_pictures(cfg, show=False, show_dir='pictures', wait_time=1)

    assert cfg.default_hooks.visualization == dict(
        type='V', draw=True, test_out_dir='pictures'
    )


def test_mmdets_visualization_hook_is_replaced_by_one_that_shares_no_file():
    hook = dict(type='mmdet.DetVisualizationHook')
    cfg = Config(dict(default_hooks=dict(visualization=hook)))

    run_options.use_pictures(cfg, show=False, show_dir='pictures', wait_time=1)

    assert cfg.default_hooks.visualization.type == 'mmpisr.PanopticVisualizationHook'


def test_classes_in_configs_in_python_style_are_recognised(tmp_path):
    path = tmp_path / 'lazy.py'
    path.write_text(
        'from mmdet.engine.hooks import DetVisualizationHook\n'
        'from mmengine.optim import OptimWrapper\n'
        'optim_wrapper = dict(type=OptimWrapper)\n'
        'default_hooks = dict(visualization=dict(type=DetVisualizationHook))\n'
    )
    cfg = load_config(str(path))

    run_options.use_amp(cfg)
    run_options.use_pictures(cfg, show=False, show_dir='pictures', wait_time=1)

    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.default_hooks.visualization.type == 'mmpisr.PanopticVisualizationHook'


def test_predictions_are_dumped_as_a_pickle_or_not_at_all():
    run_options.check_dump_path('a/b.pkl')
    with pytest.raises(ValueError, match=r"not '\.json'"):
        run_options.check_dump_path('b.json')


@pytest.mark.parametrize('given', [[], {}, '{}', None])
def test_a_test_without_evaluator_must_write_its_predictions_somewhere(given):
    cfg = Config(dict(test_dataloader=dict(batch_size=1), test_evaluator=given))

    with pytest.raises(ValueError, match=r'test_evaluator is .* --show-dir FOLDER'):
        run_options.use_evaluators(cfg, is_output=False)
    run_options.use_evaluators(cfg, is_output=True)

    assert cfg.test_evaluator == []


def test_what_is_drawn_or_dumped_is_not_scored_where_there_is_no_truth(
    tmp_path, capsys
):
    path = tmp_path / 'list.json'
    path.write_text('{"images": [], "categories": []}')
    evaluators = [dict(type='Panoptic', ann_file=str(path)), dict(type='Other')]
    cfg = Config(dict(test_dataloader=dict(batch_size=1), test_evaluator=evaluators))

    run_options.use_evaluators(cfg, is_output=False)
    assert cfg.test_evaluator == evaluators  # the metric says that nothing is scored
    run_options.use_evaluators(cfg, is_output=True)

    assert cfg.test_evaluator == evaluators[1:]
    assert 'list.json has no annotations' in capsys.readouterr().out
