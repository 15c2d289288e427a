//! `cargo xtask data table`: tables to train on, whose answer is known.

mod design;
mod linear;
mod output;
mod random;
mod rows;
mod truth;

use std::{fs, path::PathBuf};

use anyhow::{Context, bail};
use ckpt_cli::{format, ui::Ui};
use clap::value_parser;
use serde_json::{Map, Value, json};

use self::{
    output::Format,
    rows::{Generator, Recipe},
    truth::Truth,
};
use crate::UsageError;

#[derive(Debug, clap::Args)]
pub(super) struct TableArgs {
    /// The file to write, replaced if it exists: .csv, .npy (the target last) or .npz (X and y)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How many rows: at least twice as many as features
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = value_parser!(u64).range(1..))]
    rows: u64,
    /// How many features
    #[arg(long, value_name = "D", default_value_t = 10, value_parser = value_parser!(u16).range(1..=4096))]
    features: u16,
    /// What the target is
    #[arg(long, default_value = "regression")]
    kind: Kind,
    /// How many classes: the numbers from 0 on
    #[arg(long, value_name = "K", default_value_t = 2, value_parser = value_parser!(u16).range(2..=1000))]
    classes: u16,
    /// The standard deviation of a regression's noise; for classes, see above
    #[arg(long, value_name = "SD", default_value_t = 1.0)]
    noise: f64,
    /// The condition number of the centred features: up to 1e10, in f32 1e4
    #[arg(long, value_name = "C", default_value_t = 1.0)]
    condition: f64,
    /// What the random numbers start from
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The type of the numbers; CSV holds them in their shortest form
    #[arg(long, default_value = "f64")]
    dtype: Dtype,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// A number: linear in the features, plus noise
    Regression,
    /// A class: drawn from the softmax of numbers that are linear in the features
    Classification,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Dtype {
    F32,
    F64,
}

impl Dtype {
    /// Returns the largest condition number whose smallest direction is well above the rounding of
    /// the numbers, which has 1e-7 or 1e-16 of their size.
    const fn most_condition(self) -> f64 {
        match self {
            Self::F32 => 1e4,
            Self::F64 => 1e10,
        }
    }

    /// Rounds a number to the type.
    const fn round(self, value: f64) -> f64 {
        match self {
            Self::F32 => value as f32 as f64,
            Self::F64 => value,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
}

impl TableArgs {
    fn recipe(&self) -> anyhow::Result<Recipe> {
        let features = usize::from(self.features);
        let least = 2 * u64::from(self.features);
        if self.rows < least {
            bail!(UsageError(format!("--features {features} needs --rows {least} or more")));
        }
        if !(self.noise >= 0.0 && self.noise.is_finite()) {
            bail!(UsageError(format!("--noise {} is not a number of 0 or more", self.noise)));
        }
        let most = if features == 1 { 1.0 } else { self.dtype.most_condition() };
        if !(1.0..=most).contains(&self.condition) {
            bail!(UsageError(format!(
                "--condition {:e} is not within 1 to {most:e}",
                self.condition
            )));
        }
        Ok(Recipe {
            rows: self.rows,
            features,
            classes: (self.kind == Kind::Classification).then_some(usize::from(self.classes)),
            noise: self.noise,
            condition: self.condition,
            seed: self.seed,
            dtype: self.dtype,
        })
    }
}

/// Writes a table and says what its answer is.
pub(super) fn run(args: &TableArgs, is_json: bool, ui: &mut Ui) -> anyhow::Result<()> {
    let name = args.file.display().to_string();
    let Some(format) = Format::of(&args.file) else {
        bail!(UsageError(format!("{name} ends neither in .csv, .npy nor .npz")));
    };
    let generator = Generator::new(args.recipe()?);
    let mut class_rows = vec![0_u64; generator.recipe().classes.unwrap_or(0)];
    let blocks = generator.blocks().inspect(|block| {
        if !class_rows.is_empty() {
            block.y.iter().for_each(|class| class_rows[*class as usize] += 1);
        }
    });
    output::write(&args.file, format, generator.recipe(), blocks)
        .with_context(|| format!("cannot write {name}"))?;
    let bytes = fs::metadata(&args.file).with_context(|| format!("cannot see {name}"))?.len();
    let report = Report { name, bytes, generator: &generator, class_rows: &class_rows };
    if is_json {
        return Ok(ui.json(&report.json())?);
    }
    Ok(report.print(ui)?)
}

/// What was written.
struct Report<'a> {
    name: String,
    bytes: u64,
    generator: &'a Generator,
    class_rows: &'a [u64],
}

impl Report<'_> {
    fn json(&self) -> Value {
        let recipe = self.generator.recipe();
        let mut document = json!({
            "file": self.name, "bytes": self.bytes, "rows": recipe.rows,
            "features": recipe.features, "kind": self.kind(), "noise": recipe.noise,
            "condition": recipe.condition, "seed": recipe.seed, "dtype": recipe.dtype.name(),
        });
        let answer = if recipe.classes.is_some() {
            let class = |(class, rows): (usize, &u64)| {
                let mut object = json!({ "class": class, "rows": rows });
                extend(&mut object, self.model(class));
                object
            };
            json!({ "classes": self.class_rows.iter().enumerate().map(class).collect::<Vec<_>>() })
        } else {
            self.model(0)
        };
        extend(&mut document, answer);
        document
    }

    fn kind(&self) -> &'static str {
        let is_class = self.generator.recipe().classes.is_some();
        if is_class { "classification" } else { "regression" }
    }

    /// Returns the true coefficients of one output.
    fn model(&self, output: usize) -> Value {
        let Truth { intercepts, .. } = self.generator.truth();
        let named = self.generator.truth().weights(output).iter().enumerate();
        let coefficients: Map<String, Value> =
            named.map(|(index, weight)| (rows::feature(index), json!(weight))).collect();
        json!({ "intercept": intercepts[output], "coefficients": coefficients })
    }

    fn print(&self, ui: &mut Ui) -> Result<(), ckpt_cli::Failure> {
        ui.line(format!("written  {}  {}", self.name, format::bytes(self.bytes)))?;
        let truth = self.generator.truth();
        for (output, intercept) in truth.intercepts.iter().enumerate() {
            if let Some(rows) = self.class_rows.get(output) {
                ui.line(format!("class {output}  {}", format::count(*rows, "row")))?;
            }
            ui.line(format!("  intercept  {}", format::exact(*intercept)))?;
            for (index, weight) in truth.weights(output).iter().enumerate() {
                ui.line(format!("  {}  {}", rows::feature(index), format::exact(*weight)))?;
            }
        }
        Ok(())
    }
}

fn extend(document: &mut Value, more: Value) {
    if let (Value::Object(document), Value::Object(more)) = (document, more) {
        document.extend(more);
    }
}
