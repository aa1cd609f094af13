person "ada" {
  title = "Engineer"
}

person "bob" {
  title = "Engineer"
}

person "cat" {
  title = "Singer"
}

locals {
  bands = {
    rock = { leader = "cat", about = "loud" } # since 1999
    folk = { leader = "bob" }
  }
  names = ["ada"]
}

service "bot" {
  for_each = { backup = "At night", deploy = "At noon" } # what they do, and when
  owners   = [person.ada]
  title    = each.value
}

system "chat" {
  for_each = toset(["east", "west"])
  provider = "directory"
  path     = "directory/${each.key}"
  match    = self.key == account.login
  account {
    title = self.title
    room  = "${each.key}: ${self.key}"
    on_create { login = self.key }
  }
}

# One for each row.
group "chat" "team" {
  for_each = { for row in csvdecode(file("teams.csv")) : lower(row.id) => row }
  system   = system.chat["east"]
  name     = each.value.name
  purpose  = upper(each.value.purpose)
  members  = [for key in compact([each.value.leader]) : person[key]]
  grants   = [{ thing = each.key, privilege = "read" }]
}

group "chat" "band" {
  for_each = local.bands
  system   = system.chat["west"]
  name     = each.key
  about    = try(each.value.about, "unknown")
  members  = [person[each.value.leader]]
}

group "chat" "choir" {
  for_each = {
    high = {
      members = ["ada", "cat"]
      grants  = [
        { thing = "hall", privilege = "sing" }, # in the evening
        { thing = "yard", privilege = "sing" },
      ]
    }
  }
  system  = system.chat["east"]
  name    = each.key
  members = [for key in each.value.members : person[key]]
  grants  = each.value.grants
}

group "chat" "list" {
  system  = system.chat["west"]
  name    = "list"
  members = [for key in local.names : person[key]]
  grants  = [{ thing = "door", privilege = "open" }]
}

role "all" {
  when   = true
  access = [system.chat["east"], system.chat["west"]]
}
