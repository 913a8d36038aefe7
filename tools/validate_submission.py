"""Check a submission: ``python tools/validate_submission.py FILE.zip``."""

from mmpisr.apis.check_submission import main

if __name__ == '__main__':
    main()
