role "employee" {
  when   = true
  access = [group.chat.everyone]
}
