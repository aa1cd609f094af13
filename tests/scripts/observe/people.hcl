settings {
  state = "state/acme.tenure"
}

person "ada" { name = "Ada Lovelace" }
person "bob" { name = "Bob Kahn" }
person "cat" { name = "Cat Stevens" }
