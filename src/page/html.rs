//! HTML: text that cannot be taken for markup, and what all pages share.

use std::fmt::Write as _;

/// Appends text; whatever it is, it is shown and nothing else.
pub fn text(to: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            '\'' => to.push_str("&#39;"),
            // What moves the cursor on a terminal has no business here either.
            control if control.is_control() && control != '\n' && control != '\t' => to.push('\u{fffd}'),
            // Nor what turns the direction of the text around.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => to.push('\u{fffd}'),
            other => to.push(other),
        }
    }
}

/// The same as a text of its own.
pub fn escaped(plain: &str) -> String {
    let mut escaped = String::with_capacity(plain.len());
    text(&mut escaped, plain);
    escaped
}

/// The path of the page about a person or service.
pub fn path_of(address: state::Address) -> Option<String> {
    let (kind, key) = match address {
        state::Address::Person(key) => ("person", key),
        state::Address::Service(name) => ("service", name),
        _ => return None,
    };
    let key = percent_encoding::utf8_percent_encode(key.as_str(), percent_encoding::NON_ALPHANUMERIC);
    Some(format!("/{kind}/{key}"))
}

/// An address; where it is about somebody, a link to them.
pub fn address(of: state::Address) -> String {
    let shown = breaking(&escaped(&of.to_string()));
    let about = match of {
        state::Address::Person(_) | state::Address::Service(_) => Some(of),
        other => other.holder().map(state::Address::Person),
    };
    match about.and_then(path_of) {
        Some(path) => format!("<a href=\"{path}\">{shown}</a>"),
        None => shown,
    }
}

/// An address may go on in the next line behind each of its dots.
pub fn breaking(escaped: &str) -> String {
    escaped.replace('.', ".<wbr>")
}

/// A whole page.
pub fn page(title: &str, body: &str) -> String {
    let title = escaped(title);
    let mut page = String::with_capacity(body.len() + 1_000);
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title} - tenure</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">To the content</a>\n<header>\n<a class=\"name\" href=\"/\">tenure</a>\n\
         <form action=\"/people\" role=\"search\"><label for=\"q\">Person or service</label> <input id=\"q\" name=\"q\" type=\"search\" \
         autocomplete=\"off\" required> <button>Find</button></form>\n</header>\n<main id=\"main\">\n<h1>{title}</h1>\n{body}</main>\n\
         </body>\n</html>\n"
    );
    page
}

/// A page that says what is wrong.
pub fn error(title: &str, text: &str) -> String {
    page(title, &format!("<p class=\"bad\">{}</p>\n<p><a href=\"/\">Back to the overview</a></p>\n", escaped(text)))
}

/// A section with a heading; what it says where there is nothing in it.
pub fn section(to: &mut String, id: &str, heading: &str, count: usize, nothing: &str, body: &str) {
    let number = if count > 0 { format!(" <span class=\"count\">{count}</span>") } else { String::new() };
    let _ = write!(to, "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{heading}{number}</h2>\n");
    if count == 0 {
        let _ = writeln!(to, "<p class=\"quiet\">{nothing}</p>");
    } else {
        to.push_str(body);
    }
    to.push_str("</section>\n");
}

/// A table; cells are HTML already. It can be scrolled by the keyboard where it is too wide.
pub fn table(caption: &str, heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let caption = escaped(caption);
    let mut table = format!(
        "<div class=\"wide\" role=\"region\" aria-label=\"{caption}\" tabindex=\"0\"><table>\n<caption class=\"unseen\">{caption}</caption>\n<thead><tr>"
    );
    for head in heads {
        let _ = write!(table, "<th scope=\"col\">{}</th>", escaped(head));
    }
    table.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        table.push_str("<tr>");
        for (number, cell) in row.iter().enumerate() {
            let _ = match number {
                0 => write!(table, "<th scope=\"row\">{cell}</th>"),
                _ => write!(table, "<td>{cell}</td>"),
            };
        }
        table.push_str("</tr>\n");
    }
    table.push_str("</tbody>\n</table></div>\n");
    table
}
