variable "url" {}

settings {
  state = "state/x.tenure"
}

system "chat" {
  provider = "scim"
  url      = var.url
  token    = "hunter2"
  match    = self.email == account.userName
  account { userName = self.email }
}
