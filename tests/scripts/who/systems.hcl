settings {
  state = "state/acme.tenure"
}

system "chat" {
  provider = "directory"
  match    = self.key == account.login
  account {
    login = self.key
    name  = self.name
  }
}

group "chat" "engineering" { name = "Engineering" }

group "chat" "everybody" {
  name    = "Everybody"
  members = [group.chat.engineering, person.cat]
}
