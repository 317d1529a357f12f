"""The command line of a script, whose docstring is its `--help`."""

import argparse


def read_arguments(description: str | None, **examples: str | int) -> argparse.Namespace:
    """The arguments by their names, in this order, each of the type of its example."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, example in examples.items():
        parser.add_argument(name, type=type(example), help=f"for example {example}")
    return parser.parse_args()
