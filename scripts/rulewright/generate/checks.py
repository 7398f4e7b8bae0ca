"""The compiled checks: one function for each schema that requests hold, and one for the parameters of an operation.

A function checks a value against its schema and its rules in straight Python. Of a model it reads the attributes, of a
JSON object the members. What it finds is added to a list, so that a valid value costs no more than the comparisons.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.generate.names import ModelName, Names
from rulewright.generate.rule_checks import RuleData, compile_rules, member_of, rule_set
from rulewright.generate.schemas import (
    DEPRECATED,
    FILE,
    RULED,
    TAGS,
    Schemas,
    body_schemas,
    is_checked,
    is_json,
    parameter_schemas,
)
from rulewright.generate.source import literal, render, snake, variables
from rulewright.generate.statements import Block, If, Line, Loop, Place, Refuse, Statement, when
from rulewright.openapi.operations import Operation, operations, parameter_names
from rulewright.openapi.pointer import Location, decode, encode, fragment
from rulewright.openapi.references import follow_schema
from rulewright.rules import expression
from rulewright.rules.definition import RuledSchema
from rulewright.rules.dialect import DialectError, check, translate
from rulewright.rules.expression import Compiler, Expression, Term, every, is_type, negate, some

_STRUCTURE: Final = frozenset({"paths", "components", "schemas", "properties", "requestBody", "content", "schema"})
_CHOICES: Final = {"anyOf": "at least one", "oneOf": "exactly one"}
_MEMBERS: Final = frozenset(
    {
        "properties", "required", "dependentRequired", "dependentSchemas", "allOf", "anyOf", "oneOf", "not", "if",
        "then", "else",
    }
)  # fmt: skip
"""The keywords about the fields of an object that can be read one by one, as the attributes of a model are."""
_WHOLE: Final = frozenset({"minProperties", "maxProperties", "propertyNames", "patternProperties"})
"""Those about all its members."""
_NESTED: Final = _MEMBERS | _WHOLE | {"additionalProperties", RULED}
"""The keywords of a schema that is checked by a function of its own."""
_SCALAR: Final = frozenset({"type", "enum", "const"})
_JSON_WORDS: Final = frozenset({"str", "int", "float", "bool", "list", "dict", "None", "Any", "Literal", "Unset"})
"""The words in the type of an attribute that holds JSON."""
_PARTS: Final = ("not", "if", "then", "else")
_NULL: Final = {"type": "null"}
_DEEPEST: Final = 32


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
class Function:
    """One function that checks a value.

    Args:
        name: Its name.
        about: What it checks.
        owner: The class of which it reads attributes or arguments, if there is one; any other value is JSON.
        body: The statements.
        fields: The fields it reads.
        rules: The rules it checks, if there are any.
        is_object: Whether the value must be an object, whose fields are read first.
        has_attributes: Whether it reads the attributes of its owner, and not the JSON that is made of it.
        is_open: Whether an owner may hold fields that the document does not list, as every model may.
        reads_others: Whether it reads the members that the schema does not list.
    """

    name: str
    about: str
    owner: str
    body: Block
    fields: tuple[Field, ...]
    rules: RuleData | None
    is_object: bool = True
    has_attributes: bool = True
    is_open: bool = False
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
class RequestEntry:
    """A row of the table of requests: the functions for the parameters and for the body, by media type and class."""

    operation: str
    parameters: str
    bodies: tuple[tuple[str, str, str], ...]


@dataclass
class _Scope:
    """The fields of the object that a function checks.

    Args:
        local: The variable of each field.
        is_object: Whether the value is known to be an object.
        read: The fields that are read.
        whole: Whether the value itself is read, and not its fields alone.
    """

    local: Mapping[str, str]
    is_object: bool
    read: dict[str, None] = field(default_factory=dict)
    whole: bool = False

    def variable(self, name: str) -> str:
        """Return the variable of a field, which is now read."""
        self.read[name] = None
        return self.local[name]


def checks_module(document: Any, ruled: Sequence[RuledSchema], names: Names) -> str:
    """Return the source of the module of all compiled checks.

    Args:
        document: The merged document: its schemas without the rules written into them.
        ruled: The schemas and operations that have rules.
        names: What the generator named.

    Raises:
        InputError: A reference leads nowhere, the generated function of an operation lacks a parameter, or no request
            leads to a rule.
    """
    carriers = {each.pointer: each for each in ruled if each.rules}
    objects = {pointer: each for pointer, each in carriers.items() if each.parameters is None}
    able = [each for each in operations(document) if not names.lacks(each.method, each.path)]
    bodies = {each.id: [*_bodies(document, each, names)] for each in able}
    references = dict.fromkeys(reference for found in bodies.values() for _, reference in found)
    owners = {each: names.model_at(place) for each in references if names.has_model(place := decode(each))}
    owners |= {
        each.pointer: names.model_at(each.location) for each in objects.values() if names.has_model(each.location)
    }
    module = _Module(document, names, objects, owners)
    for reference in references:
        module.schemas.add(reference)
        module.function(reference)
    requests = []
    senders = defaultdict[str, list[str]](list)
    for each in able:
        models = {reference: owners[reference].name for _, reference in bodies[each.id] if reference in owners}
        checked = [
            (kind, models.get(reference, ""), _reader(document, kind, reference).format(module.called[reference]))
            for kind, reference in bodies[each.id]
        ]
        parameters = module.parameters(carriers.get(fragment(each.location)), each)
        requests.append(RequestEntry(each.id, parameters, tuple(checked)))
        for reference in {reference for kind, reference in bodies[each.id] if is_json(kind)}:
            senders[reference].append(each.id)
    _check_attached(carriers.values(), module)
    return render(
        "checks.py.jinja",
        patterns={name: pattern for pattern, name in module.patterns.items()},
        values={name: values for values, name in module.values.items()},
        functions=module.functions,
        bodies=[
            BodyEntry(model.name, module.called[reference], reference, tuple(model.fields), tuple(senders[reference]))
            for reference, model in owners.items()
            if reference in module.called
        ],
        rule_sets=[
            rule_set(module.called[pointer])
            for pointer in sorted(carriers, key=lambda pointer: pointer not in owners)
            if pointer in module.called
        ],
        requests=requests,
    )


def _bodies(document: Any, operation: Operation, names: Names) -> Iterator[tuple[str, str]]:
    """Yield the media type and the schema of each body that the client sends and checks."""
    sent = names.operation(operation.method, operation.path).bodies if names.operations else None
    for content_type, reference in body_schemas(document, operation):
        if is_checked(content_type) and (sent is None or content_type in sent):
            yield content_type, reference


def _reader(document: Any, content_type: str, reference: str) -> str:
    """Return how a body is checked: as it is, or as the value that it is the text of."""
    types = follow_schema(document, {"$ref": reference}).get("type")
    return "of_text({})" if types and "string" not in types and content_type.startswith("text/") else "{}"


def _check_attached(carriers: Iterable[RuledSchema], module: _Module) -> None:
    """Refuse a rule that no request reaches; rules of operations that the client lacks apply in the sandbox.

    Raises:
        InputError: Names the rule and its place.
    """
    lacked = [each for each in operations(module.document) if module.names.lacks(each.method, each.path)]
    sandbox = _Module(module.document, module.names, module.ruled, {})
    for _, reference in (found for each in lacked for found in body_schemas(module.document, each)):
        sandbox.schemas.add(reference)
        sandbox.function(reference)
    attached = {*module.called, *sandbox.called, *(fragment(each.location) for each in lacked)}
    for each in carriers:
        if each.pointer not in attached:
            raise InputError(
                f"rule {each.rules[0].id}: no request that the client sends leads to this schema, so nothing would "
                "check the rule; write it on the schema of a request body, on a part of one, or on an operation",
                pointer=encode(each.location),
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

    def parameters(self, ruled: RuledSchema | None, operation: Operation) -> str:
        """Return the function for the parameters of an operation; empty if it checks nothing. Equal ones share one."""
        keywords = _keywords(ruled, operation, self.names)
        local = variables(keywords)
        scope = _Scope(local, is_object=True)
        place = Place((("at", True),), f"{snake(operation.id)}_parameters")
        body: list[Statement] = []
        data = None
        if ruled is not None:
            name = self.called[ruled.pointer] = self._free(place.hint)
            data, checked_rules = compile_rules(ruled, name, self.document, local, self.patterns)
            scope.read |= dict.fromkeys(data.fields)
            body += checked_rules
        called = parameter_names(operation.parameters)
        for parameter, schema in parameter_schemas(operation):
            each = called[f"{parameter.get('in')}:{parameter['name']}"]
            if each in keywords:
                checked = self.schemas.parameter(
                    parameter, schema, fragment((*operation.location, "parameters", parameter["name"]))
                )
                body += self._field_checks(each, checked, place, scope, required=parameter.get("required") is True)
        if not body:
            return ""
        fields = tuple(Field(each, local[each], f"_argument(value, {literal(keywords[each])})") for each in scope.read)
        key = repr((fields, body))
        if key not in self.called:
            name = self.called[key] = self.called[ruled.pointer] if ruled is not None else self._free(place.hint)
            about = f"Check parameters as {operation.id} takes them: {fragment(operation.location)}."
            self.functions.append(Function(name, about, "Arguments", tuple(body), fields, data))
        return self.called[key]

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
        ruled, model, (_, schema) = self.ruled.get(key), self.owners.get(key), self._follow(schema)
        place = Place((("at", True),), name.removeprefix("_check_"))
        scope = _Scope(_variables(schema, ruled, model), schema.get("type") == "object")
        body: list[Statement] = []
        data = None
        if ruled is not None:
            data, checked_rules = compile_rules(ruled, name, self.document, scope.local, self.patterns)
            scope.read |= dict.fromkeys(data.fields)
            body += checked_rules
        body += self._members(schema, place, scope)
        others = self._others(schema, place, "others" if scope.is_object and model else "value")
        body += others
        has_attributes = scope.is_object and not (scope.whole or _WHOLE & schema.keys())
        if model is not None and not {*schema.get("properties", ()), *scope.read} <= set(model.fields):
            has_attributes = False
        if not scope.is_object:
            members = [Line(f"{scope.local[each]} = value.get({literal(each)}, ABSENT)") for each in scope.read]
            combined = self._combine(schema, place, scope)
            body = [*self._inline(schema, "value", place, (*members, *body) if body else (), combined)]
        body = [*_deprecation(schema, place), *body]
        fields = tuple(self._field(each, scope.local[each], model) for each in scope.local if each in scope.read)
        about = f"Check {model.name if model else place.hint}" + (f": {key}." if key.startswith("#") else ".")
        owner = f"_{model.name}" if model else ""
        is_open = model is not None
        self.functions.append(
            Function(
                name, about, owner, tuple(body), fields, data, scope.is_object, has_attributes, is_open, bool(others)
            )
        )

    def _members(self, schema: Mapping[str, Any], place: Place, scope: _Scope) -> list[Statement]:
        """Return the statements about the fields of an object; for a value that may be none, without alternatives."""
        required, properties = schema.get("required", ()), schema.get("properties", {})
        block: list[Statement] = []
        for each in dict.fromkeys((*required, *properties)):
            block += self._field_checks(each, properties.get(each, {}), place, scope, required=each in required)
        for each, needed in schema.get("dependentRequired", {}).items():
            message = f"is required where {each} is given"
            missing = tuple(
                If(f"{scope.variable(name)} is ABSENT", (Refuse(place.below(name).code, "ABSENT", message),))
                for name in needed
            )
            block += [If(f"{scope.variable(each)} is not ABSENT", missing)] if missing else []
        for each, child in schema.get("dependentSchemas", {}).items():
            if applied := self._apply(child, place, scope):
                block.append(If(f"{scope.variable(each)} is not ABSENT", applied))
        block += _sizes(schema, "value", place, "Properties", "field") if _WHOLE & schema.keys() else ()
        return [*block, *self._combine(schema, place, scope)] if scope.is_object else block

    def _field_checks(
        self, name: str, schema: Mapping[str, Any], place: Place, scope: _Scope, *, required: bool = False
    ) -> Block:
        found = self._value(schema, scope.local[name], place.below(name))
        refused = (Refuse(place.below(name).code, "ABSENT", "is required"),)
        if required:
            return (If(f"{scope.variable(name)} is ABSENT", refused, found),)
        return (If(f"{scope.variable(name)} is not ABSENT", found),) if found else ()

    def _apply(self, schema: Mapping[str, Any], place: Place, scope: _Scope) -> Block:
        """Return the statements of a schema that applies to the same value as the one it stands in."""
        if scope.is_object and _is_about_fields(schema):
            return tuple(self._members(schema, place, scope))
        scope.whole = True
        return self._value(schema, "value", place)

    def _combine(self, schema: Mapping[str, Any], place: Place, scope: _Scope) -> Block:
        """Return the statements about alternatives and conditions."""
        block = [each for member in schema.get("allOf", ()) for each in self._apply(member, place, scope)]
        if "if" in schema:
            then, otherwise = (self._apply(schema.get(each, {}), place, scope) for each in ("then", "else"))
            block += when(self._holds(schema["if"], place, scope), then, otherwise)
        for keyword, wanted in _CHOICES.items():
            if keyword in schema and (scope.is_object or keyword == "oneOf" or not self._scalars(schema)):
                block += self._choice(schema[keyword], wanted, place, scope, schema.get(TAGS))
        if "not" in schema:
            refused = Refuse(place.code, "to_json(value)", "has a form that is excluded")
            block += when(self._holds(schema["not"], place, scope), (refused,))
        return tuple(block)

    def _choice(self, options: Sequence[Any], wanted: str, place: Place, scope: _Scope, tags: Any) -> Block:
        conditions = [None if tags else self._as_expression(each, scope) for each in options]
        if any(each is None for each in conditions):
            scope.whole = True
            functions = "".join(f"{self._option(each, place)}, " for each in options)
            exactly_one = f"exactly_one={wanted == _CHOICES['oneOf']}" + (f", tags={literal(tags)}" if tags else "")
            return (Line(f"check_choice(value, {place.code}, found, ({functions}), {exactly_one})"),)
        fitting = [each for each in conditions if each is not None]
        named = [each["required"][0] for each in options if set(each) == {"required"} and len(each["required"]) == 1]
        message = f"must hold {wanted} of {', '.join(named)}"
        if len(named) < len(options):
            message = f"must fit {wanted} of {len(options)} schemas"
        refused = (Refuse(place.code, "to_json(value)", message),)
        if wanted == _CHOICES["anyOf"]:
            return when(negate(some(fitting)), refused)
        return (If(f"sum(map(bool, ({''.join(f'{expression.render(each)}, ' for each in fitting)}))) != 1", refused),)

    def _holds(self, schema: Mapping[str, Any], place: Place, scope: _Scope) -> Expression:
        """Return the condition that the value of a function fits a schema."""
        found = self._as_expression(schema, scope)
        if found is None:
            scope.whole = True
            found = _fits("value", self._option(schema, place))
        return found

    def _as_expression(self, schema: Mapping[str, Any], scope: _Scope) -> Expression | None:
        """Return a schema as an expression over the fields, if it is about nothing else."""
        plain = {key: child for key, child in schema.items() if (key, child) != ("type", "object")}
        if not scope.is_object or not _compiles(plain, body=True):
            return None
        scope.read |= dict.fromkeys(_fields(plain))
        return Compiler(member_of(scope.local), patterns=self.patterns, objects={"body"}).holds(plain, "body")

    def _value(self, schema: Mapping[str, Any], variable: str, place: Place) -> Block:
        """Return the statements that check the value in a variable."""
        key, schema = self._follow(schema)
        if not schema:
            return ()
        options = schema["anyOf"] if not key and set(schema) == {"anyOf"} else []
        others = [each for each in options if each != _NULL]
        if others and others != options:
            found = self._value(others[0] if len(others) == 1 else {"anyOf": others}, variable, place)
            return (If(f"{variable} is not None", found),) if found else ()
        nested = _NESTED & schema.keys()
        if nested and not (nested == {"anyOf"} and self._scalars(schema)):
            name = self.function(key) if key else self._anonymous(schema, place.hint)
        elif key and {"items", "prefixItems", "contains"} & schema.keys():
            name = self.function(key)  # a list may be one of itself
        else:
            return (*_deprecation(schema, place), *self._inline(schema, variable, place))
        return (Line(f"{name}({variable}, {place.code}, found)"),)

    def _inline(
        self, schema: Mapping[str, Any], variable: str, place: Place, members: Block = (), combined: Block = ()
    ) -> Block:
        """Return the statements that check a value: its type, and what applies to values of that type.

        Args:
            schema: The schema.
            variable: The variable that holds the value.
            place: The place of the value.
            members: The statements about the members of an object.
            combined: The statements about `allOf` and the like.
        """
        if FILE in schema:
            return (If(f"not is_file({variable})", (Refuse(place.code, variable, "must be a text or a file"),)),)
        kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
        block = [*self._check_enum(schema, variable, place)]
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
            accepted = some(self._accepts(each, variable) for each in scalars)
            message = f"must fit at least one of {len(scalars)} schemas, fits 0"
            block += when(negate(accepted), (Refuse(place.code, variable, message),))
        block += combined
        if kinds:
            other = negate(some(is_type(kind, variable) for kind in kinds))
            refused = (Refuse(place.code, variable, f"must be {_article(' or '.join(kinds))}"),)
            block = [If(expression.render(other), refused, tuple(block))]
        return tuple(block)

    def _check_enum(self, schema: Mapping[str, Any], variable: str, place: Place) -> Block:
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

    def _list(self, schema: Mapping[str, Any], variable: str, place: Place) -> Block:
        block = _sizes(schema, variable, place, "Items", "item")
        if schema.get("uniqueItems"):
            refused = Refuse(place.code, variable, "must not hold an item twice")
            block += (If(f"not is_unique({variable})", (refused,)),)
        if "contains" in schema:
            block += self._contains(schema, variable, place)
        number = int((re.fullmatch(r"item(?:_(\d+))?", variable) or ["", "0"])[1] or 1) + 1
        index, item = ("index", "item") if number == 1 else (f"index_{number}", f"item_{number}")
        inner = self._value(schema.get("items", {}), item, place.item(f"str({index})"))
        for position, child in reversed([*enumerate(schema.get("prefixItems", ()))]):
            found = self._value(child, item, place.item(f"str({index})"))
            inner = (If(f"{index} == {position}", found or (Line("pass"),), inner),) if found or inner else ()
        return (*block, Loop(f"{index}, {item}", f"enumerate({variable})", inner)) if inner else block

    def _contains(self, schema: Mapping[str, Any], variable: str, place: Place) -> Block:
        wanted, low, high = schema["contains"], schema.get("minContains", 1), schema.get("maxContains")
        if _compiles(wanted, body=False):
            compiler = Compiler(lambda owner, name: f"member({owner}, {literal(name)})", patterns=self.patterns)
            fitting = expression.render(compiler.holds(wanted, "each"))
        else:
            fitting = expression.render(_fits("each", self._option(wanted, place.item("''"))))
        words = f"at least {low}" if high is None else f"{low} to {high}"
        refused = Refuse(place.code, variable, f"must contain {words} of the items described")
        inside = f"{low} <= {{}}" if high is None else f"{low} <= {{}} <= {high}"
        return (If("not " + inside.format(f"sum(1 for each in {variable} if {fitting})"), (refused,)),)

    def _text(self, schema: Mapping[str, Any], variable: str, place: Place) -> Block:
        block = _sizes(schema, variable, place, "Length", "character")
        if "pattern" in schema:
            refused = Refuse(place.code, variable, f"must match {schema['pattern']}")
            block += (If(f"not {self._pattern(schema['pattern'])}.search({variable})", (refused,)),)
        if "format" in schema:
            refused = Refuse(place.code, variable, f"must be {_article(schema['format'])}")
            block += (If(f"not FORMATS[{literal(schema['format'])}]({variable})", (refused,)),)
        return block

    def _pattern(self, pattern: str) -> str:
        return self.patterns.setdefault(translate(pattern), f"_PATTERN_{len(self.patterns) + 1}")

    def _others(self, schema: Mapping[str, Any], place: Place, source: str) -> Block:
        """Return the statements about the members of an object that the schema does not list."""
        where = place.item("pointer_token(name)")
        patterns = schema.get("patternProperties", {})
        inner = self._value(schema.get("propertyNames", {}), "name", where)
        for pattern, child in patterns.items():
            if found := self._value(child, "other", where):
                inner += (If(f"{self._pattern(pattern)}.search(name)", found),)
        others = schema.get("additionalProperties", {})
        if others in (False, {"not": {}}):
            rest: Block = (Refuse(where.code, "other", "is not a field of this object"),)
        else:
            rest = self._value(others, "other", where)
        tests = [f"not {self._pattern(pattern)}.search(name)" for pattern in patterns]
        if listed := tuple(schema.get("properties", ())):
            tests.insert(0, f"name not in {literal(listed)}")
        inner += (If(" and ".join(tests), rest),) if rest and tests else rest
        return (Loop("name, other", f"{source}.items()", inner),) if inner else ()

    def _option(self, schema: Mapping[str, Any], place: Place) -> str:
        key, schema = self._follow(schema)
        return self.function(key) if key else self._anonymous(schema, f"{place.hint}_option")

    def _scalars(self, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return the alternatives of `anyOf`, if one comparison is enough for each."""
        options = [self._follow(each)[1] for each in schema.get("anyOf", ())]
        return options if all(set(each) <= _SCALAR for each in options) else []

    def _accepts(self, schema: Mapping[str, Any], variable: str) -> Expression:
        kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
        parts = [some(is_type(kind, variable) for kind in kinds)] if kinds else []
        if {"enum", "const"} & schema.keys():
            insisted = f"isinstance({variable}, Unlisted)"
            parts.append(some([self._is_listed(schema, variable)[1], Term(insisted, f"not {insisted}")]))
        return every(parts)

    def _follow(self, schema: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
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


def _fits(variable: str, function: str) -> Term:
    text = f"fits({variable}, {function})"
    return Term(text, f"not {text}")


def _deprecation(schema: Mapping[str, Any], place: Place) -> Block:
    """Return the statement that notes a value which the document deprecates."""
    if DEPRECATED not in schema:
        return ()
    which = f"{json.dumps(schema['const'], ensure_ascii=False)} " if "const" in schema else ""
    why = f": {schema[DEPRECATED]}" if schema[DEPRECATED] else ""
    return (Line(f"found.append(Deprecated({place.code}, {literal(f'{which}is deprecated{why}')}))"),)


def _is_about_fields(schema: Mapping[str, Any]) -> bool:
    """Return whether a schema of an object is about single fields of it, and no more."""
    return set(schema) <= {*_MEMBERS, "type"} and schema.get("type", "object") == "object"


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields that a schema is about, those of its conditions and alternatives included."""
    yield from (*schema.get("properties", ()), *schema.get("required", ()))
    for each, needed in schema.get("dependentRequired", {}).items():
        yield from (each, *needed)
    yield from schema.get("dependentSchemas", ())
    within = [*schema.get("dependentSchemas", {}).values(), *(schema[key] for key in _PARTS if key in schema)]
    for child in [*within, *(each for key in ("allOf", "anyOf", "oneOf") for each in schema.get(key, ()))]:
        if _is_about_fields(child):
            yield from _fields(child)


def _compiles(schema: Any, *, body: bool) -> bool:
    try:
        check(schema, body=body)
    except DialectError:
        return False
    return True


def _sizes(schema: Mapping[str, Any], variable: str, place: Place, keyword: str, noun: str) -> Block:
    block: Block = ()
    for side, sign, words in (("min", "<", "at least"), ("max", ">", "at most")):
        bound = schema.get(f"{side}{keyword}", 0 if side == "min" else None)
        if bound or (side == "max" and bound is not None):
            message = f"must hold {words} {bound} {noun}{'' if bound == 1 else 's'}"
            block += (If(f"len({variable}) {sign} {bound!r}", (Refuse(place.code, variable, message),)),)
    return block


def _bounds(schema: Mapping[str, Any], variable: str, place: Place) -> Block:
    """Return the statements about the bounds of a number."""
    found = [
        (f"{variable} {sign} {schema[keyword]!r}", f"{words} {schema[keyword]}")
        for keyword, sign, words in (
            ("minimum", "<", "at least"),
            ("exclusiveMinimum", "<=", "more than"),
            ("maximum", ">", "at most"),
            ("exclusiveMaximum", ">=", "less than"),
        )
        if keyword in schema
    ]
    if (step := schema.get("multipleOf")) is not None:
        found.append((f"not is_multiple({variable}, {step!r})", f"a multiple of {step}"))
    return tuple(If(test, (Refuse(place.code, variable, f"must be {words}"),)) for test, words in found)


def _variables(schema: Mapping[str, Any], ruled: RuledSchema | None, model: ModelName | None) -> dict[str, str]:
    """Return the variable of each field that a function may read."""
    attributes = {name: each.attribute for name, each in model.fields.items()} if model else {}
    own = ruled.schema.get("properties", {}) if ruled else {}
    names = (*_fields(schema), *own)
    return variables(attributes | {name: snake(name) for name in names if name not in attributes})


def _keywords(ruled: RuledSchema | None, operation: Operation, names: Names) -> dict[str, str]:
    """Return the keyword of each parameter by the name that rules give it.

    Raises:
        InputError: The generated function takes no such parameter, although there are rules about it.
    """
    arguments = names.operation(operation.method, operation.path).arguments if names.operations else {}
    result = {}
    for key, name in parameter_names(operation.parameters).items():
        if key in arguments:
            result[name] = arguments[key]
        elif ruled is not None and any(name in rule.fields for rule in ruled.rules):
            message = f"{operation.id} has rules about its parameters, but its function takes no {key!r}"
            raise InputError(message, pointer=operation.pointer)
    return result


def _article(noun: str) -> str:
    return noun if noun == "null" else f"{'an' if noun.startswith(('a', 'i', 'o')) else 'a'} {noun}"


def _words(location: Location) -> str:
    return snake("_".join(str(token) for token in location if token not in _STRUCTURE))
