settings { state = "acme.tenure" }

person "ada" { name = "Ada Lovelace" }
person "bob" { name = "Bob Kahn" }

system "chat" {
  provider = "directory"
  match    = self.key == account.login
  account {
    login = self.key
    name  = self.name
  }
}

role "employee" {
  when   = true
  access = [system.chat]
}
