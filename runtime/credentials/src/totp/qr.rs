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

#[cfg(test)]
mod tests {
    use rqrr::PreparedImage;

    use super::{super::TotpSecret, *};

    fn file(url: &Secret<String>) -> Vec<u8> {
        STANDARD.decode(url.expose().strip_prefix("data:image/png;base64,").unwrap()).unwrap()
    }

    #[test]
    fn a_camera_reads_the_uri_however_long_the_names_are() {
        let secret = TotpSecret::generate(&hanko_domain::Random::system());
        for (issuer, account) in
            [("Fern", "jane@x.de"), ("Fern", &"ü".repeat(60)), (&"M".repeat(100), &"x".repeat(300))]
        {
            let file = file(&secret.qr_data_url(issuer, account).unwrap());
            let pixels = &file[8 + 25 + 8 + 7..]; // signature, IHDR, head of IDAT, head of the block
            let light = |x: usize, y: usize| pixels[y * (ROW + 1) + 1 + x / 8] >> (7 - x % 8) & 1 == 1;
            let mut image = PreparedImage::prepare_from_greyscale(SIDE, SIDE, |x, y| if light(x, y) { 255 } else { 0 });
            let grids = image.detect_grids();
            let (_, read) = grids[0].decode().unwrap();
            assert_eq!(read, *secret.provisioning_uri(issuer, account).expose());
        }
    }

    #[test]
    fn names_that_fit_no_code_are_an_error() {
        let secret = TotpSecret::generate(&hanko_domain::Random::system());
        assert!(matches!(secret.qr_data_url("Fern", &"x".repeat(5_000)), Err(TooLong)));
    }

    /// Values computed by zlib.
    #[test]
    fn checksums_are_those_of_the_format() {
        assert_eq!((crc32(b"123456789"), adler32(b"123456789")), (0xcbf4_3926, 0x091e_01de));
        assert_eq!((crc32(b"IEND"), adler32(&[255; 5_200])), (0xae42_6082, 0x71543cdd));
    }
}
