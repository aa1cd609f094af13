# The company's own directory: everybody has an account there, and other systems know people by its ids.
system "corp" {
  provider = "directory"
  match    = self.login == account.uid
  account {
    cn                = "${self.given_name} ${self.family_name}"
    sn                = self.family_name
    mail              = self.email
    preferredLanguage = try(self.locale, null)
    manager           = self.manager == null ? null : self.manager.login
    on_create {
      uid       = self.login
      uidNumber = next(10000, 59999)
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
    externalId  = self.accounts.corp.id # made by another system: an edge in the graph, known after apply
    displayName = "${self.given_name} ${self.family_name}"
    name        = { givenName = self.given_name, familyName = self.family_name }
    emails      = [{ value = self.email, type = "work", primary = true }]
    attributes = {
      "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User" = { department = self.department }
    }
  }
}
