test "whoever changes the team changes the access, and nothing else" {
  when {
    csv "people.csv" {
      where = row["family name, given name"] == "Clark, \"CJ\""
      set   = { team = "core" }
    }
  }
  expect {
    plan = ["create account.chat.P3", "grant membership.chat.core.P3"]
  }
}

test "nobody else gets in" {
  when {
    csv "people.csv" {
      drop = row.id == "P2"
    }
  }
  expect {
    includes = ["deactivate account.chat.P1"]
  }
}
