person "ada" {}

locals { token = env("CHAT_TOKEN") }

system "chat" {
  provider       = "directory"
  url            = "https://${var.host}/scim/v2"
  token          = local.token
  write_password = try(env("CHAT_WRITE_PASSWORD"), null) # only where it is written
  match          = self.key == account.login
  account {
    login = self.key
    on_create { pin = env("FIRST_PIN") }
  }
}

variable "host" { default = "chat.acme.example" }

role "employee" {
  when   = true
  access = [system.chat]
}
