//! People and services.

use crate::support::evaluated;

#[test]
fn people_come_from_data_and_by_hand() {
    insta::assert_snapshot!(evaluated(r#"
people "hr" {
  from       = csvdecode(file("hr.csv"))
  key        = row.id
  name       = row.name
  department = row.department
  manager    = row.manager == "" ? null : person[row.manager]
  upstream   = try(self.manager.name, "nobody")
}
person "ada" {
  name  = "Ada Lovelace"
  email = "ada@acme.example"
}
--- hr.csv
id,name,department,manager
E2,Bob,Data,E1
E1,Cy,Data,
"#), @r#"
    person.E1 {"department": "Data", "name": "Cy", "upstream": "nobody"}
    person.E2 {"department": "Data", "manager": "person.E1", "name": "Bob", "upstream": "Cy"}
    person.ada {"email": "ada@acme.example", "name": "Ada Lovelace"}
    "#);
}
