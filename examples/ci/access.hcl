people "staff" {
  from        = csvdecode(file("people.csv"))
  key         = row.id
  given_name  = row.given
  family_name = row.family
  email       = "${row.login}@acme.example"
  department  = row.department
}

system "chat" {
  provider = "scim"
  url      = var.chat_url
  token    = env("CHAT_SCIM_TOKEN")
  match    = self.email == lower(account.userName)
  account {
    userName    = self.email
    displayName = "${self.given_name} ${self.family_name}"
  }
}

group "chat" "everyone" { displayName = "Everyone" }
group "chat" "engineering" { displayName = "Engineering" }

role "employee" {
  when   = true
  access = [group.chat.everyone]
}

role "engineer" {
  when   = self.department == "Engineering"
  access = [group.chat.engineering]
}
