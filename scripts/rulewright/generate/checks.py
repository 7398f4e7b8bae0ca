"""The compiled checks: one function for each schema that requests hold, and one for the parameters of an operation.

A function checks a value against its schema and its rules in straight Python. Of a model it reads the attributes, of a
JSON object the members. What it finds is added to a list, so that a valid value costs no more than the comparisons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.generate.names import ModelName, Names
from rulewright.generate.schemas import RULED, Schemas, body_schemas
from rulewright.generate.source import constant, literal, render, snake, variables
from rulewright.openapi.operations import Operation, operations
from rulewright.openapi.pointer import Location, decode, encode
from rulewright.rules import expression
from rulewright.rules.definition import Rule, RuledSchema
from rulewright.rules.expression import (
    ALWAYS,
    Compiler,
    Expression,
    Mismatch,
    Term,
    every,
    is_type,
    mismatches,
    negated,
    some,
)
from rulewright.rules.space import Given, Length, domains
from rulewright.rules.verdict import mentions

_STRUCTURE: Final = frozenset({"paths", "components", "schemas", "properties", "requestBody", "content", "schema"})
_CHOICES: Final = {"anyOf": "False", "oneOf": "True"}
_NESTED: Final = frozenset({"properties", "required", "additionalProperties", "allOf", "not", RULED, *_CHOICES})
"""The keywords of a schema that is checked by a function of its own."""
_OBJECT: Final = frozenset({"type", "properties", "required", "additionalProperties", RULED})
"""The keywords of an object whose fields can be read from the attributes of a model."""
_SCALAR: Final = frozenset({"type", "enum", "const", "nullable"})
_JSON_WORDS: Final = frozenset({"str", "int", "float", "bool", "list", "dict", "None", "Any", "Literal", "Unset"})
"""The words in the type of an attribute that holds JSON."""
_DEEPEST: Final = 32


@dataclass(frozen=True)
class If:
    """Statements under a condition, and those otherwise."""

    condition: str
    then: Block
    otherwise: Block = ()
    kind: str = "if"


@dataclass(frozen=True)
class Loop:
    """Statements for each item of a list or member of an object."""

    names: str
    over: str
    body: Block
    kind: str = "loop"


@dataclass(frozen=True)
class Line:
    """One simple statement."""

    code: str
    kind: str = "line"


@dataclass(frozen=True)
class Comment:
    """A comment line."""

    text: str
    kind: str = "comment"


@dataclass(frozen=True)
class Refuse:
    """Add a violation of the schema."""

    at: str
    value: str
    message: str
    kind: str = "refuse"


Statement = If | Loop | Line | Comment | Refuse
Block = tuple[Statement, ...]


@dataclass(frozen=True)
class Field:
    """One field that a function reads.

    Args:
        name: Its JSON name.
        variable: The variable that holds it.
        held: How the owner holds it; empty if no attribute does.
    """

    name: str
    variable: str
    held: str = ""


@dataclass(frozen=True)
class RuleData:
    """The rules of a function, and what the search for the nearest valid request needs."""

    constant: str
    schema: str
    rules: tuple[Rule, ...]
    domains: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Function:
    """One function that checks a value.

    Args:
        name: Its name.
        about: What it checks.
        owner: The class of which it reads attributes or arguments, if there is one; any other value is JSON.
        body: The statements.
        fields: The fields it reads.
        rules: The rules it checks, if there are any.
        is_open: Whether an owner may hold fields that the document does not list.
        direct: Whether the value is an object, whose fields are read at once.
        reads_others: Whether it reads the members that the schema does not list.
    """

    name: str
    about: str
    owner: str
    body: Block
    fields: tuple[Field, ...]
    rules: RuleData | None
    is_open: bool = False
    direct: bool = True
    reads_others: bool = False


@dataclass(frozen=True)
class BodyEntry:
    """A row of the table of bodies."""

    model: str
    function: str
    schema: str
    fields: tuple[str, ...]
    operations: tuple[str, ...]


@dataclass(frozen=True)
class _Place:
    """The place of a value: the code of its JSON pointer, and a name for a function that checks it."""

    parts: tuple[tuple[str, bool], ...]
    hint: str

    @property
    def code(self) -> str:
        return " + ".join(part if is_code else literal(part) for part, is_code in self.parts)

    def below(self, name: str) -> _Place:
        """Return the place of a property."""
        return self._at(encode([name]), f"{self.hint}_{snake(name)}")

    def item(self, index: str) -> _Place:
        """Return the place of an item of a list, or of a property with a computed name."""
        found = self._at("/", f"{self.hint}_item")
        return _Place((*found.parts, (index, True)), found.hint)

    def _at(self, text: str, hint: str) -> _Place:
        *others, (last, is_code) = self.parts
        return _Place((*self.parts, (text, False)) if is_code else (*others, (last + text, False)), hint)


def checks_module(document: Any, ruled: Sequence[RuledSchema], names: Names) -> str:
    """Return the source of the module of all compiled checks.

    Args:
        document: The merged document: its schemas without the rules written into them.
        ruled: The schemas and operations that have rules.
        names: What the generator named.

    Raises:
        InputError: A reference leads nowhere, or the generated function of an operation lacks a parameter.
    """
    carriers = [each for each in ruled if each.rules]
    # A body that is one of several, a list or plain text has no class of its own, and is left to the server.
    senders: dict[str, list[str]] = {}
    for operation in operations(document):
        for kind, reference in body_schemas(document, operation):
            if _is_json(kind):
                senders.setdefault(reference, []).append(operation.id)
    bodies = {reference: names.model_at(place) for reference in senders if names.has_model(place := decode(reference))}
    objects = [each for each in carriers if each.parameters is None]
    owners = bodies | {
        each.pointer: names.model_at(each.location) for each in objects if names.has_model(each.location)
    }
    module = _Module(document, names, {each.pointer: each for each in objects}, owners)
    for reference in bodies:
        module.schemas.add(reference)
        module.function(reference)
    for each in objects:
        module.rules_only(each)
    parameters = {}
    by_place = {each.location: each for each in carriers if each.parameters is not None}
    for operation in operations(document):
        carrier = by_place.get(("paths", operation.path, operation.method))
        # The rules of an operation that the client lacks bind the sandbox alone.
        if carrier is not None and not names.lacks(operation.method, operation.path):
            parameters[operation.id] = module.parameters(carrier, operation)
    return render(
        "checks.py.jinja",
        patterns={name: pattern for pattern, name in module.patterns.items()},
        values={name: values for values, name in module.values.items()},
        functions=module.functions,
        bodies=[
            BodyEntry(
                model.name,
                module.called[reference],
                reference,
                tuple(model.fields),
                tuple(dict.fromkeys(senders.get(reference, ()))),
            )
            for reference, model in owners.items()
        ],
        rule_sets=[
            module.rule_set(each.pointer) for each in sorted(objects, key=lambda each: each.pointer not in owners)
        ],
        parameters=parameters,
    )


@dataclass
class _Module:
    """Collects what the module holds: functions, and the constants they share."""

    document: Any
    names: Names
    ruled: Mapping[str, RuledSchema]
    owners: Mapping[str, ModelName]
    functions: list[Function] = field(default_factory=list)
    patterns: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    called: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.schemas = Schemas(self.document)

    def function(self, reference: str) -> str:
        """Return the function that checks a schema of the document; make it if there is none."""
        if reference not in self.called:
            name = self.called[reference] = self._free(_words(decode(reference)))
            self._make(name, reference, self.schemas.definitions[reference])
        return self.called[reference]

    def rules_only(self, ruled: RuledSchema) -> None:
        """Make a function for rules that no JSON body leads to."""
        if ruled.pointer not in self.called:
            name = self.called[ruled.pointer] = self._free(_words(ruled.location))
            self._make(name, ruled.pointer, {"type": "object"})

    def parameters(self, ruled: RuledSchema, operation: Operation) -> str:
        """Make the function for the parameters of an operation, and return its rule set."""
        name = self.called[ruled.pointer] = self._free(f"{snake(operation.id)}_parameters")
        keywords = _keywords(ruled, operation, self.names)
        local = variables(keywords)
        fields = [
            Field(key, local[key], f"_argument(value, {literal(keywords[key])})") for key in fields_read(ruled, local)
        ]
        data = RuleData(
            _rule_set(name), ruled.pointer, ruled.rules, listed_domains(ruled, {}, fields_read(ruled, local))
        )
        body = rule_block(ruled, local, self.patterns, data.constant)
        about = f"Check the parameters of {operation.id}: the rules of {ruled.pointer}."
        self.functions.append(Function(name, about, "Arguments", body=body, fields=tuple(fields), rules=data))
        return data.constant

    def rule_set(self, pointer: str) -> str:
        """Return the constant that holds the rule set of a schema."""
        return _rule_set(self.called[pointer])

    def _anonymous(self, schema: Mapping[str, Any], hint: str) -> str:
        """Return the function that checks a schema written into another; equal ones share it."""
        first = schema.get(RULED)
        key = next((pointer for pointer, each in self.ruled.items() if each.rules[0].id == first), repr(schema))
        if key not in self.called:
            self.called[key] = self._free(hint if key not in self.ruled else _words(self.ruled[key].location))
            self._make(self.called[key], key, schema)
        return self.called[key]

    def _make(self, name: str, key: str, schema: Mapping[str, Any]) -> None:
        """Make the function of a schema; `key` is its place in the document, if it has one."""
        ruled, model, (_, schema) = self.ruled.get(key), self.owners.get(key), self._followed(schema)
        place = _Place((("at", True),), name.removeprefix("_check_"))
        local = _variables(schema, ruled, model)
        read = dict.fromkeys(schema.get("required", ()))
        body: list[Statement] = []
        data = None
        if ruled is not None:
            used = fields_read(ruled, local)
            data = RuleData(_rule_set(name), ruled.pointer, ruled.rules, listed_domains(ruled, self.document, used))
            body += rule_block(ruled, local, self.patterns, data.constant)
            read |= dict.fromkeys(used)
        body += [
            If(f"{local[each]} is ABSENT", (Refuse(place.below(each).code, "ABSENT", "is required"),))
            for each in schema.get("required", ())
        ]
        properties = schema.get("properties", {})
        for each in filter(properties.__contains__, local):
            if found := self._value(properties[each], local[each], place.below(each)):
                body.append(If(f"{local[each]} is not ABSENT", found))
                read[each] = None
        direct = (
            set(schema) <= _OBJECT
            and schema.get("type") == "object"
            and (model is None or {*properties, *read} <= set(model.fields))
        )
        others = self._others(schema, place, "others" if direct and model else "value")
        body += others
        fields = tuple(self._field(each, local[each], model) for each in local if each in read)
        if not direct:
            members = [Line(f"{each.variable} = value.get({literal(each.name)}, ABSENT)") for each in fields]
            body = [*self._inline(schema, "value", place, (*members, *body), self._combined(schema, place))]
        about = f"Check {model.name if model else place.hint}" + (f": {key}." if key.startswith("#") else ".")
        owner = f"_{model.name}" if model else ""
        is_open = schema.get("additionalProperties") is not False
        self.functions.append(Function(name, about, owner, tuple(body), fields, data, is_open, direct, bool(others)))

    def _value(self, schema: Mapping[str, Any], variable: str, place: _Place) -> Block:
        """Return the statements that check the value in a variable."""
        key, schema = self._followed(schema)
        nested = _NESTED & schema.keys()
        if nested and not (nested == {"anyOf"} and self._scalars(schema)):
            name = self.function(key) if key else self._anonymous(schema, place.hint)
        elif key and "items" in schema:
            name = self.function(key)  # a list may be one of itself
        else:
            return self._inline(schema, variable, place)
        return (Line(f"{name}({variable}, {place.code}, found)"),)

    def _inline(
        self, schema: Mapping[str, Any], variable: str, place: _Place, members: Block = (), combined: Block = ()
    ) -> Block:
        """Return the statements that check a value: its type, and what applies to values of that type.

        Args:
            schema: The schema.
            variable: The variable that holds the value.
            place: The place of the value.
            members: The statements about the members of an object.
            combined: The statements about `allOf` and the like.
        """
        kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
        block = [*self._listed(schema, variable, place)]
        for kind, found in (
            ("object", members),
            ("array", self._list(schema, variable, place)),
            ("string", self._text(schema, variable, place)),
            ("number", _bounds(schema, variable, place)),
        ):
            if found and (not kinds or kind in kinds or (kind == "number" and "integer" in kinds)):
                sure = len(kinds) == 1
                block += found if sure else (If(expression.render(is_type(kind, variable)), found),)
        if scalars := self._scalars(schema):
            fits = some(self._accepts(each, variable) for each in scalars)
            message = f"must fit at least one of {len(scalars)} schemas, fits 0"
            block += _if(negated(fits), (Refuse(place.code, variable, message),))
        block += combined
        if kinds:
            other = negated(some(is_type(kind, variable) for kind in kinds))
            refused = (Refuse(place.code, variable, f"must be {_article(' or '.join(kinds))}"),)
            block = [If(expression.render(other), refused, tuple(block))]
        return (If(f"{variable} is not None", tuple(block)),) if schema.get("nullable") and block else tuple(block)

    def _listed(self, schema: Mapping[str, Any], variable: str, place: _Place) -> Block:
        if not {"enum", "const"} & schema.keys():
            return ()
        name, test = self._is_listed(schema, variable)
        line = Line(f"found.append(not_listed({place.code}, {variable}, {name}))")
        return (If(f"{test.opposite} and not isinstance({variable}, Unlisted)", (line,)),)

    def _is_listed(self, schema: Mapping[str, Any], variable: str) -> tuple[str, Term]:
        accepted = schema.get("enum", [schema.get("const")])
        name = self.values.setdefault(literal(tuple(accepted)), f"_VALUES_{len(self.values) + 1}")
        if all(isinstance(each, str) for each in accepted):
            return name, Term(f"{variable} in {name}", f"{variable} not in {name}")
        return name, Term(f"equals({variable}, *{name})", f"not equals({variable}, *{name})")

    def _list(self, schema: Mapping[str, Any], variable: str, place: _Place) -> Block:
        block = _sizes(schema, variable, place, "Items", "item")
        if "items" not in schema:
            return block
        number = int((re.fullmatch(r"item(?:_(\d+))?", variable) or ["", "0"])[1] or 1) + 1
        index, item = ("index", "item") if number == 1 else (f"index_{number}", f"item_{number}")
        inner = self._value(schema["items"], item, place.item(f"str({index})"))
        return (*block, Loop(f"{index}, {item}", f"enumerate({variable})", inner)) if inner else block

    def _text(self, schema: Mapping[str, Any], variable: str, place: _Place) -> Block:
        block = _sizes(schema, variable, place, "Length", "character")
        if "pattern" not in schema:
            return block
        name = self.patterns.setdefault(schema["pattern"], f"_PATTERN_{len(self.patterns) + 1}")
        refused = Refuse(place.code, variable, f"must match {schema['pattern']}")
        return (*block, If(f"not {name}.search({variable})", (refused,)))

    def _others(self, schema: Mapping[str, Any], place: _Place, source: str) -> Block:
        """Return the statements about the members of an object that the schema does not list."""
        others = schema.get("additionalProperties", True)
        if others is True:
            return ()
        where = place.item("pointer_token(name)")
        refused = Refuse(where.code, "other", "is not a field of this object")
        inner = (refused,) if others is False else self._value(others, "other", where)
        if listed := tuple(schema.get("properties", ())):
            inner = (If(f"name not in {literal(listed)}", inner),) if inner else ()
        return (Loop("name, other", f"{source}.items()", inner),) if inner else ()

    def _combined(self, schema: Mapping[str, Any], place: _Place) -> Block:
        block = [each for member in schema.get("allOf", ()) for each in self._value(member, "value", place)]
        for keyword, exactly_one in _CHOICES.items():
            if keyword in schema and not (keyword == "anyOf" and self._scalars(schema)):
                options = "".join(f"{self._option(each, place)}, " for each in schema[keyword])
                block.append(Line(f"check_choice(value, {place.code}, found, ({options}), exactly_one={exactly_one})"))
        if "not" in schema:
            block.append(Line(f"check_not(value, {place.code}, found, {self._option(schema['not'], place)})"))
        return tuple(block)

    def _option(self, schema: Mapping[str, Any], place: _Place) -> str:
        key, schema = self._followed(schema)
        return self.function(key) if key else self._anonymous(schema, f"{place.hint}_option")

    def _scalars(self, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return the alternatives of `anyOf`, if one comparison is enough for each."""
        options = [self._followed(each)[1] for each in schema.get("anyOf", ())]
        return options if all(set(each) <= _SCALAR for each in options) else []

    def _accepts(self, schema: Mapping[str, Any], variable: str) -> Expression:
        kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
        parts = [some(is_type(kind, variable) for kind in kinds)] if kinds else []
        if {"enum", "const"} & schema.keys():
            insisted = f"isinstance({variable}, Unlisted)"
            parts.append(some([self._is_listed(schema, variable)[1], Term(insisted, f"not {insisted}")]))
        return some([every(parts), *([is_type("null", variable)] if schema.get("nullable") else [])])

    def _followed(self, schema: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """Return a schema with its references followed, and the last of them; a circle of references accepts all."""
        key = ""
        for _ in range(_DEEPEST):
            if "$ref" not in schema:
                return key, schema
            key = schema["$ref"]
            schema = self.schemas.definitions[key]
        return "", {}

    def _field(self, name: str, variable: str, model: ModelName | None) -> Field:
        if model is None or name not in model.fields:
            return Field(name, variable)
        held = f"value.{model.fields[name].attribute}"
        words = set(re.findall(r"\w+", re.sub(r"'[^']*'|\"[^\"]*\"", "", model.fields[name].type)))
        plain = words <= _JSON_WORDS | self.names.enums
        return Field(
            name, variable, f"ABSENT if isinstance({held}, Unset) else {held if plain else f'to_json({held})'}"
        )

    def _free(self, words: str) -> str:
        name = f"_check_{words}"
        while name in self.called.values():
            name += "_"
        return name


def rule_block(ruled: RuledSchema, local: Mapping[str, str], patterns: dict[str, str], rule_set: str) -> Block:
    """Return the statements that check the rules of a schema; what several ask of a field is asked once, before them.

    Args:
        ruled: The schema.
        local: The variable of each of its fields.
        patterns: The constants of regular expressions; new ones are added.
        rule_set: The constant that holds the rule set.
    """
    counting, _ = _compiled(ruled, local, {}, {})
    notes = {value: f"{value}_is_list" for value in local.values() if counting.asked[value] > 1}
    lists = {value: name for value, name in notes.items() if name not in local.values()}
    _, block = _compiled(ruled, local, lists, patterns)
    fields = ", ".join(f"{literal(name)}: {local[name]}" for name in fields_read(ruled, local))
    report = f"found.append(RuleViolations({rule_set}, at, {{{fields}}}, violated))"
    return (
        *[Line(f"{name} = {expression.TYPES['array'].format(value)}") for value, name in lists.items()],
        Line("violated: list[Violated] = []"),
        *block,
        If("violated", (Line(report),)),
    )


def _compiled(
    ruled: RuledSchema, local: Mapping[str, str], lists: Mapping[str, str], patterns: dict[str, str]
) -> tuple[Compiler, Block]:
    compiler = Compiler(_member_of(local), lists, patterns=patterns)
    compiler.objects.add("body")
    return compiler, tuple(each for rule in ruled.rules for each in _rule(rule, compiler))


def _member_of(local: Mapping[str, str]) -> Any:
    return lambda owner, name: local[name] if owner == "body" else f"member({owner}, {literal(name)})"


def _rule(rule: Rule, compiler: Compiler) -> Block:
    comment = Comment(f"{rule.id}: {rule.message}")
    condition = compiler.holds(rule.condition, "body")
    found = mismatches(rule.requirement, "body", "", compiler)
    if len(found) == 1:
        mismatch = found[0]
        search = _searched(rule, mismatch, mismatch.items) if mismatch.items is not None else _violated(rule, mismatch)
        return (comment, *_if(every([condition, mismatch.condition]), search))
    chain: Block = ()
    for mismatch in reversed(found):
        test = expression.render(mismatch.condition)
        if mismatch.items is not None:
            search_item = f"(index for index, item in enumerate({mismatch.value}) if {_not(mismatch.items)})"
            test += f" and (bad := next({search_item}, None)) is not None"
        chain = (If(test, _violated(rule, mismatch), chain),)
    return (comment, *_if(condition, chain))


def _searched(rule: Rule, mismatch: Mismatch, items: Expression) -> Block:
    """Return the loop that looks for the first item that violates a rule."""
    pointer = f"{literal(mismatch.pointer + '/')} + str(index)"
    line = Line(f"violated.append(({constant(rule.id)}, {pointer}, item))")
    return (Loop("index, item", f"enumerate({mismatch.value})", (If(_not(items), (line, Line("break"))),)),)


def _violated(rule: Rule, mismatch: Mismatch) -> Block:
    pointer, value = literal(mismatch.pointer), mismatch.value
    if mismatch.items is not None:
        pointer, value = f"{literal(mismatch.pointer + '/')} + str(bad)", f"{mismatch.value}[bad]"
    return (Line(f"violated.append(({constant(rule.id)}, {pointer}, {value}))"),)


def _if(condition: Expression, block: Block) -> Block:
    if condition == ALWAYS:
        return block
    return (If(expression.render(condition), block),) if block and condition != expression.NEVER else ()


def _not(condition: Expression) -> str:
    return expression.render(negated(condition))


def _sizes(schema: Mapping[str, Any], variable: str, place: _Place, keyword: str, noun: str) -> Block:
    block: Block = ()
    for side, sign, words in (("min", "<", "at least"), ("max", ">", "at most")):
        bound = schema.get(f"{side}{keyword}", 0 if side == "min" else None)
        if bound or (side == "max" and bound is not None):
            message = f"must hold {words} {bound} {noun}{'' if bound == 1 else 's'}"
            block += (If(f"len({variable}) {sign} {bound!r}", (Refuse(place.code, variable, message),)),)
    return block


def _bounds(schema: Mapping[str, Any], variable: str, place: _Place) -> Block:
    """Return the statements about the bounds of a number, whose exclusion OpenAPI 3.0 writes as a boolean."""
    found: list[tuple[str, Any, str]] = []
    for side, sign, inside, beyond in (
        ("minimum", "<", "at least", "more than"),
        ("maximum", ">", "at most", "less than"),
    ):
        exclusive = schema.get(f"exclusive{side.capitalize()}")
        if (bound := schema.get(side)) is not None:
            found.append((f"{sign}=", bound, beyond) if exclusive is True else (sign, bound, inside))
        if exclusive is not None and not isinstance(exclusive, bool):
            found.append((f"{sign}=", exclusive, beyond))
    return tuple(
        If(f"{variable} {sign} {bound!r}", (Refuse(place.code, variable, f"must be {words} {bound}"),))
        for sign, bound, words in found
    )


def _variables(schema: Mapping[str, Any], ruled: RuledSchema | None, model: ModelName | None) -> dict[str, str]:
    """Return the variable of each field that a function may read."""
    attributes = {name: each.attribute for name, each in model.fields.items()} if model else {}
    own = ruled.schema.get("properties", {}) if ruled else {}
    names = (*schema.get("properties", ()), *schema.get("required", ()), *own)
    return variables(attributes | {name: snake(name) for name in names if name not in attributes})


def fields_read(ruled: RuledSchema, local: Mapping[str, str]) -> list[str]:
    """Return the fields that the rules read."""
    return [name for name in local if any(mentions(rule, name) for rule in ruled.rules)]


def listed_domains(ruled: RuledSchema, document: Any, read: Sequence[str]) -> dict[str, list[str]]:
    """Return, for each field that can be listed, the source of everything it may be."""
    required = ruled.schema.get("required", [])
    result = {}
    for name, values in domains(ruled, document, read).items():
        texts = [] if name in required else ["ABSENT"]
        texts += [text for value in values for text in _alternatives(value)]
        if texts:
            result[name] = texts
    return result


def _alternatives(value: Any) -> Iterator[str]:
    """Yield what a value may be changed to: of samples only numbers, because texts are arbitrary."""
    if isinstance(value, Given):
        numbers = {each.value for each in value.samples if isinstance(each.value, int | float)}
        yield from (literal(number) for number in sorted(numbers))
    else:
        yield f"Length({value.count})" if isinstance(value, Length) else literal(value)


def _keywords(ruled: RuledSchema, operation: Operation, names: Names) -> dict[str, str]:
    """Return the keyword of each parameter by the name that rules give it.

    Raises:
        InputError: The generated function takes no such parameter.
    """
    arguments = names.operation(operation.method, operation.path).arguments
    result = {}
    for key, name in (ruled.parameters or {}).items():
        if key not in arguments:
            message = f"{operation.id} has rules about its parameters, but its function takes no {key!r}"
            raise InputError(message, pointer=operation.pointer)
        result[name] = arguments[key]
    return result


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind in {"application/json", "*/*"} or kind.endswith("+json")


def _article(noun: str) -> str:
    return noun if noun == "null" else f"{'an' if noun.startswith(('a', 'i', 'o')) else 'a'} {noun}"


def _words(location: Location) -> str:
    return snake("_".join(str(token) for token in location if token not in _STRUCTURE))


def _rule_set(function: str) -> str:
    return f"_RULES_{function.removeprefix('_check_').upper()}"
