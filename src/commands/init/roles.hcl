# Who gets what: a role gives its holders access, on as many systems as it needs.

role "employee" {
  when   = self.email != null # everybody with a mail address
  access = [group.chat.everyone]
}

role "engineer" {
  when    = self.department == "Engineering"
  members = [{ who = person.katherine, until = "2099-12-31", reason = "helps with the release" }]
  access  = [group.chat.engineering]
}
