//! Zip archives, member by member.

/// Makes an archive of stored members.
pub(crate) fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let start = file.len() as u32;
        let len = content.len() as u32;
        // Version, flags, method, time, date, checksum, lengths: readers of checkpoints do not
        // compare checksums.
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0];
        common.extend([len, len].map(u32::to_le_bytes).concat());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0; 2]);
        file.extend([b"PK\x03\x04", common.as_slice(), name.as_bytes(), content].concat());
        directory.extend([b"PK\x01\x02\x14\0", common.as_slice(), &[0; 10]].concat());
        directory.extend(start.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
    let (start, count) = (file.len() as u32, members.len() as u16);
    let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
    end.extend([count, count].map(u16::to_le_bytes).concat());
    end.extend([directory.len() as u32, start].map(u32::to_le_bytes).concat());
    end.extend([0; 2]);
    [file, directory, end].concat()
}
