"""Write the page of each study from the records; runs nothing.

    python projects/evidence/report.py projects/evidence/studies/relations_scenes.yaml

With ``--into README.md`` it also replaces the study's table there, between
``<!-- study:NAME -->`` and ``<!-- /study -->``.
"""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from evidence.page import write_page
from evidence.study_file import read_study

RESULTS = Path(__file__).resolve().parent / 'results'


def main() -> None:
    """Parse the flags and write."""
    parser = ArgumentParser(
        description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('studies', nargs='+', type=Path, metavar='STUDY.yaml')
    add('--records', type=Path, default=RESULTS / 'runs.jsonl', help='finished runs')
    add('--results', type=Path, default=RESULTS, help='folder of the pages')
    add('--into', type=Path, nargs='+', default=[], metavar='PAGE')
    args = parser.parse_args()
    for path in args.studies:
        study = read_study(path)
        records, results = args.records, args.results
        print(write_page(study, records=records, results=results, into=args.into))


if __name__ == '__main__':
    try:
        main()
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f'report.py: {error}')
