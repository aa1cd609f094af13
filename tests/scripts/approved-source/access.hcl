people "staff" {
  from = csvdecode(file("people.csv"))
  key  = row.id
  name = row.name
}

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
