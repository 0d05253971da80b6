//! Results as a picture: for every kernel the time of each engine in parts of the second engine's.

use std::fmt::Write as _;

/// What was measured: the engines' names, and for every kernel its name and the times, in
/// milliseconds, of those that ran it.
pub struct Results {
    pub engines: Vec<String>,
    pub rows: Vec<(String, Vec<Option<f64>>)>,
}

impl Results {
    /// Reads what this program has printed, or a table in Markdown whose head begins with
    /// `| kernel |`.
    ///
    /// # Errors
    /// There is no such table, or nothing in it.
    pub fn parse(text: &str) -> Result<Results, String> {
        let mut results = Results { engines: Vec::new(), rows: Vec::new() };
        for line in text.lines() {
            let cells: Vec<&str> = match line.strip_prefix('|') {
                Some(cells) => cells.trim_end_matches('|').split('|').map(str::trim).collect(),
                None => line.split_whitespace().collect(),
            };
            let Some((&first, cells)) = cells.split_first() else { continue };
            if results.engines.is_empty() {
                if first == "kernel" {
                    let is_engine = |cell: &&str| !cell.starts_with(['/', '(']);
                    let names = cells.iter().copied().take_while(is_engine);
                    results.engines = names.map(str::to_string).collect();
                }
                continue;
            }
            let time = |cell: &&str| cell.parse::<f64>().ok();
            let times: Vec<_> = cells.iter().take(results.engines.len()).map(time).collect();
            if times.len() == results.engines.len() && times[0].is_some() {
                results.rows.push((first.to_string(), times));
            }
        }
        if results.engines.len() < 2 || results.rows.is_empty() {
            return Err("no table of two engines or more: no line begins with `kernel`".into());
        }
        Ok(results)
    }

    /// The picture, as SVG.
    pub fn svg(&self) -> String {
        const COLOURS: [&str; 4] = ["#1f77b4", "#b8b8b8", "#e0a84c", "#7f6fb0"];
        const BAR: usize = 7;
        const LEFT: usize = 190;
        /// The length of a bar of the time that all are compared with, and the longest.
        const ONE: f64 = 400.0;
        const MOST: f64 = 1.3;
        let step = self.engines.len() * BAR + 7;
        let (top, width) = (58, LEFT + (ONE * MOST) as usize + 70);
        let height = top + self.rows.len() * step + 8;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             font-family=\"sans-serif\" font-size=\"11\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
             <text x=\"8\" y=\"18\" font-size=\"13\">CPU time in parts of that of {}: \
             shorter is faster</text>\n",
            escaped(&self.engines[1])
        );
        let mut x = 8;
        for (name, colour) in self.engines.iter().zip(COLOURS) {
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"30\" width=\"10\" height=\"10\" fill=\"{colour}\"/>\
                 <text x=\"{}\" y=\"39\">{}</text>",
                x + 14,
                escaped(name)
            );
            x += 40 + 7 * name.len();
        }
        for (i, (name, times)) in self.rows.iter().enumerate() {
            let y = top + i * step;
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                LEFT - 8,
                y + step / 2,
                escaped(name)
            );
            let one = times[1].or(times[0]).unwrap_or(1.0);
            for (n, (time, colour)) in times.iter().zip(COLOURS).enumerate() {
                let Some(time) = time else { continue };
                let part = time / one;
                let y = y + n * BAR;
                let long = part.min(MOST) * ONE;
                let _ = writeln!(
                    svg,
                    "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{long:.1}\" height=\"{}\" \
                     fill=\"{colour}\"/>",
                    BAR - 1
                );
                if part > MOST {
                    let x = LEFT as f64 + long + 4.0;
                    let _ = writeln!(
                        svg,
                        "<text x=\"{x:.0}\" y=\"{}\" font-size=\"9\">{part:.1}</text>",
                        y + BAR
                    );
                }
            }
        }
        let one = LEFT as f64 + ONE;
        let _ = writeln!(
            svg,
            "<line x1=\"{one}\" x2=\"{one}\" y1=\"{}\" y2=\"{height}\" stroke=\"#666\" \
             stroke-dasharray=\"2 3\"/>",
            top - 6
        );
        svg + "</svg>\n"
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_table_are_read() {
        let printed = "kernels of x\nkernel  wasmvm  wasmi  /wasmi   (CPU ms, median of 3)\n\
                       fib  203.0  337.5  0.60\nack  90.0  -  -\n    wasmi: cannot\n\
                       geomean wasm32: wasmvm / wasmi = 0.6 over 1 kernels\n";
        let table = "| kernel | wasmvm | wasmi | / wasmi |\n|---|--:|--:|--:|\n\
                     | fib | 203 | 337.5 | 0.60 |\n| ack | 90 | | |\n| **mean** | | | 0.6 |\n";
        for text in [printed, table] {
            let results = Results::parse(text).unwrap();
            assert_eq!(results.engines, ["wasmvm", "wasmi"]);
            let rows = [
                ("fib".to_string(), vec![Some(203.0), Some(337.5)]),
                ("ack".to_string(), vec![Some(90.0), None]),
            ];
            assert_eq!(results.rows, rows);
            // 203 of 337.5, of 400.
            assert!(results.svg().contains("width=\"240.6\""));
        }
        assert!(Results::parse("nothing").is_err());
    }
}
