settings {
  state = "state/acme.tenure"
}

person "ada" {
  name = "Ada Lovelace"
  ends = "2099-06-30"
}
person "bob" { name = "Bob Kahn" }
person "cat" { name = "Cat Stevens" }
person "dan" { name = "Dan Brown" }
person "eve" { name = "Eve Polastri" }
