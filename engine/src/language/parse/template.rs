//! Templates: text, interpolations, directives, and the white space that `~` takes away.

use std::sync::Arc;

use hcl_edit::template::{Directive, Element, Template};
use hcl_edit::{Span as _, Spanned};

use super::super::expr::{Expr, Kind, Part};
use super::super::{Span, Value};
use super::lower::Lower;

/// How the white space of a template's text is trimmed by `~`.
#[derive(Clone, Copy)]
pub(super) struct Trim {
    pub(super) start: bool,
    pub(super) end: bool,
    /// In a heredoc the `~` reaches to the end of the line only.
    pub(super) heredoc: bool,
}

impl Lower<'_> {
    pub(super) fn whole_template(&mut self, template: Template) -> Expr {
        let span = self.own(template.span());
        let alone = template.len() == 1;
        // As in a heredoc, `~` reaches to the end of the line.
        let parts = self.elements(template.into_iter().collect(), Trim { start: false, end: false, heredoc: true });
        self.template(span, parts, alone)
    }

    /// A template of one interpolation `alone` is that expression, whatever its type; a template without any its text.
    pub(super) fn template(&mut self, span: Span, mut parts: Vec<Part>, alone: bool) -> Expr {
        let kind = match (parts.pop(), parts.is_empty()) {
            (None, _) => Kind::Literal(Value::string("")),
            (Some(Part::Value(expr)), true) if alone => return Expr { span, kind: expr.kind },
            (Some(Part::Text(text)), true) => Kind::Literal(Value::String(text)),
            (Some(last), _) => {
                parts.push(last);
                Kind::Template(parts)
            }
        };
        Expr::new(span, kind)
    }

    pub(super) fn elements(&mut self, elements: Vec<Element>, trim: Trim) -> Vec<Part> {
        let mut parts = Vec::with_capacity(elements.len());
        let mut start = trim.start;
        let mut elements = elements.into_iter().peekable();
        while let Some(element) = elements.next() {
            match element {
                Element::Literal(text) => {
                    let end = elements.peek().map_or(trim.end, strips_before);
                    self.text(&text, Trim { start, end, ..trim }, &mut parts);
                    start = false;
                }
                Element::Interpolation(interpolation) => {
                    start = interpolation.strip.strip_end();
                    parts.push(Part::Value(self.expression(interpolation.expr)));
                }
                Element::Directive(directive) => {
                    let (part, after) = self.directive(*directive, trim.heredoc);
                    start = after;
                    parts.push(part);
                }
            }
        }
        parts
    }

    fn text(&mut self, text: &Spanned<String>, trim: Trim, parts: &mut Vec<Part>) {
        let mut text: &str = text;
        let mut kept = String::new();
        if trim.start {
            let line_end = if trim.heredoc { text.find('\n').map_or(text.len(), |at| at + 1) } else { text.len() };
            let (line, rest) = text.split_at(line_end);
            kept.push_str(line.trim_start());
            text = rest;
        }
        kept.push_str(text);
        if trim.end {
            // The last line, with its line break where nothing stands behind that.
            let before = kept.strip_suffix('\n').unwrap_or(&kept);
            let line_start = if trim.heredoc { before.rfind('\n').map_or(0, |at| at + 1) } else { 0 };
            let line_end = line_start + kept.get(line_start..).unwrap_or("").trim_end().len();
            kept.truncate(line_end);
        }
        if !kept.is_empty() {
            parts.push(Part::Text(Arc::from(kept)));
        }
    }

    /// A directive, and whether its end strips what stands behind it.
    fn directive(&mut self, directive: Directive, heredoc: bool) -> (Part, bool) {
        match directive {
            Directive::If(directive) => {
                let (first, last) = (directive.if_expr, directive.endif_expr.strip);
                let middle = directive.else_expr.as_ref().map_or(last, |other| other.strip);
                let trim = Trim { start: first.strip.strip_end(), end: middle.strip_start(), heredoc };
                let condition = self.expression(first.cond_expr);
                let then = self.elements(first.template.into_iter().collect(), trim);
                let otherwise = match directive.else_expr {
                    None => Vec::new(),
                    Some(other) => {
                        let trim = Trim { start: other.strip.strip_end(), end: last.strip_start(), heredoc };
                        self.elements(other.template.into_iter().collect(), trim)
                    }
                };
                (Part::If { condition, then, otherwise }, last.strip_end())
            }
            Directive::For(directive) => {
                let (first, last) = (directive.for_expr, directive.endfor_expr.strip);
                let trim = Trim { start: first.strip.strip_end(), end: last.strip_start(), heredoc };
                let part = Part::For {
                    key: first.key_var.as_ref().map(|name| Arc::from(name.as_str())),
                    value: Arc::from(first.value_var.as_str()),
                    of: self.expression(first.collection_expr),
                    body: self.elements(first.template.into_iter().collect(), trim),
                };
                (part, last.strip_end())
            }
        }
    }
}

/// Whether an element strips the white space of the text before it.
fn strips_before(element: &Element) -> bool {
    match element {
        Element::Literal(_) => false,
        Element::Interpolation(interpolation) => interpolation.strip.strip_start(),
        Element::Directive(directive) => match &**directive {
            Directive::If(directive) => directive.if_expr.strip.strip_start(),
            Directive::For(directive) => directive.for_expr.strip.strip_start(),
        },
    }
}
