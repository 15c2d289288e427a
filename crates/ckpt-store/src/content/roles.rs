//! Tells optimizer state from weights, by name.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::{content::pattern::Pattern, record::Role};

/// Names of state, as PyTorch, JAX and Hugging Face write them, in files with their paths before
/// `::`. Whatever none of them matches is a part of the model.
///
/// Only names that no layer has are here: a rule that takes weights for state would drop them from
/// the model's id.
const STATE: [&str; 12] = [
    // A training checkpoint's own keys.
    "{optimizer,optimizers,optim,opt}{,_state,_states,_state_dict}{.,/}*",
    "{lr_scheduler,lr_schedulers,scheduler,scheduler_state_dict}{.,/}*",
    "{rng,rng_state,rng_states,cuda_rng_state,torch_rng_state,numpy_rng_state}{,.*,/*}",
    // optimizer.state_dict(), under whatever key: state.PARAMETER.MOMENT.
    "{,*.}state.[0-9]*.{step,exp_avg,exp_avg_sq,max_exp_avg_sq,momentum_buffer,square_avg}",
    "{,*.}state.[0-9]*.{grad_avg,acc_delta,sum,prev,step_size,step_sizes,exp_inf,mu_product,ax,eta,mu}",
    // Moments, wherever they are kept.
    "{,*.,*/}{opt_state,optimizer_state,optimizer_states}{.,/}*",
    "*{.,/}{exp_avg,exp_avg_sq,max_exp_avg_sq,momentum_buffer,square_avg,acc_delta}",
    // Files next to the weights, as the Hugging Face trainer and accelerate name them.
    "{,*/}{optimizer,scheduler,scaler}{,_[0-9]*}.{pt,pth,bin,safetensors}::*",
    "{,*/}{rng_state,random_states}*.{pt,pth,bin,pkl}::*",
    "{,*/}{optim,optimizer}_*.{pt,pth,bin,safetensors}::*",
    // As this crate restores it.
    "{,*/}*.state.safetensors::*",
    "{,*/}training_args.bin::*",
];

/// Which tensors of files are weights and which are state, where users know better than the
/// built-in rules. A pattern is one of a tensor's name, or of `path::name`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleRules {
    /// Names of weights; they count before those of state.
    pub weights: Vec<Pattern>,
    /// Names of state.
    pub state: Vec<Pattern>,
}

/// The rules in their order: those of a draft, those of config.toml, the built-in ones.
pub(crate) struct Roles<'a> {
    own: [&'a RoleRules; 2],
}

static BUILT_IN: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let parse = |text: &&str| text.parse().expect("the built-in patterns are patterns");
    STATE.iter().map(parse).collect()
});

impl<'a> Roles<'a> {
    pub(crate) fn new(draft: &'a RoleRules, config: &'a RoleRules) -> Self {
        Self { own: [draft, config] }
    }

    /// Decides what a file is for in which no tensor was found.
    pub(crate) fn role_of_file(&self, path: &str) -> Role {
        self.role(path, "")
    }

    /// Decides what the tensor of that name in the file of that path is for.
    pub(crate) fn role(&self, path: &str, name: &str) -> Role {
        let long = format!("{path}::{name}");
        let is_in = |patterns: &[Pattern]| {
            patterns.iter().any(|pattern| pattern.matches(name) || pattern.matches(&long))
        };
        for rules in self.own {
            if is_in(&rules.weights) {
                return Role::Weights;
            }
            if is_in(&rules.state) {
                return Role::State;
            }
        }
        if is_in(&BUILT_IN) { Role::State } else { Role::Weights }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(path: &str, name: &str) -> Role {
        let none = RoleRules::default();
        Roles::new(&none, &none).role(path, name)
    }

    #[test]
    fn state_is_known_by_its_names() {
        for (path, name) in [
            ("last.pt", "optimizer.state.0.exp_avg"),
            ("last.pt", "optimizer_state_dict.state.12.step"),
            ("last.ckpt", "optimizer_states.0.state.3.momentum_buffer"),
            ("optimizer.pt", "state.0.step"),
            ("gan.pt", "optimizerG.state.0.step"),
            ("bare.pt", "state.7.momentum_buffer"),
            ("opt-7.pt", "state.10.square_avg"),
            ("checkpoint-500/optimizer.pt", "anything"),
            ("checkpoint-500/rng_state_0.pth", "cuda"),
            ("state.npz", "opt_state/0/mu/dense/kernel"),
            ("model.safetensors", "encoder.layer.exp_avg_sq"),
            ("last.pt", "rng_state"),
            ("model.state.safetensors", "momentum"),
        ] {
            assert_eq!(role(path, name), Role::State, "{path} {name}");
        }
    }

    #[test]
    fn weights_are_not_taken_for_state() {
        for (path, name) in [
            ("model.safetensors", "state.weight"),
            ("model.safetensors", "state.0.weight"),
            ("model.safetensors", "net.state.0.bias"),
            ("model.safetensors", "state_dict.weight"),
            ("model.safetensors", "transformer.h.0.attn.c_attn.weight"),
            ("model.safetensors", "optimizer_net.weight"),
            ("model.safetensors", "scaler.mean"),
            ("model.safetensors", "running_mean"),
            ("optimized.safetensors", "weight"),
            ("model.safetensors", "rnge"),
        ] {
            assert_eq!(role(path, name), Role::Weights, "{path} {name}");
        }
    }

    #[test]
    fn own_rules_come_first() {
        let patterns = |text: &str| vec![text.parse::<Pattern>().unwrap()];
        let draft = RoleRules { weights: patterns("optimizer.net.*"), ..RoleRules::default() };
        let config = RoleRules { state: patterns("ema.pt::*"), ..RoleRules::default() };
        let roles = Roles::new(&draft, &config);
        assert_eq!(roles.role("m.pt", "optimizer.net.weight"), Role::Weights);
        assert_eq!(roles.role("m.pt", "optimizer.state.0.step"), Role::State);
        assert_eq!(roles.role("ema.pt", "weight"), Role::State);
    }
}
