"""Run a study: variants x seeds, each a training; then make its report.

    python tools/analysis_tools/study.py configs/studies/relations_scenes.yaml
    python tools/analysis_tools/study.py configs/studies/relations_scenes.yaml --report

Repeated, it goes on where it was interrupted: recorded runs are left alone.
``--report`` runs nothing, and says what is missing.
"""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from mmpisr.studies.run_study import run_study
from mmpisr.studies.study_file import read_study
from mmpisr.studies.study_run import Scripts

TOOLS = Path(__file__).resolve().parents[1]


def main() -> int:
    """Parse the flags; 1 if a run failed."""
    parser = ArgumentParser(
        description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('study', type=Path, help='yaml file, such as in configs/studies')
    add('--out', type=Path, help='folder of the runs (work_dirs/studies/NAME)')
    add('--jobs', type=int, help='runs at once (as many as fit into the cores)')
    add('--threads', type=int, default=1, help='CPU threads of each run')
    add('--only', nargs='+', default=[], metavar='LABEL', help='variants to run')
    add('--data-root', help="folder of the data, in place of the configs' own")
    add('--report', action='store_true', help='only make tables and plots')
    add('--docs', type=Path, help='folder of the report (docs/results/NAME)')
    args = parser.parse_args()

    study = read_study(args.study)
    out = args.out or Path('work_dirs/studies', study.name)
    if args.report:
        from mmpisr.studies.report import write_report

        print(write_report(study, out=out, docs=args.docs))
        return 0
    failures = run_study(
        study,
        out=out,
        scripts=Scripts(TOOLS / 'train.py', TOOLS / 'test.py'),
        jobs=args.jobs,
        threads=args.threads,
        only=args.only,
        data_root=args.data_root,
    )
    for failure in failures:
        print(f'\n{failure.name}: {failure.reason}')
    return 1 if failures else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except ValueError as error:
        sys.exit(f'study.py: {error}')
