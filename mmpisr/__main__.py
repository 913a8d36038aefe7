"""The command ``mmpisr``; each part loads what it needs when it is called."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module

COMMANDS = {  # module with ``main(argv)``, and what it does
    'predict': ('mmpisr.apis.predict', 'predict pictures, folders and videos'),
    'figures': ('mmpisr.apis.figures', 'make the figures of the paper for your images'),
    'web': ('mmpisr.apis.web', 'show what a relation does on a page in the browser'),
    'try': ('mmpisr.apis.trial', 'train on your data, and see whether PISR helps'),
    'add-relation': ('mmpisr.families.command', 'add PISR to a config'),
    'check-env': ('mmpisr.check_env', 'list packages that are missing or wrong'),
}


def main(argv: Sequence[str] | None = None) -> int | None:
    """Run one command, and return its exit code."""
    words = sys.argv[1:] if argv is None else [*argv]
    lines = [f'  {name:14}{text}' for name, (_, text) in COMMANDS.items()]
    parser = ArgumentParser(
        prog='mmpisr',
        description='Panoptic, instance and semantic relations for OpenMMLab.',
        epilog='\n'.join(['commands:', *lines, '', 'mmpisr COMMAND --help: its flags']),
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument('command', choices=COMMANDS, metavar='COMMAND')
    module, _ = COMMANDS[parser.parse_args(words[:1]).command]
    try:
        return import_module(module).main(words[1:])
    except KeyboardInterrupt:
        print('\nstopped', file=sys.stderr)
        return 130


if __name__ == '__main__':
    sys.exit(main())
