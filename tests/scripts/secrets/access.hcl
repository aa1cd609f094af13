variable "pin" {
  sensitive = true
}

person "ada" { email = "ada@acme.example" }

system "corp" {
  provider = "directory"
  match    = self.key == account.uid
  account {
    uid = self.key
    on_create {
      password = env("INITIAL_PASSWORD")
      pin      = var.pin
    }
  }
}

role "employee" {
  when   = true
  access = [system.corp]
}
