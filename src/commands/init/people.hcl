# Who there is. A few people by hand; many come from data:
#
#   people "hr" {
#     from  = csvdecode(file("people/hr.csv"))
#     key   = row.employee_id # the stable identity; never the e-mail
#     email = lower(row.mail)
#     ...
#   }

person "ada" {
  name       = "Ada Lovelace"
  email      = "ada@acme.example"
  department = "Engineering"
}

person "grace" {
  name       = "Grace Hopper"
  email      = "grace@acme.example"
  department = "Engineering"
}

person "katherine" {
  name       = "Katherine Johnson"
  email      = "katherine@acme.example"
  department = "Research"
}
