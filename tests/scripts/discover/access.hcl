person "ada" {
  login = "ada"
  email = "ada@acme.example"
}
person "bob" {
  login = "bob"
  email = "bob@acme.example"
}

system "chat" {
  provider    = "directory"
  account_key = "login"
  group_key   = "name"
  match       = self.login == account.login
  ignore      = account.login == "backup"
  account {
    email = self.email
  }
}

system "wiki" {
  provider    = "directory"
  account_key = "email"
  match       = self.email == account.email
  account {}
}

group "chat" "core" {
  name    = "core"
  members = [person.ada, person.bob]
}

role "author" {
  members = [person.ada]
  access  = [system.wiki]
}
