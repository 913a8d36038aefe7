"""UPerNet, modified for the panoptic segmentation task."""

from mmdet.models.detectors import TwoStagePanopticSegmentor

from mmpisr.registry import MODELS


@MODELS.register_module()
class PanopticUPerNet(TwoStagePanopticSegmentor):
    """UPerNet (Xiao et al., ECCV 2018) whose pyramid also feeds a Mask R-CNN.

    The backbone's levels pass :class:`PyramidPoolingFPN`. All levels together give the
    semantic map (:class:`UPerNetHead`: stuff, and things as one class), each of them
    gives proposals and regions; mmdet's ``HeuristicFusionHead`` lays the instances over
    the map. All of it is mmdet's two-stage model, so whatever works on that works here.

    Differs from the paper: it says of its baseline only "UPerNet modified for the
    panoptic segmentation task"; this modification, after Panoptic-FPN, is our choice.
    """
