"""Run a study: variants x seeds, each a training; then make its report.

    python tools/analysis_tools/study.py configs/studies/relations_scenes.yaml
    python tools/analysis_tools/study.py configs/studies/relations_scenes.yaml --report

Repeated, it goes on where it was interrupted: recorded runs are left alone. Studies
share their runs: what one has trained with the same config, options and seed is not
trained again for another. Several studies can be run side by side.
``--again`` runs what is recorded too, and fails where a figure is not the recorded one.
``--report`` runs nothing, and says what is missing. With ``--into README.md`` it also
replaces the table between ``<!-- study:NAME -->`` and ``<!-- /study -->`` there.
"""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from mmpisr.processes.child_process import exit_on_sigterm
from mmpisr.studies.records import RunRecords
from mmpisr.studies.run_study import run_study
from mmpisr.studies.study_file import read_study
from mmpisr.studies.study_run import Scripts

OUT = "folder of the studies' trainings and models (work_dirs/studies)"
RECORDS = 'folder of the figures of each finished run (docs/results/runs)'
INTO = 'put its table between the marks in these files too'
TOOLS = Path(__file__).resolve().parents[1]


def main() -> int:
    """Parse the flags; 1 if a run failed."""
    parser = ArgumentParser(
        description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('study', type=Path, help='yaml file, such as in configs/studies')
    add('--out', type=Path, default=Path('work_dirs/studies'), help=OUT)
    add('--records', type=Path, default=Path('docs/results/runs'), help=RECORDS)
    add('--jobs', type=int, help='runs at once (as many as fit into the cores)')
    add('--threads', type=int, default=1, help='CPU threads of each run')
    add('--only', nargs='+', default=[], metavar='LABEL', help='variants to run')
    add('--again', action='store_true', help='repeat and compare recorded runs')
    add('--data-root', help="folder of the data, in place of the configs' own")
    add('--report', action='store_true', help='only make tables and plots')
    add('--docs', type=Path, help='folder of the report (docs/results/NAME)')
    add('--into', type=Path, nargs='+', default=[], metavar='PAGE', help=INTO)
    args = parser.parse_args()

    study = read_study(args.study)
    records = RunRecords(args.records)
    if args.report:
        from mmpisr.studies.report import write_report

        page = write_report(study, records=records, docs=args.docs, into=args.into)
        print(page)
        return 0
    exit_on_sigterm()
    failures = run_study(
        study,
        out=args.out,
        records=records,
        scripts=Scripts(TOOLS / 'train.py', TOOLS / 'test.py'),
        jobs=args.jobs,
        threads=args.threads,
        only=args.only,
        again=args.again,
        data_root=args.data_root,
    )
    for failure in failures:
        print(f'\n{failure.name}: {failure.reason}')
    return 1 if failures else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f'study.py: {error}')
