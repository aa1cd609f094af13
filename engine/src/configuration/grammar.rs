//! Which blocks there are, and what may stand in each.

use super::errors::{Errors, did_you_mean};
use crate::language::{Block, Diagnostic};

/// What a kind of block takes.
pub(super) struct BlockGrammar {
    pub kind: &'static str,
    /// What its labels are, for messages.
    labels: &'static [&'static str],
    /// Attributes with a meaning of their own.
    pub attributes: &'static [&'static str],
    /// Whether it takes attributes of any other name.
    free: bool,
    blocks: &'static [BlockGrammar],
    /// Attributes that must be there.
    required: &'static [&'static str],
}

const SAFEGUARDS: BlockGrammar = BlockGrammar {
    kind: "safeguards",
    labels: &[],
    attributes: &["mass_removal", "mass_change", "mass_grant", "source_shrank", "max_failures"],
    free: false,
    blocks: &[],
    required: &[],
};

const APPROVALS: BlockGrammar = BlockGrammar {
    kind: "approvals",
    labels: &[],
    attributes: &["signatures", "allowed_signers", "not_by_runner"],
    free: false,
    blocks: &[],
    required: &[],
};

const WATCH: BlockGrammar = BlockGrammar {
    kind: "watch",
    labels: &[],
    attributes: &["interval", "apply", "propose"],
    free: false,
    blocks: &[],
    required: &[],
};

const ON_CREATE: BlockGrammar =
    BlockGrammar { kind: "on_create", labels: &[], attributes: &[], free: true, blocks: &[], required: &[] };

const ACCOUNT: BlockGrammar = BlockGrammar {
    kind: "account",
    labels: &[],
    attributes: &["when", "attributes", "authority"],
    free: true,
    blocks: &[ON_CREATE],
    required: &[],
};

/// All kinds of blocks that a configuration may have.
pub(super) const GRAMMAR: &[BlockGrammar] = &[
    BlockGrammar {
        kind: "settings",
        labels: &[],
        attributes: &["state", "timezone"],
        free: false,
        blocks: &[SAFEGUARDS, APPROVALS, WATCH],
        required: &[],
    },
    BlockGrammar {
        kind: "variable",
        labels: &["name"],
        attributes: &["type", "default", "sensitive", "description"],
        free: false,
        blocks: &[],
        required: &[],
    },
    BlockGrammar { kind: "locals", labels: &[], attributes: &[], free: true, blocks: &[], required: &[] },
    BlockGrammar {
        kind: "person",
        labels: &["key"],
        attributes: &["previously"],
        free: true,
        blocks: &[],
        required: &[],
    },
    BlockGrammar {
        kind: "people",
        labels: &["name"],
        attributes: &["from", "key", "previously"],
        free: true,
        blocks: &[],
        required: &["from", "key"],
    },
    BlockGrammar {
        kind: "service",
        labels: &["name"],
        attributes: &["for_each", "previously"],
        free: true,
        blocks: &[],
        required: &[],
    },
    BlockGrammar {
        kind: "system",
        labels: &["name"],
        attributes: &["for_each", "provider", "match", "exclusive", "ignore", "offboarding", "manage"],
        free: true,
        blocks: &[SAFEGUARDS, ACCOUNT],
        required: &["provider"],
    },
    BlockGrammar {
        kind: "group",
        labels: &["system", "name"],
        attributes: &["for_each", "system", "members", "except", "exclusive", "grants", "previously", "manage"],
        free: true,
        blocks: &[SAFEGUARDS],
        required: &[],
    },
    BlockGrammar {
        kind: "role",
        labels: &["name"],
        attributes: &["for_each", "when", "members", "except", "access", "offboarding", "previously"],
        free: false,
        blocks: &[],
        required: &[],
    },
    BlockGrammar {
        kind: "rule",
        labels: &["name"],
        attributes: &["condition", "message"],
        free: false,
        blocks: &[],
        required: &["condition", "message"],
    },
    BlockGrammar {
        kind: "conflict",
        labels: &["name"],
        attributes: &["roles"],
        free: false,
        blocks: &[],
        required: &["roles"],
    },
    BlockGrammar {
        kind: "protect",
        labels: &["name"],
        attributes: &["groups", "minimum_members", "always", "only_from"],
        free: false,
        blocks: &[],
        required: &["groups"],
    },
    BlockGrammar {
        kind: "offboarding",
        labels: &["name"],
        attributes: &["account", "transfer_to", "archive_after", "delete_after"],
        free: false,
        blocks: &[],
        required: &[],
    },
    BlockGrammar {
        kind: "adopt",
        labels: &[],
        attributes: &["account", "group", "id"],
        free: false,
        blocks: &[],
        required: &["id"],
    },
    BlockGrammar {
        kind: "forget",
        labels: &[],
        attributes: &["address"],
        free: false,
        blocks: &[],
        required: &["address"],
    },
    BlockGrammar {
        kind: "remove",
        labels: &[],
        attributes: &["address"],
        free: false,
        blocks: &[],
        required: &["address"],
    },
];

/// What every identity has by itself, so that no block may set it.
const OWN_ATTRIBUTES: &[&str] = &["kind", "accounts"];

/// Checks a top block; true where it is known well enough to be taken in.
pub(super) fn check(block: &Block, errors: &mut Errors) -> bool {
    let Some(grammar) = GRAMMAR.iter().find(|grammar| grammar.kind == &*block.kind) else {
        errors.push(unknown_block(block, GRAMMAR, &[], "a configuration"));
        return false;
    };
    if block.labels.len() != grammar.labels.len() {
        errors.push(wrong_labels(block, grammar));
        return false;
    }
    check_body(block, grammar, errors);
    true
}

fn check_body(block: &Block, grammar: &BlockGrammar, errors: &mut Errors) {
    for (at, attribute) in block.attributes.iter().enumerate() {
        let name = &*attribute.name;
        if let Some(first) = block.attributes[..at].iter().find(|earlier| *earlier.name == *name) {
            errors.push(
                Diagnostic::new(attribute.span, format!("`{name}` is set twice in this block"))
                    .related(first.span, "first set here")
                    .hint("keep one of the two"),
            );
        }
        if is_identity(grammar.kind) && (OWN_ATTRIBUTES.contains(&name) || (name == "key" && grammar.kind != "people"))
        {
            errors.push(
                Diagnostic::new(attribute.span, format!("`{name}` cannot be set: every identity has it by itself"))
                    .hint("choose another name"),
            );
        } else if !grammar.free && !grammar.attributes.contains(&name) {
            let hint = did_you_mean(name, grammar.attributes.iter().copied(), || {
                if grammar.attributes.is_empty() {
                    format!("{} `{}` block takes no attributes", article(grammar.kind), grammar.kind)
                } else {
                    format!("{} `{}` block takes {}", article(grammar.kind), grammar.kind, words(grammar.attributes))
                }
            });
            errors.push(
                Diagnostic::new(attribute.span, format!("`{}` has no attribute `{name}`", grammar.kind)).hint(hint),
            );
        }
    }
    for required in grammar.required {
        if block.attribute(required).is_none() {
            errors.push(
                Diagnostic::new(block.span, format!("this `{}` block lacks `{required}`", grammar.kind))
                    .hint(format!("add `{required} = ...`")),
            );
        }
    }
    for (at, inner) in block.blocks.iter().enumerate() {
        let Some(grammar) = grammar.blocks.iter().find(|known| known.kind == &*inner.kind) else {
            errors.push(unknown_block(
                inner,
                grammar.blocks,
                grammar.attributes,
                &format!("{} `{}` block", article(grammar.kind), grammar.kind),
            ));
            continue;
        };
        if let Some(first) = block.blocks[..at].iter().find(|earlier| earlier.kind == inner.kind) {
            errors.push(
                Diagnostic::new(inner.span, format!("a second `{}` block", inner.kind))
                    .related(first.span, "the first is here")
                    .hint("put both into one"),
            );
        }
        if inner.labels.len() != grammar.labels.len() {
            errors.push(wrong_labels(inner, grammar));
        }
        check_body(inner, grammar, errors);
    }
}

fn is_identity(kind: &str) -> bool {
    matches!(kind, "person" | "people" | "service")
}

fn unknown_block(block: &Block, known: &[BlockGrammar], attributes: &[&str], place: &str) -> Diagnostic {
    let kind = &*block.kind;
    if attributes.contains(&kind) {
        return Diagnostic::new(block.span, format!("`{kind}` of {place} is an attribute, not a block"))
            .hint(format!("write `{kind} = ...`"));
    }
    let kinds: Vec<&str> = known.iter().map(|grammar| grammar.kind).collect();
    let hint = did_you_mean(kind, kinds.iter().copied(), || {
        if kinds.is_empty() {
            format!("{place} has no blocks in it")
        } else {
            format!("{place} takes {}", words(&kinds))
        }
    });
    Diagnostic::new(block.span, format!("there is no block `{kind}` in {place}")).hint(hint)
}

fn wrong_labels(block: &Block, grammar: &BlockGrammar) -> Diagnostic {
    let shape: String = grammar.labels.iter().map(|label| format!(" \"{}\"", label.to_uppercase())).collect();
    let needs = match grammar.labels {
        [] => "takes no label".to_owned(),
        [only] => format!("takes one label, its {only}"),
        several => format!("takes {} labels: {}", several.len(), words(several)),
    };
    let (article, kind, count) = (article(grammar.kind), grammar.kind, block.labels.len());
    Diagnostic::new(block.span, format!("{article} `{kind}` block {needs}, and this one has {count}"))
        .hint(format!("write it as `{}{shape} {{ ... }}`", grammar.kind))
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// `a`, `a and b`, `a, b and c`.
fn words(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
