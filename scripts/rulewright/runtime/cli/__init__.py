"""The command line: one command for each operation and each variant of one, and those that come back to a task.

Results go to standard output, everything else to standard error. With `--json`, standard output is one JSON object,
also for wrong usage. Of a task it always has the same keys: `exit`, `id`, `status`, `state`, `urls`, `file` and `error`
(null, or an object with `type`, `message`, `http_status`, `trace_id`, `way_out` and `violations`); `status` adds the
vendor's whole `answer`. Of an operation that starts no task it has `exit`, `answer`, `file` and `error`.

`status` is the vendor's word, `state` is what it means: `running`, `succeeded`, `failed`, `cancelled`,
`timed_out` (the vendor gave up) or `unknown` (a word that this version does not know; it is waited for like
a running task). Both are null before the first poll.

`submit`, `resume` and `worker` are about many tasks: their object has `exit`, `store`, `counts` (by state), `lines`
(those that are neither done nor queued, each with `batch`, `line`, `state`, `id`, `file` and `error`),
`unlisted_fields` (each with `field`, `did_you_mean` and `lines`) and `error`, which is why nothing further is
submitted. Their exit code is the gravest that one of their lines has, in the order 1, 2, 8, 4, 5, 9, 3, 6, 10, 7. A
signal's comes before all of them. `export` prints all lines.

SIGINT, SIGTERM, SIGHUP and Ctrl-Break end a command alike. The answers to the submits under way are awaited
first, because they name paid tasks, and the ids are printed; only a second Ctrl-C gives up without them.

The exit codes are stable; `--help` lists them.
"""

from ._app import build, run
from ._exits import Exit
from ._signals import ignore_all

__all__ = ["Exit", "build", "ignore_all", "run"]
