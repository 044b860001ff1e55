//! A text as a QR code in a picture.
//!
//! The picture is so small and simple that it needs no encoder: black and white, one bit a point, not compressed (PNG, W3C
//! Recommendation 2025; RFC 1950; RFC 1951 §3.2.4). 5 KiB, sent once for each set-up.

use base64::{Engine, engine::general_purpose::STANDARD};
use hanko_domain::Secret;
use qrcode::{Color, EcLevel, QrCode};

use super::TooLong;

/// Points of a side.
const SIDE: usize = 200;
/// Modules of white around the code (ISO/IEC 18004 §9.1).
const QUIET: usize = 4;
const ROW: usize = SIDE.div_ceil(8);

pub(super) fn data_url(text: &Secret<String>) -> Result<Secret<String>, TooLong> {
    let code = QrCode::with_error_correction_level(text.expose(), EcLevel::M).map_err(|_| TooLong)?;
    let image = Secret::new(STANDARD.encode(png(&rows(&code))));
    Ok(Secret::new(format!("data:image/png;base64,{}", image.expose())))
}

/// Each module a square of whole points, in the middle. The largest code has 177 modules a side, so that there is always one
/// point for each.
fn rows(code: &QrCode) -> [[u8; ROW]; SIDE] {
    let modules = code.width();
    let scale = (SIDE / (modules + 2 * QUIET)).max(1);
    let margin = SIDE.saturating_sub(modules * scale) / 2;
    let module = |point: usize| point.checked_sub(margin).map(|point| point / scale).filter(|at| *at < modules);
    let is_dark = |x, y| matches!((module(x), module(y)), (Some(x), Some(y)) if code[(x, y)] == Color::Dark);
    std::array::from_fn(|y| {
        std::array::from_fn(|byte| {
            (0..8).fold(0, |bits, bit| bits << 1 | u8::from(!is_dark(byte * 8 + bit, y))) // a set bit is white
        })
    })
}

fn png(rows: &[[u8; ROW]; SIDE]) -> Vec<u8> {
    let side = (SIDE as u32).to_be_bytes();
    let header = [&side[..], &side, &[1, 0, 0, 0, 0]].concat(); // one bit, grey, deflate, no filter, not interlaced
    let pixels: Vec<u8> = rows.iter().flat_map(|row| [&[0][..], row].concat()).collect(); // each row unfiltered
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", stored(&pixels)), (b"IEND", Vec::new())] {
        let named = [&kind[..], &data].concat();
        file.extend_from_slice(&(data.len() as u32).to_be_bytes());
        file.extend_from_slice(&named);
        file.extend_from_slice(&crc32(&named).to_be_bytes());
    }
    file
}

/// A zlib stream of one block that is stored as it is.
fn stored(data: &[u8]) -> Vec<u8> {
    let length = data.len() as u16; // 5200
    let head = [0x78, 0x01, 0x01];
    [&head[..], &length.to_le_bytes(), &(!length).to_le_bytes(), data, &adler32(data).to_be_bytes()].concat()
}

fn adler32(data: &[u8]) -> u32 {
    let (mut a, mut b) = (1, 0);
    for byte in data {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    b << 16 | a
}

fn crc32(data: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !data.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}
