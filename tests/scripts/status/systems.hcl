system "chat" {
  provider = "directory"
  match    = self.key == account.login
  account {
    login = self.key
    name  = self.name
  }
}

group "chat" "everyone" { name = "Everyone" }
