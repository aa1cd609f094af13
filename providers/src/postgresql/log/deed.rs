//! What statements do to roles and memberships: `CREATE`, `ALTER` and `DROP ROLE`, `COMMENT ON ROLE`, `GRANT`
//! and `REVOKE` (PostgreSQL documentation, SQL commands), as far as names tell to whom.

use super::token::{Token, Unclear, tokens};

/// Whom a statement names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    Role(String),
    /// `CURRENT_USER` and the like: somebody.
    Somebody,
}

impl Who {
    /// The name, where it is one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Who::Role(name) => Some(name),
            Who::Somebody => None,
        }
    }

    /// Whether it may be this role.
    pub fn may_be(&self, name: &str) -> bool {
        match self {
            Who::Role(own) => own == name,
            Who::Somebody => true,
        }
    }
}

/// What an option sets, where that can be compared. Texts are not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    Truth(bool),
    Number(i64),
    Text,
}

/// One thing that a statement does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    Create(Who),
    Drop(Who),
    Rename {
        from: Who,
        to: String,
    },
    /// An attribute by its name in the files; LOGIN is `login`.
    Set {
        role: Who,
        attribute: &'static str,
        to: Setting,
    },
    /// A membership is given or taken.
    Member {
        group: Who,
        member: Who,
        given: bool,
    },
    /// An option of a membership (`admin`) is set.
    Option {
        group: Who,
        member: Who,
        option: &'static str,
        on: bool,
    },
    /// Something that was not understood: about the role, or whatever it is about.
    Unclear(Option<Who>),
    /// The transaction begins, is committed; or something that may undo a part of it.
    Begin,
    Commit,
    Undo,
}

impl Deed {
    /// Whom it is about: nobody in particular where there is none; and the name that it gives.
    pub fn named(&self) -> (Vec<&Who>, Option<&str>) {
        match self {
            Deed::Create(role) | Deed::Drop(role) | Deed::Set { role, .. } | Deed::Unclear(Some(role)) => {
                (vec![role], None)
            }
            Deed::Rename { from, to } => (vec![from], Some(to)),
            Deed::Member { group, member, .. } | Deed::Option { group, member, .. } => (vec![group, member], None),
            Deed::Unclear(None) | Deed::Begin | Deed::Commit | Deed::Undo => (Vec::new(), None),
        }
    }
}

/// A deed, and the command that did it: `ALTER ROLE`.
pub type Done = (&'static str, Deed);

/// What statements do, in their order; nothing where they are about something else.
pub fn deeds(sql: &str) -> Vec<Done> {
    let mut done = Vec::new();
    match tokens(sql) {
        Ok(tokens) => {
            for statement in tokens.split(|token| *token == Token::Sign(';')) {
                Statement { rest: statement, done: &mut done }.read();
            }
        }
        Err(Unclear) => {
            let lower = sql.to_ascii_lowercase();
            const ABOUT: [&str; 5] = ["role", "user", "group", "grant", "revoke"];
            if ABOUT.iter().any(|word| lower.contains(word)) {
                done.push(("", Deed::Unclear(None)));
            }
            const ENDS: [&str; 4] = ["commit", "rollback", "abort", "end"];
            if ENDS.iter().any(|word| lower.contains(word)) {
                done.push(("", Deed::Undo));
            }
        }
    }
    done
}

struct Statement<'a> {
    rest: &'a [Token],
    done: &'a mut Vec<Done>,
}

impl Statement<'_> {
    fn read(&mut self) {
        const KINDS: [&str; 3] = ["role", "user", "group"];
        let kind = |token: Option<&Token>| KINDS.iter().any(|kind| is(token, kind));
        let second = kind(self.rest.get(1)) && !self.is_mapping();
        match self.word().as_deref() {
            Some("create") if second => self.create(),
            Some("alter") if second => self.alter(),
            Some("drop") if second => self.drop(),
            Some("comment") if is(self.rest.first(), "on") && is(self.rest.get(1), "role") => self.comment(),
            Some("grant") => self.grant(),
            Some("revoke") => self.revoke(),
            Some("begin") => self.done.push(("BEGIN", Deed::Begin)),
            Some("start") if is(self.rest.first(), "transaction") => self.done.push(("BEGIN", Deed::Begin)),
            Some("commit" | "end") if self.rest.is_empty() || self.ends_plainly() => {
                self.done.push(("COMMIT", Deed::Commit));
            }
            Some("commit" | "end" | "rollback" | "abort" | "savepoint" | "release") => {
                self.done.push(("ROLLBACK", Deed::Undo));
            }
            Some("prepare") if is(self.rest.first(), "transaction") => self.done.push(("ROLLBACK", Deed::Undo)),
            _ => {}
        }
    }

    /// `COMMIT WORK`, `END TRANSACTION`; not `COMMIT PREPARED`, `COMMIT AND CHAIN`.
    fn ends_plainly(&self) -> bool {
        self.rest.len() == 1 && (is(self.rest.first(), "work") || is(self.rest.first(), "transaction"))
    }

    /// `CREATE USER MAPPING FOR ...` is about other things.
    fn is_mapping(&self) -> bool {
        is(self.rest.get(1), "user")
            && is(self.rest.get(2), "mapping")
            && (is(self.rest.get(3), "for") || is(self.rest.get(3), "if"))
    }

    fn create(&mut self) {
        const COMMAND: &str = "CREATE ROLE";
        self.word();
        let Some(role) = self.who() else { return self.unclear(COMMAND, None) };
        self.done.push((COMMAND, Deed::Create(role.clone())));
        self.accept("with");
        // What it was made with is not drift of it, its memberships are.
        while let Some(token) = self.next() {
            let member = |who: Who, others: bool| match others {
                true => Deed::Member { group: role.clone(), member: who, given: true },
                false => Deed::Member { group: who, member: role.clone(), given: true },
            };
            let (others, admin) = match &token {
                Token::Word(word) if word == "in" => {
                    self.word();
                    (false, false)
                }
                Token::Word(word) if matches!(word.as_str(), "role" | "user") => (true, false),
                Token::Word(word) if word == "admin" => (true, true),
                _ => continue,
            };
            let Some(list) = self.list() else { return self.unclear(COMMAND, None) };
            for who in list {
                if admin {
                    let (group, member) = (role.clone(), who.clone());
                    self.done.push((COMMAND, Deed::Option { group, member, option: "admin", on: true }));
                }
                self.done.push((COMMAND, member(who, others)));
            }
        }
    }

    fn alter(&mut self) {
        const COMMAND: &str = "ALTER ROLE";
        let group = self.word().as_deref() == Some("group");
        let Some(role) = self.who() else { return self.unclear(COMMAND, None) };
        let about = |deed: Deed| (COMMAND, deed);
        if self.accept("rename") {
            return match (self.accept("to"), self.who()) {
                (true, Some(Who::Role(to))) => self.done.push(about(Deed::Rename { from: role, to })),
                _ => self.unclear(COMMAND, None),
            };
        }
        if group && (is(self.rest.first(), "add") || is(self.rest.first(), "drop")) {
            let given = self.word().as_deref() == Some("add");
            self.accept("user");
            let Some(list) = self.list() else { return self.unclear(COMMAND, None) };
            let member = |member| about(Deed::Member { group: role.clone(), member, given });
            return self.done.extend(list.into_iter().map(member));
        }
        if self.accept("in") {
            // Parameters in one database: not what tenure looks at.
            return;
        }
        if is(self.rest.first(), "set") || is(self.rest.first(), "reset") {
            if role != Who::Role("all".to_owned()) {
                self.done.push(about(Deed::Set { role, attribute: "config", to: Setting::Text }));
            }
            return;
        }
        self.accept("with");
        while let Some(token) = self.next() {
            let Token::Word(word) = token else { return self.unclear(COMMAND, Some(role)) };
            let (name, on) = match word.strip_prefix("no").filter(|rest| truth(rest).is_some()) {
                Some(rest) => (rest.to_owned(), false),
                None => (word, true),
            };
            let set = |attribute, to| about(Deed::Set { role: role.clone(), attribute, to });
            if let Some(attribute) = truth(&name) {
                self.done.push(set(attribute, Setting::Truth(on)));
                continue;
            }
            match name.as_str() {
                "encrypted" | "unencrypted" => {}
                // A text, or NULL.
                "password" => drop(self.next()),
                "valid" if self.accept("until") => {
                    self.next();
                    self.done.push(set("valid_until", Setting::Text));
                }
                "connection" if self.accept("limit") => {
                    let minus = self.rest.first() == Some(&Token::Sign('-'));
                    if minus {
                        self.next();
                    }
                    let Some(Token::Number(limit)) = self.next() else { return self.unclear(COMMAND, Some(role)) };
                    let limit = if minus { -limit } else { limit };
                    self.done.push(set("connection_limit", Setting::Number(limit)));
                }
                _ => return self.unclear(COMMAND, Some(role)),
            }
        }
    }

    fn drop(&mut self) {
        const COMMAND: &str = "DROP ROLE";
        self.word();
        if self.accept("if") {
            self.accept("exists");
        }
        match self.list() {
            Some(list) => self.done.extend(list.into_iter().map(|who| (COMMAND, Deed::Drop(who)))),
            None => self.unclear(COMMAND, None),
        }
    }

    fn comment(&mut self) {
        const COMMAND: &str = "COMMENT";
        self.word();
        self.word();
        match self.who() {
            Some(role) => self.done.push((COMMAND, Deed::Set { role, attribute: "comment", to: Setting::Text })),
            None => self.unclear(COMMAND, None),
        }
    }

    fn grant(&mut self) {
        const COMMAND: &str = "GRANT";
        if self.rest.iter().any(|token| is(Some(token), "on")) {
            // A privilege.
            return;
        }
        let groups = self.list();
        let members = if self.accept("to") { self.list() } else { None };
        let (Some(groups), Some(members)) = (groups, members) else { return self.unclear(COMMAND, None) };
        let mut options = Vec::new();
        if self.accept("with") {
            loop {
                let option = self.word().as_deref().and_then(option);
                let on = match self.word().as_deref() {
                    Some("option" | "true") => Some(true),
                    Some("false") => Some(false),
                    _ => None,
                };
                let (Some(option), Some(on)) = (option, on) else { return self.unclear(COMMAND, None) };
                options.push((option, on));
                if self.rest.first() != Some(&Token::Sign(',')) {
                    break;
                }
                self.next();
            }
        }
        self.pairs(COMMAND, &groups, &members, |group, member, done| {
            let (group, member) = (group.clone(), member.clone());
            for (option, on) in &options {
                let (group, member) = (group.clone(), member.clone());
                done.push((COMMAND, Deed::Option { group, member, option, on: *on }));
            }
            done.push((COMMAND, Deed::Member { group, member, given: true }));
        });
    }

    fn revoke(&mut self) {
        const COMMAND: &str = "REVOKE";
        if self.rest.iter().any(|token| is(Some(token), "on")) {
            return;
        }
        let only = is(self.rest.get(1), "option") && is(self.rest.get(2), "for");
        let only = match only {
            true => {
                let option = self.word().as_deref().and_then(option);
                self.word();
                self.word();
                let Some(option) = option else { return self.unclear(COMMAND, None) };
                Some(option)
            }
            false => None,
        };
        let groups = self.list();
        let members = if self.accept("from") { self.list() } else { None };
        let (Some(groups), Some(members)) = (groups, members) else { return self.unclear(COMMAND, None) };
        self.pairs(COMMAND, &groups, &members, |group, member, done| {
            let (group, member) = (group.clone(), member.clone());
            let deed = match only {
                Some(option) => Deed::Option { group, member, option, on: false },
                None => Deed::Member { group, member, given: false },
            };
            done.push((COMMAND, deed));
        });
    }

    /// Each group with each member; too many of them are not told apart.
    fn pairs(
        &mut self,
        command: &'static str,
        groups: &[Who],
        members: &[Who],
        mut each: impl FnMut(&Who, &Who, &mut Vec<Done>),
    ) {
        const MOST: usize = 10_000;
        if groups.len().saturating_mul(members.len()) > MOST {
            return self.unclear(command, None);
        }
        for group in groups {
            for member in members {
                each(group, member, self.done);
            }
        }
    }

    fn unclear(&mut self, command: &'static str, role: Option<Who>) {
        self.done.push((command, Deed::Unclear(role)));
    }

    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first.clone())
    }

    /// The next key word.
    fn word(&mut self) -> Option<String> {
        match self.next() {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// Passes over a key word, where it comes next.
    fn accept(&mut self, word: &str) -> bool {
        let found = is(self.rest.first(), word);
        if found {
            self.next();
        }
        found
    }

    fn who(&mut self) -> Option<Who> {
        // `TO GROUP readers`, as it was written long ago.
        self.accept("group");
        match self.next()? {
            Token::Word(word) if matches!(word.as_str(), "current_user" | "session_user" | "current_role") => {
                Some(Who::Somebody)
            }
            Token::Word(word) => Some(Who::Role(word)),
            Token::Name(name) => Some(Who::Role(name)),
            _ => None,
        }
    }

    /// Roles with commas between them.
    fn list(&mut self) -> Option<Vec<Who>> {
        let mut list = vec![self.who()?];
        while self.rest.first() == Some(&Token::Sign(',')) {
            self.next();
            list.push(self.who()?);
        }
        Some(list)
    }
}

fn is(token: Option<&Token>, word: &str) -> bool {
    matches!(token, Some(Token::Word(own)) if own == word)
}

/// The attribute that a key word sets, and with NO before it takes.
fn truth(word: &str) -> Option<&'static str> {
    const ALL: [&str; 7] = ["superuser", "createdb", "createrole", "inherit", "login", "replication", "bypassrls"];
    ALL.into_iter().find(|attribute| *attribute == word)
}

fn option(word: &str) -> Option<&'static str> {
    ["admin", "inherit", "set"].into_iter().find(|option| *option == word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(sql: &str) -> String {
        let who = |who: &Who| match who {
            Who::Role(name) => name.clone(),
            Who::Somebody => "?".to_owned(),
        };
        let deed = |(command, deed): &Done| {
            let deed = match deed {
                Deed::Create(role) => format!("create {}", who(role)),
                Deed::Drop(role) => format!("drop {}", who(role)),
                Deed::Rename { from, to } => format!("rename {} {to}", who(from)),
                Deed::Set { role, attribute, to } => format!("{}.{attribute} = {to:?}", who(role)),
                Deed::Member { group, member, given } => {
                    format!("{}{} > {}", if *given { "+" } else { "-" }, who(group), who(member))
                }
                Deed::Option { group, member, option, on } => {
                    format!("{} > {}.{option} = {on}", who(group), who(member))
                }
                Deed::Unclear(role) => format!("unclear {}", role.as_ref().map_or("*".to_owned(), who)),
                Deed::Begin | Deed::Commit | Deed::Undo => String::new(),
            };
            format!("{command}: {deed}")
        };
        format!("{sql}\n    {}", deeds(sql).iter().map(deed).collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn what_statements_do() {
        let all = [
            "ALTER ROLE ada NOLOGIN",
            "alter user \"Ada K\" with login createdb nocreaterole connection limit -1 valid until '2030-01-01'",
            "ALTER ROLE ada ENCRYPTED PASSWORD 'secret' NOBYPASSRLS",
            "ALTER ROLE ada PASSWORD NULL",
            "ALTER ROLE ada SOMETHING NEW",
            "ALTER ROLE ada RENAME TO \"Lovelace\"",
            "ALTER ROLE ada SET search_path TO sales; ALTER ROLE ada RESET ALL; ALTER ROLE ALL SET x = 1",
            "ALTER ROLE ada IN DATABASE sales SET work_mem = '1MB'",
            "ALTER ROLE CURRENT_USER NOLOGIN",
            "ALTER ROLE nologin NOLOGIN",
            "ALTER GROUP readers ADD USER ada, bob; ALTER GROUP readers DROP USER carol; ALTER GROUP a RENAME TO b",
            "CREATE ROLE ada LOGIN PASSWORD 'x' IN ROLE a, b ROLE c ADMIN d SYSID 3",
            "CREATE USER MAPPING FOR ada SERVER s; DROP USER MAPPING IF EXISTS FOR ada SERVER s; CREATE USER mapping",
            "DROP ROLE IF EXISTS ada, \"b c\"; DROP GROUP d",
            "COMMENT ON ROLE ada IS 'secret'; COMMENT ON TABLE t IS 'x'",
            "GRANT a, \"B\" TO ada, GROUP bob WITH ADMIN OPTION GRANTED BY carol",
            "GRANT a TO ada WITH INHERIT FALSE, SET TRUE",
            "REVOKE a FROM ada CASCADE; REVOKE ADMIN OPTION FOR a FROM ada",
            "GRANT SELECT ON t TO ada; REVOKE ALL ON SCHEMA s FROM ada",
            "GRANT a",
            "BEGIN; START TRANSACTION; COMMIT; END WORK; COMMIT AND CHAIN; COMMIT PREPARED 'x'; ROLLBACK; SAVEPOINT s",
            "SELECT 'ALTER ROLE ada NOLOGIN'; DO $$BEGIN EXECUTE 'ALTER ROLE ada NOLOGIN'; END$$; CREATE TABLE role ()",
            "SELECT 'it\\'s'",
            "ALTER ROLE ada PASSWORD 'it\\'s'",
        ];
        insta::assert_snapshot!(all.map(shown).join("\n"));
    }

    /// What may be secret is in nothing that is kept.
    #[test]
    fn texts_are_not_kept() {
        let sql = "ALTER ROLE ada PASSWORD 'hunter2' VALID UNTIL 'hunter2'; COMMENT ON ROLE ada IS $$hunter2$$; \
                   ALTER ROLE ada SET x TO 'hunter2'; CREATE ROLE b PASSWORD E'hunter2' IN ROLE c";
        assert!(!format!("{:?}", deeds(sql)).contains("hunter2"));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(
            words in proptest::collection::vec(
                prop_oneof![
                    Just("alter"), Just("create"), Just("drop"), Just("grant"), Just("revoke"), Just("role"), Just("user"),
                    Just("group"), Just("to"), Just("from"), Just("with"), Just("admin"), Just("option"), Just("for"),
                    Just("in"), Just(","), Just(";"), Just("ada"), Just("\"B\""), Just("'x'"), Just("-"), Just("1"),
                    Just("connection"), Just("limit"), Just("rename"), Just("set"), Just("comment"), Just("on"),
                ],
                0..14,
            )
        ) {
            deeds(&words.join(" "));
        }
    }
}
