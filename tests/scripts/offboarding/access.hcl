settings {
  state = "state/acme.tenure"
}

person "boss" { login = "boss" }
person "ada" {
  login       = "ada"
  manager     = person.boss
  offboarding = offboarding.standard
}
person "bob" { login = "bob" }

offboarding "standard" {
  account       = "deactivate"
  transfer_to   = self.manager
  archive_after = "0d"
  delete_after  = "0d"
}

system "chat" {
  provider = "directory"
  match    = self.login == account.login
  account { login = self.login }
}

group "chat" "team" { members = [person.ada, person.boss, person.bob] }
