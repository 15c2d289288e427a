//! What decides conflicts, as it is said on the command line.

use ckpt_store::{Pattern, Strategies, Strategy};
use ckpt_tensor::Arithmetic;
use clap::Args;

use crate::failure::Failure;

#[derive(Debug, Args)]
pub(super) struct StrategyArgs {
    /// What decides conflicts: ours, theirs, average, task-arithmetic, ties or slerp
    #[arg(long, value_name = "STRATEGY")]
    strategy: Option<Strategy>,

    /// The weight of theirs in average, or how far slerp goes to theirs: from 0 to 1
    #[arg(long, value_name = "W", requires = "strategy", allow_negative_numbers = true)]
    weight: Option<f64>,

    /// What task-arithmetic multiplies both changes by, and ties what they agree on
    #[arg(long, value_name = "S", requires = "strategy", allow_negative_numbers = true)]
    scale: Option<f64>,

    /// The part of each side's changes that ties keeps: above 0, at most 1
    #[arg(long, value_name = "D", requires = "strategy", allow_negative_numbers = true)]
    density: Option<f64>,

    /// What decides conflicts in names of a pattern, such as 'head.*=theirs' or
    /// '*.bias=average:0.3': names of tensors and parameters, paths of files, and data, code and
    /// seed; the first that matches counts; repeatable
    #[arg(long = "for", value_name = "PATTERN=STRATEGY", value_parser = parse_rule)]
    rules: Vec<(Pattern, Strategy)>,
}

impl StrategyArgs {
    pub(super) fn strategies(&self) -> Result<Strategies, Failure> {
        let default = self.strategy.map(|strategy| self.tuned(strategy)).transpose()?;
        Ok(Strategies { default, rules: self.rules.clone() })
    }

    /// Takes what flags say into a strategy that knows of it.
    fn tuned(&self, strategy: Strategy) -> Result<Strategy, Failure> {
        let Self { mut weight, mut scale, mut density, .. } = *self;
        let mut tuned = strategy;
        if let Strategy::Arithmetic(arithmetic) = &mut tuned {
            let set = |place: &mut f64, flag: &mut Option<f64>| {
                *place = flag.take().unwrap_or(*place);
            };
            match arithmetic {
                Arithmetic::Average { weight: x } | Arithmetic::Slerp { t: x } => {
                    set(x, &mut weight);
                }
                Arithmetic::TaskArithmetic { ours, theirs } => {
                    if let Some(scale) = scale.take() {
                        (*ours, *theirs) = (scale, scale);
                    }
                }
                Arithmetic::Ties { density: part, scale: factor } => {
                    set(part, &mut density);
                    set(factor, &mut scale);
                }
            }
            arithmetic.check().map_err(|error| Failure::usage(error.to_string()))?;
        }
        for (flag, left) in [("--weight", weight), ("--scale", scale), ("--density", density)] {
            if left.is_some() {
                let message = format!("{flag} says nothing to the strategy {}", strategy.name());
                return Err(Failure::usage(message));
            }
        }
        Ok(tuned)
    }
}

fn parse_rule(text: &str) -> Result<(Pattern, Strategy), String> {
    let (pattern, strategy) = text.rsplit_once('=').ok_or("it has the form PATTERN=STRATEGY")?;
    let pattern = pattern.parse().map_err(|error: ckpt_store::PatternError| error.to_string())?;
    let strategy =
        strategy.parse().map_err(|error: ckpt_store::StrategyError| error.to_string())?;
    Ok((pattern, strategy))
}
