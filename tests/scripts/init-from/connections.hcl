system "chat" {
  provider    = "directory" # who is there is not known yet
  account_key = "login"
  group_key   = "name"
}

system "wiki" { provider = "directory" }
