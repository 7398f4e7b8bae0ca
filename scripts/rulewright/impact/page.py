"""The report as one HTML page: no script, nothing fetched, the decision tables before and after."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rulewright.errors import printable
from rulewright.impact.change import WHO, Change, Severity, as_text
from rulewright.impact.decisions import Decisions, decisions
from rulewright.impact.report import Report
from rulewright.impact.requests import RequestImpact
from rulewright.impact.structure import Difference

_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}table{border-collapse:collapse;margin:.5rem 0 1rem;width:100%}
th,td{border:1px solid #b9b9b9;padding:.3rem .5rem;text-align:left;vertical-align:top;font-size:.9rem}
th{background:#f0f0f0}code{font-size:.85rem;overflow-wrap:anywhere}del{background:#ffd7d5}ins{background:#cdf5d1}
td.changed{background:#fff3b8;outline:2px solid #8a6d00;outline-offset:-2px;font-weight:600}
.breaking{border-left:.5rem solid #b3261e}.review{border-left:.5rem solid #8a6d00}
.compatible{border-left:.5rem solid #1d6f2f}.nothing{border-left:.5rem solid #888}
article{padding:.1rem 1rem;margin:.7rem 0;background:#fafafa}article p{margin:.3rem 0}
.two{display:flex;flex-wrap:wrap;gap:0 1rem}.two>div{flex:1 1 auto;max-width:100%;overflow-x:auto}.error{color:#b3261e;font-weight:600}
p,dd,small,h1,h2{overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){body{background:#161616;color:#e8e8e8}th{background:#2a2a2a}article{background:#202020}
del{background:#5c1f1b}ins{background:#1d4a27}td.changed{background:#4a3d00;outline-color:#e0b400}.error{color:#ff8a80}}
"""


def render(report: Report) -> str:
    """Return the page."""
    body = [
        f"<h1>Impact on callers: {_text(report.headline)}</h1>",
        f"<p><code>{_text(report.old)}</code> → <code>{_text(report.new)}</code></p>",
        *(f'<p class="error">{_text(each)}</p>' for each in (*map(_unexplained, report.unexplained), *report.expired)),
        *_requests(report.requests),
    ]  # fmt: skip
    for impact in report.requests:
        if (impact.stops or impact.starts) and (table := decisions(impact)) is not None:
            body += _decisions(table)
    for severity in sorted(Severity, reverse=True):
        found = [each for each in report.changes if each.severity == severity]
        title = "Nothing for callers" if severity is Severity.NOTHING else severity.word.capitalize()
        body += [f"<h2>{title} ({len(found)})</h2>", *(_change(each) for each in found)] if found else []
    body += [
        "<h2>Who breaks, in these words</h2><dl>",
        *(f"<dt>{k}</dt><dd>{_text(v)}</dd>" for k, v in WHO.items()),
        "</dl>",
    ]
    # nothing foreign is let out of its place, and should it be: the page may load and run nothing
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Impact: {_text(report.headline)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _unexplained(difference: Difference) -> str:
    return f"unexplained: no check understands the {difference.kind} at {difference.pointer}"


def _requests(requests: Sequence[RequestImpact]) -> Iterator[str]:
    if not requests:
        return
    heads = "".join(f"<th>{head}</th>" for head in ("request", "accepted before", "now", "what changed"))
    yield f"<h2>Requests</h2><table><thead><tr>{heads}</tr></thead><tbody>"
    for each in requests:
        groups = [
            f"<p>{group.count} {word} being accepted: {_text(group.cause)}<br>smallest: {_json(group.witness)}</p>"
            for word, found in (("stop", each.stops), ("start", each.starts))
            for group in found
        ]
        said = "".join(groups) or "<p>nothing</p>"
        counts = (str(each.before), str(each.after)) if each.total else ("?", "?")
        yield (
            f"<tr><td>{_text(each.operation)}, {each.where}</td><td>{counts[0]}</td><td>{counts[1]}</td>"
            f"<td>{said}<p><small>{_text(each.method)}</small></p></td></tr>"
        )
    yield "</tbody></table>"


def _decisions(table: Decisions) -> Iterator[str]:
    others = f" ({_text(', '.join(table.others))} in the cells)" if table.others else ""
    yield f"<h2>What is accepted: {_text(table.title)}</h2>"
    yield f"<p>{_text(table.rows)} by {_text(table.columns)}{others}; changed cells are marked.</p>"
    yield '<div class="two">'
    for name, side in (("before", "before"), ("after", "after")):
        yield f'<div><table class="decisions {name}"><caption>{name}</caption><thead><tr><th>{_text(table.rows)}</th>'
        yield "".join(f"<th>{_text(head)}</th>" for head in table.heads) + "</tr></thead><tbody>"
        for row, cells in table.lines:
            said = "".join(
                f'<td class="changed">{_text(getattr(cell, side))} <span aria-label="changed">●</span></td>'
                if cell.changed
                else f"<td>{_text(getattr(cell, side))}</td>"
                for cell in cells
            )
            yield f"<tr><th>{_text(row)}</th>{said}</tr>"
        yield "</tbody></table></div>"
    yield "</div>"


def _change(change: Change) -> str:
    parts = [f'<article class="{change.severity.word}"><p><b>{_text(change.effect)}</b></p>']
    if change.words:
        marks = {"same": "{}", "gone": "<del>{}</del>", "new": "<ins>{}</ins>"}
        parts.append(f"<p>{' '.join(marks[word.kind].format(_text(word.text)) for word in change.words)}</p>")
    if change.details:
        parts.append(f"<p>{'<br>'.join(map(_text, change.details))}</p>")
    if change.quoted:
        parts.append(f"<p>quoted by: {_text(', '.join(change.quoted))}</p>")
    if change.witness is not None:
        parts.append(f"<p>smallest request: {_json(change.witness)}</p>")
    if change.accepted:
        parts.append(f"<p>accepted by {_text(change.accepted)}</p>")
    who = f"who breaks: {', '.join(change.who)} · " if change.who else ""
    uses = f" · {_text(', '.join(change.uses))}" if change.uses else ""
    parts.append(
        f"<p><small>{who}{change.check} · <code>{_text(change.pointer)}</code>{uses} · {change.fingerprint}</small></p>"
        "</article>"
    )
    return "".join(parts)


def _text(value: str) -> str:
    """Return foreign text as HTML that shows it."""
    return html.escape(printable(" ".join(value.split())))


def _json(value: Any) -> str:
    return f"<code>{_text(as_text(value))}</code>"
