//! Public keys that come without a ceremony, with accounts from elsewhere.

use super::{
    Refusal,
    authenticator_data::{algorithm, cbor},
    library,
    options::ALGORITHMS,
};

/// Whether signatures of this key (COSE_Key, RFC 9052 §7) can be verified. A key that cannot would never sign anybody in.
pub fn check_public_key(cose: &[u8]) -> Result<(), Refusal> {
    let (key, length) = cbor(cose).ok_or_else(|| Refusal::Key("not CBOR".to_owned()))?;
    if length != cose.len() {
        return Err(Refusal::Key("leftover bytes".to_owned()));
    }
    let algorithm = algorithm(&key)?;
    if !ALGORITHMS.contains(&algorithm) {
        return Err(Refusal::Algorithm(algorithm));
    }
    library::key(cose).map(drop)
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    /// An ES256 key, the curve's generator: kty 2, alg -7, crv 1, x and y.
    fn es256() -> Vec<u8> {
        let x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
        let y = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
        HEXLOWER.decode(format!("a5010203262001215820{x}225820{y}").as_bytes()).unwrap()
    }

    #[test]
    fn a_key_is_taken_when_its_signatures_can_be_verified_and_refused_by_name_when_not() {
        assert_eq!(check_public_key(&es256()), Ok(()));
        let ed25519 = HEXLOWER.decode(format!("a4010103272006215820{}", "11".repeat(32)).as_bytes()).unwrap();
        assert_eq!(check_public_key(&ed25519), Err(Refusal::Algorithm(-8)));
        for (bytes, why) in [
            (vec![1], "not a map"),
            (b"nonsense".to_vec(), "not CBOR"),
            (Vec::new(), "not CBOR"),
            ([es256(), vec![0]].concat(), "leftover bytes"),
            (vec![0xa0], "no algorithm"),
            (vec![0xa2, 1, 2, 3, 0x26], ""),
        ] {
            let refusal = check_public_key(&bytes).unwrap_err();
            assert!(matches!(&refusal, Refusal::Key(text) if text.contains(why)), "{refusal}");
        }
    }
}
