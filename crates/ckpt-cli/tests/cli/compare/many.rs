//! Tensors of more than two versions.

use ckpt_store::{Contents, Draft, RefName, Role, Signature, Tensor};
use ckpt_tensor::Dtype;
use insta::assert_snapshot;

use crate::sandbox::Sandbox;

#[test]
fn types_are_those_of_the_first_version_and_others_are_marked() {
    let sandbox = Sandbox::new();
    let commit = |tensors: &[(&str, Dtype, u64, &[u8])]| {
        let tensor = |(name, dtype, len, bytes): &(&str, Dtype, u64, &[u8])| {
            Tensor::new(*name, *dtype, [*len], Role::Weights, bytes.to_vec()).unwrap()
        };
        let contents = Contents::Tensors(tensors.iter().map(tensor).collect());
        let draft = Draft::new(contents, Signature::new("", 0));
        sandbox.repository().commit(&RefName::branch("main").unwrap(), &draft).unwrap();
    };
    commit(&[("form", Dtype::U8, 2, &[1, 2]), ("w", Dtype::F32, 1, &1.001_f32.to_le_bytes())]);
    commit(&[("form", Dtype::U8, 1, &[1]), ("w", Dtype::Bf16, 1, &[0x80, 0x3f])]);
    commit(&[("came", Dtype::U8, 1, &[1]), ("w", Dtype::C64, 1, &[0; 8])]);
    let printed = sandbox.run("compare main@1 main@2 main@3");
    let (_, table) = printed.split_once("change from a\n\n").unwrap();
    assert_snapshot!(table, @"
    tensor  type                  b        c
    w       F32 1  retyped 0.000999  retyped
    came    U8 1                  -    added
    form    U8 2           reshaped  removed
    ");
}
