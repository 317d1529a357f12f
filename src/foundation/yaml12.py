"""Read a YAML file as DVC reads it: by YAML 1.2, with no key twice.

PyYAML by itself reads YAML 1.1, where `yes` is true, `010` is 8, `1:30` is 90 and `1e-3` is text.
"""

import re
from pathlib import Path

import yaml
from yaml.constructor import ConstructorError

from foundation.errors import UserError

# Plain values that are not text, and their first characters, as ruamel.yaml has them, which DVC reads with.
PLAIN = {
    "tag:yaml.org,2002:bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "tag:yaml.org,2002:int": (r"[-+]?([0-9_]+|0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+)", "-+0123456789"),
    "tag:yaml.org,2002:float": (
        r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|\.[0-9_]+([eE][-+][0-9]+)?|\.(inf|Inf|INF))|\.(nan|NaN|NAN)",
        "-+0123456789.",
    ),
}


class Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's own way)
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in PLAIN]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_yaml_int(self, node: yaml.Node) -> int:
        text = self.construct_scalar(node).replace("_", "")
        number = int(text, base=0 if text.lstrip("-+").startswith(("0b", "0o", "0x")) else 10)
        str(number)  # a ValueError where Python could not print it, as for the same number in decimal digits
        return number

    def construct_yaml_str(self, node: yaml.Node) -> str:
        text = self.construct_scalar(node)
        text.encode()  # a ValueError for half of a surrogate pair ("\ud800"), which no file and no library takes
        return text

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError) as error:  # 2026-02-30, 5,000 digits, `!!bool maybe`
            kind = node.tag.rpartition(":")[2]
            raise ConstructorError(problem=f"this is no {kind}: {error}", problem_mark=node.start_mark) from None

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()  # looked at here, where `<<` is still a key: what it brings along may be there again
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise ConstructorError(problem=f"the key {key.value!r} is there twice", problem_mark=key.start_mark)
                seen.add((key.tag, key.value))
        return node


for tag, (pattern, first) in PLAIN.items():
    Loader.add_implicit_resolver(tag, re.compile(rf"^(?:{pattern})$"), list(first))
Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_yaml_int)
Loader.add_constructor("tag:yaml.org,2002:str", Loader.construct_yaml_str)


def read(path: Path) -> object:
    """What stands in `path`; raises `UserError` with the line where it is not YAML."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader)
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text ({error})") from None
    except yaml.MarkedYAMLError as error:
        problem = ": ".join(filter(None, [error.context, error.problem]))
        raise UserError(f"{path}: not valid YAML: line {error.problem_mark.line + 1}: {problem}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise UserError(f"{path}: nested too deeply") from None
