group "corp" "staff" { cn = "staff" }
group "corp" "admins" {
  cn        = "admins"
  exclusive = true
}

# What may be done in the warehouse hangs on these, and on nobody's own role.
group "warehouse" "analyst" {
  name = "analyst"
  grants = [
    { database = "sales", schema = "public", privileges = ["USAGE"] },
    { database = "sales", schema = "public", objects = "tables", privileges = ["SELECT"] },
  ]
}
group "warehouse" "engineer" {
  name   = "engineer"
  grants = [{ database = "sales", schema = "reporting", privileges = ["USAGE", "CREATE"] }]
}

group "chat" "everyone" { displayName = "Everyone" }
group "chat" "department" {
  for_each    = toset(["Platform", "Tools", "Data", "Sales", "Finance", "Support", "People"])
  displayName = each.key
}

role "employee" {
  when   = self.type == "employee"
  access = [group.corp.staff, group.chat.everyone]
}

role "contractor" {
  when   = self.type == "contractor"
  access = [system.corp, group.chat.everyone]
}

role "department" {
  for_each = toset(["Platform", "Tools", "Data", "Sales", "Finance", "Support", "People"])
  when     = self.department == each.key
  access   = [group.chat.department[each.key]]
}

role "data" {
  when   = self.department == "Data"
  access = [group.warehouse.analyst, group.warehouse.engineer]
}

role "controller" {
  when   = self.department == "Finance"
  access = [group.warehouse.analyst]
}

role "admin" {
  members = [local.by_login["bjansen"], local.by_login["crusso"]]
  access  = [group.corp.admins]
}

role "forecast" {
  members = [{ who = person.C2, until = "2027-03-31", reason = "forecast project" }]
  access  = [group.chat.department["Data"], group.chat.department["Sales"]]
}

service "helpdesk" { # one account, two people
  owners      = [local.by_login["ushankar"], local.by_login["vhorvath"]]
  login       = "helpdesk"
  given_name  = "Help"
  family_name = "Desk"
  type        = "service"
  department  = "Support"
  manager     = null
  email       = "helpdesk@acme.example"
}

role "desk" {
  members = [service.helpdesk]
  access  = [system.corp, group.chat.department["Support"]]
}
