person "ada" { email = "ada@acme.example" }

system "corp" {
  provider = "directory"
  match    = self.key == account.uid
  account { uid = self.key }
}

system "chat" {
  provider = "scim"
  url      = "http://127.0.0.1:1/scim/v2"
  token    = env("CHAT_TOKEN")
  match    = self.email == account.userName
  account { userName = self.email }
}

role "employee" {
  when   = true
  access = [system.corp, system.chat]
}
