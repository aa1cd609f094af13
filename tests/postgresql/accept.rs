//! What somebody did by hand in the cluster, written into the files.

use super::cluster::{Cluster, PASSWORD};
use super::run::{Folder, texts};

const SYSTEM: &str = r#"settings { state = "company.tenure" }
variable "url" { type = string }
system "warehouse" {
  provider = "postgresql"
  url      = var.url
  password = env("WAREHOUSE_PASSWORD")
  match    = self.key == account.name
  account {
    name = self.key
  }
}
person "ada" {}
person "bob" {}
group "warehouse" "readers" {
  name    = "readers"
  members = [person.ada, person.bob]
  grants  = [
    { database = "postgres", schema = "sales", privileges = ["USAGE"] },
    # Orders are written by the shop.
    { database = "postgres", schema = "sales", objects = "tables", name = "orders", privileges = ["SELECT", "INSERT", "DELETE"] },
    { database = "postgres", schema = "sales", objects = "tables", name = "customers", privileges = ["SELECT", "UPDATE"] },
  ]
}
"#;

/// Single privileges out of lists in entries, whole entries, new ones, one that may be passed on; and somebody switched off.
#[test]
fn grants_that_others_gave_and_took_are_written_into_the_files() {
    let cluster = Cluster::start();
    cluster.run(
        "postgres",
        "CREATE SCHEMA sales; CREATE TABLE sales.orders (id int); CREATE TABLE sales.customers (id int)",
    );
    let environment = [("TENURE_VAR_url", cluster.url.as_str()), ("WAREHOUSE_PASSWORD", PASSWORD)];
    let folder = Folder::begun(&[("system.hcl", SYSTEM)], &environment);
    folder.run("apply --auto-approve", 0);
    folder.run("plan --detailed-exitcode", 0);
    cluster.run(
        "postgres",
        "REVOKE INSERT ON sales.orders FROM readers; REVOKE ALL ON sales.customers FROM readers; \
         GRANT CREATE ON SCHEMA sales TO readers; GRANT TRUNCATE ON sales.orders TO readers; \
         GRANT USAGE ON SCHEMA sales TO readers WITH GRANT OPTION; ALTER ROLE bob NOLOGIN",
    );
    let (printed, said) = texts(&folder.command("accept").output().unwrap());
    insta::assert_snapshot!(format!("{printed}{said}"), @r#"
grant.warehouse.readers["database=postgres,grant_option=true,privilege=USAGE,schema=sales"]  given  system.hcl:17 (grants)
grant.warehouse.readers["database=postgres,name=customers,objects=tables,privilege=SELECT,schema=sales"]  taken  system.hcl:21
grant.warehouse.readers["database=postgres,name=customers,objects=tables,privilege=UPDATE,schema=sales"]  taken  system.hcl:21
grant.warehouse.readers["database=postgres,name=orders,objects=tables,privilege=INSERT,schema=sales"]  taken  system.hcl:20
grant.warehouse.readers["database=postgres,name=orders,objects=tables,privilege=TRUNCATE,schema=sales"]  given  system.hcl:17 (grants)
grant.warehouse.readers["database=postgres,privilege=CREATE,schema=sales"]  given  system.hcl:17 (grants)

Written: system.hcl. Look at it (`git diff`), then `tenure plan`.
proposed: account.warehouse.bob  switched off  system.hcl:8 (when)
  no file says of one account alone that it is off: this leaves account.warehouse.bob out, with all that it has on system.warehouse. Where person.bob left: write status = "left" at system.hcl:13:1 instead
  --- a/system.hcl
  +++ b/system.hcl
  @@ -9,2 +9,3 @@
       name = self.key
  +    when = self.key != "bob"
     }
"#);
    insta::assert_snapshot!(folder.read("system.hcl").split_once("group").unwrap().1, @r#"
 "warehouse" "readers" {
  name    = "readers"
  members = [person.ada, person.bob]
  grants  = [
    { database = "postgres", schema = "sales", privileges = ["USAGE"] },
    # Orders are written by the shop.
    { database = "postgres", schema = "sales", objects = "tables", name = "orders", privileges = ["SELECT", "DELETE"] },
    { database = "postgres", grant_option = true, privilege = "USAGE", schema = "sales" },
    { database = "postgres", name = "orders", objects = "tables", privilege = "TRUNCATE", schema = "sales" },
    { database = "postgres", privilege = "CREATE", schema = "sales" },
  ]
}
"#);
    // Of grants nothing is left to do, and bob's account waits for somebody to say what it means.
    let (printed, said) = texts(&folder.command("plan").output().unwrap());
    insta::assert_snapshot!(format!("{printed}{said}"), @r#"
system.warehouse
  . grant.warehouse.readers["database=postgres,name=customers,objects=tables,privilege=SELECT,schema=sales"]  gone from the system
  . grant.warehouse.readers["database=postgres,name=customers,objects=tables,privilege=UPDATE,schema=sales"]  gone from the system
  . grant.warehouse.readers["database=postgres,name=orders,objects=tables,privilege=INSERT,schema=sales"]  gone from the system

held: suspended-outside
  account.warehouse.bob (id "16392") was switched off, and not by tenure
  account.warehouse.bob
  hint: ask whoever did it; once it is switched on again there, tenure goes on with it

Plan: 3 to forget
"#);
}
