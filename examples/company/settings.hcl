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

# Where the three systems are: examples/company/start sets these.
variable "ldap_url" { type = string }
variable "warehouse_url" { type = string }
variable "chat_url" { type = string }
