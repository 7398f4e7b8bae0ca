"""Bodies: document, compiled rules, client and server give the same verdict on each, for the same reasons."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

import httpx
from attrs import frozen
from mountsea_gemini_api.rules import RULES, SCHEMA

from ._bench import Bench, Called, sent_json
from ._checks import Tried, check
from ._exchange import json_ask
from ._failure import Blame, Failure, blamed, smallest
from ._judge import Verdict

WARNINGS: Final = "x-sandbox-warnings"
SMALL: Final = 3
"""Failures of one check that are made small: each takes dozens of tries."""

PER_RULE: Final = 40
"""Bodies tried for each rule, at most."""


@frozen(eq=False)
class _Heard:
    """What each voice says about one body, and whether it is what the document says."""

    document: bool
    rules: str | None
    client: str | None
    server: str | None


def judged(bench: Bench, name: str, case: str, body: Any) -> Failure | None:
    """Put a body to every voice and return the failure of one that disagrees with the document."""
    promise = bench.contract.submit
    if promise.judge is None:
        return None
    verdict = promise.judge.verdict(body)
    called = bench.call(body) if bench.speaks(body) else None
    ask = json_ask(promise.operation.method, promise.operation.path, body)
    heard = _Heard(
        document=promise.judge.encoded(body) == verdict.accepted,
        rules=_compiled(bench, body, verdict) if isinstance(body, Mapping) else None,
        client=None if called is None else _client(bench, called, body, verdict),
        server=_server(bench.ask(ask), verdict),
    )
    if heard.document and not (heard.rules or heard.client or heard.server):
        return None
    blame = blamed(document=heard.document, rules=heard.rules is None, server=heard.server is None)
    place = ", ".join((*verdict.broken, *verdict.warned)) or ("the schema" if not verdict.fits else "no rule")
    return Failure(name, case, place, _got(heard, blame), _wanted(verdict), blame, ask, body)


def _got(heard: _Heard, blame: Blame) -> str:
    if blame == "document":
        return "the schema's own keywords and x-rules disagree"
    return str({"rules": heard.rules, "client": heard.client, "server": heard.server}[blame])


def _wanted(verdict: Verdict) -> str:
    if verdict.broken:
        return f"refused for {', '.join(verdict.broken)}"
    if not verdict.fits:
        return "refused for its schema"
    return f"accepted, with a warning of {', '.join(verdict.warned)}" if verdict.warned else "accepted"


def _ids(verdict: Verdict) -> tuple[str, ...]:
    return verdict.broken if verdict.fits else (SCHEMA, *verdict.broken)


def _compiled(bench: Bench, body: Mapping[str, Any], verdict: Verdict) -> str | None:
    # As JSON and as a model: the rules read each in a way of its own.
    wanted = _ids(verdict), verdict.warned
    try:
        errors, warned = bench.compiled(body)
        if (errors, warned) == wanted and bench.speaks(body):
            errors, warned = bench.compiled(bench.modelled(body))
    except Exception as error:  # noqa: BLE001  checks that crash are a finding of this check
        return f"raised {type(error).__name__}"
    if (errors, warned) == wanted:
        return None
    return f"broken {', '.join(errors) or 'nothing'}; warned of {', '.join(warned) or 'nothing'}"


def _client(bench: Bench, called: Called, body: Mapping[str, Any], verdict: Verdict) -> str | None:
    if not verdict.accepted:
        return None if called.refused == _ids(verdict) and not called.sent else called.told
    if called.task is None or len(called.sent) != 1:
        return called.told
    if called.warned != verdict.warned:
        return f"{called.told}, with a warning of {', '.join(called.warned) or 'nothing'}"
    return _sent(bench, called.sent[0], body)


def _sent(bench: Bench, request: httpx.Request, body: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a request as it was sent."""
    operation = bench.contract.submit.operation
    wanted = (operation.method, bench.base + bench.contract.spec.base_path + operation.path)
    if (request.method, str(request.url)) != wanted:
        return f"sent {request.method} {request.url}"
    if sent_json(request) != body:
        return f"sent the body {json.dumps(sent_json(request), ensure_ascii=False)[:300]}"
    kind = request.headers.get("content-type", "nothing")
    return None if kind.partition(";")[0] == "application/json" else f"sent the content type {kind}"


def _server(answer: httpx.Response, verdict: Verdict) -> str | None:
    if verdict.accepted:
        warned = tuple(filter(None, answer.headers.get(WARNINGS, "").split(",")))
        right = 200 <= answer.status_code < 300 and warned == verdict.warned
        return None if right else f"HTTP {answer.status_code}, with a warning of {', '.join(warned) or 'nothing'}"
    if answer.status_code != 400:
        return f"HTTP {answer.status_code}"
    entries = answer.json().get("violations", [])
    rules = tuple(entry["rule"] for entry in entries if "rule" in entry)
    if rules == verdict.broken and verdict.fits is not any("keyword" in entry for entry in entries):
        return None
    return f"HTTP 400 for {', '.join(entry.get('rule') or entry['keyword'] for entry in entries) or 'nothing'}"


def tried(bench: Bench, name: str, cases: Iterator[tuple[str, Any]]) -> Tried:
    """Judge each case; the first failures are made as small as they can be."""
    small = 0
    for case, body in cases:
        failure = judged(bench, name, case, body)
        if failure is not None and small < SMALL:
            small += 1
            failure = smallest(failure, partial(judged, bench, name, case))
        yield failure


@check
def every_point(bench: Bench) -> Tried:
    """Every combination of the listable fields: sent as it is, or refused by each side for the same rules."""
    space = bench.contract.submit.space
    cases = ((str(space.cell(body)), body) for body in space.bodies()) if space else iter(())
    yield from tried(bench, "every point", cases)


@check
def rules_in_the_documents_words(bench: Bench) -> Tried:
    """The compiled rules have the ids, levels, messages and quotations of the document, in its order."""
    rules = bench.contract.submit.judge.rules if bench.contract.submit.judge else ()
    wanted = {each["id"]: (each["level"], each["message"], each["source"]["quote"]) for each in rules}
    got = {each.id: (each.level, each.message, each.source.quote) for each in RULES.values()}
    for name in wanted:
        same = wanted.get(name) == got.get(name)
        yield (
            None
            if same
            else Failure("rules in the documents words", name, name, str(got.get(name)), str(wanted.get(name)), "rules")
        )


@check
def exactly_one_rule(bench: Bench) -> Tried:
    """For each rule, bodies that break it and no other, and bodies it speaks of that keep it."""
    for rule in bench.contract.submit.judge.rules if bench.contract.submit.judge else ():
        yield from tried(bench, "exactly one rule", rule_bodies(bench, rule, limit=PER_RULE))


def rule_bodies(bench: Bench, rule: Mapping[str, Any], *, limit: int) -> Iterator[tuple[str, Any]]:
    """Yield bodies that break one rule and no other, then as many that it speaks of and that break none.

    They are made from the rule's own examples and its `if`, by changing the fields it does not look at.
    """
    promise = bench.contract.submit
    if promise.space is None or promise.judge is None:
        return
    counts = {"breaks": 0, "keeps": 0}
    for body in _around(bench, rule):
        verdict = promise.judge.verdict(body)
        if not verdict.fits or not promise.judge.applies(rule["id"], body):
            continue
        found = (*verdict.broken, *verdict.warned)
        word = "breaks" if found == (rule["id"],) else "keeps" if not found else None
        if word is not None and counts[word] < limit:
            counts[word] += 1
            yield f"{word} {rule['id']} alone, {counts[word]}", body


def _around(bench: Bench, rule: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    space = bench.contract.submit.space
    examples = rule.get("examples") or {}
    yield from (dict(examples[word]) for word in ("breaks", "passes") if word in examples)
    for example, field in itertools.product(examples.values(), space.finite if space else ()):
        for value in field.listed:
            yield {**example, field.name: value}
        if not field.required:
            yield {name: value for name, value in example.items() if name != field.name}
    yield from space.bodies() if space else ()


@check
def misfits(bench: Bench) -> Tried:
    """A field of a wrong type, missing or not listed, alone and in every legal combination of the others."""
    yield from tried(bench, "misfits", misfit_bodies(bench))


def misfit_bodies(bench: Bench) -> Iterator[tuple[str, Any]]:
    """Yield bodies that do not fit the schema, each for one reason."""
    promise = bench.contract.submit
    if promise.space is None or promise.judge is None:
        return
    good = promise.good()
    for field in promise.space.fields:
        for value in field.wrong():
            yield f"{field.name} of a wrong type, {json.dumps(value)[:40]}", {**good, field.name: value}
        if field.required:
            yield f"{field.name} missing", {name: value for name, value in good.items() if name != field.name}
        if field.unlisted() is not None:
            yield f"{field.name} not listed", {**good, field.name: field.unlisted()}
            for value in field.listed:
                if isinstance(value, str) and value.upper() not in field.listed:
                    yield f"{field.name} in other letters", {**good, field.name: value.upper()}
    yield "nothing at all", {}


@check
def unusual_but_right(bench: Bench) -> Tried:
    """What the document allows though nobody expects it: fields it does not list, odd text, long lists."""
    yield from tried(bench, "unusual but right", unusual_bodies(bench))


def unusual_bodies(bench: Bench) -> Iterator[tuple[str, Any]]:
    """Yield bodies that are in order and odd."""
    promise = bench.contract.submit
    if promise.space is None or promise.judge is None:
        return
    good = promise.good()
    if (promise.schema or {}).get("additionalProperties", True) is not False:
        yield "a field nobody lists", {**good, "x_unlisted_field": {"deep": [1, None, "two"]}}
    texts = {"not ASCII": "chat \u732b \U0001f408 \u05d0", "quotes": '"\\/\b\n\t\u2028', "long": "cat " * 3000}
    for field in promise.space.fields:
        if field.schema.get("type") == "string" and not field.listed:
            for word, text in texts.items():
                yield f"{field.name}: {word}", {**good, field.name: text}
