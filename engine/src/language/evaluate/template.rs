//! Templates: text with parts to fill in.

use super::{Evaluator, Local, Locals, Marks, Result};
use crate::language::Value;
use crate::language::expr::Part;

impl Evaluator<'_> {
    pub(super) fn template(&self, parts: &[Part], locals: Locals) -> Result {
        let mut text = String::new();
        let mut marks = Marks::default();
        self.parts(parts, locals, &mut text, &mut marks)?;
        Ok(if marks.is_unknown() { marks.unknown() } else { marks.close(Value::string(text)) })
    }

    fn parts(&self, parts: &[Part], locals: Locals, text: &mut String, marks: &mut Marks) -> Result<()> {
        for part in parts {
            match part {
                Part::Text(own) => text.push_str(own),
                Part::Value(expr) => {
                    let value = marks.open(self.value(expr, locals)?);
                    match &value {
                        Value::String(own) => text.push_str(own),
                        Value::Unknown(_) => {}
                        other => {
                            let own = other.to_text().map_err(|failure| marks.hide(failure).at(expr.span))?;
                            text.push_str(&own);
                        }
                    }
                }
                Part::If { condition, then, otherwise } => {
                    let value = marks.open(self.value(condition, locals)?);
                    if let Value::Unknown(_) = value {
                        continue;
                    }
                    let truth = value.to_bool().map_err(|failure| marks.hide(failure).at(condition.span))?;
                    self.parts(if truth { then } else { otherwise }, locals, text, marks)?;
                }
                Part::For { key, value: name, of, body } => {
                    let Some(items) = self.items(of, locals, marks)? else { continue };
                    for (key_value, value) in items.iter() {
                        let outer = key.as_deref().map(|name| Local { name, value: &key_value, outer: locals });
                        let inner = Local { name, value: &value, outer: outer.as_ref().or(locals) };
                        self.parts(body, Some(&inner), text, marks)?;
                    }
                }
            }
        }
        Ok(())
    }
}
