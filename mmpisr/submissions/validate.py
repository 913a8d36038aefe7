"""Read a submission back and report everything that a server would refuse.

Size limits: none of the three benchmarks publishes one that could be found. COCO's
server is known to have one (sfzhang15/RefineDet issue 36), and users of it suspect
300 MB (codalab/codalab-competitions issue 3330); Cityscapes' scripts and benchmark page
name none; ADE20K has no server. So a limit is only checked when it is given.
"""

from collections.abc import Collection
from pathlib import Path

from .archive import Archive
from .checks import SubmissionReport
from .cityscapes_archives import InstanceArchive, PixelArchive
from .formats import find_format
from .image_list import ImageList, check_categories, read_image_list
from .panoptic_archive import CityscapesPanopticArchive, PanopticArchive

MEGABYTE = 10**6
SUFFIXES = ('', PixelArchive.suffix, InstanceArchive.suffix)


def sidecar_path(path: str | Path) -> Path:
    """Path of a submission's list of images: ``FILE.images.json``."""
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
    mains = [path.with_name(f'{path.stem.removesuffix(s)}.zip') for s in SUFFIXES]
    main = next((file for file in mains if sidecar_path(file).is_file()), path)
    sidecar = sidecar_path(main)
    written_with = read_image_list(sidecar) if sidecar.is_file() else None
    images = _wanted_images(path, image_info, written_with)
    report = SubmissionReport(path)
    archives: list[Archive] = []
    if written_with and written_with.format:
        archives = find_format(written_with.format).archives(main, written_with.split)
    archive = next((a for a in archives if a.path == path), None)
    archive = archive or _guess_archive(path, report.names, images.split)
    check_archive(report, archive, images, max_megabytes=max_megabytes)
    return report


def check_archive(
    report: SubmissionReport,
    archive: Archive,
    images: ImageList,
    *,
    max_megabytes: float | None = None,
) -> None:
    """Check a zip file as an archive; what is found goes to its report."""
    size = report.path.stat().st_size / MEGABYTE
    report.counts['kind'] = archive.kind
    report.counts['split'] = images.split
    report.counts['megabytes'] = f'{size:.1f}'
    report.counts['images wanted'] = len(images.images)
    if max_megabytes is not None and size > max_megabytes:
        report.problem(f'has {size:.1f} MB, more than the {max_megabytes:g} MB allowed')
    archive.check(report, images)


def _wanted_images(
    path: Path, image_info: str | Path | None, written_with: ImageList | None
) -> ImageList:
    """The official list, with our categories where those lack ``isthing``."""
    if image_info is None:
        if written_with is None:
            raise FileNotFoundError(
                f'{sidecar_path(path)} does not exist: give --image-info, a json with '
                'the images that the submission must hold'
            )
        return written_with
    official = read_image_list(image_info)
    if written_with and any('isthing' not in c for c in official.categories):
        return official._replace(categories=written_with.categories)
    check_categories(str(image_info), official.categories)
    return official


def _guess_archive(path: Path, names: Collection[str], split: str) -> Archive:
    """Find out which archive a zip file is by the names of the files in it."""
    jsons = [name for name in names if name.endswith('.json')]
    kind: type[Archive] = PixelArchive
    if any(name.startswith('cityscapes_panoptic_') for name in jsons):
        kind = CityscapesPanopticArchive
    elif jsons:
        kind = PanopticArchive
    elif any(name.endswith('.txt') for name in names):
        kind = InstanceArchive
    archive = kind(path, split)
    archive.path = path
    return archive
