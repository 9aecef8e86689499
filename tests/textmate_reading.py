"""Reads text with a TextMate grammar as editors do, line by line; regular expressions are those that `re` knows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Scoped = list[str]
"""The innermost scope of each character, empty where there is none."""


@dataclass
class _Open:
    rule: dict[str, Any]
    end: re.Pattern[str] | None


class Grammar:
    """A grammar from its JSON file."""

    def __init__(self, path: Path) -> None:
        self.data = json.loads(path.read_text(encoding="utf-8"))
        self.patterns: dict[str, re.Pattern[str]] = {}

    def scopes(self, text: str) -> Scoped:
        """Give the scope of each character of a text."""
        found = [""] * len(text)
        stack = [_Open({"patterns": self.data["patterns"]}, None)]
        start = 0
        for line in text.splitlines(keepends=True):
            self._line(line, stack, start, found)
            start += len(line)
        return found

    def expressions(self) -> Iterator[str]:
        """Give every regular expression of the grammar."""
        waiting: list[Any] = [self.data]
        while waiting:
            each = waiting.pop()
            if isinstance(each, dict):
                yield from (
                    each[k] for k in ("match", "begin", "end") if isinstance(each.get(k), str)
                )
                waiting += each.values()
            elif isinstance(each, list):
                waiting += each

    def _line(self, line: str, stack: list[_Open], start: int, found: Scoped) -> None:
        text, at = line.rstrip("\n"), 0
        while at <= len(text):
            rule, match = self._next(text, at, stack)
            inside = self._scope(stack[-1].rule, inner=True)
            if match is None:
                found[start + at : start + len(text)] = [inside] * (len(text) - at)
                return
            found[start + at : start + match.start()] = [inside] * (match.start() - at)
            self._mark(rule, match, stack, start, found)
            if rule is None:
                stack.pop()
            elif "begin" in rule:
                stack.append(_Open(rule, self._compiled(rule["end"])))
            at = match.end() + (match.end() == match.start() and rule is not None)

    def _next(
        self, text: str, at: int, stack: list[_Open]
    ) -> tuple[dict[str, Any] | None, re.Match[str] | None]:
        """Give the rule whose match begins first; None for the end of what is open."""
        best: tuple[dict[str, Any] | None, re.Match[str] | None] = (None, None)
        end = stack[-1].end
        if end is not None:
            best = (None, end.search(text, at))
        for rule in self._rules(stack[-1].rule.get("patterns", [])):
            match = self._compiled(rule.get("match") or rule["begin"]).search(text, at)
            if match is not None and (best[1] is None or match.start() < best[1].start()):
                best = (rule, match)
        return best

    def _rules(self, patterns: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for pattern in patterns:
            name = pattern.get("include", "")
            if name.startswith("#"):
                rule = self.data["repository"][name[1:]]
                nested = "match" not in rule and "begin" not in rule
                yield from self._rules(rule["patterns"]) if nested else [rule]
            elif not name:
                yield pattern

    def _mark(
        self,
        rule: dict[str, Any] | None,
        match: re.Match[str],
        stack: list[_Open],
        start: int,
        found: Scoped,
    ) -> None:
        scope = self._scope(stack[-1].rule if rule is None else rule, inner=False)
        found[start + match.start() : start + match.end()] = [scope] * len(match.group())
        captures = {} if rule is None else rule.get("captures", {})
        for number, capture in captures.items():
            first, last = match.span(int(number))
            found[start + first : start + last] = [capture["name"]] * (last - first)

    def _scope(self, rule: dict[str, Any], *, inner: bool) -> str:
        return str(rule.get("contentName" if inner else "name") or rule.get("name", ""))

    def _compiled(self, text: str) -> re.Pattern[str]:
        if text not in self.patterns:
            self.patterns[text] = re.compile(text)
        return self.patterns[text]
