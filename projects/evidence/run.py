"""Run studies: train and test what is not recorded yet.

    python projects/evidence/run.py projects/evidence/studies/relations_scenes.yaml

Repeated, it goes on where it was interrupted. Several study files in one call share
their trainings.
"""

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from evidence.page import write_page
from evidence.runner import run_studies
from evidence.study_file import read_study

from mmpisr.apis.commands import exit_on_sigterm

PROJECT = Path(__file__).resolve().parent
RESULTS = PROJECT / 'results'


def main() -> int:
    """Parse the flags and run; 1 if a run failed."""
    parser = ArgumentParser(
        description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('studies', nargs='+', type=Path, metavar='STUDY.yaml')
    add('--jobs', type=int, help='trainings at once (as many as fit into the cores)')
    add('--threads', type=int, default=1, help='CPU threads of each training (1)')
    add('--only', nargs='+', default=[], metavar='LABEL', help='variants to run')
    add('--data-root', help="folder of the data, in place of the configs' own")
    add('--out', type=Path, default=Path('work_dirs/studies'), help='trained models')
    add('--records', type=Path, default=RESULTS / 'runs.jsonl', help='finished runs')
    add('--report', action='store_true', help='write the pages afterwards')
    args = parser.parse_args()

    exit_on_sigterm()
    # configs of this project import `evidence`
    found = [str(PROJECT), os.environ.get('PYTHONPATH', '')]
    os.environ['PYTHONPATH'] = os.pathsep.join(filter(None, found))
    studies = [read_study(path) for path in args.studies]
    failures = run_studies(
        studies,
        out=args.out,
        records=args.records,
        jobs=args.jobs,
        threads=args.threads,
        only=args.only,
        data_root=args.data_root,
    )
    for name, error in failures.items():
        print(f'\n{name}: {error}')
    for study in studies if args.report else []:
        print(write_page(study, records=args.records, results=args.records.parent))
    return 1 if failures else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f'run.py: {error}')
