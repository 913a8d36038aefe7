"""Add a relation to a panoptic config: ``python tools/add_relation.py BASE_CONFIG``."""

from argparse import ArgumentParser

from mmpisr.families import write_config


def main() -> None:
    """Parse the flags, write the inheriting config and print it."""
    parser = ArgumentParser(
        description='Write a config that inherits one and adds PISR.'
    )
    add = parser.add_argument
    add('base', metavar='BASE_CONFIG', help='path, mmdet::... or mmpisr::...')
    add('-o', '--out', help='file to write; <relation>_<name of base>.py by default')
    add('--relation', default='PISR', help='name of the relation')
    add('--num-instances', type=int, default=50, metavar='K', help='instance slots')
    add('--force', action='store_true', help='replace the file if it is there')
    args = parser.parse_args()
    try:
        path = write_config(
            args.base,
            args.out,
            relation=args.relation,
            num_instances=args.num_instances,
            force=args.force,
        )
    except (ValueError, OSError, ImportError) as error:
        parser.exit(1, f'{parser.prog}: {error}\n')
    print(f'# {path}\n{path.read_text()}', end='')


if __name__ == '__main__':
    main()
