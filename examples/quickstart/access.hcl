# Who works here, what they use, and what they may do there. Try `tenure plan`, then change a line and plan again.

settings {
  state = "state/quickstart.tenure"
}

people "staff" {
  from        = csvdecode(file("people.csv"))
  key         = row.id # the stable identity; never the e-mail
  given_name  = row.given_name
  family_name = row.family_name
  email       = lower(row.email)
  login       = row.login
  department  = row.department
  ends        = row.last_day == "" ? null : row.last_day
}

# The embedded provider keeps a system in a folder of text files: nothing to install.
system "corp" {
  provider = "directory"
  match    = self.login == account.uid
  account {
    uid  = self.login
    cn   = "${self.given_name} ${self.family_name}"
    mail = self.email
    on_create {
      uidNumber = next(10000, 59999)
    }
  }
}

system "chat" {
  provider = "directory"
  match    = self.email == lower(account.userName)
  account {
    userName   = self.email
    externalId = self.accounts.corp.id # made by another system: known after apply
  }
}

group "chat" "engineering" { name = "Engineering" }
group "chat" "everyone" { name = "Everyone" }

role "employee" {
  when   = true
  access = [system.corp, group.chat.everyone]
}

role "engineer" {
  when   = self.department == "Engineering"
  access = [group.chat.engineering]
}
