//! PNG files drawn point by point, without an image library.
//!
//! Points are not compressed ("stored" in terms of deflate), so the writer is a few lines and the files are
//! long enough for their Base64 to take many lines.

/// Returns a square of `side` points, each coloured by `colour(x, y)`.
pub(super) fn square(side: u8, colour: impl Fn(u8, u8) -> [u8; 3]) -> Vec<u8> {
    let mut points = Vec::new();
    for y in 0..side {
        points.push(0); // this row is not filtered
        points.extend((0..side).flat_map(|x| colour(x, y)));
    }
    let side = u32::from(side).to_be_bytes();
    // 8 bits for each of red, green and blue; deflate; no filter; not interlaced
    let header = [side.as_slice(), side.as_slice(), &[8, 2, 0, 0, 0]].concat();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, b"IHDR", &header);
    chunk(&mut file, b"IDAT", &zlib(&points));
    chunk(&mut file, b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    file.extend(kind);
    file.extend(data);
    file.extend(crc32(kind.iter().chain(data)).to_be_bytes());
}

/// Returns the data uncompressed, in blocks whose length fits 16 bits.
fn zlib(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let blocks = data.chunks(usize::from(u16::MAX));
    let last = blocks.len().saturating_sub(1);
    for (at, block) in blocks.enumerate() {
        let length = block.len() as u16;
        stream.push(u8::from(at == last));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    stream.extend(adler32(data).to_be_bytes());
    stream
}

fn crc32<'a>(bytes: impl Iterator<Item = &'a u8>) -> u32 {
    let shift = |crc: u32, _| {
        if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 }
    };
    !bytes.fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), shift))
}

fn adler32(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    (high << 16) | low
}
