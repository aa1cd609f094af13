role "employee" {
  when   = true
  access = [system.chat]
}

role "engineer" {
  members = [person.ada, { who = person.bob, until = "2099-01-01", reason = "rotation" }]
  access  = [group.chat.engineering]
}
