"""Mutants of modules by someone who knows the rules: anything is changed, then ids, inputs, bounds and rights are made
to fit again. Says how many were refused with which code, and whether the accepted ones tell the truth.

    make fuzz                                       200,000 mutants
    .venv/bin/python tests/module_fuzzing.py 5000 3 so many, with another seed
"""

from __future__ import annotations

import copy
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from independent_needs import lines, told
from p2_compiling import SCHEMAS as EXAMPLES
from p2_compiling import SCRIPTS
from p2lang import ir
from p2lang.compiler import Limits, compile_script
from p2lang.source import Source
from p2lang.types import TableSchema
from p2lang.verifier import CODES, Program, RefusedProgram, verify
from p2std.registry import core

Content = dict[str, Any]

SCHEMAS = {
    path: TableSchema(schema.columns, 20 + 7 * number)
    for number, (path, schema) in enumerate(EXAMPLES.items())
}
"""The example bundles with few rows, so that accepted mutants can be run."""

RICH = """p2 1
param k: int = 5 where $k in 2..20
param rates: list[number] = [0.1, 0.2] where count($rates) in 1..5
let t = access("experiment2/run7") | filter(lr in $rates and wall_time < 1h) | drop_nulls
let other = access("matrix") | rename(step = row) | select(step, value) | cast(value = "int")
impose rows($t) > 0 and distinct($t.run) <= 50 else f"{rows($t)} rows, wanted {$k}"
$t
  | join($other, on=step)
  | derive(z = (reward - mean(reward)) / stddev(reward), speed = derivative(reward, wrt=wall_time))
  | order(desc(step), run)
  | head($k)
  | frame(title=f"k={$k}")
  | facet(cols=env)
  | line(x=step, y=z, colour=run, width=2pt)
  | text(label=format(speed, ".2f"), x=step, y=z, colour=if z > 0 then "black" else "red")
  | axis(xlim=0..100, yscale="log")
  | plot("rich")
  | handoff
when rows($t) > 10 { loggy(f"{rows($t)}") } otherwise { giveup("too few") }
"""

WIDE = """p2 1
param k: int = 3 where $k in 1..6
let a = access("experiment2/run7", step=3) | sample(rows=15) | scale(reward)
let few = access("experiment2/run7") | head(5)
let b = union($a, $few)
$b | kmeans(on=[step], k=$k, iters=4) | label(run) | frame(size=[120mm, 80mm])
  | facet(cols=env, max_panels=4) | point(x=step, y=reward, colour=cluster) | plot("clusters") | handoff
access("experiment2/weights") | pca(cols("w_*"), n=3) | summary(by=run, p = mean(pc1), q = quantile(pc2, q=25%))
  | frame | bar(x=run, y=p) | plot("means") | handoff
"""

OWNED = """p2 1
param low: number = 0.1
task a(key: string = "lab") {
  let t = access("experiment2/*", where=lr > $low and not (seed in [1, 2] or isnull(lr)), since="2026-01-01")
    | summary(by=lr, m = mean(reward))
  expose total = $t
  when rows($t) > 3 { $t | share(key=$key, to="b") } otherwise { deregister("total") giveup("few") }
}
task b after a {
  let mine = copy("total")
  register("total")
  access("total") | handin(to="c")
  $mine | show
  release()
}
task c after b { access("total") | handoff }
"""

OWN = (RICH, WIDE, OWNED)


def seeds() -> list[Content]:
    """Give the modules of all example scripts that compile, and of two that use much of the language."""
    texts = [*OWN, *(path.read_text(encoding="utf-8") for path in sorted(SCRIPTS.glob("*.p2")))]  # fmt: skip
    found = []
    for number, text in enumerate(texts):
        module = compile_script(Source(text), core(), SCHEMAS, Limits(work=10**13)).module
        assert module is not None or number >= len(OWN)
        if module is not None:
            found.append(json.loads(module.encode()))
    return found


def renamed(content: Content) -> Content:
    """Give a module whose nodes are named after their content again, in order."""
    ids: dict[str, str] = {}

    def mend(item: Any) -> Any:
        if isinstance(item, str):
            return ids.get(item, item)
        if isinstance(item, list):
            return [mend(inner) for inner in item]
        if isinstance(item, dict):
            return {key: mend(inner) for key, inner in item.items()}
        return item

    nodes = content["nodes"]
    if not isinstance(nodes, list):
        return content
    out = []
    for node in nodes:
        if not isinstance(node, list) or len(node) != 5 or not isinstance(node[0], str):
            out.append(node)
            continue
        old, op, inputs, attributes, kind = node
        body = [mend(op), mend(inputs), mend(attributes), kind]
        ids[old] = ir.Node(*body).id  # type: ignore[arg-type]
        out.append([ids[old], *body])
    content["nodes"] = out
    content["sinks"] = mend(content["sinks"])
    return content


# ---- changes ---------------------------------------------------------------------------------------


def leaves(item: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give the paths to everything in a JSON value."""
    found = [path]
    if isinstance(item, list):
        for index, inner in enumerate(item):
            found += leaves(inner, (*path, index))
    elif isinstance(item, dict):
        for key, inner in item.items():
            found += leaves(inner, (*path, key))
    return found


def at(item: Any, path: tuple[Any, ...]) -> Any:
    """Give what stands at a path."""
    for key in path:
        item = item[key]
    return item


def is_value(item: Any) -> bool:
    """Tell whether something is a tagged value."""
    return isinstance(item, list) and bool(item) and item[0] in TAGS


class Mutator:
    """Changes modules; `seeds` are what it takes parts from."""

    def __init__(self, dice: random.Random, contents: list[Content]) -> None:
        self.dice, self.contents = dice, contents
        self.donors: list[Any] = [
            *(at(content, path) for content in contents for path in leaves(content)),
            *ODD,
        ]
        self.values = [donor for donor in self.donors if is_value(donor)]
        self.texts = [donor for donor in self.donors if isinstance(donor, str)]
        self.operations = sorted(lines())

    def mutant(self) -> bytes:
        """Give the bytes of a mutant, named after its content nine times of ten; raises when it has no encoding."""
        content = copy.deepcopy(self.dice.choice(self.contents))
        for _ in range(self.dice.choice((1, 1, 2, 3))):
            self.dice.choice(self.CHANGES)(self, content)
        if self.dice.random() < 0.03:
            return self._twice_a_key(ir.canonical(renamed(content)))
        return ir.canonical(renamed(content) if self.dice.random() < 0.9 else content)

    def _node(self, content: Content) -> list[Any]:
        node: list[Any] = self.dice.choice(content["nodes"])
        return node

    def blind(self, content: Content) -> None:
        """Replace, remove or double any part."""
        path = self.dice.choice([p for p in leaves(content) if p])
        parent, key = at(content, path[:-1]), path[-1]
        choice = self.dice.random()
        if choice < 0.25:
            del parent[key]
        elif choice < 0.4 and isinstance(parent, list):
            parent.insert(key, copy.deepcopy(parent[key]))
        else:
            parent[key] = copy.deepcopy(self.dice.choice(self.donors))

    def operation(self, content: Content) -> None:
        """Let a node be another operation, or another version."""
        node = self._node(content)
        name, _, _ = node[1].partition("@")
        other = f"{name}@{self.dice.choice((0, 2, 7, 9999, 10000))}"
        node[1] = other if self.dice.random() < 0.2 else self.dice.choice(self.operations)

    def function(self, content: Content) -> None:
        """Let a call be another function."""
        values = [at(content, p) for p in leaves(content) if is_value(at(content, p))]
        calls = [value for value in values if value[0] == "call"]
        if calls:
            call = self.dice.choice(calls)
            call[1] = self.dice.choice(self.operations)

    def inputs(self, content: Content) -> None:
        """Mix the inputs of a node."""
        node = self._node(content)
        names = [other[0] for other in content["nodes"]]
        choice = self.dice.random()
        if choice < 0.5:
            node[2] = [self.dice.choice(names) for _ in node[2]]
        elif choice < 0.7:
            self.dice.shuffle(node[2])
        else:
            node[2].append(self.dice.choice(names))

    def attributes(self, content: Content) -> None:
        """Give a node the attributes of another, or leave one out."""
        node, other = self._node(content), self._node(self.dice.choice(self.contents))
        if self.dice.random() < 0.3 and node[3]:
            del node[3][self.dice.choice(sorted(node[3]))]
        else:
            node[3].update(copy.deepcopy(other[3]))

    def value(self, content: Content) -> None:
        """Replace a tagged value by another."""
        self._replace(self._node(content)[3], is_value, self.values)

    def text(self, content: Content) -> None:
        """Replace a text by another."""
        self._replace(self._node(content)[3], lambda item: isinstance(item, str), self.texts)

    def number(self, content: Content) -> None:
        """Replace a whole number by another, small or huge."""
        self._replace(content, lambda item: type(item) is int, NUMBERS)

    def strange_text(self, content: Content) -> None:
        """Replace a text by one that deceives, or has no end."""
        self._replace(content, lambda item: isinstance(item, str), STRANGE)

    def tag(self, content: Content) -> None:
        """Let a value claim to be of another kind."""
        paths = [p for p in leaves(content) if is_value(at(content, p))]
        if paths:
            at(content, self.dice.choice(paths))[0] = self.dice.choice(TAGS)

    def nested(self, content: Content) -> None:
        """Put a value deep into others."""
        attributes = self._node(content)[3]
        paths = [p for p in leaves(attributes) if p and is_value(at(attributes, p))]
        if not paths:
            return
        path = self.dice.choice(paths)
        value = at(attributes, path)
        for level in range(self.dice.choice((1, 2, 120, 127, 128, 140))):
            around = (["neg", value], ["not", value], ["list", [value]], ["op", "+", value, value])
            value = self.dice.choice(around[: 4 if level < 3 else 3])
        at(attributes, path[:-1])[path[-1]] = value

    def order(self, content: Content) -> None:
        """Swap, double or transplant nodes."""
        nodes = content["nodes"]
        first, second = self.dice.randrange(len(nodes)), self.dice.randrange(len(nodes))
        choice = self.dice.random()
        if choice < 0.4:
            nodes[first], nodes[second] = nodes[second], nodes[first]
        elif choice < 0.6:
            nodes.insert(second, copy.deepcopy(nodes[first]))
        elif choice < 0.8:
            nodes.insert(second, copy.deepcopy(self._node(self.dice.choice(self.contents))))
        else:
            del nodes[first]

    def promise(self, content: Content) -> None:
        """State other rights, work or needs."""
        choice = self.dice.random()
        if choice < 0.3:
            content["rights"] = self.dice.sample(RIGHTS, self.dice.randint(0, 4))
        elif choice < 0.5:
            content["work"] = self.dice.choice(NUMBERS)
        elif content["needs"]:
            name = self.dice.choice(sorted(content["needs"]))
            content["needs"][name] = self.dice.choice((*NUMBERS, content["needs"][name] - 1))

    def param(self, content: Content) -> None:
        """Change what a parameter is."""
        params = content["params"]
        if not params:
            params["k"] = {"type": "int", "default": ["int", 2], "where": None}
        given = params[self.dice.choice(sorted(params))]
        key = self.dice.choice(("type", "default", "where"))
        given[key] = (
            self.dice.choice(("int", "number", "list[int]", "time", "table", ""))
            if key == "type"
            else copy.deepcopy(self.dice.choice([*self.values, None, *CONDITIONS]))
        )

    def head(self, content: Content) -> None:
        """Change what the module says of itself."""
        key = self.dice.choice(("p2ir", "core", "edition", "libs", "schema", "tasks", "sinks"))
        task = {"name": "t", "params": {}, "after": []}
        content[key] = self.dice.choice((0, 2, "core@2", {}, [], None, {"a": "0" * 32}, [task]))

    def _replace(self, inside: Any, wanted: Callable[[Any], bool], by: list[Any]) -> None:
        paths = [p for p in leaves(inside) if p and wanted(at(inside, p))]
        if paths:
            path = self.dice.choice(paths)
            at(inside, path[:-1])[path[-1]] = copy.deepcopy(self.dice.choice(by))

    def _twice_a_key(self, encoded: bytes) -> bytes:
        places = [i for i in range(len(encoded) - 1) if encoded[i : i + 1] == b"{"]
        place = self.dice.choice(places) + 1
        key = encoded[place : encoded.find(b":", place)]
        return encoded[:place] + key + b":null," + encoded[place:]

    CHANGES: tuple[Callable[[Mutator, Content], None], ...] = (
        blind, blind, operation, function, inputs, attributes, value, value, value, text, text, number, strange_text,
        tag, nested, order, promise, param, head,
    )  # fmt: skip


TAGS = (
    "int", "num", "str", "bool", "null", "col", "cols", "by", "var", "list", "range", "cat", "if", "len", "op", "not",
    "neg", "call", "new", "rename", "types", "table", "field", "shape", "desc",
)  # fmt: skip
RIGHTS = ["read", "render", "write", "log", "task", "run", "link", "expose", "request", "wait", "Read", ""]  # fmt: skip
NUMBERS: list[Any] = [0, 1, -1, 2, 7, 40, 2**31, 2**53 + 1, 2**62, 2**63 - 1, 2**63, -(2**63), 10**30]  # fmt: skip
STRANGE: list[Any] = [
    "", "\u202egnp.elif", "a\u200bb", "\x00", "\ud800", "A" * 100_001, "n" + "0" * 32, "é", "e\u0301", "../../etc",
    "\x1f0", "k", "task.k", "-0x1.0000000000000p+0", "0x1.fffffffffffffp+1023", "0x0.0000000000001p-1022", "nan", "inf",
]  # fmt: skip
CONDITIONS: list[Any] = [
    ["op", "in", ["var", "k"], ["range", ["int", 1], ["int", 2**62]]],
    ["op", "<", ["var", "k"], ["int", 9]],
    ["op", "or", ["op", "<", ["var", "k"], ["int", 9]], ["bool", True]],
    ["op", "and", ["op", "<", ["var", "k"], ["int", 9]], ["op", ">", ["int", 3], ["var", "k"]]],
    ["op", "in", ["var", "k"], ["list", []]],
    ["op", "==", ["var", "k"], ["var", "k"]],
]
ODD: list[Any] = [
    None, True, 0, -1, 2**63, "", "n" * 33, "a\x00", [], {}, [[]], ["int"], ["int", "1"], ["int", True],
    ["num", "0x1p+0"], ["num", (0.0).hex()], ["str", 5], ["null"], ["col", ""], ["cols", []], ["cols", ["x", 1]],
    ["by", []], ["by", [["desc", ["col"]]]], ["table", "n" + "0" * 32], ["field", "n" + "0" * 32, "a"], ["list", []],
    ["range", ["null"], ["null"]], ["if", ["bool", True], ["null"], ["null"]], ["op", "**", ["int", 9], ["int", 9]],
    ["call", "mean@1", {}], ["call", "quantile@1", {"x": ["int", 1], "q": ["int", 1]}], ["new", []], ["rename", []],
    ["types", []], ["len", ["list", []]], ["neg", ["null"]], ["not", ["null"]], ["cat", []], ["shape", []],
    ["shape", [["a", "int"]]], ["var", "k"], ["int", 2**62], ["int", -5], ["num", (1e300).hex()],
    ["list", [["num", (1e9).hex(), "pt"], ["num", (-1.0).hex(), "pt"]]],
]  # fmt: skip


# ---- outcomes --------------------------------------------------------------------------------------


def verified(data: bytes) -> Program:
    """Verify against the small example bundles."""
    return verify(data, SCHEMAS, core())


def fitted(data: bytes) -> tuple[str, bytes, Program | None]:
    """Give the outcome, bytes and program after everything that can be was made to fit, as an attacker would."""
    for _ in range(8):
        try:
            program = verified(data)
        except RefusedProgram as refused:
            mend = _MENDED.get(refused.code)
            if mend is None:
                return (
                    (refused.code if refused.code in CODES else f"no code {refused.code}"),
                    data,
                    None,
                )
            content = json.loads(data)
            mend(content, refused.message)
            data, before = ir.canonical(renamed(content)), data
            if data == before:
                return refused.code, data, None
        else:
            return "accepted", data, program
    return "not to be mended", data, None


def _mend_work(content: Content, message: str) -> None:
    content["work"] = int(message.split("may cost ")[1].split(" ")[0].replace(",", ""))


def _mend_needs(content: Content, message: str) -> None:
    number, name = message.split("may need ")[1].split(", but")[0].split(" ")
    content["needs"][name] = int(number.replace(",", ""))


def _mend_rights(content: Content, message: str) -> None:
    words = message.split("the rights ")[1].split(", but")[0]
    content["rights"] = [word for word in words.split(", ") if word != "none"]


def _mend_inputs(content: Content, message: str) -> None:
    del message
    for _, op, inputs, attributes, _ in content["nodes"]:
        line = lines().get(op)
        alone = line is None or line.takes == "none"
        flow = [] if alone else inputs[:1]
        inputs[:] = dict.fromkeys([*flow, *ir.nodes_named(attributes)])


def _mend_effects(content: Content, message: str) -> None:
    del message
    effects = [node for node in content["nodes"] if node[4] in ("plot", "item", "done")]
    for number, node in enumerate(effects):
        node[3]["@seq"] = ["int", number]
    content["sinks"] = [node[0] for node in effects]


_MENDED: Mapping[str, Callable[[Content, str], None]] = {
    "P2-V0515": _mend_work,
    "P2-V0520": _mend_needs,
    "P2-V0514": _mend_rights,
    "P2-V0507": _mend_inputs,
    "P2-V0516": _mend_effects,
}


def lies(data: bytes, program: Program) -> list[str]:
    """Give what an accepted module says that is not so, by a second opinion."""
    content = json.loads(data)
    found = told(content, SCHEMAS)
    wrong = []
    if set(content["rights"]) != found.rights:
        wrong.append(f"rights {content['rights']}, not {sorted(found.rights)}")
    stated = {"work": content["work"], **content["needs"]}
    for name in ("work", "rows", "panels", "frames", "pixels"):
        here = getattr(found, name)
        if stated[name] < here or (found.exact and stated[name] != here):
            wrong.append(f"{name} {stated[name]}, not {here}")
    if stated["memory"] < found.memory:
        wrong.append(f"memory {stated['memory']}, at least {found.memory}")
    if program.module.encode() != data:
        wrong.append("other bytes than its own")
    return wrong


def fuzz(count: int, seed: int, run: Callable[[Program], str | None] | None = None) -> Counter[str]:
    """Make mutants and give how many ended how; raises AssertionError at the first that is wrongly accepted.

    `run` is asked about some of the accepted programs and gives what was wrong, if anything.
    """
    dice = random.Random(seed)
    mutator = Mutator(dice, seeds())
    counts: Counter[str] = Counter()
    for number in range(count):
        try:
            data = mutator.mutant()
        except (TypeError, KeyError, AttributeError, ValueError, IndexError, RecursionError):
            counts["not encodable"] += 1
            continue
        result, data, program = fitted(data)
        counts[result] += 1
        if program is None:
            continue
        wrong = lies(data, program)
        if run is not None and not wrong and number % 8 == 0:
            answer = run(program)
            counts["run"] += 1
            wrong = [] if answer is None else [answer]
        assert not wrong, f"mutant {number} of seed {seed}: {wrong}\n{data.decode()[:20_000]}"
    return counts


def main() -> int:
    """Fuzz as often as the first argument says; print the figures."""
    from running_mutants import ran

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    started = time.perf_counter()
    counts = fuzz(count, seed, ran)
    seconds = time.perf_counter() - started
    print(f"{count:,} mutants of {len(seeds())} modules in {seconds:.0f} s, seed {seed}")
    for result, number in counts.most_common():
        print(f"{number:>9,}  {result}")
    surprises = counts["P2-V0519"]
    print("no uncaught exception, no accepted module that misstates what it needs")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
