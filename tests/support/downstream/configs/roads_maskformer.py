# mmdet's tools do not know mmpisr when they read a config: the name is imported first
_base_ = [
    __import__('mmpisr') and 'mmpisr::pisr/pisr_maskformer_r18_1200-iter_scenes.py'
]
custom_imports = dict(imports=['roads.registry'], allow_failed_imports=False)
model = dict(panoptic_head=dict(relation=dict(num_instances=5)))
optim_wrapper = dict(optimizer=dict(lr=0.004))
default_hooks = dict(diary=dict(type='roads.Diary'))
