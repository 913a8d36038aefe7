"""Check a submission: ``python tools/validate_submission.py FILE.zip``."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from mmpisr.submissions import validate_submission


def main(argv: Sequence[str] | None = None) -> None:
    """Print a table for each zip file; exit with status 1 if one has problems."""
    parser = ArgumentParser(description='Check the zip files of a submission.')
    add = parser.add_argument
    add('files', nargs='+', metavar='FILE.zip', help='zip files, each of any format')
    add(
        '--image-info',
        metavar='JSON',
        help='official list of images; FILE.images.json beside the zip file if unset',
    )
    add(
        '--max-size',
        type=float,
        metavar='MB',
        help='largest size accepted, in 10**6 bytes; servers publish no limit',
    )
    args = parser.parse_args(argv)
    valid = True
    for path in args.files:
        try:
            report = validate_submission(
                path, args.image_info, max_megabytes=args.max_size
            )
        except (FileNotFoundError, ValueError) as error:
            valid = False
            print(error, file=sys.stderr)
            continue
        valid &= report.ok
        print(report.table())
        if not report.ok:
            print(report.summary(), file=sys.stderr)
    if not valid:
        sys.exit(1)


if __name__ == '__main__':
    main()
