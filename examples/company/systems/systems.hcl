# The company's own directory: everybody has an entry there, and other systems know people by its ids.
system "corp" {
  provider        = "ldap"
  url             = var.ldap_url
  base            = "dc=example,dc=test"
  bind            = "cn=prov,dc=example,dc=test"
  password        = env("LDAP_PASSWORD")
  account_classes = ["inetOrgPerson", "posixAccount"]
  policy          = "cn=default,ou=policies,dc=example,dc=test" # the password policy in force, by which leavers are locked
  match           = self.login == account.uid
  account {
    cn                = "${self.given_name} ${self.family_name}"
    sn                = self.family_name
    mail              = self.email
    departmentNumber  = [self.department]
    preferredLanguage = try(self.locale, null)
    manager           = self.manager == null ? null : "uid=${self.manager.login},ou=people,dc=example,dc=test"
    on_create {
      uid       = self.login
      uidNumber = next(10000, 59999)
    }
  }
}

# The warehouse: PostgreSQL roles for those who work with data.
system "warehouse" {
  provider  = "postgresql"
  url       = var.warehouse_url
  password  = env("WAREHOUSE_PASSWORD")
  databases = ["sales"]
  match     = self.login == account.name
  account {
    comment = "corp ${self.accounts.corp.id}" # made by another system: an edge in the graph, known after apply
    on_create {
      name = self.login
    }
  }
}

# Chat, over SCIM.
system "chat" {
  provider = "scim"
  url      = var.chat_url
  token    = env("CHAT_SCIM_TOKEN")
  match    = self.email == lower(account.userName)
  account {
    userName    = self.email
    externalId  = self.accounts.corp.id # the same edge
    displayName = "${self.given_name} ${self.family_name}"
    name        = { givenName = self.given_name, familyName = self.family_name }
    emails      = [{ value = self.email, type = "work", primary = true }]
    attributes = {
      "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User" = { department = self.department }
    }
  }
}
