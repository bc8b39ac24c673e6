"""As much of GraphQL as a stand-in needs: one operation with variables, arguments and nested fields; no fragments.

Grammar: https://spec.graphql.org/October2021/#sec-Language
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(r'\s*(?:,|#[^\n]*\n)*\s*("(?:[^"\\\n]|\\.)*"|\$?[A-Za-z_]\w*|-?\d+|[{}()\[\]:!=])')
_BLANK = re.compile(r"[\s,]*")


class GraphqlError(ValueError):
    """A document that is not taken; `code` is that of `errors[].extensions.code`."""

    def __init__(self, message: str, code: str = "parseError") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Field:
    """One selected field; `args` have their variables filled in."""

    name: str
    args: Mapping[str, Any] = field(default_factory=dict)
    selections: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """What is asked: `kind` is query or mutation."""

    kind: str
    fields: tuple[Field, ...]


def parse(document: str, variables: Mapping[str, Any]) -> Operation:
    """Read a document of one operation.

    Raises: GraphqlError.
    """
    return _Parser(_tokens(document), variables).operation()


def _tokens(document: str) -> list[str]:
    tokens, at = [], 0
    while at < len(document):
        found = _TOKEN.match(document, at)
        if found is None:
            if _BLANK.fullmatch(document, at):
                break
            raise GraphqlError(f"Parse error at {document[at : at + 10]!r}")
        tokens.append(found[1])
        at = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[str], variables: Mapping[str, Any]) -> None:
        self._tokens = tokens
        self._at = 0
        self._variables = dict(variables)
        self._declared: set[str] = set()
        self._used: set[str] = set()

    def operation(self) -> Operation:
        kind = "query"
        if self._peek() != "{":
            kind = self._next()
            if kind not in ("query", "mutation"):
                raise GraphqlError(f"Expected query or mutation, got {kind}")
            if self._peek() not in ("(", "{"):
                self._next()
        if self._peek() == "(":
            self._declarations()
        fields = self._selections()
        if self._at != len(self._tokens):
            raise GraphqlError("Expected the end of the document")
        unused = self._declared - self._used
        if unused:
            raise GraphqlError(f"Variable ${min(unused)} is declared but not used", "variableNotUsed")
        unknown = set(self._variables) - self._declared
        if unknown:
            raise GraphqlError(f"Variable ${min(unknown)} was provided but not declared", "variableNotDefined")
        return Operation(kind, fields)

    def _declarations(self) -> None:
        self._expect("(")
        while self._peek() != ")":
            name = self._next().removeprefix("$")
            self._expect(":")
            is_required = self._type()
            if self._peek() == "=":
                self._next()
                self._variables.setdefault(name, self._value())
            if is_required and self._variables.get(name) is None:
                raise GraphqlError(f"Variable ${name} was provided no value", "INVALID_VARIABLE")
            self._declared.add(name)
        self._expect(")")

    def _type(self) -> bool:
        """Read a type; return whether it must not be null."""
        if self._peek() == "[":
            self._next()
            self._type()
            self._expect("]")
        else:
            self._next()
        if self._peek() == "!":
            self._next()
            return True
        return False

    def _selections(self) -> tuple[Field, ...]:
        self._expect("{")
        found = []
        while self._peek() != "}":
            name = self._name()
            args = self._arguments() if self._peek() == "(" else {}
            found.append(Field(name, args, self._selections() if self._peek() == "{" else ()))
        self._expect("}")
        if not found:
            raise GraphqlError("A selection must not be empty")
        return tuple(found)

    def _arguments(self) -> dict[str, Any]:
        self._expect("(")
        args = {}
        while self._peek() != ")":
            name = self._name()
            self._expect(":")
            args[name] = self._value()
        self._expect(")")
        return args

    def _value(self) -> Any:
        token = self._next()
        if token.startswith("$"):
            name = token[1:]
            if name not in self._declared:
                raise GraphqlError(f"Variable {token} is used but not declared", "variableNotDefined")
            self._used.add(name)
            return self._variables.get(name)
        if token.startswith('"'):
            return json.loads(token)
        if token == "[":
            items = []
            while self._peek() != "]":
                items.append(self._value())
            self._expect("]")
            return items
        if token == "{":
            self._at -= 1
            return self._object()
        constants = {"true": True, "false": False, "null": None}
        if token in constants:
            return constants[token]
        return int(token) if token.lstrip("-").isdigit() else token  # an enum's value is its name

    def _object(self) -> dict[str, Any]:
        self._expect("{")
        found = {}
        while self._peek() != "}":
            name = self._name()
            self._expect(":")
            found[name] = self._value()
        self._expect("}")
        return found

    def _name(self) -> str:
        token = self._next()
        if not re.fullmatch(r"[A-Za-z_]\w*", token):
            raise GraphqlError(f"Expected a name, got {token}")
        return token

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise GraphqlError("Unexpected end of the document")
        self._at += 1
        return token

    def _expect(self, wanted: str) -> None:
        token = self._next()
        if token != wanted:
            raise GraphqlError(f"Expected {wanted}, got {token}")
