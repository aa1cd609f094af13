given {
  now       = "2026-11-27"
  variables = { state = "state/test.tenure" }
}

test "a leaver is switched off and deleted nowhere" {
  when {
    csv "people.csv" {
      drop = row.id == "P4"
    }
  }
  expect {
    includes = ["deactivate account.chat.P4"]
    excludes = ["delete *"]
  }
}
