# Where people have accounts. `directory` is built in: it keeps a system in a folder of text files, directory/chat here,
# so that everything can be tried without any server. `tenure validate` knows the settings of every provider.

system "chat" {
  provider = "directory"
  match    = self.email == lower(account.userName) # which account that is there already is whose
  account {
    userName    = self.email
    displayName = self.name
  }
}

group "chat" "engineering" { name = "Engineering" }
group "chat" "everyone" { name = "Everyone" }
