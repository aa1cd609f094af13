people "staff" {
  from = csvdecode(file("people.csv"))
  key  = row.id
  name = row.name
}

# The telephone exchange: it says who has which number.
system "exchange" {
  provider = "directory"
  match    = self.key == account.login
  account {
    authority = ["phone"]
    name      = self.name
    on_create {
      login = self.key
    }
  }
}

system "chat" {
  provider = "directory"
  match    = self.key == account.login
  account {
    name  = self.name
    phone = self.phone # as the exchange says
    on_create {
      login = self.key
    }
  }
}

role "employee" {
  when   = true
  access = [system.exchange, system.chat]
}
