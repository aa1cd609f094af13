//! The Kubernetes organisations on systems that people run.

/// All eight organisations on one system: teams as groups, called after organisation and team. PostgreSQL takes names of
/// 63 bytes at most.
pub const ALL: &str = r#"
settings { state = "k8s.tenure" }
variable "url" { type = string }

locals {
  orgs  = jsondecode(file("org.json"))
  teams = merge([for o, org in local.orgs : { for t, team in org.teams : "${replace(o, "kubernetes", "k8s")}:${t}" => concat(team.members, team.maintainers) }]...)
}

people "github" {
  from = [for l in distinct(flatten([for o in local.orgs : concat(o.admins, o.members)])) : { login = l }]
  key  = row.login
}

role "everybody" {
  when   = true
  access = [system.k8s]
}

group "k8s" "team" {
  for_each = local.teams
  NAME     = each.key
  members  = [for login in each.value : person[login]]
}
"#;

/// On slapd.
pub const OPENLDAP: &str = r#"
system "k8s" {
  provider = "ldap"
  url      = var.url
  base     = "dc=example,dc=test"
  bind     = "cn=prov,dc=example,dc=test"
  password = env("K8S_PASSWORD")
  match    = self.key == lower(account.uid)
  account {
    uid = self.key
    cn  = self.key
    sn  = self.key
  }
}
"#;
