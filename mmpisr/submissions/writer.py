"""Write predictions to disk image by image, then zip them in a benchmark's format."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from mmengine.dist import barrier, broadcast_object_list, is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmpisr.evaluation.category_table import CategoryTable
from mmpisr.evaluation.panoptic_results import json_text
from mmpisr.evaluation.predicted_image import PredictedImage
from mmpisr.files import atomic_output
from mmpisr.registry import METRICS

from .archive import Archive, ImageFiles
from .checks import SubmissionReport
from .formats import find_format
from .image_list import ImageList, ListedImage
from .panoptic_archive import PanopticArchive
from .validate import check_archive, sidecar_path
from .workspace import Workspace

EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can hold
READABLE = 0o100644 << 16
UNIX = 3


@METRICS.register_module()
class SubmissionWriter(BaseMetric):
    """Writes a submission; needs predictions only, no truth.

    The results of each image are written to ``FILE.zip.partial/`` at once; nothing of
    an image stays in memory. At the end the main process zips what all processes have
    written, checks the zip file, and writes ``FILE.images.json`` beside it. The bytes
    depend on the predictions only, not on the number of processes or on interruptions.

    Args:
        out_file: The zip file. Its workspace was opened by ``prepare_submission``.
        format: Key of ``FORMATS``.

    Raises:
        ValueError: The format is unknown, an image is not in the list or has another
            size, images are missing at the end, or the zip file is not valid.
    """

    default_prefix = 'submission'

    def __init__(self, out_file: str, *, format: str) -> None:
        super().__init__(collect_device='cpu')
        self.workspace = Workspace(out_file)
        self.format = find_format(format)
        self.image_list: ImageList = self.workspace.read_list()
        self.images: list[ListedImage] = self.image_list.images
        self.archives = self.format.archives(out_file, self.image_list.split)
        self._positions = {image.id: i for i, image in enumerate(self.images)}

    @cached_property
    def table(self) -> CategoryTable:
        """The submission's categories by the dataset's labels."""
        return CategoryTable(self.dataset_meta, self.image_list.categories)

    def process(self, data_batch: Any, data_samples: Sequence[Mapping]) -> None:
        """Write the results of every predicted image."""
        for sample in data_samples:
            position = self._position(sample)
            image = self.images[position]
            prediction = PredictedImage(sample, self.table)
            _check_size(image, prediction)
            results = {a.kind: a.files(image, prediction) for a in self.archives}
            self.workspace.save(position, results)

    def compute_metrics(self, results: list) -> dict[str, Any]:
        """Zip and check everything; remove the workspace."""
        self._refuse_missing()
        for archive in self.archives:
            self._zip(archive)
        out_file, split = self.workspace.out_file, self.image_list.split
        self.image_list.save(sidecar_path(out_file))
        wanted = f'{PanopticArchive(out_file, split).name}.zip'
        if self.format.name == 'coco-test-dev' and out_file.name != wanted:
            print_log(f'COCO requires the name {wanted} for {out_file}', 'current')
        self.workspace.remove()
        return dict(images=len(self.images))

    def evaluate(self, size: int) -> dict[str, Any]:
        """Finish in the main process once all have written; an error is raised in all.

        Args:
            size: Not used: the list gives the number of images.
        """
        barrier()
        outcome: list[Any] = [None]
        if is_main_process():
            try:
                outcome = [self.compute_metrics([])]
            except Exception as error:
                outcome = [error]
        broadcast_object_list(outcome)
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return {f'{self.prefix}/{key}': value for key, value in outcome[0].items()}

    def _position(self, sample: Mapping) -> int:
        img_id = sample['img_id']
        if img_id not in self._positions:
            raise ValueError(
                f'{self.workspace.list_path}: image {img_id!r} '
                f'({sample.get("img_path")}) is none of the {len(self.images)} '
                'images of this submission'
            )
        return self._positions[img_id]

    def _refuse_missing(self) -> None:
        finished = self.workspace.finished()
        missing = [im for i, im in enumerate(self.images) if i not in finished]
        if missing:
            raise ValueError(
                f'{self.workspace.out_file}: {len(missing)} of {len(self.images)} '
                f'images have no prediction, the first is {missing[0].file_name} (id '
                f'{missing[0].id!r}); the same command predicts only these'
            )

    def _zip(self, archive: Archive) -> None:
        """Write and check one zip file; it gets its name once it is valid."""

        def load(position: int) -> ImageFiles:
            return ImageFiles(*self.workspace.load(position)[archive.kind])

        positions = range(len(self.images))
        by_name = sorted(positions, key=lambda i: archive.result_name(self.images[i]))
        with atomic_output(archive.path) as temporary:
            with ZipFile(temporary, 'w') as out:
                if archive.json_name:
                    annotations = (load(i).annotation for i in positions)
                    write_annotations(out, archive.json_name, annotations)
                for position in by_name:
                    for name, content in sorted(load(position).files.items()):
                        out.writestr(_member(name), content)
            report = SubmissionReport(temporary, archive.path)
            check_archive(report, archive, self.image_list)
            if not report.ok:
                raise ValueError(report.summary())
        print_log(f'{archive.path}\n{report.table()}', 'current')


def write_annotations(out: ZipFile, name: str, annotations: Iterable) -> None:
    """Write a json of annotations one by one: they are never in memory together."""
    with out.open(_member(name), 'w', force_zip64=True) as file:
        for piece in json_text(annotations=annotations):
            file.write(piece.encode())


def _member(name: str) -> ZipInfo:
    """A member with a fixed time and mode; pngs are stored, the rest deflated."""
    info = ZipInfo(name, EARLIEST)
    stored = Path(name).suffix == '.png'
    info.compress_type = ZIP_STORED if stored else ZIP_DEFLATED
    info.external_attr = READABLE
    info.create_system = UNIX
    return info


def _check_size(image: ListedImage, prediction: PredictedImage) -> None:
    if prediction.panoptic.shape != (image.height, image.width):
        raise ValueError(
            f'image {image.id!r} ({image.file_name}) has {image.height} x '
            f'{image.width} pixels (height, width), its prediction '
            f'{prediction.panoptic.shape[0]} x {prediction.panoptic.shape[1]}'
        )
