# What this company promises about access, as tests: `tenure test` plays them in memory, without any server.

given {
  now = "2026-11-27"
  variables = {
    ldap_url      = "ldap://corp.test"
    warehouse_url = "postgres://tenure@warehouse.test/postgres"
    chat_url      = "https://chat.test/scim/v2"
  }
}

test "as long as nothing changes, nothing is done" {
  expect {
    nothing = true
  }
}

test "a leaver is switched off everywhere, and deleted nowhere" {
  when {
    csv "people/hr.csv" {
      drop = row.employee_id == "E0013"
    }
  }
  expect {
    includes = ["deactivate account.corp.E0013", "deactivate account.warehouse.E0013", "deactivate account.chat.E0013"]
    excludes = ["delete *", "archive *", "* account.*.E0012"]
    inactive = [account.corp.E0013, account.warehouse.E0013, account.chat.E0013]
    not_in   = [membership.warehouse.analyst.E0013, membership.chat.everyone.E0013]
  }
}

test "whoever comes back gets the same accounts" {
  when {
    csv "people/hr.csv" {
      where = row.employee_id == "E0013"
      set   = { status = "left" }
    }
  }
  expect {
    inactive = [account.corp.E0013]
  }
  when {
    csv "people/hr.csv" {
      where = row.employee_id == "E0013"
      set   = { status = "active" }
    }
  }
  expect {
    includes = ["reactivate account.corp.E0013", "grant membership.warehouse.analyst.E0013"]
    excludes = ["create account.*"]
    active   = [account.corp.E0013, account.warehouse.E0013, account.chat.E0013]
  }
}

test "an empty export of the personnel department takes nothing from anybody" {
  when {
    csv "people/hr.csv" {
      empty = true
    }
  }
  expect {
    error = "person.E0003"
  }
}

test "half an export is not half a company" {
  when {
    csv "people/hr.csv" {
      drop = contains(["E0015", "E0016", "E0017", "E0018", "E0019", "E0020", "E0023", "E0024"], row.employee_id)
    }
  }
  expect {
    held = ["deactivate *", "revoke *"]
  }
}

test "whoever moves to another department moves in the chat, and loses the warehouse" {
  when {
    csv "people/hr.csv" {
      where = row.employee_id == "E0013"
      set   = { department = "Tools" }
    }
  }
  expect {
    in       = [membership.chat.department["Tools"].E0013]
    not_in   = [membership.chat.department["Data"].E0013, membership.warehouse.analyst.E0013]
    active   = [account.corp.E0013, account.chat.E0013]
    inactive = [account.warehouse.E0013]
  }
}

test "a newcomer of Data gets everything on the first day" {
  when {
    csv "people/hr.csv" {
      add = [{
        employee_id = "E0099", given = "Nia", family = "Okoro", mail = "nia.okoro@acme.example", login = "nokoro"
        department  = "Data", country = "DE", manager_id = "E0010", first_day = "2026-12-01", last_day = "", status = "active"
      }]
    }
  }
  expect {
    active = [account.corp.E0099, account.warehouse.E0099, account.chat.E0099]
    in     = [membership.warehouse.engineer.E0099, membership.chat.department["Data"].E0099]
  }
}

test "access for a project ends by itself" {
  expect {
    in = [membership.chat.department["Sales"].C2]
  }
  when {
    after = "120d"
  }
  expect {
    not_in = [membership.chat.department["Sales"].C2]
  }
}

test "a contractor without an end is refused" {
  when {
    csv "people/contractors.csv" {
      where = row.id == "C1"
      set   = { ends = "" }
    }
  }
  expect {
    error = "is neither a date nor a moment"
  }
}

test "an address of somebody else's company is refused for employees" {
  when {
    csv "people/hr.csv" {
      where = row.employee_id == "E0013"
      set   = { mail = "mateusz@elsewhere.example" }
    }
  }
  expect {
    error = "is not a work address"
  }
}

test "nobody stays an administrator by hand" {
  when {
    system "corp" {
      joins = [membership.corp.admins.E0013]
    }
  }
  expect {
    includes = ["revoke membership.corp.admins.E0013"]
  }
}

test "a directory that cannot be read changes nothing there" {
  when {
    system "corp" {
      unreadable = true
    }
    csv "people/hr.csv" {
      drop = row.employee_id == "E0013"
    }
  }
  expect {
    findings = ["incomplete-read"]
    excludes = ["* account.corp.*", "* membership.corp.*"]
    inactive = [account.chat.E0013]
    active   = [account.corp.E0013]
  }
}

test "whom somebody else switched off is not switched on again" {
  when {
    system "chat" {
      switched_off = [account.chat.E0013]
    }
  }
  expect {
    findings = ["suspended-outside"]
    excludes = ["reactivate *"]
    inactive = [account.chat.E0013]
  }
}
