person "ada" {
  email = lowr("Ada@acme.example")
}

person "Ada" {
}

role "employee" {
  members = [person.adda]
  access  = [group.chat.everyone, system.chatt]
  acces   = []
}

rol "y" {}
