person "ada" { name = "Ada Lovelace" }
person "bob" { name = "Bob Kahn" }

locals { team = [person.ada, person.bob] }

variable "region" { default = "eu" }

system "chat" {
  provider = "directory"
  match    = self.key == account.login
  account { login = self.key }
}

group "chat" "everyone" { name = "Everyone" }

role "employee" {
  when   = true
  access = [group.chat.everyone]
}

role "lead" {
  members = local.team
  access  = [system.chat]
}
