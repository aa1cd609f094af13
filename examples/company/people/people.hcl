locals {
  countries = {
    DE = { locale = "de-DE", zone = "Europe/Berlin" }
    FR = { locale = "fr-FR", zone = "Europe/Paris" }
    US = { locale = "en-US", zone = "America/New_York" }
    IN = { locale = "en-IN", zone = "Asia/Kolkata" }
  }
  by_login = { for p in people : p.login => p } # employee ids are stable but hard to read: one index for files by hand
}

people "hr" {
  from        = csvdecode(file("people/hr.csv"))
  key         = row.employee_id
  type        = "employee"
  given_name  = row.given
  family_name = row.family
  email       = lower(row.mail)
  login       = row.login
  department  = row.department
  locale      = local.countries[row.country].locale
  zone        = local.countries[row.country].zone
  manager     = row.manager_id == "" ? null : person[row.manager_id]
  starts      = row.first_day
  ends        = row.last_day == "" ? null : row.last_day
  status      = row.status
}

people "contractors" {
  from        = csvdecode(file("people/contractors.csv"))
  key         = row.id
  type        = "contractor"
  given_name  = split(" ", row.name)[0]
  family_name = split(" ", row.name)[1]
  email       = lower(row.mail)
  login       = row.login
  manager     = person[row.sponsor]
  department  = self.manager.department
  ends        = row.ends
}

rule "work_mail" {
  condition = self.type != "employee" || endswith(self.email, "@${var.domain}")
  message   = "${self.key}: ${self.email} is not a work address"
}

rule "contractors_end" {
  condition = self.type != "contractor" || self.ends != null
  message   = "${self.key}: a contractor needs an end"
}
