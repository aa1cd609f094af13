use super::format;
use engine::language::{File, Files, parse::parse};
use proptest::prelude::*;

#[test]
fn the_one_form() {
    let before = r#"


settings{
state="state/acme.tenure"   # where it is kept
      timezone   =    "Europe/Berlin" # of dates


  safeguards   {mass_removal="10%"}

}
// people
person    "ada"   {
  given_name="Ada" /* first */
  email =   lower( "ADA@${  var.domain }" )
  tags=["a","b" , -1,- 2, !true]
}
role "x" {
  when = self.a==1&&!self.b||(self.c  -1>- 2) ? "y":"n"
  members = concat( [ for l in each.value.members:person[ l ] ],
  [
  { who = person[ "0xA" ],until="2026-12-31" },
  ], local.more...)
  access = [
  group.chat . core,
          system.chat,   # bare
      system.directory   , # also bare
  ]
  z = { }
  longer_name=merge({a=1,"b c"=2}, {
  c : 3
  }, {
      d = 4
      eeee = 5
  })
  parent=each.value.parent==null?null:group.k8s.team["${each.value.org}/${each.value.parent}"]
  all = local.teams[*].name
  old = a.*.id
  text = <<-EOT
     kept   as
  it  is ${ x }
     EOT
  x = 1
}
"#;
    insta::assert_snapshot!(format(before).unwrap(), @r#"
    settings {
      state    = "state/acme.tenure" # where it is kept
      timezone = "Europe/Berlin"     # of dates

      safeguards { mass_removal = "10%" }
    }
    // people
    person "ada" {
      given_name = "Ada" /* first */
      email      = lower("ADA@${  var.domain }")
      tags       = ["a", "b", -1, -2, !true]
    }
    role "x" {
      when = self.a == 1 && !self.b || (self.c - 1 > -2) ? "y" : "n"
      members = concat([for l in each.value.members : person[l]],
        [
          { who = person["0xA"], until = "2026-12-31" },
        ], local.more...)
      access = [
        group.chat.core,
        system.chat,      # bare
        system.directory, # also bare
      ]
      z = {}
      longer_name = merge({ a = 1, "b c" = 2 }, {
        c : 3
      }, {
        d    = 4
        eeee = 5
      })
      parent = each.value.parent == null ? null : group.k8s.team["${each.value.org}/${each.value.parent}"]
      all    = local.teams[*].name
      old    = a.*.id
      text = <<-EOT
         kept   as
      it  is ${ x }
         EOT
      x = 1
    }
    "#);
}

#[test]
fn what_cannot_be_formatted_is_said() {
    for (text, said) in [
        ("a = \"x\nb = 1", "a string is not closed at line 1"),
        ("a = [1\n", "`[` is not closed at line 2"),
        ("\na = 1]", "`]` closes nothing at line 2"),
        ("a = (1]", "`]` closes nothing at line 1"),
        ("a = <<EOT\nx\n", "a heredoc is not closed at line 1"),
        ("a = 1 /* x", "a comment is not closed at line 1"),
        ("a = 'x'", "`\\'` has no place here at line 1"),
        ("a = \"${x\"", "a string is not closed at line 1"),
    ] {
        assert_eq!(format(text).unwrap_err().to_string(), said, "{text}");
    }
}

#[test]
fn line_ends_and_marks() {
    for (text, formatted) in [
        ("", ""),
        ("\n\n", ""),
        ("a=1", "a = 1\n"),
        ("\u{feff}a=1\r\nbb=2\r\n", "a  = 1\nbb = 2\n"),
        ("a=1 # x  \r\n", "a = 1 # x\n"),
        ("a = <<E\r\nx \r\nE\r\n", "a = <<E\r\nx \r\nE\n"),
        ("a = \"$${x}\"", "a = \"$${x}\"\n"),
        ("a = \"${\"${x}}\"}\"", "a = \"${\"${x}}\"}\"\n"),
        ("a=1.5e-3+2", "a = 1.5e-3 + 2\n"),
        ("a=x.0.y", "a = x.0.y\n"),
        ("\"a b\"=1", "\"a b\" = 1\n"),
        ("a{}", "a {}\n"),
        ("a=provider::x(1)", "a = provider::x(1)\n"),
    ] {
        assert_eq!(format(text).unwrap(), formatted, "{text}");
    }
}

/// Pieces of files, put together in any way: most of it is nonsense, some of it is not.
fn soup() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "bb",
        "in",
        "if",
        "for",
        "1",
        "-",
        "!",
        "=",
        "==",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        ",",
        ".",
        ":",
        "?",
        "\n",
        "\n\n",
        " ",
        "\t",
        "# c\n",
        "// d\n",
        "/* e */",
        "\"s\"",
        "\"${a}\"",
        "<<E\n x\nE\n",
        "...",
        "*",
        "=>",
        "\r\n",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..60).prop_map(|pieces| pieces.concat())
}

/// Files that mean something.
fn file() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "bb", "longer_name", "c-d"]);
    let leaf = prop::sample::select(vec!["1", "-1.5", "\"x ${y} z\"", "true", "null", "person.ada", "f(1,2)", "!x"]);
    let value = leaf.prop_map(str::to_owned).prop_recursive(3, 24, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            several.clone().prop_map(|items| format!("[{}]", items.join(" ,"))),
            several.clone().prop_map(|items| format!("[\n{}\n\n]", items.join(",# c\n\n"))),
            several.clone().prop_map(|items| {
                let pairs: Vec<String> = items.iter().enumerate().map(|(n, item)| format!("k{n}={item}")).collect();
                format!("{{{}}}", pairs.join(","))
            }),
            several.prop_map(|items| {
                let pairs: Vec<String> = items.iter().enumerate().map(|(n, item)| format!("k{n}   = {item}")).collect();
                format!("{{\n\n{}\n}}", pairs.join("\n"))
            }),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}==1?{b}:-2")),
            inner.clone().prop_map(|a| format!("concat({a},{{for k,v in x:k=>v if v!=1}}...)")),
            inner.prop_map(|a| format!("({a}\n+1)")),
        ]
    });
    let attribute = (name.clone(), value, prop::sample::select(vec!["", " # note", "  /* n */"]))
        .prop_map(|(name, value, comment)| format!("{name} ={value}{comment}\n"));
    let block = (name, prop::collection::vec(attribute, 0..5), prop::sample::select(vec!["\n", "\n\n\n", "\n# c\n"]))
        .prop_map(|(name, attributes, between)| {
            // Names repeat: number them, so that the file parses.
            let body: Vec<String> = attributes.iter().enumerate().map(|(n, line)| format!("x{n}_{line}")).collect();
            format!("{name} \"label\"{{{between}{}}}\n", body.join(between))
        });
    prop::collection::vec(block, 0..4).prop_map(|blocks| blocks.join("\n"))
}

/// What a parser sees, comments and spaces aside: the tree that the evaluator walks, without places.
fn meaning(text: &str) -> String {
    let files = Files(vec![File { path: "a.hcl".into(), text: text.into() }]);
    let (blocks, wrong) = parse(&files);
    assert!(wrong.is_empty(), "{wrong:?}\n{text}");
    let tree = format!("{blocks:?}");
    let mut places = tree.split("Span {");
    let first = places.next().unwrap_or_default().to_owned();
    places.fold(first, |tree, part| tree + part.split_once('}').unwrap().1)
}

proptest! {
    #[test]
    fn formatting_twice_changes_nothing_more(text in soup()) {
        if let Ok(once) = format(&text) {
            prop_assert_eq!(format(&once).unwrap(), once);
        }
    }

    #[test]
    fn the_meaning_stays(text in file()) {
        let formatted = format(&text).unwrap();
        prop_assert_eq!(format(&formatted).unwrap(), formatted.clone());
        prop_assert_eq!(meaning(&text), meaning(&formatted), "{}\n{}", text, formatted);
    }

    #[test]
    fn any_text_is_survived(text in ".{0,80}") {
        let _ = format(&text);
    }
}
