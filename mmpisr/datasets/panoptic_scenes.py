"""The embedded dataset: scenes whose classes depend on what stands elsewhere."""

from mmpisr.registry import DATASETS

from .panoptic import PanopticDataset
from .scenes import METAINFO

GENERATOR = 'python tools/dataset_converters/generate_scenes.py'


@DATASETS.register_module()
class PanopticScenes(PanopticDataset):
    """Scenes made by :func:`mmpisr.datasets.scenes.generate_scenes`.

    ``metainfo`` also has ``relational_classes`` (told apart by relations only) and
    ``relations``: dicts of ``decider``, ``present`` and ``absent`` class names.
    """

    METAINFO = METAINFO

    def full_init(self) -> None:
        """Read and check; where files are missing, name the command that makes them."""
        try:
            super().full_init()
        except FileNotFoundError as error:
            command = f'{GENERATOR} --out {self.data_root or "data/scenes"}'
            raise FileNotFoundError(f'{error}; to make it: {command}') from error
