//! The table of a run, for a page.

use super::{
    Run,
    table::{Samples, Subject},
};

/// Writes the page's part.
pub(super) fn lines(run: &Run) -> Vec<String> {
    let peers = run.versions.iter().map(|(library, version)| format!("{library} {version}"));
    let peers = peers.collect::<Vec<_>>().join(", ");
    let mut lines = vec![
        "```sh".to_owned(),
        run.command.clone(),
        "```".to_owned(),
        String::new(),
        format!(
            "Machine: {}. Medians of {} interleaved repetitions. Peers: {}.",
            run.facts.line(),
            run.repetitions,
            if peers.is_empty() { "none" } else { &peers },
        ),
        String::new(),
    ];
    let libraries: Vec<&str> = run.versions.keys().map(String::as_str).collect();
    let heading =
        ["what", "target", "of plain reading"].into_iter().chain(libraries.iter().copied());
    lines.push(line(heading.map(str::to_owned)));
    let rule = ["---", "---", "---:"].into_iter().chain(libraries.iter().map(|_| "---:"));
    lines.push(line(rule.map(str::to_owned)));
    lines.extend(run.rows.iter().map(|(subject, samples)| row(subject, samples, &libraries)));
    lines.push(String::new());
    lines
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}

fn row(subject: &Subject, samples: &Samples, libraries: &[&str]) -> String {
    let fraction = subject.fraction.map(|fraction| format!("{fraction:.2}"));
    let targets = subject.targets.iter().map(|(library, target)| format!("{library} {target}x"));
    let targets = fraction.into_iter().chain(targets).collect::<Vec<_>>().join(", ");
    // Only rows that are far larger than the caches say something of reading.
    let read = match subject.fraction {
        Some(_) => format!("{:.2}", samples.fraction_of_read()),
        None => "-".to_owned(),
    };
    let ratios = samples.ratios();
    let ratio = |library: &&str| ratios.get(*library).map_or_else(|| "-".to_owned(), |r| times(*r));
    let cells = [subject.name.clone(), targets, read];
    line(cells.into_iter().chain(libraries.iter().map(ratio)))
}

/// Writes a ratio with two digits or more.
fn times(ratio: f64) -> String {
    if ratio < 10.0 { format!("{ratio:.1}x") } else { format!("{ratio:.0}x") }
}

#[cfg(test)]
mod tests {
    use super::{super::super::facts::Facts, super::table::subjects, *};

    #[test]
    fn a_page_gets_a_table() {
        let mut subjects = subjects().into_iter();
        let (first, peer) = (subjects.next().unwrap(), subjects.find(|s| s.has_peers).unwrap());
        let samples = |peers| Samples { ours: vec![2.0], read: vec![1.5], peers };
        let run = Run {
            command: "cargo xtask bench trainer --peers".to_owned(),
            repetitions: 3,
            facts: Facts { cores: 2, system: "linux".to_owned(), ..Facts::default() },
            versions: [("numpy".to_owned(), "2.0".to_owned())].into(),
            rows: vec![
                (first, samples([].into())),
                (peer, samples([("numpy".to_owned(), vec![5.0])].into())),
            ],
        };
        let expected = "\
```sh
cargo xtask bench trainer --peers
```

Machine: 2 cores, linux. Medians of 3 interleaved repetitions. Peers: numpy 2.0.

| what | target | of plain reading | numpy |
| --- | --- | ---: | ---: |
| epoch, 5162220 x 13, f32, 1 thread | 0.90 | 0.75 | - |
| epoch, 1000000 x 32, f32, 1 thread | numpy 2.2x, torch 3x, jax 2.5x | - | 2.5x |
";
        assert_eq!(lines(&run).join("\n"), expected);
    }
}
