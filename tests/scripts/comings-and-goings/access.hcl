settings { state = "acme.tenure" }

people "staff" {
  from       = csvdecode(file("people.csv"))
  key        = row.id
  name       = row.name
  department = row.department
  ends       = row.last_day == "" ? null : row.last_day
}

system "chat" {
  provider = "directory"
  match    = self.key == account.login
  account {
    login = self.key
    name  = self.name
  }
}

group "chat" "everyone" { name = "Everyone" }
group "chat" "engineering" { name = "Engineering" }

role "employee" {
  when   = true
  access = [group.chat.everyone]
}

role "engineer" {
  when   = self.department == "Engineering"
  access = [group.chat.engineering]
}
