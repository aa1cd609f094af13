system "chat" {
  provider = "directory"
  match    = self.key == account.login
  account { login = self.key }
}

system "crm" {
  provider = "directory"
  match    = self.key == account.login
  account { login = self.key }
}

group "chat" "everyone" { name = "Everyone" }

role "employee" {
  when   = true
  access = [group.chat.everyone, system.crm]
}
