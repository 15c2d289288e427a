//! Elements to byte planes and back.

/// Splits elements into `W` planes of equal length, least significant first.
///
/// `rotate` turns each element left by one bit first. `planes` must be as long as `elements`.
pub(crate) fn split<const W: usize>(elements: &[[u8; W]], rotate: bool, planes: &mut [u8]) {
    for (k, plane) in planes.chunks_exact_mut(elements.len().max(1)).enumerate() {
        let below = (k + W - 1) % W;
        for (byte, element) in plane.iter_mut().zip(elements) {
            *byte = if rotate { element[k] << 1 | element[below] >> 7 } else { element[k] };
        }
    }
}

/// Puts the planes of [`split`] together again.
pub(crate) fn join<const W: usize>(planes: &[u8], rotated: bool, elements: &mut [[u8; W]]) {
    let len = elements.len();
    let plane = |k: usize| &planes[(k % W) * len..][..len];
    for k in 0..W {
        let (own, above) = (plane(k), plane(k + 1));
        for ((element, &own), &above) in elements.iter_mut().zip(own).zip(above) {
            element[k] = if rotated { own >> 1 | above << 7 } else { own };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotation_moves_the_sign_to_the_lowest_bit() {
        let elements = [(-1.0f32).to_le_bytes(), 1.0f32.to_le_bytes()];
        let mut planes = [0; 8];
        split(&elements, true, &mut planes);
        // -1.0 is 0xBF800000; rotated 0x7F000001.
        assert_eq!(planes, [1, 0, 0, 0, 0, 0, 0x7f, 0x7f]);

        let mut back = [[0; 4]; 2];
        join(&planes, true, &mut back);
        assert_eq!(back, elements);
    }

    #[test]
    fn without_rotation_planes_are_the_bytes() {
        let elements = [0x0102u16.to_le_bytes(), 0x0304u16.to_le_bytes()];
        let mut planes = [0; 4];
        split(&elements, false, &mut planes);
        assert_eq!(planes, [2, 4, 1, 3]);

        let mut back = [[0; 2]; 2];
        join(&planes, false, &mut back);
        assert_eq!(back, elements);
    }
}
