"""Cityscapes' instance-level results: a text file and binary masks an image."""

from .archive import Archive, ImageFiles
from .archive_reader import ArchiveReader
from .cityscapes_names import frame_of
from .image_list import ImageList, ListedImage
from .instance_checks import check_instances
from .pixel_archive import encode_gray
from .prediction import Prediction
from .report import SubmissionReport


class InstanceArchive(Archive):
    """``<frame>_pred.txt`` with lines of mask, label id and confidence.

    Masks lie in ``masks/<frame>_<number>.png``, 255 inside. Only things are in it;
    models without instance confidences give every thing segment confidence 1.
    """

    kind = 'instance'
    suffix = '-instance'

    def result_name(self, image: ListedImage) -> str:
        """The frame."""
        return frame_of(image.file_name)

    def files(self, image: ListedImage, prediction: Prediction) -> ImageFiles:
        """The text file (empty without things) and the masks."""
        frame = frame_of(image.file_name)
        categories = prediction.table.categories
        files, lines = {}, []
        for number, instance in enumerate(prediction.things()):
            name = f'masks/{frame}_{number:03}.png'
            files[name] = encode_gray(instance.mask.astype('uint8') * 255)
            label_id = categories[instance.row]['id']
            lines.append(f'{name} {label_id} {instance.score!r}\n')
        files[f'{frame}_pred.txt'] = ''.join(lines).encode()
        return ImageFiles(files, {})

    def check(
        self, reader: ArchiveReader, images: ImageList, report: SubmissionReport
    ) -> None:
        """Compare text files and masks with the list of images and its things."""
        frames = {frame_of(image.file_name): image for image in images.images}
        things = {c['id'] for c in images.categories if c['isthing']}
        check_instances(reader, report, frames=frames, thing_ids=things)
