//! A plot as SVG: small pictures side by side, both axes by powers of ten, so that what grows in proportion is a line of
//! slope one.

use std::fmt::Write as _;

/// One picture.
pub struct Picture {
    pub title: String,
    /// What is counted along the bottom.
    pub across: String,
    /// Seconds by count.
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 220.0;
/// Room for the numbers beside and below.
const LEFT: f64 = 50.0;
const BELOW: f64 = 45.0;
const ABOVE: f64 = 30.0;
const COLUMNS: usize = 3;

/// All pictures in one file; `caption` says what was measured, and how.
pub fn svg(pictures: &[Picture], caption: &str) -> String {
    let rows = pictures.len().div_ceil(COLUMNS);
    let (width, height) = (WIDTH * COLUMNS as f64, HEIGHT * rows as f64 + 25.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"10\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    for (n, picture) in pictures.iter().enumerate() {
        let (x, y) = ((n % COLUMNS) as f64 * WIDTH, (n / COLUMNS) as f64 * HEIGHT);
        let _ = writeln!(svg, "<g transform=\"translate({x} {y})\">");
        draw(&mut svg, picture);
        svg.push_str("</g>\n");
    }
    let _ = writeln!(svg, "<text x=\"10\" y=\"{}\" fill=\"#555\">{}</text>\n</svg>", height - 8.0, escaped(caption));
    svg
}

/// A power of ten below the least and above the greatest.
fn range(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let least = values.clone().fold(f64::INFINITY, f64::min).max(1e-3);
    let most = values.fold(0.0, f64::max).max(least * 1.001);
    (least.log10().floor(), most.log10().ceil())
}

fn draw(svg: &mut String, picture: &Picture) {
    let Picture { title, across, points } = picture;
    let (x0, x1) = range(points.iter().map(|point| point.0));
    let (y0, y1) = range(points.iter().map(|point| point.1));
    let x = |value: f64| LEFT + (value.log10() - x0) / (x1 - x0) * (WIDTH - LEFT - 15.0);
    let y = |value: f64| HEIGHT - BELOW - (value.max(1e-3).log10() - y0) / (y1 - y0) * (HEIGHT - BELOW - ABOVE);
    let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"18\" font-size=\"12\">{}</text>", escaped(title));
    for power in x0 as i32..=x1 as i32 {
        let at = x(10f64.powi(power));
        let (top, bottom) = (ABOVE, HEIGHT - BELOW);
        let _ = writeln!(svg, "<path d=\"M{at:.1} {top}V{bottom}\" stroke=\"#ddd\"/>");
        let _ = writeln!(
            svg,
            "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            bottom + 14.0,
            number(10f64.powi(power))
        );
    }
    for power in y0 as i32..=y1 as i32 {
        let at = y(10f64.powi(power));
        let _ = writeln!(svg, "<path d=\"M{LEFT} {at:.1}H{}\" stroke=\"#ddd\"/>", WIDTH - 15.0);
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{} s</text>",
            LEFT - 4.0,
            at + 3.0,
            number(10f64.powi(power))
        );
    }
    let middle = (LEFT + WIDTH - 15.0) / 2.0;
    let _ = writeln!(
        svg,
        "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        HEIGHT - BELOW + 28.0,
        escaped(across)
    );
    let path: Vec<String> = points.iter().map(|(a, b)| format!("{:.1} {:.1}", x(*a), y(*b))).collect();
    let _ = writeln!(svg, "<path d=\"M{}\" fill=\"none\" stroke=\"#06c\" stroke-width=\"1.5\"/>", path.join("L"));
    for (a, b) in points {
        let _ = writeln!(svg, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"#06c\"/>", x(*a), y(*b));
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#06c\">{b:.2} s</text>",
            x(*a) - 5.0,
            y(*b) - 5.0
        );
    }
}

/// `1M`, `100k`, `0.1`.
fn number(value: f64) -> String {
    match value {
        million if million >= 1e6 => format!("{}M", million / 1e6),
        thousand if thousand >= 1e3 => format!("{}k", thousand / 1e3),
        other if other >= 1.0 => format!("{other:.0}"),
        small => format!("{small:.3}").trim_end_matches('0').to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
