"""Stream predictions to disk as they come, and zip them as a benchmark asks for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.dist import barrier, broadcast_object_list, get_rank, is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmpisr.evaluation.category_table import CategoryTable
from mmpisr.files import atomic_output, write_atomically
from mmpisr.registry import METRICS

from .archive import Archive
from .formats import find_format
from .image_list import ImageList, ListedImage
from .journal_index import JournalIndex
from .panoptic_archive import coco_zip_name
from .prediction import Prediction
from .validate import check_archive, sidecar_path
from .workspace import Workspace
from .zip_writer import ZipWriter


@METRICS.register_module()
class SubmissionWriter(BaseMetric):
    """Writes a submission; needs predictions only, no truth.

    Each image's files go to ``FILE.zip.partial/`` at once and are listed in a journal;
    nothing of an image stays in memory. At the end the main process zips what all
    processes have written, checks the zip file, and leaves it with
    ``FILE.images.json``. The bytes depend on the predictions only, not on the number of
    processes or on interruptions.

    Args:
        out_file: The zip file. Its workspace was opened by ``prepare_submission``.
        format: Key of ``FORMATS``.

    Raises:
        ValueError: The format is unknown, an image is not of the list or has another
            size, images are missing at the end, or the zip file is not valid.
    """

    default_prefix = 'submission'

    def __init__(self, out_file: str, *, format: str) -> None:
        super().__init__(collect_device='cpu')
        self.workspace = Workspace(out_file)
        self.format = find_format(format)
        self.image_list: ImageList = self.workspace.read_list()
        self.archives = self.format.archives(out_file, self.image_list.split)
        self._images = {image.id: image for image in self.image_list.images}
        self._journal = self.workspace.journal(get_rank())
        self._table: CategoryTable | None = None

    @property
    def table(self) -> CategoryTable:
        """The submission's categories by the dataset's labels."""
        if self._table is None:
            categories = self.image_list.categories
            self._table = CategoryTable(self.dataset_meta, categories)
        return self._table

    def process(self, data_batch: Any, data_samples: Sequence[Mapping]) -> None:
        """Write the files of every predicted image, and then its line."""
        for sample in data_samples:
            image = self._image_of(sample)
            prediction = Prediction(sample, self.table)
            _check_size(image, prediction)
            written = {}
            for archive in self.archives:
                files, entry = archive.files(image, prediction)
                for name, content in files.items():
                    write_atomically(self._folder(archive) / name, content)
                written[archive.kind] = dict(files=[*files], entry=entry)
            self._journal.append(dict(image_id=image.id, archives=written))

    def compute_metrics(self, results: list) -> dict[str, Any]:
        """Zip, check and publish everything; remove the workspace."""
        index = self.workspace.index()
        self._refuse_missing(index)
        for archive in self.archives:
            self._zip(archive, index)
        self.image_list.save(sidecar_path(self.workspace.out_file))
        self._advise()
        self.workspace.remove()
        return dict(images=len(self.image_list.images))

    def evaluate(self, size: int) -> dict[str, Any]:
        """Finish in the main process once all have written, and fail in all or none.

        Args:
            size: Not used: the list says how many images there are.
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

    def _folder(self, archive: Archive) -> Path:
        return self.workspace.rank_folder(get_rank()) / archive.kind

    def _image_of(self, sample: Mapping) -> ListedImage:
        img_id = sample['img_id']
        if img_id not in self._images:
            raise ValueError(
                f'{self.workspace.list_path}: image {img_id!r} '
                f'({sample.get("img_path")}) is none of the {len(self._images)} '
                'images of this submission'
            )
        return self._images[img_id]

    def _refuse_missing(self, index: JournalIndex) -> None:
        images = self.image_list.images
        missing = [image for image in images if image.id not in index]
        if missing:
            raise ValueError(
                f'{self.workspace.out_file}: {len(missing)} of {len(images)} images '
                f'have no prediction, the first is {missing[0].file_name} (id '
                f'{missing[0].id!r}); the same command predicts only these'
            )

    def _zip(self, archive: Archive, index: JournalIndex) -> None:
        """Write and check one zip file; it takes its name when it is valid."""
        images = self.image_list.images
        sources: dict[str, Path] = {}
        for image in images:
            folder, line = index.entry(image.id)
            for name in line['archives'][archive.kind]['files']:
                sources[name] = folder / archive.kind / name
        entries = (
            index.entry(image.id)[1]['archives'][archive.kind]['entry']
            for image in images
        )
        texts = dict(archive.texts(images, entries))
        with atomic_output(archive.path) as temporary:
            with ZipWriter.open(temporary) as out:
                for name in sorted([*sources, *texts]):
                    if name in texts:
                        out.add_text(name, texts[name])
                    else:
                        out.add_file(name, sources[name])
            report = check_archive(temporary, archive, self.image_list)
            if not report.ok:
                raise ValueError(report.summary())
        print_log(f'{archive.path}\n{report.table()}', 'current')

    def _advise(self) -> None:
        out_file = self.workspace.out_file
        wanted = coco_zip_name(out_file, self.image_list.split)
        if self.format.name == 'coco-test-dev' and out_file.name != wanted:
            print_log(f'COCO asks for the name {wanted} of {out_file}', 'current')


def _check_size(image: ListedImage, prediction: Prediction) -> None:
    if prediction.panoptic.shape != (image.height, image.width):
        raise ValueError(
            f'image {image.id!r} ({image.file_name}) has {image.height} x '
            f'{image.width} pixels (height, width), its prediction '
            f'{prediction.panoptic.shape[0]} x {prediction.panoptic.shape[1]}'
        )
