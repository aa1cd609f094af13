person "bob" {
  email = lower("bob@acme.example"
}

role "x" {
  when =
}
