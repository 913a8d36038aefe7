"""Reopen a submission and look for everything that a server would refuse.

Size limits: none of the three benchmarks publishes one that could be found. COCO's
server is known to have one (sfzhang15/RefineDet issue 36), and users of it suspect
300 MB (codalab/codalab-competitions issue 3330); Cityscapes' scripts and benchmark page
name none; ADE20K has no server. So a limit is only checked when it is given.
"""

from pathlib import Path

from .archive import Archive
from .archive_reader import ArchiveReader
from .formats import find_format
from .image_list import ImageList, check_things_are_known, read_image_list
from .instance_archive import InstanceArchive
from .panoptic_archive import CityscapesPanopticArchive, PanopticArchive
from .pixel_archive import PixelArchive
from .report import SubmissionReport

MEGABYTE = 10**6
SUFFIXES = tuple(kind.suffix for kind in (PixelArchive, InstanceArchive))


def sidecar_path(path: str | Path) -> Path:
    """Where the list of images of a submission lies: ``FILE.images.json``."""
    path = Path(path)
    return path.with_name(f'{path.stem}.images.json')


def validate_submission(
    path: str | Path,
    image_info: str | Path | None = None,
    *,
    max_megabytes: float | None = None,
) -> SubmissionReport:
    """Check one zip file of a submission.

    Args:
        path: The zip file.
        image_info: The list of images that must be in it, official or ours; the one
            that was written beside the zip file if not given.
        max_megabytes: The largest size that is accepted, in 10**6 bytes.

    Returns:
        Counts and problems.

    Raises:
        FileNotFoundError: The zip file or the list is missing.
        ValueError: One of them cannot be read at all.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'submission {str(path)!r} does not exist')
    out_file = _main_file(path)
    beside = read_image_list(sidecar_path(out_file)) if out_file else None
    images = _wanted_images(path, image_info, beside)
    archive = _archive_of(path, out_file, beside) or _guess_archive(path, images.split)
    return check_archive(path, archive, images, max_megabytes=max_megabytes)


def check_archive(
    path: Path,
    archive: Archive,
    images: ImageList,
    *,
    max_megabytes: float | None = None,
) -> SubmissionReport:
    """Check a zip file, wherever it lies, as the archive that it is to become."""
    report = SubmissionReport(archive.path)
    size = path.stat().st_size / MEGABYTE
    report.counts.update(kind=archive.kind, split=images.split)
    report.counts['megabytes'] = f'{size:.1f}'
    report.counts['images wanted'] = len(images.images)
    if max_megabytes is not None and size > max_megabytes:
        report.problem(f'has {size:.1f} MB, more than the {max_megabytes:g} MB allowed')
    reader = ArchiveReader(path)
    try:
        for name in reader.doubled:
            report.problem(f'{name} is there more than once')
        archive.check(reader, images, report)
    finally:
        reader.close()
    return report


def _main_file(path: Path) -> Path | None:
    """The zip file with a list beside it: this one, or the one that it belongs to."""
    stems = [path.stem, *(path.stem.removesuffix(suffix) for suffix in SUFFIXES)]
    candidates = [path.with_name(f'{stem}.zip') for stem in stems]
    return next((c for c in candidates if sidecar_path(c).is_file()), None)


def _wanted_images(
    path: Path, image_info: str | Path | None, beside: ImageList | None
) -> ImageList:
    """The official list, with our categories where it does not say what things are."""
    if image_info is None:
        if beside is None:
            raise FileNotFoundError(
                f'{sidecar_path(path)} does not exist: give --image-info, a json with '
                'the images that the submission must hold'
            )
        return beside
    official = read_image_list(image_info)
    if beside is not None and any('isthing' not in c for c in official.categories):
        return official._replace(categories=beside.categories)
    check_things_are_known(str(image_info), official.categories)
    return official


def _archive_of(
    path: Path, out_file: Path | None, beside: ImageList | None
) -> Archive | None:
    """Say what a zip file is by the list that was written with it."""
    if out_file is None or beside is None or not beside.format:
        return None
    archives = find_format(beside.format).archives(out_file, beside.split)
    return next((archive for archive in archives if archive.path == path), None)


def _guess_archive(path: Path, split: str) -> Archive:
    """Say what a zip file is by what is in it."""
    reader = ArchiveReader(path)
    reader.close()
    kind: type[Archive] = PixelArchive
    jsons = [name for name in reader.names if name.endswith('.json')]
    if jsons:
        own = any(name.startswith('cityscapes_panoptic_') for name in jsons)
        kind = CityscapesPanopticArchive if own else PanopticArchive
    elif any(name.endswith('.txt') for name in reader.names):
        kind = InstanceArchive
    archive = kind(path, split)
    archive.path = path
    return archive
