settings {
  watch {
    interval = "1h"
    apply    = ["deactivate", "revoke"] # who leaves, leaves at once
    propose  = "proposals/drift.patch"
  }
}

people "staff" {
  from       = csvdecode(file("people.csv"))
  key        = row.id
  name       = row.name # as in the payroll
  title      = row.title
  department = row.department
}

person "dan" {
  name  = "Dan Brown" /* the writer */
  title = "Author"
}

system "chat" {
  provider = "directory"
  match    = self.key == account.login
  account {
    name  = self.name
    title = self.title
    badge = "${self.key}: ${self.name}"
    on_create {
      login = self.key
      shell = "/bin/sh"
    }
  }
}

# Who may write.
group "chat" "writers" {
  name    = "Writers"
  members = [
    person.dan,   # since the start
  ]
}

group "chat" "engineering" {
  name = "Engineering"
}

role "employee" {
  when   = true
  access = [system.chat]
}

role "engineer" {
  when   = self.department == "Engineering" # a rule
  access = [group.chat.engineering]
}
