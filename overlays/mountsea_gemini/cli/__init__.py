"""The command line: one command for each variant of a submit, and those that come back to its task.

Results go to standard output, everything else to standard error. With `--json`, standard output is one
JSON object that always has the same keys: `exit`, `id`, `status`, `verdict`, `urls`, `file` and `error`
(null, or an object with `type`, `message`, `http_status`, `trace_id`, `way_out` and `violations`);
`status` adds the vendor's whole `answer`. A command line that cannot be read has no object, only exit 2.

`submit` and `resume` are about many tasks: their object has `exit`, `journal`, `counts` (by state), `lines`
(each with `line`, `state`, `id`, `file` and `error`) and `error`. Their exit code is the gravest that one of
their lines has, in the order 1, 2, 8, 4, 5, 9, 3, 6, 10, 7.

The exit codes, which never change their meaning:

    0    done
    1    an error of this program, or nobody reads its output
    2    wrong usage: an option, a value, a file or the token
    3    the request breaks a rule; nothing was sent
    4    authentication or payment
    5    too many requests
    6    the vendor ended the task without a file: failed, cancelled or timed out
    7    our wait is over; the task goes on
    8    whether the submit was accepted, and billed, is unknown
    9    network, server or protocol, or the API refused the request
    10   the file was not written; an older one is untouched
    130  Ctrl-C; the task, if there is one, goes on
"""

from ._app import build, run
from ._exits import Exit

__all__ = ["Exit", "build", "run"]
