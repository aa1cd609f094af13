settings {
  state    = "state/company.tenure"
  timezone = "Europe/Berlin"
  safeguards {
    mass_removal = "10%"
  }
}

variable "domain" {
  type    = string
  default = "acme.example"
}

variable "chat_url" {
  type    = string
  default = "http://127.0.0.1:18081/v2"
}
