settings {
  state    = var.state
  timezone = "Europe/Berlin"
}

# Where the record is kept: the pipelines set TENURE_VAR_state. All runners reach the same one.
variable "state" { type = string }

variable "chat_url" {
  type    = string
  default = "https://chat.acme.example/scim/v2"
}
