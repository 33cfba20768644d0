"""Commands that start like a shell tool: the same Typer, without the libraries it is slow to load.

Typer draws help with rich (0.1 s to import) and coerces every parameter with pydantic (0.1 s). Here
help is framed in plain text, and a parameter that is text already is taken as it was typed.
"""

import re
from collections.abc import Callable
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from typer.core import TyperCommand, TyperGroup


class _AsTyped:
    """Takes a value for what it is; Typer's own coercion would import pydantic to do so."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        if value is None:
            return None if param.nargs == 1 else ()
        return [self.kind(one) for one in value] if isinstance(value, list | tuple) else self.kind(value)


class _OnceGiven:
    """Leaves a value to Typer's own coercion, where there is one."""

    def __init__(self, own: Callable[[], Any]) -> None:
        self.own = own

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        return None if value is None else self.own().coerce(value, param=param, ctx=ctx)


def _quick(params: list[Any]) -> list[Any]:
    """The parameters, those that are text, paths, flags, or left out freed of Typer's coercion."""
    for param in params:
        annotation = getattr(getattr(param, "type_descriptor", None), "annotation", None)
        plain = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
        kinds = [kind for kind in plain if kind is not type(None)]
        if kinds in ([str], [Path], [bool], [list[str]]):
            taken: Any = _AsTyped(str if kinds == [list[str]] else kinds[0])
        elif kinds in ([int], [float]):
            taken = _OnceGiven(param.get_runtime_param)
        else:
            continue
        param.get_runtime_param = lambda taken=taken: taken
    return params


def _frame(title: str, rows: list[tuple[str, str]], formatter: Any) -> None:
    """Write a two-column list in a box."""
    inside = type(formatter)(width=formatter.width - 4)
    inside.write_dl(rows)
    width = formatter.width - 2
    formatter.write(f"╭─ {title} {'─' * (width - len(title) - 3)}╮\n")
    for line in inside.getvalue().splitlines():
        formatter.write(f"│{line:<{width}}│\n")
    formatter.write(f"╰{'─' * width}╯\n")


def _frame_options(command: Any, ctx: Any, formatter: Any) -> None:
    panels: dict[str, list[tuple[str, str]]] = {}
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is not None:
            usual = "Arguments" if param.param_type_name == "argument" else "Options"
            entry = (_in_words(record[0], param.param_type_name == "argument"), record[1])
            panels.setdefault(getattr(param, "rich_help_panel", None) or usual, []).append(entry)
    # --help comes last among the parameters, and still belongs beside the options that come first
    for title, rows in panels.items():
        _frame(title, rows, formatter)


_WORDS = {"int": "N", "float": "X", "str": "TEXT", "path": "PATH"}


def _in_words(name: str, is_argument: bool) -> str:
    """An entry of the help without Python's types: `--seed <int range>` is `--seed N`, an argument's name enough."""
    return re.sub(r" <(\w+)[^<>]*>$", lambda kind: "" if is_argument else f" {_WORDS.get(kind[1], '…')}", name)


class QuickCommand(TyperCommand):
    """A command with framed help that imports nothing to take text."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _quick(super().get_params(ctx))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        _frame_options(self, ctx, formatter)


class QuickGroup(TyperGroup):
    """A group of commands with framed help."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _quick(super().get_params(ctx))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        panels: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None:
                panel = getattr(command, "rich_help_panel", None) or "Commands"
                panels.setdefault(str(panel), []).append((name, command.get_short_help_str(80)))
        for title, rows in panels.items():
            _frame(title, rows, formatter)
        _frame_options(self, ctx, formatter)
