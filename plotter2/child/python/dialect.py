"""The restricted Python of steps: what may be written, and how it is compiled. The only door to RestrictedPython.

Only kinds of syntax that stand in a list pass. RestrictedPython puts guards at attributes, items and loops; operators
that make things grow, f-strings and loops get guards here.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from types import CodeType
from typing import Any, Final

from RestrictedPython.transformer import RestrictingNodeTransformer, copy_locations

from p2lang.semantics.script_text import first_fault
from plotter2.child.python.facade import named
from plotter2.child.python.faults import Unfit, Wrong, no_python, unreadable
from plotter2.child.python.limits import INTEGER_BITS
from plotter2.child.python.wording import REFUSED, reworded

_ALLOWED: Final = frozenset(
    getattr(ast, name)
    for name in named(
        """
        Module FunctionDef Return Delete Assign AugAssign For While If Assert Expr Pass Break Continue BoolOp
        NamedExpr BinOp UnaryOp Lambda IfExp Dict Set ListComp SetComp DictComp GeneratorExp Compare Call
        FormattedValue JoinedStr Constant Attribute Subscript Starred Name List Tuple Slice Load Store Del And
        Or Add Sub Mult MatMult Div Mod Pow LShift RShift BitOr BitXor BitAnd FloorDiv Invert Not UAdd USub Eq
        NotEq Lt LtE Gt GtE Is IsNot In NotIn comprehension arguments arg keyword
        """
    )
)
_GROWING: Final = {
    ast.Add: "_add_",
    ast.Sub: "_subtract_",
    ast.Mult: "_multiply_",
    ast.Pow: "_power_",
    ast.LShift: "_shift_",
    ast.Mod: "_modulo_",
    ast.BitOr: "_or_",
    ast.BitAnd: "_and_",
    ast.BitXor: "_xor_",
}
_MOST_FAULTS = 5


def compiled(
    text: str, parameters: Sequence[str], filename: str, sited: Collection[str] = ()
) -> CodeType:
    """Give the code of a function with these parameters and this text as body; raises Unfit.

    Calls of the words `sited` are told where they stand.
    """
    fault = first_fault(text)
    if fault is not None:
        raise Unfit([unreadable(text, fault)])
    dialect = _Dialect(text, sited)
    try:
        tree = _function(_parsed(text, filename), parameters)
        dialect.visit(tree)
        if dialect.found:
            raise Unfit(sorted(dialect.found, key=lambda f: f.line)[:_MOST_FAULTS])
        module = compile(tree, filename, "exec", dont_inherit=True, optimize=0)
    except SyntaxError as error:
        raise no_python(error) from None
    except (RecursionError, MemoryError):
        raise Unfit([Wrong(1, "an expression is nested too deep", _SHORTER)]) from None
    (code,) = (each for each in module.co_consts if isinstance(each, CodeType))
    return code


_SHORTER = "make several statements of it"


def _parsed(text: str, filename: str) -> ast.Module:
    try:
        return ast.parse(text, filename)
    except SyntaxError as error:
        raise no_python(error) from None
    except (RecursionError, MemoryError):
        raise Unfit([Wrong(1, "an expression is nested too deep", _SHORTER)]) from None
    except ValueError as error:
        raise Unfit([Wrong(1, f"Python cannot read it: {error}", "look at its numbers")]) from None


def _function(body: ast.Module, parameters: Sequence[str]) -> ast.Module:
    if not body.body:
        raise Unfit([Wrong(1, "the text has no statement", "end it with `return table(rows)`")])
    function = ast.FunctionDef(
        name="script",
        args=ast.arguments(
            posonlyargs=[],
            args=[ast.arg(arg=name, annotation=None) for name in parameters],
            kwonlyargs=[],
            kw_defaults=[],
            defaults=[],
        ),
        body=body.body,
        decorator_list=[],
        lineno=1,
        col_offset=0,
    )
    if "type_params" in ast.FunctionDef._fields:
        vars(function)["type_params"] = []
    return ast.fix_missing_locations(ast.Module(body=[function], type_ignores=[]))


def _called(guard: str, arguments: list[ast.expr], at: ast.expr | ast.stmt) -> ast.Call:
    call = ast.Call(func=ast.Name(guard, ast.Load()), args=arguments, keywords=[])
    copy_locations(call, at)
    return call


def _as_key(node: ast.expr) -> ast.expr:
    """Give an expression, looked at when it can be a tuple."""
    return node if isinstance(node, ast.Constant) else _called("_key_", [node], node)


def _tick(at: ast.stmt) -> ast.Expr:
    statement = ast.Expr(_called("_tick_", [], at))
    copy_locations(statement, at)
    return statement


class _Dialect(RestrictingNodeTransformer):
    """Refuses what is not in the list, and puts a guard at everything that could grow or run for long."""

    def __init__(self, text: str, words: Collection[str]) -> None:
        super().__init__()
        self.found: list[Wrong] = []
        self._lines = text.split("\n")
        self._words = words
        self._depth = 0

    def error(self, node: ast.AST, info: str) -> None:
        """Keep what is wrong, in words of this language."""
        self._tell(node, *reworded(info))

    def warn(self, node: ast.AST, info: str) -> None:
        """Leave warnings out: what they warn about is refused or has no meaning here."""

    def visit(self, node: ast.AST) -> Any:
        """Let only listed kinds of syntax pass."""
        if type(node) in _ALLOWED:
            return super().visit(node)
        self._refuse(node, type(node).__name__)
        return node

    def _refuse(self, node: ast.AST, name: str) -> None:
        message, help = REFUSED.get(
            name, (f"{name} is not allowed here", "write it in plain steps")
        )
        self._tell(node, message, help)

    def _tell(self, node: ast.AST, message: str, help: str) -> None:
        line, end_line = getattr(node, "lineno", 1), getattr(node, "end_lineno", None)
        column = self._characters(line, getattr(node, "col_offset", 0))
        end = self._characters(line, node.end_col_offset or 0) if end_line == line else column  # type: ignore[attr-defined]
        self.found.append(Wrong(line, message, help, column, end))

    # ------------------------------------------------------------ names, constants
    def visit_Name(self, node: ast.Name) -> Any:
        """Let `print` be a word like others: there is one output, with a limit."""
        if node.id == "print" and isinstance(node.ctx, ast.Load):
            return node
        return super().visit_Name(node)

    def visit_Constant(self, node: ast.Constant) -> Any:
        """Refuse constants that are no plain values."""
        value = node.value
        if type(value) not in (int, float, str, bool, type(None)):
            self._refuse(node, type(value).__name__)
        elif type(value) is int and value.bit_length() > INTEGER_BITS:
            self._refuse(node, "long integer")
        return super().visit_Constant(node)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        """Refuse to set attributes: nothing that a script gets may be changed so."""
        if not isinstance(node.ctx, ast.Load):
            self._refuse(node, "attribute set")
        return super().visit_Attribute(node)

    def visit_Starred(self, node: ast.Starred) -> Any:
        """Let `*` stand only where something is unpacked into names."""
        if not isinstance(node.ctx, ast.Store):
            self._refuse(node, "Starred")
        return super().visit_Starred(node)

    def visit_List(self, node: ast.List) -> Any:
        """Unpack into `[a, b]` as into `(a, b)`, which is guarded."""
        if isinstance(node.ctx, ast.Store):
            return self.visit_Tuple(_as_tuple(node))
        return super().visit_List(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> Any:
        """Make a list of it at once: a script never holds a generator, with a frame inside, nor nests many of them."""
        listed = ast.ListComp(node.elt, node.generators)
        copy_locations(listed, node)
        return self.visit_ListComp(listed)

    def visit_Dict(self, node: ast.Dict) -> Any:
        """Refuse `{**a}`, which goes round the guards; look at each key."""
        if any(key is None for key in node.keys):
            self._refuse(node, "Starred")
            return node
        visited: Any = super().visit_Dict(node)
        visited.keys = [_as_key(key) for key in visited.keys]
        return visited

    def visit_Set(self, node: ast.Set) -> Any:
        """Look at each element as at a key."""
        visited: Any = super().visit_Set(node)
        visited.elts = [_as_key(element) for element in visited.elts]
        return visited

    def visit_DictComp(self, node: ast.DictComp) -> Any:
        """Look at each key."""
        visited: Any = super().visit_DictComp(node)
        visited.key = _as_key(visited.key)
        return visited

    def visit_SetComp(self, node: ast.SetComp) -> Any:
        """Look at each element as at a key."""
        visited: Any = super().visit_SetComp(node)
        visited.elt = _as_key(visited.elt)
        return visited

    def visit_Compare(self, node: ast.Compare) -> Any:
        """Look at what is looked for as at a key."""
        visited: Any = super().visit_Compare(node)
        if any(isinstance(each, ast.In | ast.NotIn) for each in visited.ops):
            visited.left = _as_key(visited.left)
            visited.comparators[:-1] = map(_as_key, visited.comparators[:-1])
        return visited

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        """Refuse to set a whole slice, which takes from the other side without a guard."""
        if isinstance(node.ctx, ast.Store) and isinstance(node.slice, ast.Slice):
            self._refuse(node, "slice set")
        visited: Any = super().visit_Subscript(node)
        if not isinstance(node.ctx, ast.Load) and not isinstance(node.slice, ast.Slice):
            visited.slice = _as_key(visited.slice)
        return visited

    # ------------------------------------------------------------ operators
    def visit_BinOp(self, node: ast.BinOp) -> Any:
        """Guard operators whose result can be much larger than what they take."""
        guard = _GROWING.get(type(node.op))
        visited: Any = super().visit_BinOp(node)
        if guard is None:
            return visited
        return _called(guard, [visited.left, visited.right], node)

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        """Make `a[i] += x` a call that reads and writes the same place; RestrictedPython does names."""
        if not isinstance(node.target, ast.Subscript) or isinstance(node.target.slice, ast.Slice):
            return super().visit_AugAssign(node)
        sign = ast.Constant(_SIGNS[type(node.op)])
        target = node.target
        given = [self.visit(each) for each in (target.value, target.slice, node.value)]
        statement = ast.Expr(_called("_inplaceitem_", [sign, *given], node))
        copy_locations(statement, node)
        return statement

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        """Make an f-string a call that keeps its length and its widths in bounds."""
        return _called("_joined_", [self._part(each) for each in node.values], node)

    def _part(self, node: ast.expr) -> ast.expr:
        if not isinstance(node, ast.FormattedValue):
            constant: ast.expr = self.visit(node)
            return constant
        form = self.visit(node.format_spec) if node.format_spec else ast.Constant("")
        conversion = ast.Constant(node.conversion)
        return _called("_shown_", [self.visit(node.value), conversion, form], node)

    def visit_Call(self, node: ast.Call) -> Any:
        """Refuse `f(*a)` and `f(**b)`."""
        if any(keyword.arg is None for keyword in node.keywords):
            self._refuse(node, "Starred")
            return node
        word = node.func
        visited: Any = super().visit_Call(node)
        if isinstance(word, ast.Name) and word.id in self._words:
            key = ast.Constant(f"{word.lineno}:{self._column(word)}")
            visited.func = _called("_sited_", [key, visited.func], word)
        return visited

    def _column(self, node: ast.expr | ast.stmt) -> int:
        # Python counts the bytes of UTF-8.
        return self._characters(node.lineno, node.col_offset)

    def _characters(self, number: int, offset: int) -> int:
        line = self._lines[number - 1 : number] or [""]
        return len(line[0].encode()[:offset].decode(errors="ignore"))

    # ------------------------------------------------------------ what runs again and again
    def visit_For(self, node: ast.For) -> Any:
        """Count each pass."""
        node.target = _as_tuple(node.target)
        visited: Any = super().visit_For(node)
        visited.body.insert(0, _tick(node))
        return visited

    def visit_While(self, node: ast.While) -> Any:
        """Count each pass."""
        visited: Any = super().visit_While(node)
        visited.body.insert(0, _tick(node))
        return visited

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        """Count each element."""
        node.target = _as_tuple(node.target)
        if node.is_async:
            self._refuse(node.target, "AsyncFor")
        visited: Any = super().visit_comprehension(node)
        visited.ifs.insert(0, _called("_tick_", [], node.iter))
        return visited

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        """Count each call; no decorators, no annotations."""
        if node.decorator_list:
            self._refuse(node, "decorator")
        if node.returns is not None:
            self._refuse(node, "AnnAssign")
        self._depth += 1
        visited: Any = super().visit_FunctionDef(node)
        self._depth -= 1
        visited.body.insert(0, _tick(node))
        return visited

    def visit_Return(self, node: ast.Return) -> Any:
        """Have it told where the text itself ended, not a function in it."""
        visited: Any = super().visit_Return(node)
        if self._depth == 1 and visited.value is not None:
            where = [ast.Constant(node.lineno), ast.Constant(self._column(node))]
            visited.value = _called("_returned_", [*where, visited.value], node)
        return visited

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        """Count each call."""
        visited: Any = super().visit_Lambda(node)
        both = ast.BoolOp(ast.And(), [_called("_tick_", [], node), visited.body])
        copy_locations(both, node)
        visited.body = both
        return visited

    def visit_arguments(self, node: ast.arguments) -> Any:
        """Refuse parameters that take any number of values."""
        for parameter in (node.vararg, node.kwarg):
            if parameter is not None:
                self._refuse(parameter, "Starred")
        return super().visit_arguments(node)

    def visit_arg(self, node: ast.arg) -> Any:
        """Refuse annotations."""
        if node.annotation is not None:
            self._refuse(node, "AnnAssign")
        return super().visit_arg(node)


_SIGNS: Final = {
    ast.Add: "+=",
    ast.Sub: "-=",
    ast.Mult: "*=",
    ast.Div: "/=",
    ast.Mod: "%=",
    ast.Pow: "**=",
    ast.LShift: "<<=",
    ast.RShift: ">>=",
    ast.BitOr: "|=",
    ast.BitXor: "^=",
    ast.BitAnd: "&=",
    ast.FloorDiv: "//=",
    ast.MatMult: "@=",
}


def _as_tuple(target: ast.expr) -> Any:
    """Give a target of an assignment with tuples for lists, however deep."""
    if isinstance(target, ast.List | ast.Tuple):
        made = ast.Tuple([_as_tuple(each) for each in target.elts], target.ctx)
        copy_locations(made, target)
        return made
    if isinstance(target, ast.Starred):
        target.value = _as_tuple(target.value)
    return target
