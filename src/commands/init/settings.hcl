# What holds for the whole configuration. All *.hcl files of this folder and its sub-folders are read as one.

settings {
  state    = "state/tenure.state" # what is managed, and the record of everything that was done
  timezone = "UTC"
}
