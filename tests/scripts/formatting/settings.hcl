settings {
  state = "state/acme.tenure"
}
