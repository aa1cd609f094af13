person "ada" { name = "Ada Lovelace" }
person "bob" { name = "Bob Kahn" }
person "cat" { name = "Cat Stevens" }

system "chat" {
  provider = "directory"
  match    = self.name == account.name
  account {
    login = self.key
    name  = self.name
  }
}

group "chat" "open" {
  name    = "Open"
  members = [person.ada, person.bob]
}

group "chat" "closed" {
  name      = "Closed"
  exclusive = true
  members   = [person.ada, person.bob]
}

role "employee" {
  when   = true
  access = [system.chat]
}
