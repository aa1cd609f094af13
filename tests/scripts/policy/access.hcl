people "staff" {
  from = csvdecode(file("people.csv"))
  key  = row.id
  name = row["family name, given name"]
  team = row.team == "" ? null : row.team
}

system "chat" {
  provider = "directory"
  match    = self.key == account.login

  account {
    login = self.key
    name  = self.name
  }
}

group "chat" "core" {
  name = "core"
}

role "core" {
  when   = self.team == "core"
  access = [group.chat.core]
}
