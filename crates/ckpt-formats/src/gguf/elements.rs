//! ggml's element types.

use ckpt_tensor::Dtype;

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    /// Numbers by themselves.
    Plain(Dtype),
    /// Blocks of so many numbers in so many bytes.
    Quantized { name: &'static str, numbers: u64, bytes: u64 },
}

use Element::Plain;

const fn quantized(name: &'static str, numbers: u64, bytes: u64) -> Element {
    Element::Quantized { name, numbers, bytes }
}

/// The types by their numbers; the missing numbers were given up by ggml. Sizes: `ggml-common.h`.
const ELEMENTS: [(u32, Element); 34] = [
    (0, Plain(Dtype::F32)),
    (1, Plain(Dtype::F16)),
    (2, quantized("Q4_0", 32, 18)),
    (3, quantized("Q4_1", 32, 20)),
    (6, quantized("Q5_0", 32, 22)),
    (7, quantized("Q5_1", 32, 24)),
    (8, quantized("Q8_0", 32, 34)),
    (9, quantized("Q8_1", 32, 40)),
    (10, quantized("Q2_K", 256, 84)),
    (11, quantized("Q3_K", 256, 110)),
    (12, quantized("Q4_K", 256, 144)),
    (13, quantized("Q5_K", 256, 176)),
    (14, quantized("Q6_K", 256, 210)),
    (15, quantized("Q8_K", 256, 292)),
    (16, quantized("IQ2_XXS", 256, 66)),
    (17, quantized("IQ2_XS", 256, 74)),
    (18, quantized("IQ3_XXS", 256, 98)),
    (19, quantized("IQ1_S", 256, 50)),
    (20, quantized("IQ4_NL", 32, 18)),
    (21, quantized("IQ3_S", 256, 110)),
    (22, quantized("IQ2_S", 256, 82)),
    (23, quantized("IQ4_XS", 256, 136)),
    (24, Plain(Dtype::I8)),
    (25, Plain(Dtype::I16)),
    (26, Plain(Dtype::I32)),
    (27, Plain(Dtype::I64)),
    (28, Plain(Dtype::F64)),
    (29, quantized("IQ1_M", 256, 56)),
    (30, Plain(Dtype::Bf16)),
    (34, quantized("TQ1_0", 256, 54)),
    (35, quantized("TQ2_0", 256, 66)),
    (39, quantized("MXFP4", 32, 17)),
    (40, quantized("NVFP4", 64, 36)),
    (41, quantized("Q1_0", 128, 18)),
];

impl Element {
    /// Finds the type of a number.
    pub(super) fn of(number: u32) -> Option<Self> {
        ELEMENTS.iter().find(|(known, _)| *known == number).map(|(_, element)| *element)
    }
}
