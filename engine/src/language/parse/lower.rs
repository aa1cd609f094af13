//! The tree of hcl-edit to our own.

use std::ops::Range;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr as hcl;
use hcl_edit::structure::{self, Body, Structure};
use hcl_edit::template::Element;

use super::super::expr::{Attribute, Binary, Block, Call, Expr, For, Kind, Step, Unary};
use super::super::{Diagnostic, FileId, Number, Span, Value, functions};
use super::place;
use super::template::Trim;

/// Most splats in one traversal: each is a level of recursion.
const MAX_SPLATS: usize = 32;

/// What has been lowered of one file.
pub(super) struct Lower<'t> {
    file: FileId,
    text: &'t str,
    /// Where the text that hcl-edit saw starts in its file.
    pub(super) base: usize,
    /// The place of what is around, for the few nodes without one of their own.
    around: Span,
    pub(super) blocks: Vec<Block>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl<'t> Lower<'t> {
    pub(super) fn new(file: FileId, text: &'t str) -> Lower<'t> {
        Lower { file, text, base: 0, around: place(file, 0..0), blocks: Vec::new(), diagnostics: Vec::new() }
    }

    pub(super) fn file(&self) -> FileId {
        self.file
    }

    pub(super) fn span(&self, range: Range<usize>) -> Span {
        place(self.file, self.base + range.start..self.base + range.end)
    }

    pub(super) fn own(&self, range: Option<Range<usize>>) -> Span {
        range.map_or(self.around, |range| self.span(range))
    }

    /// The blocks of a file; attributes outside of blocks are an error.
    pub(super) fn body(&mut self, body: Body) {
        for structure in body {
            match structure {
                Structure::Block(block) => {
                    let block = self.block(block);
                    self.blocks.push(block);
                }
                Structure::Attribute(attribute) => {
                    let span = self.own(attribute.key.span());
                    self.diagnostics.push(
                        Diagnostic::new(
                            span,
                            format!("the attribute {:?} stands outside of a block", attribute.key.as_str()),
                        )
                        .hint("put it into the block that it belongs to; values of your own go into locals { ... }"),
                    );
                }
            }
        }
    }

    fn block(&mut self, block: structure::Block) -> Block {
        let ident = self.own(block.ident.span().or_else(|| block.span()));
        let mut span = ident;
        let labels: Vec<_> = block
            .labels
            .iter()
            .map(|label| {
                let own = label.span().map_or(span, |range| self.span(range));
                span.end = own.end.max(span.end);
                (Arc::from(label.as_str()), own)
            })
            .collect();
        let mut lowered =
            Block { kind: Arc::from(block.ident.as_str()), labels, attributes: Vec::new(), blocks: Vec::new(), span };
        for structure in block.body {
            match structure {
                Structure::Attribute(attribute) => {
                    let span = self.own(attribute.key.span());
                    self.around = span;
                    let name = Arc::from(attribute.key.as_str());
                    lowered.attributes.push(Attribute { name, span, value: self.expression(attribute.value) });
                }
                Structure::Block(inner) => {
                    let inner = self.block(inner);
                    lowered.blocks.push(inner);
                }
            }
        }
        lowered
    }

    pub(super) fn expression(&mut self, expression: hcl::Expression) -> Expr {
        let span = self.own(expression.span());
        let kind = match expression {
            hcl::Expression::Null(_) => Kind::Literal(Value::Null),
            hcl::Expression::Bool(truth) => Kind::Literal(Value::Bool(*truth.value())),
            hcl::Expression::Number(number) => self.number(&number, span),
            hcl::Expression::String(text) => {
                self.one_line(span);
                Kind::Literal(Value::string(text.value()))
            }
            hcl::Expression::Array(items) => {
                let items: Vec<Expr> = items.into_iter().map(|item| self.expression(item)).collect();
                Kind::List(items.into())
            }
            hcl::Expression::Object(object) => {
                let pair = |(key, value): (_, hcl_edit::expr::ObjectValue)| {
                    (self.key(key), self.expression(value.into_expr()))
                };
                let pairs: Vec<(Expr, Expr)> = object.into_iter().map(pair).collect();
                Kind::Object(pairs.into())
            }
            hcl::Expression::StringTemplate(template) => {
                let trim = Trim { start: false, end: false, heredoc: false };
                let alone = template.len() == 1;
                for element in template.iter() {
                    if let Element::Literal(text) = element {
                        let span = self.own(text.span());
                        self.one_line(span);
                    }
                }
                let parts = self.elements(template.into_iter().collect(), trim);
                return self.template(span, parts, alone);
            }
            hcl::Expression::HeredocTemplate(heredoc) => {
                let trim = Trim { start: false, end: false, heredoc: true };
                let alone = heredoc.template.len() == 1;
                let parts = self.elements(heredoc.template.into_iter().collect(), trim);
                return self.template(span, parts, alone);
            }
            hcl::Expression::Parenthesis(inner) => {
                let inner = self.expression(inner.into_inner());
                // The same expression, with its parentheses belonging to its text.
                return Expr { span, kind: inner.kind };
            }
            hcl::Expression::Variable(name) => Kind::Variable(Arc::from(name.as_str())),
            hcl::Expression::Conditional(conditional) => Kind::Conditional {
                condition: self.expression(conditional.cond_expr),
                then: self.expression(conditional.true_expr),
                otherwise: self.expression(conditional.false_expr),
            },
            hcl::Expression::FuncCall(call) => self.call(*call, span),
            hcl::Expression::Traversal(traversal) => self.traversal(*traversal),
            hcl::Expression::UnaryOp(operation) => {
                let operator = match operation.operator.value() {
                    hcl::UnaryOperator::Neg => Unary::Negate,
                    hcl::UnaryOperator::Not => Unary::Not,
                };
                Kind::Unary(operator, self.expression(operation.expr))
            }
            hcl::Expression::BinaryOp(operation) => {
                let operator = binary(*operation.operator.value());
                Kind::Binary(operator, self.expression(operation.lhs_expr), self.expression(operation.rhs_expr))
            }
            hcl::Expression::ForExpr(repeat) => self.for_expression(*repeat),
        };
        Expr::new(span, kind)
    }

    /// Quoted text stays on its line; hcl-edit lets it go on.
    fn one_line(&mut self, span: Span) {
        let source = self.text.get(span.start as usize..span.end as usize).unwrap_or("");
        if let Some(at) = source.find('\n') {
            let span = Span { end: span.start + at as u32, ..span };
            self.diagnostics.push(
                Diagnostic::new(span, "this text is not closed on its line")
                    .hint("close it with \"; text of several lines is written as <<-END ... END"),
            );
        }
    }

    fn number(&mut self, number: &hcl_edit::Formatted<hcl_edit::Number>, span: Span) -> Kind {
        let repr = number.as_repr().map(|repr| repr.to_string()).unwrap_or_default();
        // A sign may have blanks and comments behind it.
        let digits = repr.rsplit([' ', '\t', '\n', '\r', '/', '-']).next().unwrap_or("");
        let text = match repr.rfind(['e', 'E']) {
            // The last minus may be that of the exponent.
            Some(at) if repr.get(at + 1..).is_some_and(|rest| rest.starts_with('-')) => {
                let mantissa = repr.get(..at).and_then(|text| text.rsplit([' ', '\t', '\n', '\r', '/', '-']).next());
                format!("{}e-{digits}", mantissa.unwrap_or(""))
            }
            _ => digits.to_owned(),
        };
        let parsed = Number::parse(&text);
        let parsed = if repr.starts_with('-') { parsed.map(|number| number.neg()) } else { parsed };
        match parsed {
            Some(number) => Kind::Literal(Value::Number(number)),
            None => {
                self.diagnostics.push(Diagnostic::new(span, "this number is too large"));
                Kind::Literal(Value::Null)
            }
        }
    }

    fn key(&mut self, key: hcl::ObjectKey) -> Expr {
        match key {
            hcl::ObjectKey::Ident(name) => Expr::literal(self.own(name.span()), Value::string(name.as_str())),
            hcl::ObjectKey::Expression(expression) => {
                let is_traversal = matches!(expression, hcl::Expression::Traversal(_));
                let key = self.expression(expression);
                if is_traversal {
                    self.diagnostics.push(
                        Diagnostic::new(key.span, "it is not clear whether this key is a name or an expression").hint(
                            "for the value of an expression, put it in parentheses; for a text, in quotation marks",
                        ),
                    );
                }
                key
            }
        }
    }

    fn call(&mut self, call: hcl::FuncCall, span: Span) -> Kind {
        let name_span = call.name.name.span().map_or(span, |range| self.span(range));
        let mut name = call.name.name.as_str().to_owned();
        if call.name.is_namespaced() {
            let namespace: Vec<_> = call.name.namespace.iter().map(|part| part.as_str()).collect();
            name = format!("{}::{name}", namespace.join("::"));
        }
        let expand = call.args.expand_final();
        let arguments = call.args.into_iter().map(|argument| self.expression(argument)).collect();
        let function = functions::find(&name);
        Kind::Call(Call { name: Arc::from(name), span: name_span, arguments, expand, function })
    }

    fn traversal(&mut self, traversal: hcl::Traversal) -> Kind {
        let of = self.expression(traversal.expr);
        let mut splats = 0;
        let mut steps = Vec::with_capacity(traversal.operators.len());
        for operator in traversal.operators {
            let span = self.own(operator.span());
            let step = match operator.into_value() {
                hcl::TraversalOperator::GetAttr(name) => {
                    Step::Attribute(Arc::from(name.as_str()), name.span().map_or(span, |range| self.span(range)))
                }
                hcl::TraversalOperator::Index(key) => Step::Index(self.expression(key)),
                hcl::TraversalOperator::LegacyIndex(index) => {
                    Step::LegacyIndex(Expr::literal(span, Value::number(*index.value())))
                }
                hcl::TraversalOperator::AttrSplat(_) => Step::AttributeSplat(span),
                hcl::TraversalOperator::FullSplat(_) => Step::Splat(span),
            };
            if matches!(step, Step::Splat(_) | Step::AttributeSplat(_)) {
                splats += 1;
                if splats == MAX_SPLATS + 1 {
                    self.diagnostics
                        .push(Diagnostic::new(span, format!("more than {MAX_SPLATS} splats in one expression")));
                }
            }
            steps.push(step);
        }
        Kind::Traversal { of, steps }
    }

    fn for_expression(&mut self, repeat: hcl::ForExpr) -> Kind {
        Kind::For(For {
            key: repeat.intro.key_var.as_ref().map(|name| Arc::from(name.as_str())),
            value: Arc::from(repeat.intro.value_var.as_str()),
            of: self.expression(repeat.intro.collection_expr),
            name: repeat.key_expr.map(|name| self.expression(name)),
            result: self.expression(repeat.value_expr),
            grouped: repeat.grouping,
            condition: repeat.cond.map(|condition| self.expression(condition.expr)),
        })
    }
}

fn binary(operator: hcl::BinaryOperator) -> Binary {
    match operator {
        hcl::BinaryOperator::Eq => Binary::Equal,
        hcl::BinaryOperator::NotEq => Binary::NotEqual,
        hcl::BinaryOperator::Less => Binary::Less,
        hcl::BinaryOperator::LessEq => Binary::LessOrEqual,
        hcl::BinaryOperator::Greater => Binary::Greater,
        hcl::BinaryOperator::GreaterEq => Binary::GreaterOrEqual,
        hcl::BinaryOperator::Plus => Binary::Add,
        hcl::BinaryOperator::Minus => Binary::Subtract,
        hcl::BinaryOperator::Mul => Binary::Multiply,
        hcl::BinaryOperator::Div => Binary::Divide,
        hcl::BinaryOperator::Mod => Binary::Remainder,
        hcl::BinaryOperator::And => Binary::And,
        hcl::BinaryOperator::Or => Binary::Or,
    }
}
